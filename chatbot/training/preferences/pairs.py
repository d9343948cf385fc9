"""What people said about replies as pairs: in one context, an answer that is right and one that was wrong."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbot.core.messages import Conversation, Message, last_user_index
from chatbot.corpus.review.feedback import Feedback, as_conversation, candidate
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.hotels.store import HotelStore
from chatbot.models.families.family import Family
from chatbot.models.render import render_prompt
from chatbot.training.data import rendered

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FEWEST = 5
"""Dialogues from which on some are held out."""


@dataclass(frozen=True)
class Pair:
    """Two answers to the same words; `source` is shared by all feedback on one dialogue."""

    source: str
    context: tuple[Message, ...]
    chosen: Message
    rejected: Message


@dataclass(frozen=True)
class Preferences:
    """Everything that was said, as far as it tells two answers apart.

    Attributes:
        liked: (source, context, answer) of what was liked.
        waiting: dislikes without a correction or a like of another answer to the same words.
    """

    pairs: list[Pair]
    liked: list[tuple[str, tuple[Message, ...], Message]]
    waiting: int


def preferences(given: Sequence[Feedback], store: HotelStore) -> Preferences:
    """Pairs from corrections, and from likes and dislikes of answers to the same words.

    Args:
        store: what a corrected call finds.
    """
    likes = [one for one in given if one.liked and not _corrected(one)]
    pairs: dict[str, Pair] = {}
    waiting = 0
    for one in given:
        if _corrected(one):
            right = [candidate(one, store).messages]
        elif not one.liked:
            right = [like.messages for like in likes if _asked(like) == _asked(one)]
        else:
            continue
        found = [pair for messages in right if (pair := _parting(messages, one))]
        pairs |= {repr(pair): pair for pair in found}
        waiting += not found
    liked = [(as_conversation(like.messages, like).source, *_last(like.messages)) for like in likes]
    return Preferences(list(pairs.values()), liked, waiting)


def _corrected(given: Feedback) -> bool:
    return given.corrected is not None or bool(given.corrected_reply)


def _asked(given: Feedback) -> list[object]:
    """The conversation up to the last thing that the user said."""
    return [_said(m) for m in given.messages[: last_user_index(given.messages, default=-1) + 1]]


def _said(message: Message) -> tuple[object, ...]:
    """What a message says, whatever its ids."""
    called = message.call
    return message.role, message.content, called and called.name, called and repr(sorted(called.arguments.items()))


def _parting(right: Sequence[Message], given: Feedback) -> Pair | None:
    """The first answers in which the right course and what happened part."""
    for at, (good, bad) in enumerate(zip(right, given.messages, strict=False)):
        if _said(good) != _said(bad):
            both = good.role == bad.role == "assistant"
            source = as_conversation(given.messages, given).source
            return Pair(source, tuple(right[:at]), good, bad) if both else None
    return None


def _last(messages: Sequence[Message]) -> tuple[tuple[Message, ...], Message]:
    """The first answer to the last user's words, which is what the model decided, and what stands before it."""
    at = min(last_user_index(messages, default=-1) + 1, len(messages) - 1)
    return tuple(messages[:at]), messages[at]


def encoded(
    context: Sequence[Message], answer: Message, family: Family, tokenizer: "PreTrainedTokenizerBase"
) -> tuple[list[int], list[int]] | None:
    """Token ids of a context and of an answer to it; None where the family writes no such answer there."""
    prompt = render_prompt(context, [SEARCH_HOTELS], family, tokenizer)
    conversation = Conversation(id="", source="", messages=[*context, answer], tools=[SEARCH_HOTELS])
    whole = rendered(conversation, family, tokenizer)[-1].ids
    return (prompt, whole[len(prompt) :]) if whole[: len(prompt)] == prompt and len(whole) > len(prompt) else None


def rows(
    pairs: Sequence[Pair], family: Family, tokenizer: "PreTrainedTokenizerBase", most: int
) -> Iterator[dict[str, list[int]]]:
    """The pairs as TRL takes them, without those that a family writes alike or the base cannot read whole."""
    for pair in pairs:
        good, bad = (encoded(pair.context, answer, family, tokenizer) for answer in (pair.chosen, pair.rejected))
        if good and bad and good[1] != bad[1] and len(good[0]) + max(len(good[1]), len(bad[1])) <= most:
            yield {"prompt_ids": good[0], "chosen_ids": good[1], "rejected_ids": bad[1]}


def held_out(sources: Sequence[str], share: float, seed: int) -> set[str]:
    """The dialogues whose feedback is only measured; none where there are fewer than FEWEST."""
    known = sorted(set(sources), key=lambda source: hashlib.sha256(f"{seed}-{source}".encode()).hexdigest())
    return set(known[: round(share * len(known))]) if len(known) >= FEWEST else set()
