"""The one way by which a card leaves the review, with all that was decided on it: people's words may be forgotten."""

from collections.abc import Callable

from sqlalchemy import delete, select
from sqlalchemy.engine import Connection, Engine

from chatbot.core.messages import Conversation
from chatbot.corpus.review.database import CLAIMS, DECISIONS, DRAFTS, ITEMS, STANDING

Which = Callable[[Conversation, Conversation | None, float], bool]
"""Told a card's conversation, the one that it came from, and when it was put up (Unix time)."""


def forget(engine: Engine, operation: str, which: Which) -> int:
    """Delete an operation's cards, so that no file holds them any more; returns how many."""
    with engine.begin() as db:
        gone = _forget(db, operation, which)
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()  # outside of a transaction: what was written before still lies in the log
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
    return gone


def _forget(db: Connection, operation: str, which: Which) -> int:
    if db.dialect.name == "sqlite":
        db.exec_driver_sql("PRAGMA secure_delete=ON")  # else the words stay readable in the file's free pages
    columns = (ITEMS.c.id, ITEMS.c.conversation, ITEMS.c.original, ITEMS.c.at)
    rows = db.execute(select(*columns).where(ITEMS.c.operation == operation)).all()
    gone = [item for item, made, original, at in rows if which(_read(made), _read(original) if original else None, at)]
    for item in gone:
        for column in (DECISIONS.c.item, STANDING.c.item, CLAIMS.c.item, DRAFTS.c.item, ITEMS.c.id):
            db.execute(delete(column.table).where(column == item))
    return len(gone)


def _read(text: str) -> Conversation:
    return Conversation.model_validate_json(text)
