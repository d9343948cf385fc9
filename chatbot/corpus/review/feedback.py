"""What people say about replies in Chat: kept for ever, and turned into candidates for the review queue."""

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, Field

from chatbot.core.locks import append_whole, read_whole
from chatbot.core.messages import Conversation, Message, call, last_user_index, reply
from chatbot.core.settings import settings
from chatbot.corpus.checks import check
from chatbot.corpus.review.queue import ReviewStore
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery
from chatbot.hotels.store import HotelStore

OPERATION = "feedback"
FILE = "feedback.jsonl"


class Feedback(BaseModel):
    """One person's word on the last turn of a conversation; `queued` says whether it went to review."""

    time: float = Field(default_factory=time.time)
    model: str
    liked: bool
    comment: str = ""
    corrected: HotelQuery | None = None
    corrected_reply: str = ""
    messages: list[Message]
    queued: bool = False


def record_feedback(
    messages: Sequence[Message],
    *,
    model: str,
    liked: bool,
    comment: str = "",
    corrected: HotelQuery | None = None,
    corrected_reply: str = "",
    store: HotelStore | None = None,
    review: ReviewStore | None = None,
    workspace: Path | None = None,
) -> Feedback:
    """Keep a like or dislike; dislikes and corrections go to the review queue as candidates, checked like any other.

    Args:
        messages: the conversation up to the judged reply.
        corrected: what should have been searched for.
        corrected_reply: what should have been said.
        store, review, workspace: those of the settings where not given; the review is the workspace's.

    Raises:
        InputError: the database or the review queue cannot be used; the word itself is kept all the same.
    """
    given = Feedback(
        model=model,
        liked=liked,
        comment=comment.strip(),
        corrected=corrected,
        corrected_reply=corrected_reply.strip(),
        messages=[*messages],
    )
    workspace = workspace or settings().folder()
    path = workspace / FILE
    if liked and not (corrected or given.corrected_reply):
        _append(path, given)
        return given
    store = store or HotelStore.load(settings().hotels)
    happened, right = as_conversation(given.messages, given), candidate(given, store)
    own = review or ReviewStore(settings().review_address(workspace))
    try:
        given.queued = own.add(
            right, OPERATION, happened if right.messages != happened.messages else None, check(right, store)
        )
    finally:
        _append(path, given)
        if review is None:
            own.close()
    return given


def as_conversation(messages: Sequence[Message], given: Feedback) -> Conversation:
    """Messages as a conversation; all feedback on one dialogue shares a source, so that no split parts it."""
    opening = next((m.content for m in messages if m.role == "user"), "")
    text = json.dumps([m.to_dict() for m in messages], ensure_ascii=False)
    source = f"chat-{hashlib.sha256(opening.encode()).hexdigest()[:12]}"
    meta = {"operation": OPERATION, "provider": given.model, "comment": given.comment}
    return Conversation(
        id=f"{source}-{hashlib.sha256(text.encode()).hexdigest()[:8]}",
        source=source,
        tools=[SEARCH_HOTELS],
        messages=[*messages],
        meta=meta,
    )


def candidate(given: Feedback, store: HotelStore) -> Conversation:
    """The conversation as it should have gone: the last turn with the corrected call and its records, or the corrected reply."""
    messages = list(given.messages)
    if given.corrected is not None:
        asked = last_user_index(messages, default=-1)
        found = store.search(given.corrected)
        names = "、".join(str(record["name"]) for record in found.records)
        said = f"没有完全符合的酒店，放宽条件后有：{names}。" if found.relaxed else f"为您找到：{names}。"
        answer = given.corrected_reply or (said if names else "抱歉，没有找到符合要求的酒店。")
        messages = [
            *messages[: asked + 1],
            call(given.corrected.arguments()),
            found.message(),
            reply(answer),
        ]
    elif given.corrected_reply and messages:
        messages[-1] = reply(given.corrected_reply)
    return as_conversation(messages, given)


def read_feedback(workspace: Path) -> list[Feedback]:
    """Everything that was said, the oldest first; a line torn by a kill is left out."""
    return read_whole(workspace / FILE, Feedback)


def feedback_counts(workspace: Path) -> dict[str, int]:
    """How many likes, dislikes, corrections, and candidates that went to review."""
    given = read_feedback(workspace)
    corrections = sum(bool(one.corrected or one.corrected_reply) for one in given)
    likes = sum(one.liked for one in given)
    return {
        "likes": likes,
        "dislikes": len(given) - likes,
        "corrections": corrections,
        "queued": sum(one.queued for one in given),
    }


def _append(path: Path, given: Feedback) -> None:
    append_whole(path, given.model_dump_json())
