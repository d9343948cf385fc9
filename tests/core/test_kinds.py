"""One protocol for long work: how a task is read, run, stopped and told, whatever it does."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from chatbot.core.errors import InputError
from chatbot.core.events import Done, Failed, JobWriter, Progress, read_events
from chatbot.core.kinds import Kind, execute, kind_name, progress_callback, read_config


class Config(BaseModel):
    n: int = 1
    out: Path = Path("{job}/out")


def work(config, reporter):
    tell = progress_callback(reporter, every=0)
    for done in range(config.n):
        tell(done, config.n)
    return {"n": config.n}


DEMO = Kind("demo", Config, work)


def folder_of(folder, **config):
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_task_reads_its_folder_with_the_mark_filled_in(tmp_path):
    folder_of(tmp_path, kind="demo", n=3)
    assert kind_name(tmp_path) == "demo"
    assert read_config(DEMO, tmp_path) == Config(n=3, out=tmp_path / "out")


def test_a_folder_of_an_older_version_says_its_kind_in_job_json():
    older = Path(__file__).parents[1] / "fixtures" / "older_jobs"
    assert [kind_name(older / name) for name in ("finetune", "study", "augment")] == ["finetune", "study", "augment"]


def test_a_field_that_does_not_fit_is_named_and_so_is_a_folder_without_a_configuration(tmp_path):
    with pytest.raises(InputError, match="could not be read"):
        read_config(DEMO, tmp_path)
    with pytest.raises(InputError, match=r"config\.json: n: .*valid integer"):
        read_config(DEMO, folder_of(tmp_path, n="many"))


def test_a_task_reports_its_progress_and_its_end(tmp_path):
    assert execute(DEMO, Config(n=2), JobWriter(tmp_path)) == {"n": 2}
    *told, end = read_events(tmp_path)
    assert [(event.done, event.total) for event in told] == [(0, 2), (1, 2)]
    assert isinstance(end, Done) and end.result == {"n": 2} and not end.stopped


def test_a_task_that_is_asked_to_stop_ends_without_a_result(tmp_path):
    (tmp_path / "stop").touch()
    assert execute(DEMO, Config(n=9), JobWriter(tmp_path)) == {}
    first, end = read_events(tmp_path)
    assert isinstance(first, Progress) and isinstance(end, Done) and end.stopped


def test_a_task_that_fails_says_why(tmp_path):
    def fails(config, reporter):
        raise InputError("ui.no_data")

    with pytest.raises(InputError):
        execute(Kind("demo", Config, fails), Config(), JobWriter(tmp_path))
    (end,) = read_events(tmp_path)
    assert isinstance(end, Failed) and end.code == "ui.no_data"
