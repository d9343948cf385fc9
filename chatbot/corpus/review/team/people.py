"""How each person fares: what they decided, how quickly, and how they answered cards whose answer is known."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from sqlalchemy import RowMapping, Select, select
from sqlalchemy.engine import Connection

from chatbot.corpus.review.database import DECISIONS, KEPT, STANDING, VERDICTS, latest

PAUSE = 300.0
"""Seconds between two verdicts after which somebody was away."""


@dataclass(frozen=True)
class Person:
    """One person's verdicts.

    Attributes:
        actions: approve, edit, reject → how many.
        reasons: why they rejected, the most frequent first.
        seconds: of a card, the median of those that followed one another; None where none did.
        asked, right: gold cards that were answered, and answered rightly.
        before: the same of the gold cards until an hour before the last verdict, so that a tired hour shows.
        bulk: those of the verdicts that approved many cards at once.
    """

    name: str
    actions: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    seconds: float | None = None
    asked: int = 0
    right: int = 0
    before: tuple[int, int] = (0, 0)
    bulk: int = 0

    @property
    def cards(self) -> int:
        """All of them."""
        return sum(self.actions.values())


def people(db: Connection, since: float, only: str | None = None) -> list[Person]:
    """Everybody with a verdict since a moment (Unix seconds), or one person; what was taken back does not count."""
    names = (DECISIONS.c[name] for name in ("annotator", "action", "reason", "at", "bulk", "part"))
    where = (DECISIONS.c.at >= since) & DECISIONS.c.action.in_(VERDICTS)
    where = where & (DECISIONS.c.annotator == only) if only is not None else where
    said = latest(where).join(STANDING, STANDING.c.item == DECISIONS.c.item)
    rows = db.execute(said.with_only_columns(*names, STANDING.c.answer).order_by(DECISIONS.c.at)).mappings()
    by_name: dict[str, list[RowMapping]] = {}
    for row in rows:
        by_name.setdefault(row["annotator"], []).append(row)
    return [_person(name, own) for name, own in sorted(by_name.items())]


def _person(name: str, rows: list[RowMapping]) -> Person:
    times = [row["at"] for row in rows if not row["bulk"]]
    gaps = [gap for first, second in pairwise(times) if 0 < (gap := second - first) <= PAUSE]
    gold = [row for row in rows if row["part"] == "gold"]
    early = [row for row in gold if row["at"] < rows[-1]["at"] - 3600]
    reasons = Counter(row["reason"] for row in rows if row["action"] == "reject" and row["reason"])
    return Person(
        name,
        dict(Counter(row["action"] for row in rows)),
        dict(reasons.most_common()),
        median(gaps) if gaps else None,
        len(gold),
        _right(gold),
        (len(early), _right(early)),
        len(rows) - len(times),
    )


def _right(gold: Iterable[RowMapping]) -> int:
    return sum((row["action"] in KEPT) == (row["answer"] in KEPT) for row in gold)


def minutes(db: Connection, items: Select[Any]) -> float:
    """Minutes that people spent on items, by the times between verdicts; after a pause a card took the median."""
    rows = latest(DECISIONS.c.action.in_(VERDICTS) & DECISIONS.c.bulk.is_(False)).order_by(DECISIONS.c.at)
    told = db.execute(rows.with_only_columns(DECISIONS.c.annotator, DECISIONS.c.item, DECISIONS.c.at))
    before: dict[str, float] = {}
    spent: list[tuple[int, float | None]] = []
    for name, item, at in told:
        gap = at - before.get(name, float("-inf"))
        spent.append((item, gap if gap <= PAUSE else None))
        before[name] = at
    usual = median([gap for _, gap in spent if gap is not None] or [0.0])
    wanted = set(db.scalars(items))
    return sum(usual if gap is None else gap for item, gap in spent if item in wanted) / 60


def kept_by_card(db: Connection) -> list[dict[str, bool]]:
    """For each card who kept it and who did not, but for decisions in bulk and those that settle it."""
    by_itself = DECISIONS.c.action.in_(VERDICTS) & DECISIONS.c.bulk.is_(False) & (DECISIONS.c.part == "")
    split = select(STANDING.c.item).where(STANDING.c.judges > 1)
    rows = latest(by_itself & DECISIONS.c.item.in_(split)).order_by(DECISIONS.c.id)
    cards: dict[int, dict[str, bool]] = {}
    for item, name, action in db.execute(
        rows.with_only_columns(DECISIONS.c.item, DECISIONS.c.annotator, DECISIONS.c.action)
    ):
        cards.setdefault(item, {})[name] = action in KEPT
    return list(cards.values())
