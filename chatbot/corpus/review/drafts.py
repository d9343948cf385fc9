"""What somebody has typed on a card and not saved: kept per person and card, so that no reload, next card or kill loses it."""

import time

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from chatbot.core.messages import Conversation, Message
from chatbot.corpus.review.chips import chips_of
from chatbot.corpus.review.database import DRAFTS


class Draft(BaseModel):
    """What differs from the card: by the message's place in the conversation its words, or the chips of its call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: dict[int, str] = Field(default_factory=dict, max_length=400)
    calls: dict[int, list[str]] = Field(default_factory=dict, max_length=400)

    @classmethod
    def between(cls, before: Conversation, after: Conversation) -> "Draft":
        """What was changed between two states of one card."""
        pairs = list(enumerate(zip(before.messages, after.messages, strict=False)))
        words = {at: new.content for at, (old, new) in pairs if spoken(old) and old.content != new.content}
        calls = {at: (chips_of(old), chips_of(new)) for at, (old, new) in pairs if old.call and new.call}
        return cls(words=words, calls={at: new for at, (old, new) in calls.items() if old != new})

    def over(self, conversation: Conversation) -> "Draft":
        """The draft without what is no change of this conversation."""
        messages = conversation.messages
        words = {
            at: new
            for at, new in self.words.items()
            if at < len(messages) and spoken(messages[at]) and messages[at].content != new
        }
        calls = {
            at: new
            for at, new in self.calls.items()
            if at < len(messages) and messages[at].call and chips_of(messages[at]) != new
        }
        return Draft(words=words, calls=calls)

    def __bool__(self) -> bool:
        """Whether anything is changed."""
        return bool(self.words or self.calls)


def spoken(message: Message) -> bool:
    """Whether a message is words that a person can edit."""
    return message.role in ("user", "assistant") and not message.call


def read_draft(db: Connection, item: int, annotator: str) -> Draft | None:
    """A person's draft on a card; None where there is none."""
    mine = (DRAFTS.c.item == item, DRAFTS.c.annotator == annotator)
    content = db.scalar(select(DRAFTS.c.content).where(*mine))
    return Draft.model_validate_json(content) if content else None


def keep_draft(db: Connection, item: int, annotator: str, draft: Draft) -> None:
    """Keep a draft in the place of an earlier one; an empty one is none."""
    drop_draft(db, item, annotator)
    if draft:
        row = {"item": item, "annotator": annotator, "content": draft.model_dump_json(), "at": time.time()}
        db.execute(insert(DRAFTS).values(**row))


def drop_draft(db: Connection, item: int, annotator: str) -> None:
    """Forget a person's draft on a card."""
    db.execute(delete(DRAFTS).where(DRAFTS.c.item == item, DRAFTS.c.annotator == annotator))
