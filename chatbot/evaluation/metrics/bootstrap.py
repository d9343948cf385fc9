"""How sure a figure is: intervals and paired differences by resampling whole dialogues, because turns of one dialogue hang together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Columns = Mapping[str, np.ndarray]
Metric = Callable[[Columns], np.ndarray]
"""Sums of counts → value; with arrays of sums it gives an array of values."""

SAMPLES = 2000


@dataclass(frozen=True)
class Difference:
    """How much a second model differs from a first on the same dialogues.

    Attributes:
        difference: second minus first.
        interval: the 95% interval of the difference.
        p: two-sided p-value of "there is no difference".
    """

    difference: float
    interval: tuple[float, float]
    p: float

    @property
    def significant(self) -> bool:
        """Whether the difference is unlikely to be chance (p < 0.05)."""
        return self.p < 0.05


def resampled(table: Columns, samples: int = SAMPLES, seed: int = 0) -> dict[str, np.ndarray]:
    """Sums of every column over `samples` draws of dialogues with replacement; `table` has one row a dialogue."""
    size = len(next(iter(table.values())))
    weights = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=samples).astype(np.float64)
    return {name: weights @ column for name, column in table.items()}


def interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float] | None:
    """The percentile interval (Efron and Tibshirani 1993, chapter 13); None where nothing could be measured."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_difference(
    first: Columns, second: Columns, metric: Metric, samples: int = SAMPLES, seed: int = 0
) -> Difference | None:
    """Compare two models on the same dialogues, in the same order; None where the metric is not defined for one.

    The paired bootstrap of Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation": both models
    are measured on the same draws, and p is twice the smaller share of draws on one side of zero (ties count half).
    """
    if len(next(iter(first.values()))) != len(next(iter(second.values()))):
        raise ValueError("paired comparison needs the same dialogues for both models")
    point = float(metric(_sums(second)) - metric(_sums(first)))
    draws = metric(resampled(second, samples, seed)) - metric(resampled(first, samples, seed))
    bounds = interval(draws)
    if bounds is None or np.isnan(point):
        return None
    draws = draws[~np.isnan(draws)]
    above = float(np.mean(draws > 0) + np.mean(draws == 0) / 2)
    return Difference(point, bounds, min(1.0, 2 * min(above, 1 - above)))


def _sums(table: Columns) -> dict[str, np.ndarray]:
    return {name: np.asarray(column.sum()) for name, column in table.items()}


def share_interval(successes: int, trials: int) -> tuple[float, float]:
    """The 95% interval of a share by Wilson 1927, which is right for small numbers and for 0 and 1 as well."""
    if trials == 0:
        return 0.0, 1.0
    z, share = 1.959964, successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * float(np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)))
    scale = 1 + z * z / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def columns(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Rows of counts as columns; a count that a row does not have is 0."""
    return {name: np.array([row.get(name, 0.0) for row in rows], dtype=np.float64) for name in names}
