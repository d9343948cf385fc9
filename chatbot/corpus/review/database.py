"""The tables of the review and how its database is opened: SQLite in WAL mode, or PostgreSQL; an earlier one gets what it lacks."""

from collections.abc import Iterator
from contextlib import contextmanager
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
    false,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.schema import CreateColumn

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation

META = MetaData()
LOCK = 20_261_124
"""Names the review's lock within a PostgreSQL database."""
KEPT = ("approve", "edit")
"""Verdicts that let an item through."""
VERDICTS = (*KEPT, "reject")
"""Actions that decide on an item; the others are skip, flag, comment and undo."""
ITEMS = Table(
    "review_items",
    META,
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
    Column("hotels", String(120), nullable=False, server_default=""),
    Column("words", Text, nullable=False, server_default=""),
    Column("slots", String(300), nullable=False, server_default=""),
)
"""What is reviewed; written once. `failed` holds the failed checks' names between commas, and `slots` the arguments of the calls;
`words` is what is said, `hotels` names the database that the calls ran on. `overlap` is of
an earlier version; STANDING.need says it now."""
DECISIONS = Table(
    "review_decisions",
    META,
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
    Column("reason", String(80), nullable=False, server_default=""),
    Column("comment", Text, nullable=False, server_default=""),
    Column("step", String(32), index=True),
    Column("part", String(10), nullable=False, server_default=""),
    UniqueConstraint("item", "seq"),
)
"""Appended, never changed. `part` is "final" for a word that settles what people disagreed on, "gold" for an answer to
a card whose answer is known. Decisions with the same `step` were made, and are undone, as one. (item, seq) is unique:
of two decisions made at the same moment one fails instead of hiding the other."""
UNDOING = DECISIONS.alias("undoing")
"""Decisions as those that take others back."""
STANDING = Table(
    "review_standing",
    META,
    Column("item", ForeignKey(ITEMS.c.id), primary_key=True, autoincrement=False),
    Column("place", Float, nullable=False),
    Column("owner", String(80), nullable=False, server_default=""),
    Column("need", Integer, nullable=False, server_default="1"),
    Column("verdict", String(10), nullable=False, server_default=""),
    Column("judges", Integer, nullable=False, server_default="0"),
    Column("final", Boolean, nullable=False, server_default=false()),
    Column("split", Boolean, nullable=False, server_default=false()),
    Column("flagged", Boolean, nullable=False, server_default=false()),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("answer", String(10), nullable=False, server_default=""),
    Column("doubt", Float),
)
"""Where each item stands, in narrow rows that a question about the whole queue reads quickly.

Worked out from the decisions (see `team.standing`): `verdict` ("" while it waits, else approve, edit, reject or
disputed), `judges` (people with a verdict), `final` (settled after a disagreement), `split` (kept by one and rejected
by another), `flagged`, and the known `answer` of a gold card. Dealt out: `owner` ("" for everybody), `need` (people
who are to decide), `place` in the queue.
`failed` counts failed checks; `doubt` is 1 − the model's probability of the item's calls."""
CLAIMS = Table(
    "review_claims",
    META,
    Column("item", Integer, primary_key=True, autoincrement=False),
    Column("annotator", String(80), nullable=False),
    Column("until", Float, nullable=False),
)
"""Who has which card open; only spares people double work, decides nothing."""
DRAFTS = Table(
    "review_drafts",
    META,
    Column("item", Integer, primary_key=True, autoincrement=False),
    Column("annotator", String(80), primary_key=True),
    Column("content", Text, nullable=False),
    Column("at", Float, nullable=False),
)
"""What somebody has typed on a card and not saved yet."""


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
        _grow(engine)
    except (ArgumentError, OperationalError, ModuleNotFoundError) as error:
        missing = isinstance(error, ModuleNotFoundError)
        raise InputError("corpus.review_driver" if missing else "corpus.review_database", value=_public(url)) from error
    return engine


def _create(engine: Engine) -> None:
    """Make the tables; two processes that start at once both try, and the second one finds them made."""
    try:
        META.create_all(engine)
    except (OperationalError, ProgrammingError, IntegrityError):
        if set(META.tables) - set(inspect(engine).get_table_names()):
            raise


def _public(url: str) -> str:
    """A URL without its password."""
    return url if "@" not in url else "…@" + url.rpartition("@")[2]


def _tune(engine: Engine) -> None:
    """WAL, so that readers never wait; what may write takes the lock at its start: what it has read still holds."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        reads = connection.get_execution_options().get("reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads, and so waits for nobody who writes."""
    with engine.connect() as connection:
        yield connection.execution_options(reads=True)


def _queue(engine: Engine) -> None:
    """PostgreSQL: transactions of the review come one after the other too, so that what one has read still holds when it writes."""

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        if not connection.get_execution_options().get("reads", False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")


def _grow(engine: Engine) -> None:
    """Add the columns that a database of an earlier version lacks, and fill those that cards are found by."""
    with engine.begin() as db:
        lacking = [
            column
            for table in META.sorted_tables
            for column in table.columns
            if column.name not in _names(db, table.name)
        ]
        for column in lacking:
            made = CreateColumn(column).compile(dialect=engine.dialect)
            db.execute(text(f"ALTER TABLE {column.table.name} ADD COLUMN {made}"))
        for index in sorted({i for column in lacking for i in column.table.indexes}, key=lambda i: str(i.name)):
            index.create(db, checkfirst=True)
        if any(column.table is ITEMS for column in lacking):
            for item, content in db.execute(select(ITEMS.c.id, ITEMS.c.conversation)).all():
                values = found_by(Conversation.model_validate_json(content))
                db.execute(update(ITEMS).where(ITEMS.c.id == item).values(values))


def _names(db: Connection, table: str) -> set[str]:
    return {column["name"] for column in inspect(db).get_columns(table)}


def found_by(conversation: Conversation) -> dict[str, str]:
    """What a conversation's card is found by: what is said, a line each, and the arguments of its calls between commas."""
    said = (m.content for m in conversation.messages if m.role in ("user", "assistant") and not m.call)
    slots = dict.fromkeys(key for m in conversation.messages if m.call for key in m.call.arguments)
    return {"words": "\n".join(said), "slots": "".join(f",{slot}," for slot in slots)[:300]}


def latest(where: ColumnElement[bool]) -> Select[Any]:
    """Decisions under a condition, without undoing ones and undone ones."""
    undone = select(UNDOING.c.id).where(UNDOING.c.undoes == DECISIONS.c.id).exists()
    return select(DECISIONS).where(where, DECISIONS.c.action != "undo", ~undone)
