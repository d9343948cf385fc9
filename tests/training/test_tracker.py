"""Trackers: what they keep is what the run told, nothing is sent anywhere unasked, and one that is not installed is named before the start."""

import os
import sqlite3
import subprocess
import sys

import pytest

from chatbot.core.errors import InputError
from chatbot.training.options.tracker import tracked


def trained(base, data, out, workspace, tracker):
    options = {"base": base, "data": data, "out": out, "method": "lora", "max-steps": 2, "eval-every": 2, "eval-limit": 0, "tracker": tracker}  # fmt: skip
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRACKIO", "WANDB"))}
    ran = subprocess.run(
        [sys.executable, "-m", "chatbot", "finetune", *words],
        env=kept | {"CHATBOT_WORKSPACE": str(workspace)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


def test_trackio_keeps_the_losses_in_the_workspace_and_the_command_prints_its_result_alone(base, data, tmp_path):
    told = trained(base, data, tmp_path / "first", tmp_path / "kept", "trackio")
    assert told.startswith("{") and len(told.splitlines()) == 1
    with sqlite3.connect(tmp_path / "kept" / "trackio" / "hotel-chatbot.db") as kept:
        rows = kept.execute("select run_name, metrics from metrics").fetchall()
    assert {name for name, _ in rows} == {"first"}
    assert sum("train/loss" in str(metrics) for _, metrics in rows) == 2


@pytest.mark.parametrize(
    ("tracker", "left"), [("tensorboard", "first/checkpoints/runs/*/events.*"), ("wandb", "kept/wandb/offline-run-*")]
)
def test_another_tracker_writes_its_own_files_on_this_machine(base, data, tmp_path, tracker, left):
    pytest.importorskip(tracker, reason=f"{tracker} is an extra: pip install {tracker}")
    trained(base, data, tmp_path / "first", tmp_path / "kept", tracker)
    assert list(tmp_path.glob(left)) and not (tmp_path / "kept" / "trackio").exists()


def test_a_tracker_that_is_not_installed_is_refused_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("chatbot.training.options.tracker.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install wandb") as refused:
        tracked("wandb", tmp_path)
    assert refused.value.code == "training.no_tracker"


def test_a_run_is_called_by_its_own_folder_also_where_the_page_calls_it_adapter(tmp_path):
    assert tracked("trackio", tmp_path / "mine")["run_name"] == "mine"
    assert tracked("trackio", tmp_path / "0101-lora" / "adapter")["run_name"] == "0101-lora"
    assert tracked("none", tmp_path) == {"report_to": []}
