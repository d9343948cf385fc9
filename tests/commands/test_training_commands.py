"""`finetune` on the command line does not start beside another trainer of this machine."""

import pytest
import typer
from typer.testing import CliRunner

from chatbot.commands import training
from chatbot.core.errors import JobError
from chatbot.core.jobs import claim
from chatbot.core.settings import settings
from chatbot.training.config import RESOURCE


@pytest.fixture
def command(tmp_path, monkeypatch):
    """The command in a workspace of its own."""
    monkeypatch.setenv("CHATBOT_WORKSPACE", str(tmp_path))
    settings.cache_clear()
    app = typer.Typer()
    training.register(app)
    yield app
    settings.cache_clear()


def finetune(command, tmp_path):
    options = ["--base", tmp_path / "base", "--data", tmp_path / "train.jsonl", "--out", tmp_path / "adapter"]
    return CliRunner().invoke(command, ["finetune", *map(str, options)])


def test_a_second_trainer_is_refused_until_the_first_has_ended(command, tmp_path):
    with claim(tmp_path / "jobs", RESOURCE):
        refused = finetune(command, tmp_path).exception
    assert isinstance(refused, JobError) and "in use by a running task" in str(refused)
    assert not isinstance(finetune(command, tmp_path).exception, JobError)


def test_the_second_of_several_processes_claims_nothing(command, tmp_path, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    with claim(tmp_path / "jobs", RESOURCE):
        assert not isinstance(finetune(command, tmp_path).exception, JobError)
