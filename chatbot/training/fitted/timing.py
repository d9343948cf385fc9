"""How long a run takes: real steps and one look at a few held-out conversations, timed before the start."""

import tempfile
import time
from dataclasses import replace
from math import ceil
from pathlib import Path

from chatbot.core.events import JobWriter, Metrics, read_events
from chatbot.training.data import rows
from chatbot.training.finetune import build
from chatbot.training.fitted.remembered import cost_key, remembered
from chatbot.training.prepared import Prepared
from chatbot.training.trainer import EvaluatorOf

SAMPLE = 4
"""Held-out conversations on which generation is timed."""
FORWARD = 1 / 3
"""A forward pass's share of a training step: the backward pass costs twice as much."""


def run_seconds(prepared: Prepared, steps: int, evaluator_of: EvaluatorOf | None) -> float:
    """Seconds of the whole run."""
    config, held = prepared.config, len(prepared.held_out)
    key = ("seconds", evaluator_of is None, *cost_key(prepared))
    step, looked = remembered(key, lambda: _timed(prepared, evaluator_of))
    looked *= min(config.eval_limit, held) / max(1, min(SAMPLE, held))
    looks = ceil(steps / config.eval_every)
    row_count = len(rows(prepared.train, config.max_length, prepared.packed))
    loss = step * FORWARD * held / len(prepared.train) * prepared.steps_an_epoch(row_count)
    return float(step * steps + looks * loss + (looks + 1) * looked)


def _timed(prepared: Prepared, evaluator_of: EvaluatorOf | None) -> tuple[float, float]:
    """Seconds of a step, the mean of two real ones after one that warms up, and of one look at a few held-out conversations."""
    with tempfile.TemporaryDirectory() as folder:
        few = {"max_steps": 3, "out": Path(folder), "eval_limit": 0, "eval_share": 0.0}
        config = prepared.config.model_copy(update=few)
        trainer = build(replace(prepared, config=config, held_out=[]), JobWriter(Path(folder)))
        trainer.args.save_strategy = "no"
        trainer.train()
        times = [event.time for event in read_events(Path(folder)) if isinstance(event, Metrics)]
        evaluator = evaluator_of and evaluator_of(prepared)
        began = time.monotonic()
        if evaluator:
            evaluator(trainer.model.eval())
        return (times[-1] - times[0]) / (len(times) - 1), time.monotonic() - began
