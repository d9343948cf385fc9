"""Which cards a person can decide on, in which order, and who has which one open: what the queue's questions have in common."""

import time
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, insert, or_, select, update
from sqlalchemy.engine import Connection

from chatbot.corpus.review.database import CLAIMS, DECISIONS, STANDING, VERDICTS, latest
from chatbot.corpus.review.items import Filter, Order, Whose
from chatbot.corpus.review.runs import in_review

CLAIM_SECONDS = 600.0
"""How long a card is kept for the person who has it open."""


def todo(annotator: str, whose: Whose = "") -> Select[Any]:
    """Items that this person can decide on, on nobody else's screen: dealt to them or to all, without their verdict.

    Of an item for several people it is theirs that is wanted, of a gold card their answer. Somebody else's screen keeps
    no card that waits for more than one verdict, and none that was dealt to this person since.
    """
    now = time.time()  # a claim from a clock that was ahead would keep a card for ever
    until = CLAIMS.c.until.between(now, now + CLAIM_SECONDS)
    taken = select(CLAIMS.c.item).where(CLAIMS.c.annotator != annotator, until)
    free = or_(STANDING.c.owner == annotator, STANDING.c.need - STANDING.c.judges > 1, STANDING.c.item.not_in(taken))
    own = latest((DECISIONS.c.annotator == annotator) & DECISIONS.c.action.in_(VERDICTS))
    gold = STANDING.c.answer != ""
    single = and_(STANDING.c.need < 2, STANDING.c.judges == 0)
    several = and_(STANDING.c.need > 1, STANDING.c.judges < STANDING.c.need)
    again = or_(gold, several) & STANDING.c.item.not_in(own.with_only_columns(DECISIONS.c.item))
    open_ = or_(and_(single, ~gold, STANDING.c.final.is_(False)), and_(again, or_(gold, STANDING.c.final.is_(False))))
    return select(STANDING.c.item).where(open_, free, in_review(), *_dealt(annotator, whose))


def _dealt(annotator: str, whose: Whose) -> list[ColumnElement[bool]]:
    """What is dealt to a person."""
    if whose == "all":
        return []
    if whose == "own":
        return [STANDING.c.owner == annotator]
    if whose == "common":
        return [STANDING.c.need > 1]
    return [or_(STANDING.c.owner.in_(("", annotator)), STANDING.c.answer != "")]


def wanted(annotator: str, only: Filter) -> Select[Any]:
    """What a filter shows one person: cards that wait for them, have a verdict, or are disputed."""
    seen = STANDING.c.verdict == "disputed" if only.disputed else STANDING.c.judges > 0
    base = select(STANDING.c.item).where(seen) if only.over else todo(annotator, only.whose)
    return base.where(*only.conditions())


def order(annotator: str, only: Filter) -> list[ColumnElement[Any]]:
    """The order of a list: skipped and flagged ones last, then what the person chose, then as they came in."""
    put_off = and_(DECISIONS.c.annotator == annotator, DECISIONS.c.action.in_(("skip", "flag")))
    skipped = latest(put_off).with_only_columns(DECISIONS.c.item)
    first: list[ColumnElement[Any]] = [] if only.over else [STANDING.c.item.in_(skipped)]
    rank = [] if only.order == "queue" else [_rank(only.order).desc()]
    return [*first, *rank, STANDING.c.place, STANDING.c.item]


def after(item: int, only: Filter) -> ColumnElement[int]:
    """0 for what comes after an item in the order that was chosen, 1 for what comes before it."""
    here = STANDING.c.item == item
    place = func.coalesce(select(STANDING.c.place).where(here).scalar_subquery(), float(item))
    before = or_(STANDING.c.place < place, and_(STANDING.c.place == place, STANDING.c.item <= item))
    if only.order == "queue":
        return case((before, 1), else_=0)
    rank, there = _rank(only.order), select(_rank(only.order)).where(here).scalar_subquery()
    return case((or_(rank > there, and_(rank == there, before)), 1), else_=0)


def _rank(wish: Order) -> ColumnElement[Any]:
    if wish == "failed":
        return STANDING.c.failed
    if wish == "unsure":
        return func.coalesce(STANDING.c.doubt, -1.0)
    return case((STANDING.c.split.is_(True), 1), else_=0)


def claim(db: Connection, item: int, annotator: str) -> None:
    """Keep a card for the person who has it open, and let go of their earlier one."""
    now = time.time()
    over = ~CLAIMS.c.until.between(now, now + CLAIM_SECONDS)
    db.execute(CLAIMS.delete().where(or_(CLAIMS.c.annotator == annotator, over)))
    until = now + CLAIM_SECONDS
    if not db.execute(update(CLAIMS).where(CLAIMS.c.item == item).values(annotator=annotator, until=until)).rowcount:
        db.execute(insert(CLAIMS).values(item=item, annotator=annotator, until=until))
