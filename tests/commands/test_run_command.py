"""`run`: every kind of long task starts from its folder, by the page or by a person, and older folders still open."""

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from chatbot.commands import run
from chatbot.core.errors import InputError
from chatbot.core.events import Done, last
from chatbot.core.jobs import Job, start_task
from chatbot.core.kinds import read_config
from chatbot.core.messages import write_conversations
from chatbot.core.settings import DATA
from chatbot.corpus.selfplay.generate import selfplay
from chatbot.hotels.store import HotelStore
from chatbot.ui.evaluate.runs import status as study_status
from chatbot.ui.finetune.runs import line
from chatbot.ui.finetune.status import status

OLDER = Path(__file__).parents[1] / "fixtures" / "older_jobs"


@pytest.fixture
def fields(tmp_path):
    """An augmentation without a key, a model or a review."""
    corpus = selfplay(HotelStore.load(DATA / "hotel_db.json"), 4, seed=3, colloquial=0.0)
    write_conversations(tmp_path / "corpus.jsonl", corpus)
    return {
        "corpus": str(tmp_path / "corpus.jsonl"),
        "out": "{job}/made",
        "new": 1,
        "second_parser": "",
        "review": False,
    }


def test_a_job_is_run_by_the_kind_in_its_configuration(fields, tmp_path):
    job = start_task("augment", fields, tmp_path / "jobs")
    assert job.wait(240) == "done", job.log_tail()
    *_, end = job.events()
    assert isinstance(end, Done) and end.result["state"] == "done"
    assert len((job.folder / "made" / "augmented.jsonl").read_text().splitlines()) == end.result["made"] > 0
    assert job.config["kind"] == "augment" and json.loads((job.folder / "job.json").read_text())["argv"][-2:] == [
        "run",
        str(job.folder),
    ]


def test_a_person_runs_a_folder_that_holds_nothing_but_its_configuration(fields, tmp_path):
    app = typer.Typer()
    run.register(app)
    folder = tmp_path / "by-hand"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"kind": "augment", **fields}))
    done = CliRunner(env={"CHATBOT_WORKSPACE": str(tmp_path)}).invoke(app, [str(folder)])
    assert done.exit_code == 0, done.output
    assert Job(folder).state == "done" and list(Job(folder).events())[-1].kind == "done"


def test_an_unknown_kind_is_refused_with_those_that_there_are(tmp_path):
    (tmp_path / "config.json").write_text('{"kind": "paint"}')
    with pytest.raises(InputError, match="finetune") as refused:
        run.kind_of(tmp_path)
    assert "paint" in str(refused.value)


def test_every_kind_has_a_configuration_that_says_what_each_field_is():
    assert set(run.KINDS) == {
        "finetune", "pretrain", "augment", "evaluate", "study", "simulate", "compare-methods", "prefer", "merge",
        "add-model", "push-model", "doubt", "worth", "export-gguf", "sweep",
    }  # fmt: skip
    fields = {name: kind.config.model_fields for name, kind in run.KINDS.items() if name != "study"}
    assert [name for name, known in fields.items() if not known or not all(f.description for f in known.values())] == []


@pytest.mark.parametrize("name", ["finetune", "study", "augment"])
def test_a_folder_of_an_older_version_can_be_run(name):
    assert read_config(run.kind_of(OLDER / name), OLDER / name).out


def test_the_page_shows_jobs_of_an_older_version_as_it_did(tmp_path):
    older = shutil.copytree(OLDER, tmp_path / "jobs")
    assert [step for step, _ in line(Job(older / "finetune"), "loss")] == [1, 2, 3, 4]
    assert "训练完成" in status(Job(older / "finetune"), "zh")
    assert "守护停止了训练" in status(Job(older / "gave-up"), "zh") and "第 2 步" in status(
        Job(older / "gave-up"), "zh"
    )
    assert "nowhere" in status(Job(older / "failed"), "zh")
    assert "评测完成" in study_status(Job(older / "study"), "zh")
    ended = last(list(Job(older / "augment").events()), Done)
    assert ended is not None and ended.result["made"] == 16
