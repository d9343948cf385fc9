"""The review as a whole: how far it is, who decided what on which words."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, literal, or_, select
from sqlalchemy.engine import Connection

from chatbot.corpus.review.database import DECISIONS, ITEMS, STANDING, VERDICTS, latest
from chatbot.corpus.review.items import Counts, Filter
from chatbot.corpus.review.runs import RUN_CARDS, RUNS, decided, in_review
from chatbot.corpus.review.selection import order, wanted
from chatbot.corpus.review.team.contents import before

AUDITED = ("id", "item", "annotator", "action", "bulk", "undoes", "at", "reason", "comment", "step", "part")


@dataclass(frozen=True)
class Line:
    """One card as the list shows it; `action` is its last verdict, "" where it has none."""

    id: int
    operation: str
    words: str
    failed: int
    flagged: bool
    action: str


@dataclass(frozen=True)
class Listing:
    """A stretch of the cards that a filter shows, from the `start`-th of `total`."""

    lines: list[Line]
    start: int = 0
    total: int = 0


@dataclass(frozen=True)
class Found:
    """What the cards can be filtered by: the values that occur; `runs` holds a run's id and name."""

    operations: list[str]
    hotels: list[str]
    reviewers: list[str]
    slots: list[str]
    runs: list[tuple[str, str]] = field(default_factory=list)


def counts(db: Connection, annotator: str, only: Filter) -> Counts:
    """Items by their verdict, and this person's own verdicts; undecided ones of withdrawn runs do not count."""
    there = or_(in_review(), decided())
    rows = select(STANDING.c.verdict, func.count()).where(*only.conditions(), there).group_by(STANDING.c.verdict)
    by_verdict = {verdict or "pending": n for verdict, n in db.execute(rows)}
    own = latest((DECISIONS.c.annotator == annotator) & DECISIONS.c.action.in_(VERDICTS))
    mine = db.scalar(own.with_only_columns(func.count(DECISIONS.c.item.distinct()))) or 0
    sizes = select(ITEMS.c.operation, func.count()).where(ITEMS.c.id.in_(select(STANDING.c.item).where(there)))
    operations = {operation: n for operation, n in db.execute(sizes.group_by(ITEMS.c.operation))}
    return Counts(mine=mine, operations=operations, **by_verdict)


def listing(db: Connection, annotator: str, only: Filter, at: int, size: int) -> Listing:
    """The stretch of a filter's cards around the card `at`, or their beginning where it is not among them."""
    ranked = wanted(annotator, only).order_by(*order(annotator, only))
    ids = db.execute(ranked).scalars().all()
    where = ids.index(at) if at in ids else 0
    start = max(0, min(where - size // 3, len(ids) - size))
    return Listing(_lines(db, list(ids[start : start + size]), only.over), start, len(ids))


def _lines(db: Connection, ids: list[int], over: bool) -> list[Line]:
    """Rows of the list; of cards that wait for a person they do not say what others decided."""
    verdict = STANDING.c.verdict if over else literal("")
    columns = (ITEMS.c.id, ITEMS.c.operation, ITEMS.c.words, STANDING.c.failed, STANDING.c.flagged, verdict)
    lines = select(*columns).join(STANDING, STANDING.c.item == ITEMS.c.id).where(ITEMS.c.id.in_(ids))
    rows = {row[0]: Line(*row) for row in db.execute(lines)}
    return [rows[item] for item in ids if item in rows]


def found(db: Connection) -> Found:
    """What there is to filter by."""
    several = [
        list(db.scalars(select(column).where(column != "").distinct().order_by(column)))
        for column in (ITEMS.c.operation, ITEMS.c.hotels)
    ]
    people = select(DECISIONS.c.annotator).where(DECISIONS.c.action.in_(VERDICTS)).distinct()
    slots = {slot for text in db.scalars(select(ITEMS.c.slots).distinct()) for slot in text.split(",") if slot}
    operations, hotels = several
    made = select(RUNS.c.run, RUNS.c.name).where(RUNS.c.run.in_(select(RUN_CARDS.c.run))).order_by(RUNS.c.at.desc())
    runs = [(run, name) for run, name in db.execute(made)]
    return Found(operations, hotels, sorted(db.scalars(people)), sorted(slots), runs)


def reasons(db: Connection) -> list[str]:
    """Every reason that somebody has rejected a card for, the most frequent first."""
    number = func.count()
    given = latest((DECISIONS.c.action == "reject") & (DECISIONS.c.reason != "")).with_only_columns(
        DECISIONS.c.reason, number
    )
    return [reason for reason, _ in db.execute(given.group_by(DECISIONS.c.reason).order_by(number.desc()))]


def audit(db: Connection, item: int | None, newest: int | None) -> list[dict[str, Any]]:
    """Every decision ever made (of one item, or only the newest ones), oldest first: who, when, what, why, what it undid.

    An edit also says `before` and `after` in the conversation's form: what the card looked like, and what was made of
    it. Where only some decisions are asked for, each verdict says `before`; of all that would be every card many times.
    """
    query = select(*(DECISIONS.c[name] for name in AUDITED), DECISIONS.c.conversation)
    query = query.order_by(DECISIONS.c.id.desc()).limit(newest)
    rows = db.execute(query if item is None else query.where(DECISIONS.c.item == item)).mappings()
    some = item is not None or newest is not None
    return [_with_change(db, dict(row), some) for row in reversed(rows.all())]


def _with_change(db: Connection, row: dict[str, Any], some: bool) -> dict[str, Any]:
    after = row.pop("conversation")
    if after or (some and row["action"] in VERDICTS):
        row["before"] = json.loads(before(db, row["item"], row["id"]))
    return row | {"after": json.loads(after)} if after else row
