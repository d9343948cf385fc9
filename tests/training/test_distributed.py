"""The same training under accelerate, as two processes on this CPU: by the command, and by the page's button."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatbot.core.events import Metrics, read_events
from chatbot.core.jobs import ACTIVE
from chatbot.core.settings import Settings
from chatbot.ui.finetune.form import FinetuneForm
from chatbot.ui.finetune.launch import LaunchForm
from chatbot.ui.finetune.runs import launch as start

CONFIG = Path(__file__).parents[2] / "data" / "accelerate" / "two-cpu-processes.yaml"


@pytest.mark.slow
def test_two_processes_train_one_adapter(base, data, tmp_path):
    launch = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--config_file",
        str(CONFIG),
        "-m",
        "chatbot",
        "finetune",
        "--base",
        str(base),
    ]
    options = [
        "--data",
        str(data),
        "--out",
        str(tmp_path),
        "--method",
        "lora",
        "--max-steps",
        "4",
        "--eval-every",
        "2",
        "--eval-limit",
        "0",
    ]
    ran = subprocess.run(
        [*launch, *options, "--max-length", "192"], capture_output=True, text=True, check=False, timeout=600
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["steps"] == 4 and (tmp_path / "adapter_model.safetensors").is_file()
    steps = [event.step for event in read_events(tmp_path) if isinstance(event, Metrics) and "loss" in event.figures]
    assert steps == [1, 2, 3, 4]


def last_step(job):
    return max((event.step for event in job.events() if isinstance(event, Metrics)), default=0)


def step_after(job, step):
    """Wait until the run has gone on from a step; a run that ended instead fails the test."""
    while last_step(job) <= step:
        assert job.state in ACTIVE, job.log_tail()
        time.sleep(0.5)


@pytest.mark.slow
def test_the_page_starts_two_processes_that_can_be_stopped_and_go_on(base, data, tmp_path):
    settings = Settings(workspace=tmp_path, folders=f"{base}:{data.parent}", _env_file=None)
    chosen = FinetuneForm(base=str(base), data=str(data), method="lora", max_steps=400.0, eval_every=200.0, eval_limit=0.0, max_length=192.0, rest={"tracker": "none"})  # fmt: skip
    job = start(settings, chosen, LaunchForm("two-cpu-processes"))
    adapter = job.folder / "adapter"
    step_after(job, 0)
    job.stop()
    assert job.wait(300) == "stopped", job.log_tail()
    reached = last_step(job)
    assert 0 < reached < 400 and (adapter / "checkpoints" / f"checkpoint-{reached}").is_dir()
    job.resume()
    step_after(job, reached)
    job.stop()
    assert job.wait(300) == "stopped", job.log_tail()
