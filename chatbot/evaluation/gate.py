"""The gate: a model may become the chat's default where it is not worse than the present one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from chatbot.core.messages import Conversation
from chatbot.evaluation.config import MARGIN
from chatbot.evaluation.metrics.bootstrap import Columns, Difference, Metric, columns, paired_difference
from chatbot.evaluation.metrics.certainty import FEWEST, LEVEL, holm
from chatbot.evaluation.metrics.metrics import METRICS, table
from chatbot.evaluation.predictions import Prediction
from chatbot.evaluation.understanding import PHENOMENA

FIGURES = ("slot_f1", "call_exact", "act_accuracy", "joint_goal_accuracy", "grounded_rate")
"""The figures of the held-out data that must not fall."""
WHOLE = "understood"
"""All kinds of wording together."""
Outcome = Literal["passed", "worse", "too_few", "not_measured"]


@dataclass(frozen=True)
class Check:
    """One figure at the gate.

    Attributes:
        name: of FIGURES, a kind of wording, or WHOLE.
        suite: "held_out" or "phenomena".
        n: conversations that it was paired over.
        difference, interval: the new model's minus the present one's; None where it could not be measured.
        present, new: what each of the two reached; None where it could not be measured.
    """

    name: str
    suite: str
    outcome: Outcome
    n: int
    difference: float | None = None
    interval: tuple[float, float] | None = None
    present: float | None = None
    new: float | None = None


@dataclass(frozen=True)
class Ruling:
    """What the gate says of a model."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether the model may become the default without anybody's signature."""
        return bool(self.checks) and all(check.outcome == "passed" for check in self.checks)

    @property
    def failed(self) -> list[Check]:
        """What stands against it."""
        return [check for check in self.checks if check.outcome != "passed"]

    def plain(self) -> list[dict[str, Any]]:
        """As plain data, for the record."""
        return [asdict(check) for check in self.checks]


def rule(
    rows: tuple[Sequence[Prediction], Sequence[Prediction]],
    simulated: tuple[Sequence[Conversation], Sequence[Conversation]],
    margin: float = MARGIN,
) -> Ruling:
    """Compare the present default (first) with the model that shall follow it (second).

    All figures must hold, so none needs a correction for being several. Kinds of wording are many and small: one alone
    stands against a model only where it is worse beyond Holm's correction; all together must hold as the figures must.

    Args:
        margin: the lower end of a figure's difference must lie above minus that.
        rows: what both answered on the same held-out conversations.
        simulated: what both said to the simulated user of the phenomenon suite; empty where that was not measured.
    """
    first, second = table(rows[0]), table(rows[1])
    held = [_check(name, "held_out", first, second, METRICS[name], margin) for name in FIGURES]
    return Ruling((*held, *_wordings(*simulated, margin)))


def _check(name: str, suite: str, first: Columns, second: Columns, metric: Metric, margin: float) -> Check:
    n, found = len(next(iter(first.values()))), paired_difference(first, second, metric)
    if found is None:
        return Check(name, suite, "not_measured", n)
    return _measured(
        name, suite, _outcome(found, n, margin), n, found, (_reached(first, metric), _reached(second, metric))
    )


def _measured(
    name: str, suite: str, outcome: Outcome, n: int, found: Difference, reached: tuple[float, float]
) -> Check:
    present, new = (round(value, 6) for value in reached)
    return Check(name, suite, outcome, n, round(found.difference, 6), _rounded(found.interval), present, new)


def _reached(counts: Columns, metric: Metric) -> float:
    """A figure over all conversations."""
    return float(metric({name: np.asarray(column.sum()) for name, column in counts.items()}))


def _outcome(found: Difference, n: int, margin: float) -> Outcome:
    if found.interval[1] < 0:
        return "worse"
    return "passed" if n >= FEWEST and found.interval[0] >= -margin else "too_few"


def _rounded(bounds: tuple[float, float]) -> tuple[float, float]:
    return round(bounds[0], 6), round(bounds[1], 6)


def _wordings(first: Sequence[Conversation], second: Sequence[Conversation], margin: float) -> list[Check]:
    """All kinds of wording together, and each that has become worse; goals are what is drawn, with all their wordings."""
    mine, theirs = _goals(first), _goals(second)
    both = sorted(mine.keys() & theirs.keys())
    if not both:
        return [Check(WHOLE, "phenomena", "not_measured", 0)]
    names = [f"{kind} {name}" for name in (WHOLE, *PHENOMENA) for kind in ("right", "all")]
    tables = [columns([found[goal] for goal in both], names) for found in (mine, theirs)]
    whole = _check(WHOLE, "phenomena", tables[0], tables[1], _share(WHOLE), margin)
    found = {name: paired_difference(tables[0], tables[1], _share(name)) for name in PHENOMENA}
    differences = {name: one for name, one in found.items() if one is not None}
    p = holm({name: one.p for name, one in differences.items()})
    return [whole] + [
        _measured(
            name,
            "phenomena",
            "worse",
            len(both),
            one,
            (_reached(tables[0], _share(name)), _reached(tables[1], _share(name))),
        )
        for name, one in differences.items()
        if one.difference < 0 and p[name] < LEVEL
    ]


def _goals(dialogues: Sequence[Conversation]) -> dict[int, Counter[str]]:
    """Of each goal, how often each kind of wording occurred and was understood."""
    out: dict[int, Counter[str]] = {}
    for dialogue in dialogues:
        counted = out.setdefault(dialogue.meta["number"], Counter())
        for name, right in dialogue.meta.get("checks") or ():
            counted.update({f"all {name}": 1, f"right {name}": right, f"all {WHOLE}": 1, f"right {WHOLE}": right})
    return out


def _share(name: str) -> Metric:
    def share(sums: Mapping[str, np.ndarray]) -> np.ndarray:
        every = np.asarray(sums[f"all {name}"], float)
        right = np.asarray(sums[f"right {name}"], float)
        shares: np.ndarray = np.divide(right, every, out=np.full(np.shape(every), np.nan), where=every > 0)
        return shares

    return share
