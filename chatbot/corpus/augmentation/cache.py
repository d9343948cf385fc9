"""Every answer of a paid API, kept from the moment it arrives, so that nothing is paid for twice and no spending is forgotten."""

import asyncio
import time
from contextlib import suppress
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
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

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
    Column("run", String(40)),
    Column("batch", String(32)),
)
"""One row a call, written before it is made. state: open (under way, or cut off by a kill), lost (no answer came; it may have been
billed), free (refused, not billed), answered (`body` is the API's JSON). `run`: who asked; `batch`: the token of the batch it was sent in."""
BATCHES = Table(
    "batches",
    _META,
    Column("token", String(32), primary_key=True),
    Column("batch", String(80)),
    Column("state", String(12), nullable=False),
    Column("at", Float),
    Column("run", String(40)),
    Column("status", String(20)),
    Column("sent", Integer),
    Column("answered", Integer),
    Column("cost", Float),
    Column("note", Text),
)
"""One row a batch, written before it is created; `token` finds it again at the API where the id could not be noted. state: open, or
ended once every call of it is settled; `status`: how the API says that it ended; `answered` of those `sent` brought an answer."""


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
    """A call that went out and has no answer: the most that it can cost, when it was made (Unix time), and in which batch."""

    id: int
    key: str
    reserved: float
    at: float
    batch: str | None = None


_CALL = (CALLS.c.id, CALLS.c.key, CALLS.c.reserved, CALLS.c.at, CALLS.c.batch)


@dataclass(frozen=True)
class BatchSum:
    """How many requests a batch holds, how many of them were answered, and what those cost in US dollars."""

    sent: int
    answered: int
    cost: float


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
    """A SQLite file of calls and batches; a resumed run reads its answers from here.

    Args:
        run: whose calls are noted from now on.
    """

    def __init__(self, path: Path, run: str = "") -> None:
        self._engine, self.run = sqlite_engine(Path(path)), run
        self._group = GroupCommit(self._engine)
        _META.create_all(self._engine)
        _add_new_columns(self._engine)

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
        waiting = select(*_CALL).where(CALLS.c.key == key, CALLS.c.state.in_(("open", "lost")))
        with self._engine.connect() as db:
            row = db.execute(waiting.order_by(CALLS.c.id.desc()).limit(1)).first()
        return Call(*row) if row else None

    def answered(self) -> set[str]:
        """The keys of all requests that have an answer."""
        with self._engine.connect() as db:
            return set(db.scalars(select(CALLS.c.key).where(CALLS.c.state == "answered")))

    def open(self, keys: dict[str, float]) -> list[int]:
        """Note calls that are about to be made, with the most that each can cost."""
        with self._engine.begin() as db:
            made = [db.execute(_about_to_be_made(key, most, self.run)) for key, most in keys.items()]
            return [int(result.inserted_primary_key[0]) for result in made if result.inserted_primary_key]

    def settle(self, call: int, state: str, cost: float = 0.0, body: str | None = None) -> None:
        """Note what became of a call."""
        with self._engine.begin() as db:
            db.execute(_settled(call, state, cost, body))

    async def opened(self, key: str, most: float) -> int:
        """As `open`, for one of many calls at once."""
        return await self._group.write(_about_to_be_made(key, most, self.run)) or 0

    async def settled(self, call: int, state: str, cost: float = 0.0, body: str | None = None) -> None:
        """As `settle`, for one of many calls at once."""
        await self._group.write(_settled(call, state, cost, body))

    def spent(self, run: str | None = None) -> Spent:
        """What all calls of this file have cost, or those of one run."""
        risk = case((CALLS.c.state.in_(("open", "lost")), CALLS.c.reserved), else_=0.0)
        query = select(func.coalesce(func.sum(CALLS.c.cost), 0.0), func.coalesce(func.sum(risk), 0.0))
        with self._engine.connect() as db:
            paid, at_risk = db.execute(query if run is None else query.where(CALLS.c.run == run)).one()
        return Spent(float(paid), float(at_risk))

    def pace(self, seconds: float = 120.0, enough: int = 20) -> float | None:
        """Answers a minute at the end of the last run that asked call after call; None where there were too few."""
        answered = select(CALLS.c.at, CALLS.c.run).where(CALLS.c.state == "answered", CALLS.c.batch.is_(None))
        with self._engine.connect() as db:
            rows = db.execute(answered.order_by(CALLS.c.id.desc()).limit(2000)).all()
        times = [at for at, run in rows if run == rows[0][1] and at >= rows[0][0] - seconds]
        span = max(times) - min(times) if len(times) >= enough else 0.0
        return 60 * len(times) / span if span > 0 else None

    def open_batches(self) -> list[tuple[str, str | None]]:
        """(token, batch id or None) of batches whose answers have not been fetched."""
        with self._engine.connect() as db:
            rows = db.execute(
                select(BATCHES.c.token, BATCHES.c.batch).where(BATCHES.c.state == "open").order_by(BATCHES.c.at)
            )
            return [(token, batch) for token, batch in rows]

    def open_batch(self, token: str, keys: dict[str, float]) -> None:
        """Note a batch that is about to be sent, and its calls, in one: a kill leaves both or none."""
        with self._engine.begin() as db:
            row = {"token": token, "state": "open", "at": time.time(), "run": self.run, "sent": len(keys)}
            db.execute(insert(BATCHES).values(row))
            db.execute(insert(CALLS), [_new_call(key, most, self.run) | {"batch": token} for key, most in keys.items()])

    def note_batch(self, token: str, **fields: Any) -> None:
        """Note a batch's id once it is known, or its end."""
        with self._engine.begin() as db:
            db.execute(update(BATCHES).where(BATCHES.c.token == token).values(**fields))

    def waiting_in(self, token: str) -> list[Call]:
        """The calls of a batch that are not settled, the dearest first."""
        waiting = select(*_CALL).where(CALLS.c.batch == token, CALLS.c.state == "open")
        with self._engine.connect() as db:
            return [Call(*row) for row in db.execute(waiting.order_by(CALLS.c.reserved.desc()))]

    def batches(self, run: str) -> list[dict[str, Any]]:
        """The batches of a run, oldest first, as plain data."""
        with self._engine.connect() as db:
            query = select(BATCHES).where(BATCHES.c.run == run).order_by(BATCHES.c.at)
            return [dict(row) for row in db.execute(query).mappings()]

    def batch_sum(self, token: str) -> BatchSum:
        """What a batch has brought so far."""
        answered = func.coalesce(func.sum(case((CALLS.c.state == "answered", 1), else_=0)), 0)
        query = select(func.count(), answered, func.coalesce(func.sum(CALLS.c.cost), 0.0))
        with self._engine.connect() as db:
            return BatchSum(*db.execute(query.where(CALLS.c.batch == token)).one())


def _new_call(key: str, most: float, run: str) -> dict[str, Any]:
    return {"key": key, "state": "open", "reserved": most, "cost": 0.0, "at": time.time(), "run": run}


def _about_to_be_made(key: str, most: float, run: str) -> Insert:
    return insert(CALLS).values(_new_call(key, most, run))


def _settled(call: int, state: str, cost: float, body: str | None) -> Update:
    return update(CALLS).where(CALLS.c.id == call).values(state=state, cost=cost, body=body)


def _add_new_columns(engine: Engine) -> None:
    """Give a file of an earlier version the columns that have come since; two processes may both try."""
    for table in (CALLS, BATCHES):
        known = {column["name"] for column in inspect(engine).get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                kind = column.type.compile(engine.dialect)
                with suppress(OperationalError), engine.begin() as db:
                    db.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"))
