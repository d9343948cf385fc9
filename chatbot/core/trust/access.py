"""The small database of who is logged in and who tried: opened for each question, so that all processes of a workspace see one truth."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from chatbot.core.errors import InputError

_TABLES = (
    "CREATE TABLE IF NOT EXISTS passes (hash TEXT PRIMARY KEY, id TEXT UNIQUE, name TEXT, kind TEXT, label TEXT,"
    " stamp TEXT, created REAL, expires REAL)",
    "CREATE TABLE IF NOT EXISTS tries (key TEXT, at REAL)",
    "CREATE INDEX IF NOT EXISTS tries_by_key ON tries (key, at)",
)


@contextmanager
def access_database(path: Path, *, reading: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection in one transaction, kept where nothing is raised; the file is its owner's alone.

    Raises:
        InputError: the file is no such database, or cannot be opened; nobody gets in then.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(path, timeout=10.0, isolation_level=None)) as database:
            _prepare(database)
            database.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")
    except (sqlite3.Error, OSError) as error:
        raise InputError("core.access_unreadable", value=error, path=path) from error


def _prepare(database: sqlite3.Connection) -> None:
    if database.execute("PRAGMA user_version").fetchone()[0] == 0:
        for statement in (*_TABLES, "PRAGMA user_version = 1"):
            database.execute(statement)
