"""The same command under accelerate, as two processes on this CPU."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chatbot.core.events import Metrics, read_events

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
