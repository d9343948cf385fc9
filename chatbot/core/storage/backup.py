"""A copy of a live workspace that holds together: databases by SQLite's own backup, what was written last copied first, every file with its hash."""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from chatbot.core.errors import InputError, JobError
from chatbot.core.locks import is_locked
from chatbot.core.storage.owner import LOCK, OWNER, owner

MANIFEST = "backup.json"
VERSION = 1
LEFT_OUT = {LOCK, OWNER, "lock", "stop"}
FETCHED = "downloads"
"""What can be fetched again."""
_PASSING = (".part", ".lock", "-wal", "-shm", "-journal")
_SQLITE = b"SQLite format 3\0"
_PIECE = 1 << 20


@dataclass(frozen=True)
class Copied:
    """What a backup or a restore came to."""

    files: int
    bytes: int
    databases: int

    def to_dict(self) -> dict[str, int]:
        """As plain data."""
        return {"files": self.files, "bytes": self.bytes, "databases": self.databases}


def backup(workspace: Path, out: Path) -> Copied:
    """Copy a workspace, which may be in use, into one archive that only its owner can read.

    A process writes what marks a thing as whole after the thing itself; so what is newest is copied first, and nothing that is marked in the copy lacks a part.

    Raises:
        InputError: there is no such workspace, or the archive is there already.
    """
    if not workspace.is_dir():
        raise InputError("core.no_workspace", value=workspace)
    if out.exists():
        raise InputError("core.backup_exists", value=out)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    part.touch(mode=0o600)
    try:
        with tarfile.open(part, "w:gz", compresslevel=1) as archive:
            entries = dict(_added(archive, workspace, path) for path in _files(workspace, out))
            kept = {name: entry for name, entry in entries.items() if entry}
            told = {"version": VERSION, "time": time.time(), "files": kept}
            _add(archive, MANIFEST, io.BytesIO(text := json.dumps(told, ensure_ascii=False).encode()), len(text))
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return _counted(kept)


def _files(workspace: Path, out: Path) -> list[Path]:
    """What is copied, the newest first; links are not followed."""
    aside = {out.resolve(), out.with_name(out.name + ".part").resolve()}
    found = []
    for path in workspace.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_symlink() or not path.is_file() or path.resolve() in aside or not _is_kept(path, workspace):
                continue
            found.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(found, reverse=True)]


def _is_kept(path: Path, workspace: Path) -> bool:
    inner = path.relative_to(workspace)
    return inner.parts[0] != FETCHED and path.name not in LEFT_OUT and not path.name.endswith(_PASSING)


def _added(archive: tarfile.TarFile, workspace: Path, path: Path) -> tuple[str, dict[str, Any]]:
    """Put one file into the archive; its entry is {} where it has gone meanwhile."""
    name = path.relative_to(workspace).as_posix()
    with tempfile.TemporaryFile() as copy:
        try:
            database = _copied(path, copy)
        except FileNotFoundError:
            return name, {}
        size = copy.tell()
        copy.seek(0)
        digest = hashlib.file_digest(copy, "sha256").hexdigest()
        copy.seek(0)
        _add(archive, name, copy, size)
    return name, {"sha256": digest, "size": size, "database": database}


def _copied(path: Path, out: IO[bytes]) -> bool:
    """Copy a file as it stands at one moment; returns whether it is a database."""
    with path.open("rb") as file:
        begins = file.read(len(_SQLITE))
        if begins == _SQLITE:
            out.write(_database(path))
            return True
        out.write(begins)
        shutil.copyfileobj(file, out, _PIECE)
    if path.suffix == ".jsonl":
        _cut(out)
    return False


def _database(path: Path) -> bytes:
    """All that was committed to a database, while others go on to write."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.sqlite"
        with closing(sqlite3.connect(path, timeout=60)) as live, closing(sqlite3.connect(copy)) as own:
            live.backup(own)
            own.execute("PRAGMA journal_mode=DELETE")
        return copy.read_bytes()


def _cut(out: IO[bytes]) -> None:
    """Leave out the line that somebody was just writing."""
    end = out.tell()
    while end:
        begin = max(0, end - _PIECE)
        out.seek(begin)
        if (at := out.read(end - begin).rfind(b"\n")) >= 0:
            out.truncate(begin + at + 1)
            break
        end = begin
    else:
        out.truncate(0)
    out.seek(0, io.SEEK_END)


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, int(time.time()), 0o600
    archive.addfile(entry, content)


def restore(archive: Path, workspace: Path, *, replace: bool = False) -> Copied:
    """Make a workspace of a backup: whole and checked, or not at all.

    Args:
        replace: a workspace that is there is put aside, as NAME.before-TIME.

    Where root restores, the files go to whom the workspace belonged, or, where it is gone, to whom the archive belongs: the page runs as somebody else.

    Raises:
        InputError: the archive is damaged or no backup, or the workspace is there already.
        JobError: a page has the workspace open.
    """
    if is_locked(workspace / LOCK):
        raise JobError("core.workspace_open", value=workspace, address=owner(workspace))
    if workspace.is_dir() and any(workspace.iterdir()) and not replace:
        raise InputError("core.workspace_there", value=workspace)
    workspace.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=workspace.parent, prefix=f".{workspace.name}-restored-") as made:
        whole = Path(made) / "workspace"
        whole.mkdir(mode=0o700)
        try:
            copied = _unpacked(archive, whole)
        except (OSError, EOFError, tarfile.TarError, ValueError, KeyError, TypeError, sqlite3.Error) as error:
            raise InputError("core.backup_damaged", value=archive) from error
        _hand_over(whole, workspace if workspace.is_dir() else archive)
        if workspace.is_dir():
            workspace.rename(workspace.with_name(f"{workspace.name}.before-{time.strftime('%Y%m%d-%H%M%S')}"))
        whole.rename(workspace)
    return copied


def _hand_over(folder: Path, like: Path) -> None:
    """Give what root wrote to the owner of another file."""
    if os.name == "posix" and os.geteuid() == 0:
        owned = like.stat()
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owned.st_uid, owned.st_gid)


def _unpacked(archive: Path, folder: Path) -> Copied:
    found: dict[str, str] = {}
    told: dict[str, Any] = {}
    with tarfile.open(archive, "r:gz") as packed:
        for member in packed:
            content = packed.extractfile(member) if member.isfile() else None
            if content is None or not _is_inner(member.name):
                raise ValueError(member.name)
            if member.name == MANIFEST:
                told = json.load(content)
            else:
                found[member.name] = _written(content, folder / member.name)
    entries = told["files"]
    if told["version"] != VERSION or found != {name: entry["sha256"] for name, entry in entries.items()}:
        raise ValueError("the files are not those that were copied")
    for name in (name for name, entry in entries.items() if entry["database"]):
        _check(folder / name)
    return _counted(entries)


def _is_inner(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name and path.as_posix() == name


def _written(content: IO[bytes], path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("xb") as out:
        path.chmod(0o600)
        for piece in _pieces(content):
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    while piece := content.read(_PIECE):
        yield piece


def _check(database: Path) -> None:
    with closing(sqlite3.connect(database)) as own:
        if own.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise ValueError(database.name)


def _counted(entries: dict[str, dict[str, Any]]) -> Copied:
    rows = entries.values()
    return Copied(len(rows), sum(row["size"] for row in rows), sum(row["database"] for row in rows))
