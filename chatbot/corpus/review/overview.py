"""The review as a whole: how far it is, who decided what on which words, how well two people agree."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.engine import Connection

from chatbot.core.messages import Conversation
from chatbot.corpus.review.agreement import kappa
from chatbot.corpus.review.database import DECISIONS, ITEMS, VERDICTS, flagged, latest
from chatbot.corpus.review.items import Counts, Filter
from chatbot.corpus.review.runs import decided, in_review
from chatbot.corpus.review.selection import order, wanted

AUDITED = ("id", "item", "annotator", "action", "bulk", "undoes", "at", "reason", "comment", "step")


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
    """What the cards can be filtered by: the values that occur."""

    operations: list[str]
    hotels: list[str]
    reviewers: list[str]
    slots: list[str]


@dataclass(frozen=True)
class Day:
    """One person's verdicts since a moment, and the reasons of what they rejected, the most frequent first."""

    actions: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


def counts(db: Connection, annotator: str, only: Filter) -> Counts:
    """Items by their last verdict, and this person's own verdicts; undecided ones of withdrawn runs do not count."""
    there = or_(in_review(), decided())
    conditions = [*only.conditions(), there]
    verdicts = latest(DECISIONS.c.action.in_(VERDICTS)).subquery()
    last = select(verdicts.c.item, func.max(verdicts.c.id).label("id")).group_by(verdicts.c.item).subquery()
    rows = (
        select(verdicts.c.action, func.count())
        .join(last, last.c.id == verdicts.c.id)
        .join(ITEMS, ITEMS.c.id == verdicts.c.item)
    )
    by_action = {action: n for action, n in db.execute(rows.where(*conditions).group_by(verdicts.c.action))}
    total = db.scalar(select(func.count()).select_from(ITEMS).where(*conditions)) or 0
    mine = db.scalar(select(func.count(verdicts.c.item.distinct())).where(verdicts.c.annotator == annotator)) or 0
    sizes = select(ITEMS.c.operation, func.count()).where(there).group_by(ITEMS.c.operation).order_by(ITEMS.c.operation)
    operations = {operation: n for operation, n in db.execute(sizes)}
    return Counts(total - sum(by_action.values()), mine=mine, operations=operations, **by_action)


def listing(db: Connection, annotator: str, only: Filter, at: int, size: int) -> Listing:
    """The stretch of a filter's cards around the card `at`, or their beginning where it is not among them."""
    ids = list(db.scalars(wanted(annotator, only).order_by(*order(annotator, only))))
    where = ids.index(at) if at in ids else 0
    start = max(0, min(where - size // 3, len(ids) - size))
    return Listing(_lines(db, ids[start : start + size]), start, len(ids))


def _lines(db: Connection, ids: list[int]) -> list[Line]:
    verdict = (
        latest((DECISIONS.c.item == ITEMS.c.id) & DECISIONS.c.action.in_(VERDICTS))
        .with_only_columns(DECISIONS.c.action)
        .order_by(DECISIONS.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = (ITEMS.c.id, ITEMS.c.operation, ITEMS.c.words, ITEMS.c.failed, case((flagged(), 1), else_=0), verdict)
    rows = {row[0]: row for row in db.execute(select(*columns).where(ITEMS.c.id.in_(ids)))}
    return [
        Line(item, operation, words, len(failed.split(",")) // 2, bool(flag), action or "")
        for item, operation, words, failed, flag, action in (rows[item] for item in ids if item in rows)
    ]


def found(db: Connection) -> Found:
    """What there is to filter by."""
    several = [
        list(db.scalars(select(column).where(column != "").distinct().order_by(column)))
        for column in (ITEMS.c.operation, ITEMS.c.hotels)
    ]
    people = select(DECISIONS.c.annotator).where(DECISIONS.c.action.in_(VERDICTS)).distinct()
    slots = {slot for text in db.scalars(select(ITEMS.c.slots).distinct()) for slot in text.split(",") if slot}
    operations, hotels = several
    return Found(operations, hotels, sorted(db.scalars(people)), sorted(slots))


def day(db: Connection, annotator: str, since: float) -> Day:
    """A person's verdicts since a moment (Unix seconds), without those taken back."""
    own = and_(DECISIONS.c.annotator == annotator, DECISIONS.c.at >= since, DECISIONS.c.action.in_(VERDICTS))
    rows = db.execute(latest(own).with_only_columns(DECISIONS.c.action, DECISIONS.c.reason)).all()
    reasons = Counter(reason for action, reason in rows if action == "reject" and reason)
    return Day(Counter(action for action, _ in rows), dict(reasons.most_common()))


def reasons(db: Connection) -> list[str]:
    """Every reason that somebody has rejected a card for, the most frequent first."""
    number = func.count()
    given = latest(DECISIONS.c.reason != "").with_only_columns(DECISIONS.c.reason, number)
    return [reason for reason, _ in db.execute(given.group_by(DECISIONS.c.reason).order_by(number.desc()))]


def approved(db: Connection) -> Iterator[Conversation]:
    """The conversations whose last verdict is approve or edit, as edited."""
    last: dict[int, str] = {}
    edited: dict[int, str] = {}
    for row in db.execute(latest(DECISIONS.c.action.in_(VERDICTS)).order_by(DECISIONS.c.id)).mappings():
        last[row["item"]] = row["action"]
        edited |= {row["item"]: row["conversation"]} if row["action"] == "edit" else {}
    items = {
        item: content
        for item, content in db.execute(select(ITEMS.c.id, ITEMS.c.conversation))
        if last.get(item, "reject") != "reject"
    }
    for item in sorted(items):
        yield Conversation.model_validate_json(edited.get(item, items[item]))


def audit(db: Connection, item: int | None, newest: int | None) -> list[dict[str, Any]]:
    """Every decision ever made (of one item, or only the newest ones), oldest first: who, when, what, why, what it undid.

    An edit also says `before` and `after` in the conversation's form: what the card looked like, and what was made of it.
    """
    query = select(*(DECISIONS.c[name] for name in AUDITED), DECISIONS.c.conversation)
    query = query.order_by(DECISIONS.c.id.desc()).limit(newest)
    rows = db.execute(query if item is None else query.where(DECISIONS.c.item == item)).mappings()
    return [_with_change(db, dict(row)) for row in reversed(rows.all())]


def _with_change(db: Connection, row: dict[str, Any]) -> dict[str, Any]:
    after = row.pop("conversation")
    return (
        row | {"before": json.loads(before(db, row["item"], row["id"])), "after": json.loads(after)} if after else row
    )


def before(db: Connection, item: int, decision: int) -> str:
    """A card's content as it stood before a decision: that of the last edit until then which was not taken back by then."""
    undoing = DECISIONS.alias("undoing")
    undone = select(undoing.c.undoes).where(undoing.c.undoes.is_not(None), undoing.c.id < decision)
    edit = and_(DECISIONS.c.item == item, DECISIONS.c.id < decision, DECISIONS.c.action == "edit")
    query = select(DECISIONS.c.conversation).where(edit, DECISIONS.c.id.not_in(undone))
    text = db.scalar(query.order_by(DECISIONS.c.id.desc()).limit(1))
    return str(text or db.execute(select(ITEMS.c.conversation).where(ITEMS.c.id == item)).scalar_one())


def agreement(db: Connection) -> tuple[int, float | None]:
    """Items that two people decided on by themselves, and Cohen's kappa of keep against reject over two verdicts."""
    verdicts = latest(and_(DECISIONS.c.action.in_(VERDICTS), DECISIONS.c.bulk.is_(False))).order_by(DECISIONS.c.id)
    by_item: dict[int, dict[str, bool]] = {}
    columns = (DECISIONS.c.item, DECISIONS.c.annotator, DECISIONS.c.action)
    for item, annotator, action in db.execute(verdicts.with_only_columns(*columns)):
        by_item.setdefault(item, {})[annotator] = action != "reject"
    pairs = [[who[name] for name in sorted(who)[:2]] for who in by_item.values() if len(who) > 1]
    return len(pairs), kappa(pairs)
