"""How certain a difference between two models is: corrected p-values, a judgement by them, the smallest difference that a set would show."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal, TypeVar

Judgement = Literal["better", "worse", "too_few"]
Key = TypeVar("Key", bound=Hashable)

Z, POWER = 1.959964, 0.841621
"""Quantiles of the normal distribution: 95 % two-sided, and 80 % of being noticed."""
LEVEL = 0.05
FEWEST = 30
"""Conversations below which intervals by resampling are too narrow to conclude anything."""
RULE_OF_THREE = 3.0
"""What never happened in n conversations may still happen in 3/n of them (95 %; Hanley and Lippman-Hand 1983)."""


def detectable(bounds: Sequence[float], dialogues: int, scale: float = 1.0) -> float:
    """The smallest difference that a set shows four times in five, at p < 0.05 (Cohen 1988), in the unit of the figure.

    Args:
        bounds: the 95% interval of the paired difference, whose half width is 1.96 standard errors.
        dialogues: conversations of the set; however alike two models are on them, less than 3/n stays unseen.
        scale: the figure's largest value.
    """
    half = (bounds[1] - bounds[0]) / 2
    return max(half * (Z + POWER) / Z, scale * RULE_OF_THREE / max(1, dialogues))


def least_p(dialogues: int) -> float:
    """The smallest two-sided p-value that so many conversations can give: that of the sign test."""
    return min(1.0, 2.0 ** (1 - dialogues))


def holm(found: Mapping[Key, float]) -> dict[Key, float]:
    """p-values adjusted for being several (Holm 1979): all that stay below 0.05 hold together with 95 %."""
    out: dict[Key, float] = {}
    highest = 0.0
    for rank, (key, p) in enumerate(sorted(found.items(), key=lambda pair: pair[1])):
        highest = max(highest, min(1.0, (len(found) - rank) * p))
        out[key] = highest
    return out


def adjusted(pairs: Sequence[Mapping[str, Any]], dialogues: int) -> list[dict[str, float]]:
    """Every pair's p-values by figure, adjusted over all figures of all pairs; small sets give no small ones."""
    every = {
        (at, name): max(float(found["p"]), least_p(dialogues))
        for at, pair in enumerate(pairs)
        for name, found in pair["metrics"].items()
    }
    out: list[dict[str, float]] = [{} for _ in pairs]
    for (at, name), p in holm(every).items():
        out[at][name] = p
    return out


def judgement(difference: float, p: float, *, lower_is_better: bool = False) -> Judgement:
    """What a difference with an adjusted p-value tells."""
    if p >= LEVEL or difference == 0:
        return "too_few"
    return "better" if (difference > 0) != lower_is_better else "worse"
