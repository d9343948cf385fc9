"""Every answer of a paid API, kept from the moment it arrives, so that nothing is paid for twice and no spending is forgotten."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Executable,
    Float,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Update,
    case,
    create_engine,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

_META = MetaData()
CALLS = Table(
    "calls",
    _META,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), index=True, nullable=False),
    Column("state", String(8), nullable=False),
    Column("reserved", Float, nullable=False),
    Column("cost", Float, nullable=False, default=0.0),
    Column("body", Text),
    Column("at", Float, nullable=False),
)
"""One row a call, written before it is made. state: open (under way, or cut off by a kill), lost (no answer came; it may have been
billed), free (refused, not billed), answered (`body` is the API's JSON)."""
BATCHES = Table(
    "batches",
    _META,
    Column("token", String(32), primary_key=True),
    Column("batch", String(80)),
    Column("state", String(12), nullable=False),
    Column("at", Float),
)
"""One row a batch, written before it is created; `token` finds it again at the API where the id could not be noted."""


@dataclass(frozen=True)
class Spent:
    """US dollars: what answers cost, and what calls without an answer may have cost at most."""

    paid: float
    at_risk: float


def sqlite_engine(path: Path) -> Engine:
    """A SQLite engine in WAL mode, each commit on disk before it returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _set(connection, _record) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


@dataclass(frozen=True)
class Call:
    """A call that went out and has no answer: the most that it can cost, and when it was made (Unix time)."""

    id: int
    reserved: float
    at: float


class GroupCommit:
    """Writes of many calls, off the event loop and in one transaction each time the disk is free: a slow disk must not slow the calls down."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: list[tuple[Executable, asyncio.Future[int | None]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def write(self, statement: Executable) -> int | None:
        """Run a statement; returns, once it is on disk, the id of the row that it inserted."""
        future: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((statement, future))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await future

    async def _flush(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                written: list[Any] = await asyncio.to_thread(self._commit, [statement for statement, _ in group])
            except SQLAlchemyError as error:
                written = [error] * len(group)
            for (_, future), got in zip(group, written, strict=True):
                if not future.done():
                    future.set_exception(got) if isinstance(got, Exception) else future.set_result(got)

    def _commit(self, statements: list[Executable]) -> list[int | None]:
        with self._engine.begin() as db:
            results = [db.execute(statement) for statement in statements]
            return [
                int(result.inserted_primary_key[0]) if result.is_insert and result.inserted_primary_key else None
                for result in results
            ]


class AnswerCache:
    """A SQLite file of calls and batches; a resumed run reads its answers from here."""

    def __init__(self, path: Path) -> None:
        self._engine = sqlite_engine(Path(path))
        self._group = GroupCommit(self._engine)
        _META.create_all(self._engine)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def get(self, key: str) -> str | None:
        """The body of the first answer to this request; None where there is none."""
        with self._engine.connect() as db:
            return db.scalar(
                select(CALLS.c.body)
                .where(CALLS.c.key == key, CALLS.c.state == "answered")
                .order_by(CALLS.c.id)
                .limit(1)
            )

    def unanswered(self, key: str) -> Call | None:
        """The last call for this request that went out and has no answer, which the server may hold."""
        waiting = select(CALLS.c.id, CALLS.c.reserved, CALLS.c.at).where(
            CALLS.c.key == key, CALLS.c.state.in_(("open", "lost"))
        )
        with self._engine.connect() as db:
            row = db.execute(waiting.order_by(CALLS.c.id.desc()).limit(1)).first()
        return Call(*row) if row else None

    def open(self, keys: dict[str, float]) -> list[int]:
        """Note calls that are about to be made, with the most that each can cost."""
        with self._engine.begin() as db:
            made = [db.execute(_about_to_be_made(key, most)) for key, most in keys.items()]
            return [int(result.inserted_primary_key[0]) for result in made if result.inserted_primary_key]

    def settle(self, call: int, state: str, cost: float = 0.0, body: str | None = None) -> None:
        """Note what became of a call."""
        with self._engine.begin() as db:
            db.execute(_settled(call, state, cost, body))

    async def opened(self, key: str, most: float) -> int:
        """As `open`, for one of many calls at once."""
        return await self._group.write(_about_to_be_made(key, most)) or 0

    async def settled(self, call: int, state: str, cost: float = 0.0, body: str | None = None) -> None:
        """As `settle`, for one of many calls at once."""
        await self._group.write(_settled(call, state, cost, body))

    def spent(self) -> Spent:
        """What all calls of this file have cost."""
        risk = case((CALLS.c.state.in_(("open", "lost")), CALLS.c.reserved), else_=0.0)
        with self._engine.connect() as db:
            paid, at_risk = db.execute(
                select(func.coalesce(func.sum(CALLS.c.cost), 0.0), func.coalesce(func.sum(risk), 0.0))
            ).one()
        return Spent(float(paid), float(at_risk))

    def open_batches(self) -> list[tuple[str, str | None]]:
        """(token, batch id or None) of batches whose answers have not been fetched."""
        with self._engine.connect() as db:
            rows = db.execute(
                select(BATCHES.c.token, BATCHES.c.batch).where(BATCHES.c.state == "open").order_by(BATCHES.c.at)
            )
            return [(token, batch) for token, batch in rows]

    def note_batch(self, token: str, batch: str | None = None, state: str = "open") -> None:
        """Note a batch before it is created, its id after, and its end."""
        with self._engine.begin() as db:
            if (
                db.execute(update(BATCHES).where(BATCHES.c.token == token).values(batch=batch, state=state)).rowcount
                == 0
            ):
                db.execute(insert(BATCHES).values(token=token, batch=batch, state=state, at=time.time()))


def _about_to_be_made(key: str, most: float) -> Insert:
    return insert(CALLS).values(key=key, state="open", reserved=most, cost=0.0, at=time.time())


def _settled(call: int, state: str, cost: float, body: str | None) -> Update:
    return update(CALLS).where(CALLS.c.id == call).values(state=state, cost=cost, body=body)
