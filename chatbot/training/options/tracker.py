"""Where a run's figures go besides its own events: trackio's files (by default), TensorBoard's, or Weights & Biases."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.settings import settings
from chatbot.training.config import TrackerName

PROJECT = "hotel-chatbot"


def tracked(tracker: TrackerName, out: Path) -> dict[str, Any]:
    """The trainer's arguments by which a run in the folder `out` is followed.

    What was set in the environment wins: where trackio and W&B write (else the workspace), and whether W&B sends anything (only where
    it was given a key). TensorBoard's files lie in the run's own folder, below `checkpoints/runs`.

    Raises:
        InputError: the tracker's package is not installed.
    """
    if tracker == "none":
        return {"report_to": []}
    if find_spec(tracker) is None:
        raise InputError("training.no_tracker", value=tracker, package=tracker)
    workspace = settings().workspace.resolve()
    defaults = {
        "trackio": {"TRACKIO_DIR": str(workspace / "trackio")},
        "wandb": {
            "WANDB_DIR": str(workspace),
            "WANDB_PROJECT": PROJECT,
            "WANDB_MODE": "online" if os.environ.get("WANDB_API_KEY") else "offline",
        },
    }
    for name, value in defaults.get(tracker, {}).items():
        os.environ.setdefault(name, value)
    called = out.parent.name if out.name == "adapter" else out.name
    return {"report_to": [tracker], "project": PROJECT, "run_name": called}
