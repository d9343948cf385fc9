"""Which run a card came from, how its cards fared, and a run's cards taken out of the queue, or put back, as one step."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Float,
    Integer,
    String,
    Table,
    Text,
    and_,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Connection

from chatbot.core.errors import InputError
from chatbot.corpus.review.database import ITEMS, STANDING, engine_for, reading
from chatbot.corpus.review.team.standing import filled

RUNS = Table(
    "review_runs",
    ITEMS.metadata,
    Column("run", String(40), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("settings", Text, nullable=False),
    Column("cost", Float, nullable=False, default=0.0),
    Column("withdrawn", Boolean, nullable=False, default=False),
    Column("at", Float, nullable=False),
)
"""One row a run that has put cards up; `withdrawn` is what its last step says."""
RUN_CARDS = Table(
    "review_run_cards",
    ITEMS.metadata,
    Column("run", String(40), primary_key=True),
    Column("key", String(64), primary_key=True, index=True),
)
"""Which cards, by their key, a run has made; two runs may have made the same one."""
RUN_STEPS = Table(
    "review_run_steps",
    ITEMS.metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String(40), nullable=False),
    Column("action", String(10), nullable=False),
    Column("annotator", String(80), nullable=False),
    Column("cards", Integer, nullable=False),
    Column("at", Float, nullable=False),
)
"""Who withdrew or restored which run, and how many undecided cards that concerned; appended, never changed."""


def in_review() -> ColumnElement[bool]:
    """Items that no run has made, or one that is not withdrawn; about STANDING."""
    made = select(RUN_CARDS.c.key).join(RUNS, RUNS.c.run == RUN_CARDS.c.run)
    withdrawn, standing = made.where(RUNS.c.withdrawn.is_(True)), made.where(RUNS.c.withdrawn.is_(False))
    gone = select(ITEMS.c.id).where(ITEMS.c.key.in_(withdrawn), ITEMS.c.key.not_in(standing))
    return STANDING.c.item.not_in(gone)


def decided() -> ColumnElement[bool]:
    """Items with a verdict, which stay in the counts whatever becomes of their run; about STANDING."""
    return STANDING.c.judges > 0


@dataclass(frozen=True)
class RunCards:
    """A run and how its cards stand.

    Attributes:
        cost: US dollars.
        pending: undecided cards, which are out of the queue where the run is withdrawn.
        approve, edit, reject: cards by their verdict.
        disputed: cards that people disagree on and nobody has settled.
    """

    run: str
    name: str
    settings: dict[str, Any]
    cost: float
    withdrawn: bool
    at: float
    pending: int = 0
    approve: int = 0
    edit: int = 0
    reject: int = 0
    disputed: int = 0

    @property
    def cards(self) -> int:
        """All of them."""
        return self.pending + self.disputed + self.decided

    @property
    def decided(self) -> int:
        """Those with a verdict."""
        return self.kept + self.reject

    @property
    def kept(self) -> int:
        """Those let through, as they were or edited."""
        return self.approve + self.edit


class RunLedger:
    """The runs of one review database.

    Raises:
        InputError: the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self._engine = filled(engine_for(url))

    @classmethod
    def of_settings(cls) -> "RunLedger":
        """The runs of the workspace's review, or of the one that the settings name."""
        from chatbot.core.settings import settings

        return cls(settings().review_address())

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def enter(self, run: str, name: str, settings: Mapping[str, Any]) -> None:
        """Note a run before its first card; one that goes on is there already."""
        row = {"run": run, "name": name, "settings": json.dumps(settings, ensure_ascii=False), "at": time.time()}
        with self._engine.begin() as db:
            if db.scalar(select(RUNS.c.run).where(RUNS.c.run == run)) is None:
                db.execute(insert(RUNS).values(row | {"cost": 0.0, "withdrawn": False}))

    def note_cost(self, run: str, cost: float) -> None:
        """What the run's calls have cost so far, in US dollars."""
        with self._engine.begin() as db:
            db.execute(update(RUNS).where(RUNS.c.run == run).values(cost=cost))

    def link(self, run: str, keys: Iterable[str]) -> None:
        """Note that a run has made these cards; before they are put up, so that none is ever there without its run."""
        wanted = set(keys)
        with self._engine.begin() as db:
            there = set(db.scalars(select(RUN_CARDS.c.key).where(RUN_CARDS.c.run == run, RUN_CARDS.c.key.in_(wanted))))
            if missing := [{"run": run, "key": key} for key in sorted(wanted - there)]:
                db.execute(insert(RUN_CARDS), missing)

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that are up for review already."""
        with reading(self._engine) as db:
            return set(db.scalars(select(ITEMS.c.key).where(ITEMS.c.key.in_(set(keys)))))

    def withdraw(self, run: str, annotator: str) -> int:
        """Take a run's undecided cards out of the queue, as one step; decisions stay. Returns how many cards that were.

        Raises:
            InputError: there is no such run.
        """
        return self._step(run, annotator, withdrawn=True)

    def restore(self, run: str, annotator: str) -> int:
        """Undo `withdraw`: the cards are in the queue again. Returns how many.

        Raises:
            InputError: there is no such run.
        """
        return self._step(run, annotator, withdrawn=False)

    def _step(self, run: str, annotator: str, *, withdrawn: bool) -> int:
        with self._engine.begin() as db:
            now = db.scalar(select(RUNS.c.withdrawn).where(RUNS.c.run == run))
            if now is None:
                raise InputError("corpus.no_run", value=run)
            if now == withdrawn:
                return 0
            before = _in_queue(db, run)
            db.execute(update(RUNS).where(RUNS.c.run == run).values(withdrawn=withdrawn))
            cards = abs(before - _in_queue(db, run))
            action = "withdraw" if withdrawn else "restore"
            row = {"run": run, "action": action, "annotator": annotator, "cards": cards, "at": time.time()}
            db.execute(insert(RUN_STEPS).values(row))
        return cards

    def steps(self) -> list[dict[str, Any]]:
        """Every withdrawal and restoration, oldest first."""
        with reading(self._engine) as db:
            return [dict(row) for row in db.execute(select(RUN_STEPS).order_by(RUN_STEPS.c.id)).mappings()]

    def all(self) -> list[RunCards]:
        """Every run that has put cards up, the newest first."""
        counted = (
            select(RUN_CARDS.c.run, STANDING.c.verdict, func.count())
            .join(ITEMS, ITEMS.c.key == RUN_CARDS.c.key)
            .join(STANDING, STANDING.c.item == ITEMS.c.id)
            .group_by(RUN_CARDS.c.run, STANDING.c.verdict)
        )
        with reading(self._engine) as db:
            counts: dict[str, dict[str, int]] = {}
            for run, action, number in db.execute(counted):
                counts.setdefault(run, {})[action or "pending"] = number
            rows = [dict(row) for row in db.execute(select(RUNS).order_by(RUNS.c.at.desc())).mappings()]
        return [
            RunCards(**row | {"settings": json.loads(row["settings"])} | counts.get(row["run"], {})) for row in rows
        ]


def made_by(run: str) -> ColumnElement[bool]:
    """Items that a run has made; about ITEMS."""
    return ITEMS.c.key.in_(select(RUN_CARDS.c.key).where(RUN_CARDS.c.run == run))


def _in_queue(db: Connection, run: str) -> int:
    """A run's undecided cards that people can meet."""
    made = select(ITEMS.c.id).where(made_by(run))
    waiting = and_(STANDING.c.item.in_(made), in_review(), ~decided())
    return db.scalar(select(func.count()).select_from(STANDING).where(waiting)) or 0
