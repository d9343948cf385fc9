"""What a rewritten or new conversation must hold before anyone trains on it: wishes in the words, calls that replay, grounded replies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chatbot.core.errors import QueryError
from chatbot.core.messages import Conversation, Message
from chatbot.corpus.duplicates import NearDuplicates
from chatbot.corpus.phrasebank.phrases import says
from chatbot.hotels.facilities import OR
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.search_result import SearchResult
from chatbot.hotels.store import HotelStore
from chatbot.understanding.consistency import Step, missing_slots, steps, unsupported_slots
from chatbot.understanding.rule_parser import parse_slots


class SecondParser(Protocol):
    """A second, independent parser: any model of the chat."""

    def predict(self, contexts: Sequence[tuple[Sequence[Message], Sequence[dict[str, Any]]]]) -> list[Message | None]:
        """The next assistant message of each context."""
        ...


@dataclass(frozen=True)
class Check:
    """One check of one conversation; the reason is what an annotator reads, "" where it passed."""

    name: str
    passed: bool
    reason: str = ""


def by_model(model: SecondParser, conversation: Conversation, step: Step) -> bool:
    """Whether a model, asked on its own, makes the same call of the same words."""
    [answer] = model.predict([(conversation.messages[: step.at], conversation.tools)])
    if answer is None or answer.call is None:
        return False
    try:
        return HotelQuery.parse(answer.call.arguments) == HotelQuery.parse(step.arguments)
    except QueryError:
        return False


def slot_check(conversation: Conversation, original: Conversation | None, model: SecondParser | None) -> Check:
    """Whether the words and the calls state the same wishes; with an original, only words that differ from it are read."""
    known = {(s.words, str(s.arguments)) for s in steps(original.messages)} if original else set()
    for step in steps(conversation.messages):
        if (step.words, str(step.arguments)) in known:
            continue
        parsed = parse_slots(step.words, [n for n in step.names if n])
        missing = [wish for wish in unsupported_slots(step, parsed) if not says(step.words, wish.split(OR))]
        extra = missing_slots(step, parsed)
        if not (missing or extra) or (model is not None and by_model(model, conversation, step)):
            continue
        what = f"这句话里没有“{missing[0]}”，查询里却有" if missing else f"这句话里有“{extra[0]}”，查询里却没有"
        return Check("slots", False, f"{what}：{step.words[:60]}")
    return Check("slots", True)


def replay_check(conversation: Conversation, store: HotelStore) -> Check:
    """Whether every call is valid and gives again what came back; a search that had to be relaxed may also show none.

    A record that breaks its query passes only where the result says which wish was given up; a bare list of records, as
    conversations had it at first, says nothing.
    """
    for step in steps(conversation.messages):
        try:
            found = store.search(HotelQuery.parse(step.arguments))
        except QueryError as error:
            return Check("replay", False, f"查询参数不合法：{error.what}")
        if reason := _differs(step, found):
            return Check("replay", False, f"{reason}：{step.words[:60]}")
    return Check("replay", True)


def _differs(step: Step, found: SearchResult) -> str:
    """Why what came back in a conversation is not what a search finds; "" where it is."""
    if found.relaxed and not step.records:
        found = found.strict()
    if step.records != found.records:
        return "重新查询的结果与记录不一致"
    if untold := [wish for wish in found.relaxed if wish not in step.observed.relaxed]:
        return f"展示的酒店不满足“{untold[0]}”，结果里却没有说明放宽了它"
    said = step.observed
    told = (said.relaxed, said.unmatched, said.total) == (found.relaxed, found.unmatched, found.total)
    return "" if told or not said.given else "重新查询的总数、放宽项或未识别的词与记录不一致"


def grounding_faults(conversation: Conversation) -> Iterator[tuple[int, str]]:
    """What replies claim and the records in hand do not hold: the reply's place, and the words."""
    hand: list[dict[str, Any]] = []
    for at, message in enumerate(conversation.messages):
        hand = message.records if message.role == "tool" else hand
        if message.role == "assistant" and not message.call:
            for claim in ungrounded(message.content, hand, conversation.messages[:at]):
                yield at, claim.partition(": ")[2] or claim


def grounding_check(conversation: Conversation) -> Check:
    """Whether every reply says only what the records in hand hold."""
    fault = next(grounding_faults(conversation), None)
    return Check("grounded", False, f"回复里的“{fault[1]}”不在酒店记录中") if fault else Check("grounded", True)


def form_check(conversation: Conversation) -> Check:
    """Whether the turns alternate as models are trained on them: user, [call, result], reply."""
    order = "".join(
        {"user": "u", "tool": "t", "system": "s"}.get(m.role, "c" if m.call else "r") for m in conversation.messages
    )
    rest = order.removeprefix("s").replace("uctr", "").replace("ur", "")
    empty = any(not m.content.strip() for m in conversation.messages if m.role in ("user", "assistant") and not m.call)
    return Check("form", False, "对话轮次不完整或有空白回复") if rest or empty else Check("form", True)


class UniqueCheck:
    """Tells for each conversation whether no earlier one of another source is nearly the same, group by group as they come."""

    def __init__(self) -> None:
        self._seen, self._near = list[tuple[str, str]](), NearDuplicates()

    def add(self, conversations: Sequence[Conversation]) -> list[Check]:
        """The checks of the next conversations."""
        begin = len(self._seen)
        self._seen += [(c.id, c.source) for c in conversations]
        twins = {
            j: self._seen[i][0] for i, j, _ in self._near.add(conversations) if self._seen[i][1] != self._seen[j][1]
        }
        return [
            Check("unique", at not in twins, f"和“{twins[at]}”几乎一样" if at in twins else "")
            for at in range(begin, len(self._seen))
        ]


def check(
    conversation: Conversation,
    store: HotelStore,
    original: Conversation | None = None,
    model: SecondParser | None = None,
) -> list[Check]:
    """All checks of one conversation, in the order: form, slots, replay, grounded.

    Args:
        conversation: what was rewritten or made.
        store: the database that its calls ran against.
        original: what it was rewritten from; turns that did not change are not read again.
        model: asked where the rules find a difference, as a second and independent parser.
    """
    return [
        form_check(conversation),
        slot_check(conversation, original, model),
        replay_check(conversation, store),
        grounding_check(conversation),
    ]
