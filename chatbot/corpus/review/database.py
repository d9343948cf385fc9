"""The tables of the review and how its database is opened: SQLite in WAL mode, or PostgreSQL."""

import hashlib
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    inspect,
    select,
)
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, ProgrammingError

from chatbot.core.errors import InputError

_META = MetaData()
LOCK = 20_261_124
"""Names the review's lock within a PostgreSQL database."""
ITEMS = Table(
    "review_items",
    _META,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), unique=True, nullable=False),
    Column("operation", String(40), nullable=False, index=True),
    Column("source", String(200), nullable=False),
    Column("conversation", Text, nullable=False),
    Column("original", Text),
    Column("checks", Text, nullable=False),
    Column("failed", String(200), nullable=False, default=""),
    Column("overlap", Boolean, nullable=False, default=False),
    Column("at", Float, nullable=False),
)
"""What is reviewed; written once. `failed` holds the failed checks' names between commas; `overlap` items get two reviewers."""
DECISIONS = Table(
    "review_decisions",
    _META,
    Column("id", Integer, primary_key=True),
    Column("item", ForeignKey(ITEMS.c.id), nullable=False, index=True),
    Column("seq", Integer, nullable=False),
    Column("annotator", String(80), nullable=False, index=True),
    Column("action", String(10), nullable=False),
    Column("conversation", Text),
    Column("checks", Text),
    Column("bulk", Boolean, nullable=False, default=False),
    Column("undoes", Integer, index=True),
    Column("at", Float, nullable=False),
    UniqueConstraint("item", "seq"),
)
"""Appended, never changed. (item, seq) is unique: of two decisions made at the same moment one fails instead of hiding the other."""
CLAIMS = Table(
    "review_claims",
    _META,
    Column("item", Integer, primary_key=True, autoincrement=False),
    Column("annotator", String(80), nullable=False),
    Column("until", Float, nullable=False),
)
"""Who has which card open; only spares people double work, decides nothing."""


def engine_for(url: str) -> Engine:
    """An engine whose tables exist.

    Raises:
        InputError: the URL is wrong, its driver is missing or the server cannot be reached.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        is_file = parsed.get_backend_name() == "sqlite"
        engine = create_engine(parsed, connect_args={"timeout": 30} if is_file else {}, pool_pre_ping=not is_file)
        _tune(engine) if is_file else _queue(engine)
        _create(engine)
    except (ArgumentError, OperationalError, ModuleNotFoundError) as error:
        missing = isinstance(error, ModuleNotFoundError)
        raise InputError("corpus.review_driver" if missing else "corpus.review_database", value=_public(url)) from error
    return engine


def _create(engine: Engine) -> None:
    """Make the tables; two processes that start at once both try, and the second one finds them made."""
    try:
        _META.create_all(engine)
    except (OperationalError, ProgrammingError, IntegrityError):
        if not inspect(engine).has_table(CLAIMS.name):
            raise


def _public(url: str) -> str:
    """A URL without its password."""
    return url if "@" not in url else "…@" + url.rpartition("@")[2]


def _tune(engine: Engine) -> None:
    """WAL, so that readers never wait; a transaction takes the write lock at its start, so that what it has read still holds."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _queue(engine: Engine) -> None:
    """PostgreSQL: transactions of the review come one after the other too, so that what one has read still holds when it writes."""

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")


def latest(where: ColumnElement[bool]) -> Select[Any]:
    """Decisions under a condition, without undoing ones and undone ones."""
    undoing = DECISIONS.alias("undoing")
    undone = select(undoing.c.id).where(undoing.c.undoes == DECISIONS.c.id).exists()
    return select(DECISIONS).where(where, DECISIONS.c.action != "undo", ~undone)


def sampled(key: str, share: float) -> bool:
    """Whether an item is in the sample that two people decide on; depends on its content alone."""
    return int(hashlib.sha256(f"overlap-{key}".encode()).hexdigest()[:8], 16) < share * 2**32
