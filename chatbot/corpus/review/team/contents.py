"""What a card says: as put up, edited, or before a decision; who judges by themselves sees no other's edit."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy import RowMapping, and_, or_, select
from sqlalchemy.engine import Connection

from chatbot.core.messages import Conversation
from chatbot.corpus.review.database import DECISIONS, ITEMS, KEPT, STANDING, UNDOING, VERDICTS, latest
from chatbot.corpus.review.items import Filter


def approved(db: Connection, only: Filter) -> Iterator[Conversation]:
    """The conversations of a filter that are let through, as edited, in the order in which they were put up."""
    let = (STANDING.c.verdict.in_(KEPT), *only.conditions())
    kept = select(STANDING.c.item).where(*let)
    edits = latest(DECISIONS.c.item.in_(kept) & DECISIONS.c.action.in_(VERDICTS) & (DECISIONS.c.part != "gold"))
    names = (DECISIONS.c[name] for name in ("item", "annotator", "action", "part", "conversation"))
    rows = db.execute(edits.with_only_columns(*names).order_by(DECISIONS.c.item, DECISIONS.c.id)).mappings().all()
    told = {item: list(some) for item, some in groupby(rows, lambda row: row["item"])}
    items = (
        select(ITEMS.c.id, ITEMS.c.conversation, STANDING.c.need)
        .join(STANDING, STANDING.c.item == ITEMS.c.id)
        .where(*let)
    )
    for item, content, need in db.execute(items.order_by(ITEMS.c.id)):
        yield Conversation.model_validate_json(_edited(told.get(item, []), need) or content)


def _edited(rows: Sequence[RowMapping], need: int) -> str | None:
    """The content that an item's verdicts, the last one last, end in; None where it is that which was put up."""
    if final := [row for row in rows if row["part"] == "final"]:
        settled: str | None = final[-1]["conversation"]
        return settled
    last = {row["annotator"]: row["action"] for row in rows}
    edits = [
        row["conversation"] for row in rows if row["action"] == "edit" and (need < 2 or last[row["annotator"]] in KEPT)
    ]
    return edits[-1] if edits else None


def edit_of(db: Connection, item: int, judge: str = "") -> tuple[str, str] | None:
    """What an item was edited to, and the checks of that; None where it stands as it was put up.

    Args:
        judge: who is to decide on it by themselves, and sees their own edit alone.
    """
    need, final = db.execute(select(STANDING.c.need, STANDING.c.final).where(STANDING.c.item == item)).one()
    rows = latest((DECISIONS.c.item == item) & DECISIONS.c.action.in_(VERDICTS) & (DECISIONS.c.part != "gold"))
    if final:
        rows = rows.where(DECISIONS.c.part == "final")
    else:
        rows = rows.where(DECISIONS.c.action == "edit")
        rows = rows.where(DECISIONS.c.annotator == judge) if judge and need > 1 else rows
    row = db.execute(rows.order_by(DECISIONS.c.id.desc()).limit(1)).mappings().first()
    return (row["conversation"], row["checks"]) if row and row["conversation"] else None


def before(db: Connection, item: int, decision: int) -> str:
    """A card's content as its person saw it before a decision: the last edit not taken back by then."""
    undone = select(UNDOING.c.undoes).where(UNDOING.c.undoes.is_not(None), UNDOING.c.id < decision)
    edit = and_(DECISIONS.c.item == item, DECISIONS.c.id < decision, DECISIONS.c.conversation.is_not(None))
    edit &= DECISIONS.c.part != "gold"
    query = select(DECISIONS.c.conversation).where(edit, DECISIONS.c.id.not_in(undone))
    if (db.scalar(select(STANDING.c.need).where(STANDING.c.item == item)) or 1) > 1:
        who = select(DECISIONS.c.annotator).where(DECISIONS.c.id == decision).scalar_subquery()
        query = query.where(or_(DECISIONS.c.annotator == who, DECISIONS.c.part == "final"))
    text = db.scalar(query.order_by(DECISIONS.c.id.desc()).limit(1))
    return str(text or db.execute(select(ITEMS.c.conversation).where(ITEMS.c.id == item)).scalar_one())
