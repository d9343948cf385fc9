"""What a rewritten or new conversation must hold before anyone trains on it: wishes in the words, calls that replay, grounded replies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rapidfuzz import fuzz

from chatbot.corpus.duplicates import near_duplicates
from chatbot.corpus.lexicon import Band, Heard, clauses, hear
from chatbot.errors import QueryError
from chatbot.hotels.facilities import match_facility
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.messages import Conversation, Message

NAME_LIKENESS = 75
"""Lowest partial ratio (0–100, rapidfuzz) of a name in the call and the user's words."""


class Ear(Protocol):
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


@dataclass(frozen=True)
class Step:
    """One call in its conversation: the words before it, the state before and with it, and what came back."""

    at: int
    words: str
    before: dict[str, Any]
    arguments: dict[str, Any]
    records: list[dict[str, Any]]
    names: list[str]


def steps(messages: Sequence[Message]) -> Iterator[Step]:
    """The calls of a conversation, each with what the words up to it must explain."""
    before: dict[str, Any] = {}
    words, names = "", list[str]()
    for at, message in enumerate(messages):
        if message.role == "user":
            words = message.content
        if message.call:
            arguments = message.call.arguments
            records = messages[at + 1].records if at + 1 < len(messages) else []
            yield Step(at, words, before, arguments, records, [*names, str(arguments.get("name") or "")])
            before = arguments
        names += [r["name"] for r in message.records if r.get("name")]


def _range(arguments: dict[str, Any], field: str) -> tuple[float | None, float | None]:
    return arguments.get(f"{field}_lower"), arguments.get(f"{field}_upper")


def describe(field: str, arguments: dict[str, Any]) -> str:
    """A range in words, for a reason: 200–300元, 4.5分以上."""
    lower, upper = _range(arguments, field)
    unit = "元" if field == "price_range" else "分"
    if lower is not None and upper is not None:
        return f"{lower:g}–{upper:g}{unit}" if lower != upper else f"{lower:g}{unit}"
    return f"{lower:g}{unit}以上" if lower is not None else f"{upper:g}{unit}以下"


def _lost_facilities(step: Step, heard: Heard) -> list[str]:
    fresh = [f for f in step.arguments.get("facilities") or [] if f not in (step.before.get("facilities") or [])]
    spoken = [*heard.facilities, *(match_facility(part) for clause in clauses(step.words) for part in (clause, *clause.split("的")) if part)]
    return [f for f in fresh if f not in step.words and not any((match_facility(f) or {f}) & mention for mention in spoken)]


def _lost_texts(step: Step) -> list[str]:
    """Names and places of the call that the words do not give."""
    out = []
    for field in ("name", "address", "subway"):
        value = step.arguments.get(field)
        if value and value != step.before.get(field) and fuzz.partial_ratio(str(value), step.words) < NAME_LIKENESS:
            out.append(str(value))
    return out


def lost(step: Step, heard: Heard) -> list[str]:
    """Wishes that the call newly states and the words do not."""
    out = _lost_facilities(step, heard) + _lost_texts(step)
    kind = step.arguments.get("type")
    if kind and kind != step.before.get("type") and kind not in heard.types:
        out.append(str(kind))
    for field, found in (("price_range", heard.prices), ("rating_range", heard.ratings)):
        now = _range(step.arguments, field)
        if now not in ((None, None), _range(step.before, field)) and not any(band.fits(*now) for band in found):
            out.append(describe(field, step.arguments))
    return out


def _band_words(field: str, band: Band) -> str:
    return describe(field, {f"{field}_lower": band.lower, f"{field}_upper": band.upper})


def unheard(step: Step, heard: Heard) -> list[str]:
    """Wishes that the words state and the call does not."""
    asked = [match_facility(f) or frozenset([f]) for f in step.arguments.get("facilities") or []]
    sure = [] if step.arguments.get("name") else [min(mention) for mention in heard.facilities if len(mention) == 1]
    out = [name for name in sure if not any(name in names for names in asked)]
    if len(heard.types) == 1 and not step.arguments.get("type"):
        out += heard.types
    for field, found in (("price_range", heard.prices), ("rating_range", heard.ratings)):
        now = _range(step.arguments, field)
        out += [_band_words(field, band) for band in found if not band.about and not band.fits(*now) and len(found) == 1]
    return out


def by_model(model: Ear, conversation: Conversation, step: Step) -> bool:
    """Whether a model, asked on its own, makes the same call of the same words."""
    [answer] = model.predict([(conversation.messages[: step.at], conversation.tools)])
    if answer is None or answer.call is None:
        return False
    try:
        return HotelQuery.parse(answer.call.arguments) == HotelQuery.parse(step.arguments)
    except QueryError:
        return False


def slot_check(conversation: Conversation, original: Conversation | None, model: Ear | None) -> Check:
    """Whether the words and the calls state the same wishes; with an original, only words that differ from it are read."""
    known = {(s.words, str(s.arguments)) for s in steps(original.messages)} if original else set()
    for step in steps(conversation.messages):
        if (step.words, str(step.arguments)) in known:
            continue
        heard = hear(step.words, [n for n in step.names if n])
        missing, extra = lost(step, heard), unheard(step, heard)
        if not (missing or extra) or (model is not None and by_model(model, conversation, step)):
            continue
        what = f"这句话里没有“{missing[0]}”，查询里却有" if missing else f"这句话里有“{extra[0]}”，查询里却没有"
        return Check("slots", False, f"{what}：{step.words[:60]}")
    return Check("slots", True)


def replay_check(conversation: Conversation, store: HotelStore) -> Check:
    """Whether every call is valid and gives its records again; a search that had to be relaxed may also show none."""
    for step in steps(conversation.messages):
        try:
            found = store.search(HotelQuery.parse(step.arguments))
        except QueryError as error:
            return Check("replay", False, f"查询参数不合法：{error.what}")
        if step.records != found.records and not (found.relaxed and not step.records):
            return Check("replay", False, f"重新查询的结果与记录不一致：{step.words[:60]}")
    return Check("replay", True)


def grounding_check(conversation: Conversation) -> Check:
    """Whether every reply says only what the records in hand hold."""
    hand: list[dict[str, Any]] = []
    for at, message in enumerate(conversation.messages):
        hand = message.records if message.role == "tool" else hand
        if message.role == "assistant" and not message.call:
            claims = ungrounded(message.content, hand, conversation.messages[:at])
            if claims:
                return Check("grounded", False, f"回复里的“{claims[0].partition(': ')[2] or claims[0]}”不在酒店记录中")
    return Check("grounded", True)


def form_check(conversation: Conversation) -> Check:
    """Whether the turns alternate as models are trained on them: user, [call, result], reply."""
    order = "".join({"user": "u", "tool": "t", "system": "s"}.get(m.role, "c" if m.call else "r") for m in conversation.messages)
    rest = order.removeprefix("s").replace("uctr", "").replace("ur", "")
    empty = any(not m.content.strip() for m in conversation.messages if m.role in ("user", "assistant") and not m.call)
    return Check("form", False, "对话轮次不完整或有空白回复") if rest or empty else Check("form", True)


def unique_checks(conversations: Sequence[Conversation]) -> list[Check]:
    """For each conversation whether no earlier one of another source is nearly the same."""
    twins = {j: i for i, j, _ in near_duplicates(conversations) if conversations[i].source != conversations[j].source}
    return [Check("unique", at not in twins, f"和“{conversations[twins[at]].id}”几乎一样" if at in twins else "") for at in range(len(conversations))]


def check(conversation: Conversation, store: HotelStore, original: Conversation | None = None, model: Ear | None = None) -> list[Check]:
    """All checks of one conversation, in the order: form, slots, replay, grounded.

    Args:
        conversation: what was rewritten or made.
        store: the database that its calls ran against.
        original: what it was rewritten from; turns that did not change are not read again.
        model: asked where the lexicon finds a difference, as a second and independent parser.
    """
    return [form_check(conversation), slot_check(conversation, original, model), replay_check(conversation, store), grounding_check(conversation)]
