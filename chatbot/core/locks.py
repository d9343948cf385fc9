"""Files that survive a kill at any moment, and locks that the kernel frees with their last holder: what jobs are built on."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ValidationError

from chatbot.core.errors import JobError

M = TypeVar("M", bound=BaseModel)


def read_json(path: Path) -> dict[str, Any]:
    """An object from a file; {} where there is none, or only a torn one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # a kill can tear a character too
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, value: object) -> None:
    """Replace a file whole: a reader, or a kill at any moment, sees the old or the new one."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    part.replace(path)


def append_whole(path: Path, line: str) -> None:
    """Add one line to a file; several processes may write at once, and what a kill has torn is not glued to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        if out.seek(0, os.SEEK_END):
            out.seek(-1, os.SEEK_END)
            line = line if out.read(1) == b"\n" else "\n" + line
        out.write((line + "\n").encode())


def read_whole(path: Path, kind: type[M]) -> list[M]:
    """The lines that `append_whole` has added, the oldest first; one that a kill has torn is left out."""
    out = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else ():
        try:
            out.append(kind.model_validate_json(line))
        except ValidationError:
            continue
    return out


def try_lock(path: Path) -> IO[bytes] | None:
    """Open and lock a file for this process and its children; None where somebody holds the lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def lock(path: Path, seconds: float = 1.0) -> IO[bytes]:
    """As `try_lock`, but waits out the moment in which somebody merely asks.

    Raises:
        JobError: somebody holds the lock.
    """
    deadline = time.monotonic() + seconds
    while (handle := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise JobError("core.in_use", value=path.parent)
        time.sleep(0.02)
    return handle


def is_locked(path: Path) -> bool:
    """Whether a live process holds the lock; askers share it, so they don't take each other for one."""
    if not path.exists():
        return False
    with path.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
