"""What goes wrong around the page (torn files, a clock set back, a second page, a full disk, a port in use) is told in words and loses nothing."""

import errno
import json
import socket
import sqlite3
import time
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from sqlalchemy.exc import OperationalError
from starlette.requests import Request

import app
from chatbot.core.accounts import Accounts
from chatbot.core.errors import InputError, JobError, StorageError, WorkbenchError
from chatbot.core.events import read_event, read_events
from chatbot.core.jobs import Job, list_jobs, start
from chatbot.core.locks import append_whole, read_json
from chatbot.core.settings import Settings
from chatbot.core.storage.owner import opened
from chatbot.core.storage.trouble import trouble
from chatbot.corpus.review.feedback import read_feedback, record_feedback
from chatbot.evaluation.predictions import read_predictions
from chatbot.evaluation.reporting.votes import Vote, read_votes, record_vote, standings
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.shared import time_ago
from chatbot.ui.finetune.handlers import FinetuneHandlers
from chatbot.ui.finetune.runs import curves
from chatbot.ui.finetune.status import duration, status
from chatbot.ui.operation.guard import Running, guarded
from chatbot.ui.shell.server import open_page, run_server
from tests.conftest import quiet_loops

PERSON = SimpleNamespace(username=None, session_hash="page", headers={})
TORN = {
    "nothing": b"",
    "half": b'{"kind": "progress", "done": 1',
    "half-a-character": '{"text": "你'.encode()[:-1],
    "zeros": b"\x00" * 512,
    "no-utf8": b"\xff\xfe\xfa",
    "list": b"[1, 2]",
    "number": b"7",
    "text": b'"x"',
    "null": b"null",
    "nan": b"NaN",
    "deep": b"[" * 100_000,
    "deep-object": b'{"kind":' * 50_000,
    "long-number": b"9" * 5000,
    "wrong-kind": b'{"kind": ["progress"], "event": {"log": 1}, "time": {}}',
    "wrong-types": b'{"kind": "metrics", "step": "x", "figures": [1]}',
    "huge-figure": b'{"event": "log", "step": 1, "loss": ' + b"1" * 400 + b"}",
    "old-line": b'{"event": "rollback", "step": null}',
    "surrogate": b'{"kind": "message", "text": "\\ud800"}',
    "vote": b'{"left": [], "right": {}, "choice": "left", "text": ""}',
    "strange-vote": b'{"left": "a", "right": "b", "choice": "both", "text": ""}',
}
VOTE = Vote("a", "b", "left", "你好")


@pytest.fixture(params=TORN.values(), ids=TORN)
def torn(request):
    return request.param


def request_of(language: str, **headers: str) -> gr.Request:
    """A request as Gradio hands it to an event."""
    given = {"accept-language": language, "x-request-id": "0123456789abcdef", **headers}
    scope = {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in given.items()]}
    return gr.Request(request=Request(scope))


def test_a_torn_line_of_events_is_left_out_and_the_rest_is_read(torn, tmp_path):
    good = b'{"kind": "message", "text": "ok"}\n'
    (tmp_path / "events.jsonl").write_bytes(good + torn + b"\n" + good)
    assert [event.text for event in read_events(tmp_path) if event.kind == "message"][:1] == ["ok"]
    assert [event.text for event in read_events(tmp_path) if event.kind == "message"][-1] == "ok"
    read_event(torn.decode(errors="replace"))


def test_torn_votes_and_feedback_are_left_out_and_what_follows_is_not_glued_to_them(torn, tmp_path):
    (tmp_path / "votes.jsonl").write_bytes(torn)
    (tmp_path / "feedback.jsonl").write_bytes(torn)
    record_vote(tmp_path / "votes.jsonl", VOTE)
    record_feedback([], model="m", liked=True, workspace=tmp_path)
    votes = read_votes(tmp_path / "votes.jsonl")
    assert [vote.winner for vote in votes] == ["a"] and standings(votes)[0]["first_wins"] == 1
    assert [given.liked for given in read_feedback(tmp_path)] == [True]


@pytest.mark.parametrize("name", ["job.json", "status.json", "config.json", "events.jsonl", "log.txt", "error.json"])
def test_a_job_of_which_one_file_is_torn_breaks_no_list_and_no_page(name, torn, tmp_path):
    jobs = tmp_path / "workspace" / "jobs"
    for job in ("whole", "torn"):
        (jobs / job).mkdir(parents=True)
        (jobs / job / "job.json").write_text('{"kind": "finetune", "argv": [], "created": 1.0}')
        (jobs / job / "status.json").write_text('{"state": "done"}')
    (jobs / "torn" / name).write_bytes(torn)
    found = list_jobs(jobs)
    assert {"whole"} <= {job.id for job in found} and all(status(job, "zh") and curves(job, "zh") for job in found)
    context = SimpleNamespace(settings=Settings(workspace=tmp_path / "workspace", _env_file=None), may=lambda *_: True)
    assert FinetuneHandlers(context).follow("torn", PERSON)


def test_a_torn_report_counts_as_none(torn, tmp_path):
    files = DataFiles(Settings(workspace=tmp_path, _env_file=None))
    files.report.write_bytes(torn)
    files.split.mkdir()
    (files.split / "report.json").write_bytes(torn)
    assert isinstance(files.read_report(), dict) and isinstance(files.split_report(), dict)
    assert read_json(files.report) == files.read_report()


def test_predictions_of_which_the_last_one_is_torn_go_on_from_the_whole_ones(torn, tmp_path):
    (tmp_path / "predictions.jsonl").write_bytes(torn.replace(b"\n", b""))
    assert read_predictions(tmp_path / "predictions.jsonl") == []


def test_lines_of_many_writers_stay_whole(tmp_path):
    for number in range(3):
        append_whole(tmp_path / "x", f"{number}")
        with (tmp_path / "x").open("ab") as out:
            out.write("你".encode()[:2])
    assert (tmp_path / "x").read_bytes().decode(errors="ignore").split() == ["0", "1", "2"]


def test_a_clock_that_was_set_back_gives_a_job_another_name(tmp_path):
    first, second = (start("test", {}, ["true"], tmp_path, name="0101-000000-lora") for _ in range(2))
    assert first.id == "0101-000000-lora" and second.id.startswith("0101-000000-lora-")
    assert {first.wait(), second.wait()} == {"done"}


@pytest.mark.parametrize("seconds", [-1e9, -1, 0, 1, 1e9])
def test_times_that_lie_ahead_or_far_back_are_told(seconds):
    assert "-" not in duration(-abs(seconds), "en")
    assert "<time" in time_ago(time.time() - seconds, "zh")


def test_a_second_page_on_a_workspace_is_refused_with_the_first_ones_address(tmp_path):
    settings = Settings(workspace=tmp_path / "w", _env_file=None)
    with opened(settings.workspace, "http://127.0.0.1:7860"):
        with pytest.raises(JobError) as refused:
            run_server(settings, host="127.0.0.1", port=1, demo=False, accounts=Accounts(settings.accounts))
        assert "http://127.0.0.1:7860" in str(refused.value) and "另一个网页" in refused.value.text("zh")
    with opened(settings.workspace, "http://127.0.0.1:7861"):
        pass


@pytest.mark.parametrize("path", ["/proc/chatbot", "/dev/null/w", "/sys/w"])
def test_a_workspace_that_cannot_be_made_is_refused_in_words(path, monkeypatch, capsys):
    monkeypatch.setattr(app, "settings", lambda: Settings(workspace=Path(path), _env_file=None))
    monkeypatch.setattr("sys.argv", ["app.py"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.startswith("error: ") and said.count("\n") == 1


def test_a_port_in_use_is_told(page_context):
    with socket.socket() as taken, quiet_loops():
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = refused_port(page_context, taken.getsockname()[1])
    assert "--port" in said


def refused_port(context, port: int) -> str:
    """What is said; the error itself would hold Gradio's open sockets."""
    with pytest.raises(InputError) as refused:
        open_page(context, host="127.0.0.1", port=port)
    return str(refused.value)


def full(workspace: Path, name: str) -> None:
    """Let a file of the workspace lie on a disk that is full."""
    (workspace / name).parent.mkdir(parents=True, exist_ok=True)
    (workspace / name).symlink_to("/dev/full")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("votes.jsonl", lambda w: record_vote(w / "votes.jsonl", VOTE)),
        ("feedback.jsonl", lambda w: record_feedback([], model="m", liked=True, workspace=w)),
        ("data/corpus.report.json.part", None),
        ("uploads/x.jsonl.part", None),
    ],
)
@pytest.mark.parametrize(("language", "words"), [("zh-CN", "磁盘满了"), ("en", "the disk is full")])
def test_a_full_disk_is_told_in_the_persons_language(name, write, language, words, tmp_path, page_context):
    page_context.settings = Settings(workspace=tmp_path, _env_file=None)
    full(tmp_path, name)
    line = '{"messages": [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "您好"}]}\n'
    (tmp_path / "x.jsonl").write_text(line)

    def handler(request: gr.Request) -> None:
        if write:
            write(tmp_path)
        else:
            (tmp_path / name).write_text(line) if "report" in name else FinetuneHandlers(page_context).upload(
                request, str(tmp_path / "x.jsonl")
            )

    with pytest.raises(gr.Error, match=words):
        guarded(handler, Running())(request_of(language))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "x"), "core.disk_full"),
        (OSError(errno.EDQUOT, "x"), "core.disk_full"),
        (OSError(errno.EROFS, "x"), "core.disk_closed"),
        (PermissionError(errno.EACCES, "x"), "core.disk_closed"),
        (OSError(errno.EIO, "x"), "core.disk_broken"),
        (OSError(errno.EMFILE, "x"), "core.too_many_files"),
        (MemoryError(), "core.memory"),
        (type("OperationalError", (Exception,), {"__module__": "psycopg.errors"})(), "core.database_gone"),
    ],
)
def test_what_the_machine_refuses_is_known_however_it_was_raised_again(error, code):
    for wrapped in (error, OperationalError("INSERT", {}, error)):
        try:
            try:
                raise wrapped
            except Exception as inner:
                raise RuntimeError("again") from inner
        except RuntimeError as outer:
            found = trouble(outer)
        assert isinstance(found, StorageError) and found.code == code


def test_what_cannot_be_written_is_named_on_a_terminal_and_by_its_last_name_on_a_page(tmp_path):
    found = trouble(PermissionError(errno.EACCES, "x", str(tmp_path / "backups")))
    assert str(tmp_path / "backups") in str(found)
    assert "backups" in found.text("zh") and str(tmp_path) not in found.text("zh")


def test_a_database_that_is_full_read_only_or_no_database_is_known(tmp_path):
    database = sqlite3.connect(tmp_path / "x.sqlite")
    database.execute("PRAGMA max_page_count = 2")
    database.execute("CREATE TABLE t (a)")
    with pytest.raises(sqlite3.Error) as error:
        database.execute("INSERT INTO t VALUES (zeroblob(100000))")
    database.close()
    assert trouble(error.value).code == "core.disk_full"
    (tmp_path / "bad.sqlite").write_bytes(b"no database" * 1000)
    database = sqlite3.connect(tmp_path / "bad.sqlite")
    with pytest.raises(sqlite3.Error) as error:
        database.execute("SELECT * FROM t")
    database.close()
    assert trouble(error.value).code == "core.database_broken"


@pytest.mark.parametrize(
    "error", [ValueError("用户说的话"), KeyError("secret"), RuntimeError("/srv/secret"), ZeroDivisionError()]
)
@pytest.mark.parametrize("stepwise", [False, True])
def test_what_nobody_foresaw_gives_a_number_and_neither_words_nor_a_traceback(error, stepwise, caplog, monkeypatch):
    def handler(request: gr.Request) -> None:
        raise error

    def steps(request: gr.Request):
        yield 1
        raise error

    monkeypatch.setattr("logging.Logger.propagate", True, raising=False)
    with pytest.raises(gr.Error) as told:
        list(guarded(steps, Running())(request_of("en")) if stepwise else guarded(handler, Running())(request_of("en")))
    assert "0123456789abcdef" in told.value.message
    for text in (told.value.message, caplog.text):
        assert "secret" not in text and "用户说的话" not in text and "Traceback" not in text


def test_a_known_error_and_the_pages_own_pass_the_guard_in_words():
    def known(request: gr.Request) -> None:
        raise InputError("ui.no_base")

    def own(request: gr.Request) -> None:
        raise gr.Error("as it was")

    with pytest.raises(gr.Error, match="没有成功："):
        guarded(known, Running())(request_of("zh"))
    with pytest.raises(gr.Error, match="as it was"):
        guarded(own, Running())(request_of("zh"))


def test_no_style_of_the_page_needs_a_font_that_must_be_there():
    from chatbot.ui.shell.theme import CSS, FONTS

    assert FONTS[-1] == "sans-serif"
    for path in [*CSS, *(Path(app.__file__).parent / "chatbot").rglob("*.jinja")]:
        text = path.read_text(encoding="utf-8")
        assert "@font-face" not in text and "fonts.g" not in text, path


def test_a_broken_job_named_by_hand_is_an_error_in_words(tmp_path, torn):
    (tmp_path / "job.json").write_bytes(torn)
    with pytest.raises(WorkbenchError):
        Job(tmp_path)
    assert json.loads(json.dumps(read_json(tmp_path / "job.json"))) is not None
