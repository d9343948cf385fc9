"""What is done and undone as one step: a bulk approval of what a filter shows, and taking back a person's last step."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import ColumnElement, RowMapping, func, insert, or_, select
from sqlalchemy.engine import Connection

from chatbot.core.messages import Conversation
from chatbot.corpus.review.database import DECISIONS, STANDING, latest
from chatbot.corpus.review.drafts import Draft, keep_draft
from chatbot.corpus.review.items import Filter
from chatbot.corpus.review.selection import claim, wanted
from chatbot.corpus.review.team.contents import before
from chatbot.corpus.review.team.standing import CHUNK, refresh


@dataclass(frozen=True)
class Bulk:
    """What a bulk approval would take of the cards `shown`: `n` of them, up to the item `until`, and why the others are left."""

    n: int
    shown: int
    failed: int
    overlap: int
    flagged: int
    until: int


def bulk(db: Connection, annotator: str, only: Filter) -> Bulk:
    """What `approve_all` would take, and what it would leave."""
    columns = (STANDING.c.item, STANDING.c.failed, _several(), STANDING.c.flagged)
    rows = [] if only.over else db.execute(wanted(annotator, only).with_only_columns(*columns)).all()
    taken = [item for item, failed, several, flag in rows if not (failed or several or flag)]
    wrong = sum(bool(failed) for _, failed, _, _ in rows)
    both = sum(bool(several and not failed) for _, failed, several, _ in rows)
    return Bulk(len(taken), len(rows), wrong, both, len(rows) - len(taken) - wrong - both, max(taken, default=0))


def _several() -> ColumnElement[bool]:
    """Cards that several people are to decide on, which nobody passes unread."""
    return or_(STANDING.c.need > 1, STANDING.c.answer != "")


def approve_all(db: Connection, annotator: str, only: Filter, until: int | None, step: str = "") -> int:
    """Approve, as one step, what a filter shows, passed all checks, waits for a decision and is not on somebody's screen.

    Flagged cards and those for several people are left out.

    Args:
        until: the last item that may be taken, so that none is that came in since somebody looked.
        step: the name of the step; one that is there already, as its answer got lost, is not made twice.
    """
    if only.over:
        return 0
    if done := _made(db, annotator, step):
        return len(done)
    conditions = [STANDING.c.failed == 0, ~_several(), STANDING.c.flagged.is_(False)]
    conditions += [STANDING.c.item <= until] if until is not None else []
    items = list(db.scalars(wanted(annotator, only).where(*conditions)))
    seqs = _last_seqs(db, items)
    said = {"annotator": annotator, "action": "approve", "bulk": True, "at": time.time(), "step": step or uuid4().hex}
    if items:
        db.execute(insert(DECISIONS), [{"item": item, "seq": seqs.get(item, 0) + 1} | said for item in items])
        refresh(db, items)
    return len(items)


def undo(db: Connection, annotator: str, step: str = "") -> list[RowMapping]:
    """Take a person's last step back; returns its decisions, [] where there is none.

    The words of an edit that is taken back become the card's draft again.

    Args:
        step: the name of the undoing; one that is there already, as its answer got lost, takes nothing more back.
    """
    if done := _made(db, annotator, step):
        return done
    rows = _last_step(db, annotator)
    if not rows:
        return rows
    seqs, now = _last_seqs(db, [row["item"] for row in rows]), time.time()
    said = {"annotator": annotator, "action": "undo", "at": now, "step": step or None}
    taken = [
        {"item": row["item"], "seq": seqs[row["item"]] + 1, "undoes": row["id"], "bulk": row["bulk"]} for row in rows
    ]
    db.execute(insert(DECISIONS), [row | said for row in taken])
    refresh(db, [row["item"] for row in rows])
    first = rows[0]
    claim(db, first["item"], annotator)
    if first["action"] == "edit" and first["part"] != "final":
        content = Conversation.model_validate_json(before(db, first["item"], first["id"]))
        keep_draft(
            db,
            first["item"],
            annotator,
            Draft.between(content, Conversation.model_validate_json(first["conversation"])),
        )
    return rows


def _made(db: Connection, annotator: str, step: str) -> list[RowMapping]:
    """The decisions that a person made as a step of this name, the first one first."""
    if not step:
        return []
    made = select(DECISIONS).where(DECISIONS.c.annotator == annotator, DECISIONS.c.step == step)
    return list(db.execute(made.order_by(DECISIONS.c.id)).mappings())


def _last_step(db: Connection, annotator: str) -> list[RowMapping]:
    """The decisions of a person's last step that still stands, the first one first."""
    own = DECISIONS.c.annotator == annotator
    last = db.execute(latest(own).order_by(DECISIONS.c.id.desc()).limit(1)).mappings().first()
    if last is None or last["step"] is None:
        return [last] if last else []
    step = latest(own & (DECISIONS.c.step == last["step"]))
    return list(db.execute(step.order_by(DECISIONS.c.id)).mappings())


def _last_seqs(db: Connection, items: Sequence[int]) -> dict[int, int]:
    """The number of the last decision on each item that has one."""
    out: dict[int, int] = {}
    for at in range(0, len(items), CHUNK):
        some = DECISIONS.c.item.in_(items[at : at + CHUNK])
        rows = select(DECISIONS.c.item, func.max(DECISIONS.c.seq)).where(some).group_by(DECISIONS.c.item)
        out |= {item: seq for item, seq in db.execute(rows)}
    return out
