"""Files that survive a kill at any moment, and locks that the kernel frees with their last holder: what jobs are built on."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def put_whole(folder: Path, last: str) -> Iterator[Path]:
    """Files written beside a folder's own that then take their places; where the one named `last` is, all are."""
    part = folder / f"{last}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    yield part
    for file in sorted(part.iterdir(), key=lambda file: file.name == last):
        file.replace(folder / file.name)
    part.rmdir()


def append_whole(path: Path, line: str) -> None:
    """Add one line to a file; several processes may write at once, and what a kill has torn is not glued to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _held(path) as out:
        if out.seek(0, os.SEEK_END):
            out.seek(-1, os.SEEK_END)
            line = line if out.read(1) == b"\n" else "\n" + line
        out.write((line + "\n").encode())


def rewrite_whole(path: Path, keep: Callable[[str], bool]) -> int:
    """Leave out lines of a file that `append_whole` writes, while others add to it; returns how many.

    A kill leaves the old file or the new one.
    """
    if not path.exists():
        return 0
    with _held(path) as held:
        held.seek(0)
        lines = [line for line in held.read().decode("utf-8", errors="replace").split("\n") if line]
        kept = [line for line in lines if keep(line)]
        if len(kept) < len(lines):
            part = path.with_name(path.name + ".part")
            with part.open("wb") as out:
                out.write("".join(line + "\n" for line in kept).encode())
                out.flush()
                os.fsync(out.fileno())
            part.replace(path)
    return len(lines) - len(kept)


@contextmanager
def _held(path: Path) -> Iterator[IO[bytes]]:
    """A file that nobody else appends to meanwhile; one that was replaced while we waited is opened anew."""
    while True:
        with path.open("ab+") as out:
            fcntl.flock(out, fcntl.LOCK_EX)
            if _is_at(path, out):
                yield out
                return


def _is_at(path: Path, opened: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(opened.fileno()))
    except FileNotFoundError:
        return False


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
