"""The checkpoints of a run with what they scored, and which of them are still there to go on from."""

import json
from dataclasses import dataclass
from pathlib import Path

from chatbot.training.run_record import HIGH, LOW, best_checkpoint, complete_checkpoints, step_of

SHOWN = ("slot_f1", "call_exact", "act_accuracy", "loss")
"""The figures that are listed, in this order."""
NAMES = tuple(name + end for name in SHOWN for end in ("", LOW, HIGH))


@dataclass(frozen=True)
class Scored:
    """One evaluation of a run.

    Attributes:
        figures: of SHOWN, those that were measured, with the ends of their intervals.
        kept: the checkpoint's folder; None where it was given up for newer ones.
        best: whether it is the one that is published.
    """

    step: int
    figures: dict[str, float]
    kept: Path | None
    best: bool


def scored_checkpoints(out: Path) -> list[Scored]:
    """What a run's checkpoints scored, oldest first; [] before the first one."""
    folder = Path(out) / "checkpoints"
    found = complete_checkpoints(folder)
    if not found:
        return []
    kept = {step_of(path): path for path in found}
    history = json.loads((found[-1] / "trainer_state.json").read_text(encoding="utf-8"))["log_history"]
    scores = {
        line["step"]: {name: line[f"eval_{name}"] for name in NAMES if f"eval_{name}" in line}
        for line in history
        if line["step"] and any(name.startswith("eval_") for name in line)
    }
    best = best_checkpoint(folder)
    return [
        Scored(step, scores.get(step, {}), kept.get(step), kept.get(step) == best)
        for step in sorted(scores.keys() | kept.keys())
    ]
