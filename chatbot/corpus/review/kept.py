"""What people said in Chat and is kept with ratings and votes: shown, forgotten by conversation or after a time."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from chatbot.core.errors import InputError
from chatbot.core.locks import rewrite_whole
from chatbot.core.messages import Conversation, Message
from chatbot.core.plain_text import plain
from chatbot.core.settings import Settings
from chatbot.core.trust.passes import DAY
from chatbot.corpus.review.feedback import FILE, OPERATION, Feedback, as_conversation, read_feedback
from chatbot.corpus.review.queue import ReviewStore

VOTES = "votes.jsonl"


class _Timed(BaseModel):
    """Of a vote, all that is asked here."""

    time: float = 0.0


@dataclass(frozen=True)
class Kept:
    """One conversation of which something is kept: its id, when it was rated last, its first words, how many ratings."""

    id: str
    time: float
    words: str
    ratings: int


@dataclass(frozen=True)
class Forgotten:
    """How many ratings, cards of the review and votes are gone."""

    ratings: int
    cards: int
    votes: int

    def to_dict(self) -> dict[str, int]:
        """As plain data."""
        return asdict(self)


def kept(workspace: Path) -> list[Kept]:
    """The conversations of which something is kept, newest first; of one that went on, the longest stretch names it."""
    rows = sorted(read_feedback(workspace), key=lambda row: len(row.messages), reverse=True)
    found: list[list[Feedback]] = []
    for row in rows:
        whole = next((one for one in found if _same(row.messages, one[0].messages)), None)
        if whole is None:
            found.append([row])
        else:
            whole.append(row)
    return sorted((_kept(rows) for rows in found), key=lambda one: one.time, reverse=True)


def _kept(rows: list[Feedback]) -> Kept:
    words = next((m.content for m in rows[0].messages if m.role == "user"), "")
    return Kept(_id(rows[0]), max(row.time for row in rows), plain(" ".join(words.split()))[:40], len(rows))


def _id(row: Feedback) -> str:
    return as_conversation(row.messages, row).id


def _same(one: Sequence[Message], other: Sequence[Message]) -> bool:
    """Whether one is the other, or its beginning."""
    short, long = sorted((list(one), list(other)), key=len)
    return long[: len(short)] == short if short else not long


def forget(settings: Settings, id: str) -> Forgotten:
    """Delete what is kept of one conversation, decided or not; what was split or exported from it is made anew.

    Raises:
        InputError: nothing of such a conversation is kept.
    """
    workspace = settings.workspace
    rows = read_feedback(workspace)
    named = [row for row in rows if _id(row) == id]
    if not named:
        raise InputError("corpus.not_kept", value=id)
    ids = {_id(row) for row in rows if any(_same(row.messages, one.messages) for one in named)}
    # Its ratings go last: as long as they are there, a call that was cut off can be made again.
    cards = _cards(settings, lambda made, original, at: {made.id, *([original.id] if original else [])} & ids != set())
    ratings = rewrite_whole(workspace / FILE, lambda line: not ((row := _row(line)) and _id(row) in ids))
    return Forgotten(ratings, cards, 0)


def expire(settings: Settings, days: float, now: float | None = None) -> Forgotten:
    """Delete what has been kept for longer."""
    before = (time.time() if now is None else now) - days * DAY
    ratings = rewrite_whole(settings.workspace / FILE, lambda line: (row := _row(line)) is None or row.time >= before)
    votes = rewrite_whole(settings.workspace / VOTES, lambda line: _time(line) >= before)
    return Forgotten(ratings, _cards(settings, lambda made, original, at: at < before), votes)


def _cards(settings: Settings, which: Callable[[Conversation, Conversation | None, float], bool]) -> int:
    if not (settings.review_url or (settings.workspace / "review.sqlite").exists()):
        return 0
    with closing(ReviewStore(settings.review_address(settings.workspace))) as review:
        return review.forget(OPERATION, which)


def _row(line: str) -> Feedback | None:
    try:
        return Feedback.model_validate_json(line)
    except ValidationError:
        return None


def _time(line: str) -> float:
    try:
        return _Timed.model_validate_json(line).time
    except ValidationError:
        return 0.0
