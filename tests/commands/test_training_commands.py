"""`finetune` on the command line: not beside another trainer of this machine, from a file, as the page shows it, and from any checkpoint."""

import json
import shlex

import pytest
import typer
from typer.testing import CliRunner

from chatbot.commands import training
from chatbot.core.errors import InputError, JobError
from chatbot.core.jobs import claim
from chatbot.training.config import RESOURCE, FinetuneConfig
from chatbot.training.options.config_file import command_line, load_config


@pytest.fixture
def command(tmp_path, set_setting):
    """The command in a workspace of its own."""
    set_setting("workspace", str(tmp_path))
    app = typer.Typer()
    training.register(app)
    return app


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


def told(command, *words):
    done = CliRunner().invoke(command, list(map(str, words)))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_a_configuration_goes_into_a_file_and_comes_back_and_options_beside_it_win(command, tmp_path):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    told(command, "finetune", "--base", "B", "--data", "D", "--out", "O", "--dora", "--rank", 8, "--save-config", first)
    assert json.loads(first.read_text()) == {
        **{"kind": "finetune", "base": "B", "data": "D", "out": "O"},
        **{"rank": 8, "dora": True},
    }
    told(command, "finetune", "--config", first, "--rank", 16, "--no-dora", "--loraplus", 4, "--save-config", second)
    assert json.loads(second.read_text()) == {"kind": "finetune", "base": "B", "data": "D", "out": "O", "loraplus": 4.0}


def test_what_is_missing_or_wrong_in_a_file_is_named(command, tmp_path):
    path = tmp_path / "c.json"
    with pytest.raises(InputError, match="--base is missing"):
        told(command, "finetune", "--data", "D", "--out", "O")
    for text, what in (('{"rnk": 8}', "rnk"), ('{"rank": 0}', "rank"), ("[1]", "no configuration"), ("{", "no conf")):
        path.write_text(text)
        with pytest.raises(InputError, match=what):
            told(command, "finetune", "--config", path, "--base", "B", "--data", "D", "--out", "O")


FIELDS = {
    **{"method": "lora", "rslora": True, "packing": False, "checkpointing": False, "learning_rate": 3e-4},
    **{"scheduler": "wsd", "modules": "q_proj,v_proj", "neftune": 5.0, "call_weight": 2.5, "max_steps": 7},
    **{"start": "run/checkpoints/checkpoint-3", "eval_data": "some file.jsonl"},
}


def test_the_shown_command_line_makes_the_same_configuration(command, tmp_path):
    config = FinetuneConfig(base="B", data="a file.jsonl", out="O", **FIELDS)
    words = shlex.split(command_line(config))
    assert words[:3] == ["python", "-m", "chatbot"]
    told(command, *words[3:], "--save-config", tmp_path / "same.json")
    assert FinetuneConfig(**load_config(tmp_path / "same.json")) == config


def test_checkpoints_are_listed_with_their_scores_and_whether_they_are_still_there(command, tmp_path):
    history = [{"step": 0, "eval_slot_f1": 0.1}, *({"step": s, "eval_slot_f1": s / 10, "loss": 1} for s in (3, 6, 9))]
    for step in (6, 9):
        folder = tmp_path / "run" / "adapter" / "checkpoints" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        state = {"log_history": history, "best_model_checkpoint": str(folder.with_name("checkpoint-6"))}
        (folder / "trainer_state.json").write_text(json.dumps(state))
    found = json.loads(told(command, "checkpoints", tmp_path / "run", "--json"))
    assert [(c["step"], c["slot_f1"], bool(c["kept"]), c["best"]) for c in found] == [
        *((3, 0.3, False, False), (6, 0.6, True, True), (9, 0.9, True, False)),
    ]
    assert "(not kept)" in told(command, "checkpoints", tmp_path / "run")
    with pytest.raises(InputError, match="no checkpoints"):
        told(command, "checkpoints", tmp_path)
