"""What the machine refuses (a full disk, a folder that cannot be written), as an error that a person understands."""

import errno
import sqlite3
from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path

from chatbot.core.errors import StorageError

Refusal = Callable[..., StorageError]
_FULL = partial(StorageError, "core.disk_full")
_CLOSED = partial(StorageError, "core.disk_closed")
_BROKEN = partial(StorageError, "core.disk_broken")
_FILES = partial(StorageError, "core.too_many_files")
_MEMORY = partial(StorageError, "core.memory")
_GONE = partial(StorageError, "core.database_gone")
_SYSTEM: dict[int, Refusal] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _CLOSED,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.EIO: _BROKEN,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOMEM: _MEMORY,
}
_DATABASE: dict[str, Refusal] = {
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _CLOSED,
    "SQLITE_CANTOPEN": _CLOSED,
    "SQLITE_IOERR": _BROKEN,
    "SQLITE_BUSY": partial(StorageError, "core.database_busy"),
    "SQLITE_LOCKED": partial(StorageError, "core.database_busy"),
    "SQLITE_CORRUPT": partial(StorageError, "core.database_broken"),
    "SQLITE_NOTADB": partial(StorageError, "core.database_broken"),
}
"""SQLite's names of errors; an extended one begins with the name of its kind."""


def trouble(error: BaseException | None) -> StorageError | None:
    """The machine's refusal behind an error, whatever raised it again; None where there is none that we know."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if refusal := _refusal(error):
            return refusal()
        inner = getattr(error, "orig", None)  # SQLAlchemy's errors hold the driver's
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
    return None


def _is_named(error: OSError) -> bool:
    """Whether an error says which file it is about, by name and not by number."""
    return isinstance(error.filename, str | PathLike)


def _refusal(error: BaseException) -> Refusal | None:
    if isinstance(error, MemoryError):
        return _MEMORY
    if isinstance(error, OSError):
        refusal = _SYSTEM.get(error.errno or 0)
        return partial(refusal, value=Path(error.filename)) if refusal is _CLOSED and _is_named(error) else refusal
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        return next((refusal for kind, refusal in _DATABASE.items() if name.startswith(kind)), None)
    return _GONE if type(error).__module__.partition(".")[0] == "psycopg" else None
