"""What a run costs, measured before the start: the time of real steps and of one look at a few held-out conversations, and memory."""

import tempfile
import time
from dataclasses import replace
from math import ceil
from pathlib import Path

import torch

from chatbot.core.events import JobWriter, Metrics, read_events
from chatbot.models.numerics import kernel_bytes
from chatbot.training.data import rows
from chatbot.training.finetune import build
from chatbot.training.fitted.remembered import cost_key, remembered
from chatbot.training.prepared import Prepared
from chatbot.training.trainer import EvaluatorOf

SAMPLE = 4
"""Held-out conversations on which generation is timed."""
PROGRAM = 780 * 2**20
"""Bytes that Python and the training libraries take before the first tensor (measured in tests/benchmarks)."""
FORWARD = 1 / 3
"""A forward pass's share of a training step: the backward pass costs twice as much."""


def run_cost(prepared: Prepared, steps: int, evaluator_of: EvaluatorOf | None) -> tuple[float, int]:
    """Seconds of the whole run, and bytes that a few steps took beside the program; 0 where that is not told, and on a GPU."""
    config, held = prepared.config, len(prepared.held_out)
    key = ("cost", evaluator_of is None, *cost_key(prepared))
    step, looked, grown = remembered(key, lambda: _measured(prepared, evaluator_of))
    looked *= min(config.eval_limit, held) / max(1, min(SAMPLE, held))
    looks = ceil(steps / config.eval_every)
    row_count = len(rows(prepared.train, config.max_length, prepared.packed))
    loss = step * FORWARD * held / len(prepared.train) * prepared.steps_an_epoch(row_count)
    return float(step * steps + looks * loss + (looks + 1) * looked), grown


def _measured(prepared: Prepared, evaluator_of: EvaluatorOf | None) -> tuple[float, float, int]:
    """Seconds of a step, the mean of two real ones after one that warms up, and of one look at a few held-out conversations; bytes."""
    with tempfile.TemporaryDirectory() as folder:
        few = {"max_steps": 3, "out": Path(folder), "eval_limit": 0, "eval_share": 0.0, "tracker": "none"}
        config = prepared.config.model_copy(update=few)
        counted = not torch.cuda.is_available() and _forgets_peak()
        before = _held("VmRSS")
        trainer = build(replace(prepared, config=config, held_out=[]), JobWriter(Path(folder)))
        trainer.args.save_strategy = "no"
        trainer.train()
        # A process that has not loaded all libraries yet grows by those too.
        grown = max(0, _held("VmHWM") - max(before, PROGRAM)) if counted else 0
        times = [event.time for event in read_events(Path(folder)) if isinstance(event, Metrics)]
        evaluator = evaluator_of and evaluator_of(prepared)
        began = time.monotonic()
        if evaluator:
            evaluator(trainer.model.eval())
        return (times[-1] - times[0]) / (len(times) - 1), time.monotonic() - began, grown


def _forgets_peak() -> bool:
    """Let the kernel count this process's peak anew, and say whether it does (Linux: proc_pid_clear_refs(5), the 5)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:  # another system
        return False
    return True


def _held(name: str) -> int:
    """Bytes that this process holds (VmRSS) or held at its peak (VmHWM)."""
    return kernel_bytes("/proc/self/status", name) or 0
