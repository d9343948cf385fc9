"""Which cards a person can decide on, in which order, and who has which one open: what the queue's questions have in common."""

import time
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, insert, literal, or_, select, update
from sqlalchemy.engine import Connection

from chatbot.corpus.review.database import CLAIMS, DECISIONS, ITEMS, VERDICTS, latest
from chatbot.corpus.review.items import Filter, Order
from chatbot.corpus.review.runs import in_review

CLAIM_SECONDS = 600.0
"""How long a card is kept for the person who has it open."""


def todo(annotator: str) -> Select[Any]:
    """Items that this person can decide on: without a verdict (overlap items: without theirs, and with one at most), on nobody else's screen."""
    now = time.time()  # a claim from a clock that was ahead would keep a card for ever
    verdicts = latest(DECISIONS.c.action.in_(VERDICTS)).subquery()
    number = select(func.count(verdicts.c.annotator.distinct())).where(verdicts.c.item == ITEMS.c.id).scalar_subquery()
    own = select(verdicts.c.id).where(verdicts.c.item == ITEMS.c.id, verdicts.c.annotator == annotator).exists()
    taken = (
        select(CLAIMS.c.item)
        .where(
            CLAIMS.c.item == ITEMS.c.id,
            CLAIMS.c.annotator != annotator,
            CLAIMS.c.until.between(now, now + CLAIM_SECONDS),
        )
        .exists()
    )
    open_ = or_(number == 0, and_(ITEMS.c.overlap.is_(True), number == 1))
    return select(ITEMS.c.id).where(open_, ~own, ~taken, in_review())


def wanted(annotator: str, only: Filter) -> Select[Any]:
    """What a filter shows one person: cards that wait for them, or cards that have a verdict."""
    decided = latest((DECISIONS.c.item == ITEMS.c.id) & DECISIONS.c.action.in_(VERDICTS)).exists()
    base = select(ITEMS.c.id).where(decided) if only.decided else todo(annotator)
    return base.where(*only.conditions())


def order(annotator: str, only: Filter) -> list[ColumnElement[bool] | ColumnElement[int]]:
    """The order of a list: skipped and flagged ones last, then what the person chose, then as they came in."""
    put_off = and_(DECISIONS.c.annotator == annotator, DECISIONS.c.action.in_(("skip", "flag")))
    skipped = latest(put_off).with_only_columns(DECISIONS.c.item)
    first: list[ColumnElement[bool] | ColumnElement[int]] = [] if only.decided else [ITEMS.c.id.in_(skipped)]
    return [*first, _rank(only.order).desc(), ITEMS.c.id]


def after(item: int, only: Filter) -> ColumnElement[int]:
    """0 for what comes after an item in the order that was chosen, 1 for what comes before it."""
    if only.order == "queue":
        return case((ITEMS.c.id <= item, 1), else_=0)
    there = select(_rank(only.order)).where(ITEMS.c.id == item).scalar_subquery()
    rank = _rank(only.order)
    return case((or_(rank > there, and_(rank == there, ITEMS.c.id <= item)), 1), else_=0)


def _rank(wish: Order) -> ColumnElement[int]:
    if wish == "failed":
        return func.length(ITEMS.c.failed) - func.length(func.replace(ITEMS.c.failed, ",", ""))
    if wish == "disagreement":
        return case((and_(_has(("approve", "edit")), _has(("reject",))), 1), else_=0)
    return literal(0)


def _has(actions: tuple[str, ...]) -> ColumnElement[bool]:
    return latest((DECISIONS.c.item == ITEMS.c.id) & DECISIONS.c.action.in_(actions)).exists()


def claim(db: Connection, item: int, annotator: str) -> None:
    """Keep a card for the person who has it open, and let go of their earlier one."""
    now = time.time()
    over = ~CLAIMS.c.until.between(now, now + CLAIM_SECONDS)
    db.execute(CLAIMS.delete().where(or_(CLAIMS.c.annotator == annotator, over)))
    until = now + CLAIM_SECONDS
    if not db.execute(update(CLAIMS).where(CLAIMS.c.item == item).values(annotator=annotator, until=until)).rowcount:
        db.execute(insert(CLAIMS).values(item=item, annotator=annotator, until=until))
