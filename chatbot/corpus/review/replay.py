"""An edit of a card, run again: what each changed call now finds, and which later turns no longer fit."""

from collections.abc import Iterator
from dataclasses import dataclass

from chatbot.core.errors import WorkbenchError
from chatbot.core.messages import Conversation, Message
from chatbot.corpus.checks import grounding_faults
from chatbot.corpus.review.chips import chips_of, kind_of, query_of
from chatbot.corpus.review.drafts import Draft
from chatbot.hotels.store import HotelStore

MANY = ("设施", "不要类型", "不要名称", "不要设施")
"""Kinds of chips of which a call may have several."""


@dataclass(frozen=True)
class Found:
    """What a changed call finds: the hotels shown, how many there are, what was given up and what means nothing."""

    names: list[str]
    total: int
    relaxed: list[str]
    unmatched: list[str]


@dataclass(frozen=True)
class Fault:
    """What does not fit any more at a message: its kind (stale, lacks, grounded), and the words or chips that are meant."""

    at: int
    kind: str
    what: str


@dataclass(frozen=True)
class Replayed:
    """A card with its draft; by message the new findings and the chips that cannot be read."""

    conversation: Conversation
    found: dict[int, Found]
    errors: dict[int, WorkbenchError]
    faults: list[Fault]


def replay(conversation: Conversation, draft: Draft, store: HotelStore) -> Replayed:
    """Put a draft into its conversation; calls whose chips differ are searched again, others keep what they found."""
    messages = list(conversation.messages)
    found: dict[int, Found] = {}
    errors: dict[int, WorkbenchError] = {}
    draft = draft.over(conversation)
    for at, words in draft.words.items():
        messages[at] = messages[at].model_copy(update={"content": words.strip()})
    for at, chips in draft.calls.items():
        try:
            found[at] = _search(messages, at, chips, store)
        except WorkbenchError as error:
            errors[at] = error
    made = conversation.model_copy(update={"messages": messages})
    return Replayed(made, found, errors, [*_disagreeing(conversation, made, found), *_unfounded(conversation, made)])


def _search(messages: list[Message], at: int, chips: list[str], store: HotelStore) -> Found:
    """Change a call and what came back from it."""
    query = query_of(chips)
    answer = store.search(query)
    [made] = messages[at].tool_calls[:1]
    function = made.function.model_copy(update={"arguments": query.arguments()})
    # the act line said the earlier call; what a model would have to write for the new one is not known
    messages[at] = messages[at].model_copy(
        update={"tool_calls": [made.model_copy(update={"function": function})], "act": None}
    )
    if at + 1 < len(messages) and messages[at + 1].role == "tool":
        messages[at + 1] = answer.message()
    names = [str(record["name"]) for record in answer.records]
    return Found(names, answer.total, answer.relaxed, answer.unmatched)


def _disagreeing(old: Conversation, new: Conversation, changed: dict[int, Found]) -> Iterator[Fault]:
    """Later calls that still carry what was taken out of an earlier one, or lack what was put in."""
    for at in changed:
        was, now = chips_of(old.messages[at]), chips_of(new.messages[at])
        for later in range(at + 1, len(new.messages)):
            message = new.messages[later]
            if message.call is None or later in changed:
                continue
            there = chips_of(message)
            kinds = {kind_of(chip) for chip in there}
            yield from (Fault(later, "stale", chip) for chip in was if chip not in now and chip in there)
            yield from (
                Fault(later, "lacks", chip)
                for chip in now
                if chip not in was and chip not in there and (kind_of(chip) in MANY or kind_of(chip) not in kinds)
            )


def _unfounded(old: Conversation, new: Conversation) -> Iterator[Fault]:
    """Replies that now say what the records in hand do not hold."""
    before = set(grounding_faults(old))
    yield from (Fault(at, "grounded", claim) for at, claim in grounding_faults(new) if (at, claim) not in before)
