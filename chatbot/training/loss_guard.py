"""Notices a loss that explodes, so that one bad batch or too high a learning rate does not cost a night's run."""

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

WINDOW = 30
"""Losses whose median says what is usual."""
ENOUGH = 5
"""Losses seen before anything but NaN counts as unusual."""
FLOOR = 4.0
"""Nats above the median below which no loss is an explosion: small losses double easily, and two rows of unseen names had 2.9 nats in a run whose median was
0.75, at whatever learning rate; a poisoned batch had 10."""


class LossExploded(Exception):
    """Raised between the backward pass and the optimiser's step, so that the weights are still those of before the bad batch."""

    def __init__(self, step: int, loss: float, reason: str, conversations: Sequence[str] = ()) -> None:
        self.step, self.loss, self.reason, self.conversations = step, loss, reason, tuple(conversations)
        super().__init__(f"step {step}: {reason}")


class SpikeDetector:
    """Compares each loss with the median of the recent ones."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self._recent: deque[float] = deque(maxlen=WINDOW)

    def observe(self, loss: float) -> str | None:
        """Why this loss counts as an explosion, or None where it is a usual one (and is remembered)."""
        if not math.isfinite(loss):
            return "the loss is no longer a number"
        if len(self._recent) >= ENOUGH:
            usual = median(self._recent)
            if loss > max(self.factor * usual, usual + FLOOR):
                return f"the loss jumped from about {usual:.2f} to {loss:.2f}"
        self._recent.append(loss)
        return None

    def forget(self) -> None:
        """Start anew, after a roll-back."""
        self._recent.clear()


def suspect_conversations(batches: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Conversations that more than half of the exploded batches hold, and no fewer than two: one hard batch elsewhere acquits nobody."""
    counted = Counter(name for batch in batches for name in set(batch))
    return tuple(sorted(name for name, times in counted.items() if times > max(1, len(batches) / 2)))


@dataclass(frozen=True)
class Verdict:
    """Why a run gave up, in words for the person who reads it."""

    explosions: int
    step: int
    reason: str
    conversations: tuple[str, ...]
    blames: str

    def __str__(self) -> str:
        return f"gave up after {self.explosions} explosions: {self.reason} (step {self.step}). {self.blames}"


def verdict(explosions: Sequence[LossExploded]) -> Verdict:
    """Tell a bad batch (the same conversations each time) from a learning rate that is too high (it happens anywhere)."""
    last, names = explosions[-1], suspect_conversations([e.conversations for e in explosions])
    if names:
        blames = f"It is the data: it happens again and again at {', '.join(names[:8])}. Check or remove these conversations."
    else:
        blames = "It happened in different places: lower the learning rate, or raise the batch size."
    return Verdict(len(explosions), last.step, last.reason, names, blames)
