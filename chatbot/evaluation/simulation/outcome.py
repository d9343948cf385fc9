"""How a simulated dialogue ended, and the figures over many: how many were right, whose fault the others were."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Any

import numpy as np

from chatbot.core.messages import Message
from chatbot.evaluation.metrics.bootstrap import interval, resampled, share_interval
from chatbot.evaluation.simulation.blame import CULPRITS, Fault
from chatbot.evaluation.simulation.goals import Goal
from chatbot.evaluation.simulation.user import SUCCESS
from chatbot.evaluation.understanding import PHENOMENA

USER = 2
"""The version of the simulated user: dialogues of another version are readable, but count as not held."""


@dataclass(frozen=True)
class Outcome:
    """One simulated dialogue and how it ended; `reason` is SUCCESS or why it failed.

    `fault` is whose fault a failure is (None for a success, and in dialogues of a user that did not say);
    `faults` are all that went wrong on the way, `checks` which phenomena were understood, in their order.
    """

    goal: Goal
    seed: int
    reason: str
    turns: int
    replies: int
    ungrounded: list[str]
    messages: list[Message]
    fault: Fault | None = None
    faults: list[Fault] = field(default_factory=list)
    checks: list[tuple[str, bool]] = field(default_factory=list)
    user: int = USER

    @property
    def success(self) -> bool:
        """Whether the user got a hotel that meets the goal and every fact, and was told nothing untrue on the way."""
        return self.reason == SUCCESS and not self.ungrounded


def pass_hat(successes: int, trials: int, k: int) -> float:
    """An estimate of the chance that `k` tries at one goal all succeed: C(successes, k) / C(trials, k).

    Yao et al. 2024, "τ-bench", section 4; unlike pass@k it measures reliability.
    """
    return comb(successes, k) / comb(trials, k)


def summarise(outcomes: Sequence[Sequence[Outcome]]) -> dict[str, Any]:
    """Figures over goals (outer) and wording seeds (inner), with 95% intervals by bootstrap over goals.

    Returns:
        `task_finish`, `pass^1` … `pass^<seeds>`, `turns_mean`, `ungrounded` (number of claims), `replies`, `failures` by
        reason, `culprits` and `blame` (whose fault they were, and at what), `phenomena` (n, share and interval of those
        that were understood), and `intervals` of the shares and of the mean.
    """
    seeds = min(len(tries) for tries in outcomes)
    wins = [sum(outcome.success for outcome in tries) for tries in outcomes]
    table: dict[str, np.ndarray] = {
        "task_finish": np.array([won / len(tries) for won, tries in zip(wins, outcomes, strict=True)])
    }
    for k in range(1, min(seeds, 4) + 1):
        table[f"pass^{k}"] = np.array([pass_hat(won, len(tries), k) for won, tries in zip(wins, outcomes, strict=True)])
    table["turns_mean"] = np.array([sum(outcome.turns for outcome in tries) / len(tries) for tries in outcomes])
    draws = {name: values / len(outcomes) for name, values in resampled(table).items()}
    every = [outcome for tries in outcomes for outcome in tries]
    reasons = Counter(
        "ungrounded claim" if outcome.reason == SUCCESS else outcome.reason for outcome in every if not outcome.success
    )
    return {
        **{name: round(float(values.mean()), 4) for name, values in table.items()},
        "ungrounded": sum(len(outcome.ungrounded) for outcome in every),
        "replies": sum(outcome.replies for outcome in every),
        "goals": len(outcomes),
        "seeds": seeds,
        "intervals": {name: [round(edge, 4) for edge in interval(values) or ()] for name, values in draws.items()},
        "failures": dict(reasons.most_common()),
        **_culprits([outcome.fault for outcome in every if outcome.fault and not outcome.success]),
        "phenomena": phenomena([check for outcome in every for check in outcome.checks]),
    }


def _culprits(faults: Sequence[Fault]) -> dict[str, dict[str, int]]:
    """How many failures are whose fault, and at what."""
    who = Counter(fault.culprit for fault in faults)
    what = Counter(f"{fault.culprit}: {fault.what.partition(':')[0]}" for fault in faults)
    return {"culprits": {name: who[name] for name in CULPRITS if who[name]}, "blame": dict(what.most_common())}


def phenomena(checks: Sequence[tuple[str, bool]]) -> dict[str, dict[str, Any]]:
    """How often each phenomenon occurred and was understood, with the 95% interval of the share."""
    seen, right = Counter(name for name, _ in checks), Counter(name for name, understood in checks if understood)
    return {
        name: {
            "n": seen[name],
            "share": round(right[name] / seen[name], 4),
            "interval": [round(edge, 4) for edge in share_interval(right[name], seen[name])],
        }
        for name in PHENOMENA
        if seen[name]
    }
