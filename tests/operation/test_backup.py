"""A backup of a workspace in use holds together, restores to the same, and nothing else is ever taken for one."""

import gzip
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import closing

import pytest

from chatbot.core.errors import InputError, JobError
from chatbot.core.jobs import Job
from chatbot.core.locks import append_whole, write_json
from chatbot.core.messages import Conversation, reply, user
from chatbot.core.storage.backup import MANIFEST, backup, restore
from chatbot.core.storage.owner import opened
from chatbot.corpus.review.queue import ReviewStore


@pytest.fixture
def workspace(tmp_path):
    """A workspace with a review, votes, a job, accounts and what does not belong into a copy."""
    folder = tmp_path / "workspace"
    (folder / "jobs" / "a").mkdir(parents=True)
    write_json(folder / "jobs" / "a" / "job.json", {"kind": "finetune", "argv": [], "created": 1.0})
    write_json(folder / "jobs" / "a" / "status.json", {"state": "running"})
    (folder / "jobs" / "a" / "lock").touch()
    (folder / "accounts.json").write_text("{}")
    (folder / "votes.jsonl").write_bytes(b'{"a": 1}\n' + '{"torn": "你'.encode()[:-1])
    (folder / "x.json.123.part").write_text("half")
    (folder / "downloads").mkdir()
    (folder / "downloads" / "big.zip").write_bytes(b"x" * 1000)
    (folder / "link").symlink_to("/etc/passwd")
    decide(folder, 3)
    return folder


def decide(folder, n):
    review = ReviewStore(f"sqlite:///{folder / 'review.sqlite'}")
    for number in range(n):
        talk = Conversation(id=f"{time.monotonic_ns()}-{number}", source="s", messages=[user("好"), reply("好")])
        review.add(talk, "spoken")
    review.close()


def reviewed(folder):
    with closing(ReviewStore(f"sqlite:///{folder / 'review.sqlite'}")) as review:
        return review.counts().pending


def test_what_was_copied_comes_back_and_what_passes_is_left_out(workspace, tmp_path):
    done = backup(workspace, tmp_path / "b.tar.gz")
    assert restore(tmp_path / "b.tar.gz", tmp_path / "back") == done and done.databases == 1
    names = {
        path.relative_to(tmp_path / "back").as_posix() for path in (tmp_path / "back").rglob("*") if path.is_file()
    }
    assert names == {"jobs/a/job.json", "jobs/a/status.json", "accounts.json", "votes.jsonl", "review.sqlite"}
    assert (tmp_path / "back" / "votes.jsonl").read_bytes() == b'{"a": 1}\n' and reviewed(tmp_path / "back") == 3
    assert Job(tmp_path / "back" / "jobs" / "a").state == "died"
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600


WRITES = """
import json, sys, time
from pathlib import Path
from chatbot.core.locks import append_whole, write_json
from tests.operation.test_backup import decide
folder = Path(sys.argv[1])
for number in range(10**6):
    decide(folder, 1)
    append_whole(folder / "acknowledged.jsonl", json.dumps({"n": number}))
    write_json(folder / "last.json", {"n": number})
"""


def test_a_copy_of_a_workspace_that_is_written_holds_whatever_is_marked_in_it(workspace, tmp_path):
    writer = subprocess.Popen([sys.executable, "-c", WRITES, str(workspace)])
    try:
        while not (workspace / "last.json").exists():
            assert writer.poll() is None
            time.sleep(0.05)
        with closing(sqlite3.connect(workspace / "review.sqlite")) as open_:  # a reader holds the WAL meanwhile
            open_.execute("SELECT count(*) FROM review_items").fetchone()
            backup(workspace, workspace / "inside.tar.gz")
    finally:
        writer.kill()
        writer.wait()
    restore(workspace / "inside.tar.gz", tmp_path / "back")
    back = tmp_path / "back"
    lines = [json.loads(line)["n"] for line in (back / "acknowledged.jsonl").read_text().splitlines()]
    assert lines == list(range(len(lines))) and not (back / "inside.tar.gz").exists()
    assert json.loads((back / "last.json").read_text())["n"] <= len(lines)
    assert reviewed(back) >= 1


def test_nothing_is_overwritten_unless_asked_and_then_it_is_put_aside(workspace, tmp_path):
    backup(workspace, tmp_path / "b.tar.gz")
    with pytest.raises(InputError, match="already"):
        backup(workspace, tmp_path / "b.tar.gz")
    with pytest.raises(InputError, match="--replace"):
        restore(tmp_path / "b.tar.gz", workspace)
    append_whole(workspace / "new.jsonl", "{}")
    restore(tmp_path / "b.tar.gz", workspace, replace=True)
    assert not (workspace / "new.jsonl").exists() and len(list(tmp_path.glob("workspace.before-*/new.jsonl"))) == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("gone", [False, True])
def test_what_root_restores_belongs_to_whom_the_workspace_or_its_backup_belonged(workspace, tmp_path, gone):
    backup(workspace, archive := tmp_path / "a.tar.gz")
    os.chown(archive if gone else workspace, 12345, 12346)
    if gone:
        shutil.rmtree(workspace)
    restore(archive, workspace, replace=True)
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in (workspace, *workspace.rglob("*"))}
    assert owners == {(12345, 12346)}


def test_a_workspace_that_a_page_has_open_is_copied_but_not_replaced(workspace, tmp_path):
    with opened(workspace, "http://127.0.0.1:7860"):
        backup(workspace, tmp_path / "b.tar.gz")
        with pytest.raises(JobError, match="7860"):
            restore(tmp_path / "b.tar.gz", workspace, replace=True)


def packed(*members, told=None, database=False):
    """An archive of (name, content, type) with a manifest of what is in it, or another."""
    import hashlib

    out = io.BytesIO()
    files = {n: {"sha256": hashlib.sha256(c).hexdigest(), "size": len(c), "database": database} for n, c, _ in members}
    text = json.dumps({"version": 1, "files": files} if told is None else told).encode()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content, kind in [*members, (MANIFEST, text, tarfile.REGTYPE)]:
            entry = tarfile.TarInfo(name)
            entry.type, entry.size, entry.linkname = kind, len(content) if kind == tarfile.REGTYPE else 0, "/etc/passwd"
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def plain(name, content=b"x"):
    return packed((name, content, tarfile.REGTYPE))


HOSTILE = {
    "up": lambda: plain("../outside"),
    "up within": lambda: plain("a/../../outside"),
    "absolute": lambda: plain("/tmp/outside-of-a-restore"),
    "backslash": lambda: plain("..\\outside"),
    "dot": lambda: plain("./a"),
    "link": lambda: packed(("a", b"", tarfile.SYMTYPE)),
    "hard link": lambda: packed(("a", b"", tarfile.LNKTYPE)),
    "device": lambda: packed(("a", b"", tarfile.CHRTYPE)),
    "pipe": lambda: packed(("a", b"", tarfile.FIFOTYPE)),
    "twice": lambda: packed(("a", b"x", tarfile.REGTYPE), ("a", b"x", tarfile.REGTYPE)),
    "another content": lambda: packed(
        ("a", b"x", tarfile.REGTYPE), told={"version": 1, "files": {"a": {"sha256": "0", "size": 1, "database": False}}}
    ),
    "one more": lambda: packed(("a", b"x", tarfile.REGTYPE), told={"version": 1, "files": {}}),
    "a later version": lambda: packed(told={"version": 2, "files": {}}),
    "no manifest": lambda: packed(told=[]),
    "a broken database": lambda: packed(("a", b"x" * 1000, tarfile.REGTYPE), database=True),
    "half": lambda: plain("a", b"x" * 100_000)[:200],
    "nothing": lambda: b"",
    "no tar": lambda: gzip.compress(b"no tar" * 1000),
    "a zip": lambda: b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_whole_backup_changes_nothing(name, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.tar.gz").write_bytes(HOSTILE[name]())
    with pytest.raises(InputError, match="no whole backup"):
        restore(tmp_path / "in" / "b.tar.gz", tmp_path / "in" / "workspace")
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "b.tar.gz"]


def test_the_commands_say_what_they_did(workspace, tmp_path):
    from typer.testing import CliRunner

    from chatbot.__main__ import app

    run = CliRunner(env={"CHATBOT_WORKSPACE": str(workspace), "CHATBOT_REVIEW_URL": ""}).invoke
    made = run(app, ["backup", str(tmp_path / "b.tar.gz"), "--json"])
    assert (
        json.loads(made.output)["databases"] == 1
        and "5 files" in run(app, ["restore", str(tmp_path / "b.tar.gz"), "--replace"]).output
    )


def test_many_threads_append_whole_lines(tmp_path):
    threads = [
        threading.Thread(target=lambda: [append_whole(tmp_path / "x", "你好") for _ in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "x").read_text().splitlines() == ["你好"] * 200
