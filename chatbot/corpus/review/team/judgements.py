"""What people who decided by themselves said of one card, side by side for whoever settles it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.engine import Connection

from chatbot.core.messages import Conversation
from chatbot.corpus.review.database import DECISIONS, ITEMS, VERDICTS, latest


@dataclass(frozen=True)
class Judgement:
    """One person's last verdict on a card; `conversation` is what they let through or refused."""

    annotator: str
    action: str
    reason: str
    comment: str
    at: float
    conversation: Conversation


def judgements(db: Connection, item: int) -> list[Judgement]:
    """The verdicts on a card, one a person, the first one first; a lead's own word is not among them."""
    where = (DECISIONS.c.item == item) & DECISIONS.c.action.in_(VERDICTS) & (DECISIONS.c.part == "")
    rows = db.execute(latest(where).order_by(DECISIONS.c.id)).mappings().all()
    put_up = db.execute(select(ITEMS.c.conversation).where(ITEMS.c.id == item)).scalar_one()
    last = {row["annotator"]: row for row in rows}
    edits = {row["annotator"]: row["conversation"] for row in rows if row["action"] == "edit"}
    return [
        Judgement(
            name,
            row["action"],
            row["reason"],
            row["comment"],
            row["at"],
            Conversation.model_validate_json(edits.get(name) or put_up),
        )
        for name, row in last.items()
    ]
