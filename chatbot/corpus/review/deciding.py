"""One decision appended to a card as it was seen: never twice, and never over somebody else's."""

import time
from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import RowMapping, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from chatbot.core.errors import InputError
from chatbot.corpus.review.database import CLAIMS, DECISIONS, STANDING, VERDICTS
from chatbot.corpus.review.drafts import drop_draft
from chatbot.corpus.review.items import Card
from chatbot.corpus.review.team.standing import refresh

Part = Literal["", "final", "gold"]


def append(db: Connection, card: Card, said: Mapping[str, Any], *, lead: bool) -> None:
    """Append a decision; one that is there already, as its answer got lost, is not made twice.

    A lead's verdict on what people disagreed on settles it; a verdict on a gold card is an answer, which is compared
    and changes nothing.

    Raises:
        InputError: somebody else has decided meanwhile, or a lead has settled it; their decision stands.
    """
    if _made(db, card, said):
        return
    stands = db.execute(select(STANDING).where(STANDING.c.item == card.id)).mappings().one()
    part = _part(stands, said["action"], lead)
    if stands["final"] and said["action"] in VERDICTS and not part:
        raise conflict(card)
    seq = _seen(db, card, said["annotator"], alone=part == "gold" or (stands["need"] > 1 and part != "final")) + 1
    row = {"item": card.id, "seq": seq, "at": time.time(), "part": part, **said}
    if part == "final" and said["action"] == "approve":
        row["conversation"] = card.conversation.to_json()  # what the lead saw is what is let through
    try:
        db.execute(insert(DECISIONS).values(**row))
    except IntegrityError as error:
        raise conflict(card) from error
    refresh(db, [card.id])
    if said["action"] == "edit":
        drop_draft(db, card.id, said["annotator"])
    if said["action"] != "comment":
        db.execute(CLAIMS.delete().where(CLAIMS.c.item == card.id))


def _part(stands: RowMapping, action: str, lead: bool) -> Part:
    if action not in VERDICTS:
        return ""
    if stands["answer"]:
        return "gold"
    return "final" if lead and (stands["split"] or stands["final"]) else ""


def _made(db: Connection, card: Card, said: Mapping[str, Any]) -> bool:
    """Whether the last thing that happened to a card since it was seen is this very decision."""
    last = select(DECISIONS).where(DECISIONS.c.item == card.id, DECISIONS.c.seq > card.seen)
    row = db.execute(last.order_by(DECISIONS.c.seq.desc()).limit(1)).mappings().first()
    return row is not None and all(row[key] == value for key, value in said.items())


def _seen(db: Connection, card: Card, annotator: str, *, alone: bool) -> int:
    """The number of decisions to append after; where people decide by themselves another's is no conflict."""
    since = select(DECISIONS.c.annotator, DECISIONS.c.action).where(
        DECISIONS.c.item == card.id, DECISIONS.c.seq > card.seen
    )
    decisive = (*VERDICTS, "undo")
    others = [action for who, action in db.execute(since).all() if who != annotator and action in decisive]
    if others and not alone:
        raise conflict(card)
    return db.scalar(select(func.coalesce(func.max(DECISIONS.c.seq), 0)).where(DECISIONS.c.item == card.id)) or 0


def conflict(card: Card) -> InputError:
    """Somebody has decided on a card meanwhile."""
    return InputError("corpus.decided", value=card.conversation.id)
