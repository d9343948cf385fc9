"""How well people agree on the same cards, beyond chance, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

ENOUGH = 30
"""Cards with two judgements or more below which no coefficient is told: its interval would hold nearly everything."""
SAMPLES = 2000
GOOD, FAIR = 0.8, 0.667
"""What Krippendorff 2004 asks of data to be relied upon, and for tentative conclusions."""
Strength = Literal["few", "same", "good", "fair", "poor", "unsure"]


@dataclass(frozen=True)
class Agreement:
    """How well people agree.

    Attributes:
        cards: those that two people or more decided on by themselves.
        same: of these how many all kept or all rejected.
        alpha: Krippendorff's of keep against reject; None where there are too few cards, or no difference among them.
        interval: its 95% interval, by resampling cards.
    """

    cards: int
    same: int
    alpha: float | None = None
    interval: tuple[float, float] | None = None

    @property
    def strength(self) -> Strength:
        """What can be said: nothing yet, everybody always says the same, or what the whole interval bears."""
        if self.cards < ENOUGH:
            return "few"
        if self.alpha is None or self.interval is None:
            return "same"
        low, high = self.interval
        return "good" if low >= GOOD else "fair" if low >= FAIR else "poor" if high < FAIR else "unsure"


def agreement(kept: Sequence[Mapping[str, bool]]) -> Agreement:
    """How well people agree on cards, each a person's name → whether they kept it; one judgement tells nothing."""
    several = [list(card.values()) for card in kept if len(card) > 1]
    same = sum(len(set(card)) == 1 for card in several)
    counts = np.array([[len(card) - sum(card), sum(card)] for card in several], dtype=np.float64).reshape(-1, 2)
    n = len(several)
    if n < ENOUGH or not counts.sum(axis=0).all():
        return Agreement(n, same)
    draws = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=SAMPLES)
    low, high = np.quantile(alpha(counts, draws), [0.025, 0.975])
    return Agreement(n, same, float(alpha(counts, np.ones((1, n)))[0]), (float(low), float(high)))


def alpha(counts: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Krippendorff's alpha of two nominal values (2011, “Computing Krippendorff's Alpha-Reliability”, section C).

    Own code, as the packages that compute it are under the GPL.

    Args:
        counts: for each card how many said the one and how many the other; two judgements or more.
        times: for each sample how often each card is in it.

    Returns:
        For each sample 1 − observed disagreement / that expected by chance; 1 where all judgements in it are the same.
    """
    pairs = 2 * counts[:, 0] * counts[:, 1] / (counts.sum(axis=1) - 1)
    first, second = (times @ counts).T
    expected = 2 * first * second / (first + second - 1)
    return np.where(expected > 0, 1 - (times @ pairs) / np.where(expected > 0, expected, 1), 1.0)
