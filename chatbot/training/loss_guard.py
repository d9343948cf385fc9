"""Notices a loss or a gradient that explodes, so that one bad batch or too high a learning rate does not cost a night's run."""

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

WINDOW = 30
"""Losses whose median says what is usual."""
ENOUGH = 5
"""Losses after which their own median, and no longer the loss before the first step, says what is usual."""
FLOOR = 4.0
"""Nats above the median below which no loss is an explosion: small losses double easily, and two rows of unseen names had 2.9 nats in a run whose median was
0.75, at whatever learning rate; a poisoned batch had 10."""
WORSE = 2.0
"""Nats above blind guessing (the logarithm of the vocabulary), or above what is usual where that is more, at which a loss is an explosion, however high the
usual one: a model that learns does not bet against every token."""
PLATEAU = 10
"""Losses in a row of which all but two above the beginning mean that the run unlearns."""
LOST = 0.5
"""Nats above the loss before the first step that count as unlearnt."""
NORM_FACTOR = 30.0
"""A gradient's norm of so many times the median is out of family; LoRA's own grows about tenfold while its second matrix leaves zero."""
NORM_FLOOR = 10.0
"""Norms below it are never out of family: the trainer cuts gradients to a norm of 1, and small ones multiply easily."""
BLIND = 2.5
"""Nats above blind guessing at which a base does not know its own text. Random weights of a wide model stand up to 0.8 above, large ones 1.9."""


class LossExploded(Exception):
    """Raised between the backward pass and the optimiser's step, so that the weights are still those of before the bad batch."""

    def __init__(self, step: int, loss: float, reason: str, conversations: Sequence[str] = ()) -> None:
        self.step, self.loss, self.reason, self.conversations = step, loss, reason, tuple(conversations)
        self.parts: list[tuple[str, list[int], list[int]]] = []
        """Id, tokens and labels of each conversation of the worst batch, where one process has them all."""
        self.guilty: tuple[str, ...] | None = None
        """Those of them that are as bad with the good weights of before; None where that was not tried."""
        super().__init__(f"step {step}: {reason}")


class LossGuard:
    """Compares each loss and gradient with the recent ones, with the loss before the first step, and with blind guessing.

    Args:
        factor: a loss of so many times the usual one is an explosion.
        vocabulary: tokens among which a blind guess is drawn; 0 where it is not known.
    """

    def __init__(self, factor: float, vocabulary: int = 0) -> None:
        self.factor = factor
        self.blind = math.log(vocabulary) if vocabulary else math.inf
        self.start: float | None = None
        self._recent: deque[float] = deque(maxlen=WINDOW)
        self._norms: deque[float] = deque(maxlen=WINDOW)

    def begin(self, losses: Sequence[float]) -> str | None:
        """Learn the losses of some rows before the first step; why no training should start from them, or None."""
        self.start = median(losses)
        if not math.isfinite(self.start):
            return "the loss is no number before the first step"
        if self.start > self.blind + BLIND:
            return f"the loss is {self.start:.2f} before the first step, and blind guessing has {self.blind:.2f}"
        return None

    def observe(self, loss: float) -> str | None:
        """Why this loss counts as an explosion, or None where it is a usual one (and is remembered)."""
        if not math.isfinite(loss):
            return "the loss is no longer a number"
        usual = self._usual()
        if usual is not None and loss > self._most(usual):
            return f"the loss jumped from about {usual:.2f} to {loss:.2f}"
        self._recent.append(loss)
        return self._unlearnt()

    def observe_norm(self, norm: float) -> str | None:
        """Why a gradient of this norm, before it is cut, counts as an explosion, or None (and it is remembered)."""
        if not math.isfinite(norm):
            return "the gradient is no longer a number"
        if self._norms and norm > max(NORM_FACTOR * median(self._norms), NORM_FLOOR):
            return f"the gradient's norm jumped from about {median(self._norms):.2g} to {norm:.2g}"
        self._norms.append(norm)
        return None

    def observe_checkpoint(self, losses: Sequence[float]) -> str | None:
        """Why weights with these losses, on the rows of `begin`, are not worth a checkpoint, or None."""
        now = median(losses)
        if not math.isfinite(now):
            return "the loss is no longer a number"
        if self.start is not None and now > self.start + LOST:
            return f"the loss on the same rows rose from {self.start:.2f} before the first step to {now:.2f}"
        return None

    def guilty(self, loss: float) -> bool:
        """Whether one conversation alone, with good weights, has a loss of an explosion."""
        usual = self._usual()
        return not math.isfinite(loss) or (usual is not None and loss > self._most(usual))

    def forget(self) -> None:
        """Start anew, after a roll-back to the beginning; what was seen before the first step holds on."""
        self._recent.clear()
        self._norms.clear()

    def _usual(self) -> float | None:
        return median(self._recent) if len(self._recent) >= ENOUGH else self.start

    def _most(self, usual: float) -> float:
        return min(max(self.factor * usual, usual + FLOOR), max(self.blind, usual) + WORSE)

    def _unlearnt(self) -> str | None:
        last = list(self._recent)[-PLATEAU:]
        if self.start is None or len(last) < PLATEAU or sorted(last)[2] <= self.start + LOST:
            return None
        self._recent.clear()
        return f"the loss stays at about {median(last):.2f}, above the {self.start:.2f} before the first step"


class _Explosion(Protocol):
    @property
    def conversations(self) -> Sequence[str]: ...
    @property
    def guilty(self) -> Sequence[str] | None: ...


def blamed(explosions: Sequence[_Explosion]) -> tuple[str, ...]:
    """The conversations to blame: those that are as bad with the weights before, where that was tried.

    Elsewhere those that more than half of the exploded batches hold, and no fewer than two: one hard batch elsewhere acquits nobody.
    """
    tried = [e.guilty for e in explosions if e.guilty is not None]
    if tried:
        return tuple(sorted({name for found in tried for name in found}))
    counted = Counter(name for e in explosions for name in set(e.conversations))
    return tuple(sorted(name for name, times in counted.items() if times > max(1, len(explosions) / 2)))


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
    """Tell bad data from a learning rate that is too high."""
    last, names = explosions[-1], blamed(explosions)
    tried = any(e.guilty is not None for e in explosions)
    if names:
        how = "These are as bad with the weights before" if tried else "It happens again and again at"
        blames = f"It is the data. {how}: {', '.join(names[:8])}. Check or remove these conversations."
    else:
        where = (
            "These conversations are no trouble with the weights before" if tried else "It happened in different places"
        )
        blames = f"{where}: lower the learning rate, or raise the batch size."
    return Verdict(len(explosions), last.step, last.reason, names, blames)
