"""A recorded run whose learning rate was too high: what its guard saw at each step, and what it would have done with another threshold."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chatbot.core.events import Event, Metrics, Rollback, read_events
from chatbot.core.settings import DATA
from chatbot.training.loss_guard import LossGuard

RECORD = DATA / "lesson" / "explosion"
"""The folder of the run's events.jsonl, as the trainer wrote it."""


@dataclass
class Attempt:
    """The steps between two roll-backs.

    Attributes:
        losses: (step, loss) of each step whose loss was taken as usual.
        end: the roll-back that ended it; None for the last one.
    """

    losses: list[tuple[int, float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    end: Rollback | None = None

    @property
    def exploded(self) -> float | None:
        """The loss at which it ended, as the guard put it into words; None where it did not end so."""
        found = self.end.reason.rsplit(" ", 1)[-1] if self.end else ""
        try:
            return float(found)
        except ValueError:
            return None

    @property
    def seen(self) -> list[tuple[int, float]]:
        """All losses that the guard saw, the one that exploded among them."""
        return self.losses + ([(self.end.step, self.exploded)] if self.end and self.exploded is not None else [])


def attempts(folder: Path = RECORD) -> list[Attempt]:
    """A run's attempts in their order."""
    return list(_attempts(list(read_events(folder))))


def _attempts(events: Sequence[Event]) -> list[Attempt]:
    found = [Attempt()]
    for event in events:
        if isinstance(event, Rollback):
            found[-1].end = event
            found.append(Attempt())
        elif isinstance(event, Metrics) and (loss := event.figures.get("loss")) is not None:
            found[-1].losses.append((event.step, loss))
            found[-1].rates.append(event.figures.get("learning_rate") or 0.0)
    return [attempt for attempt in found if attempt.losses or attempt.end]


def judged(recorded: Sequence[Attempt], factor: float) -> list[int | None]:
    """The step at which the guard would stop each attempt with this factor; None where it would let it pass.

    One guard sees all attempts, and forgets what it saw only where the run begins anew: as `training.finetune.run` has it.
    """
    guard = LossGuard(factor)
    out = []
    for attempt in recorded:
        out.append(next((step for step, loss in attempt.seen if guard.observe(loss)), None))
        if attempt.end and not attempt.end.back_to:
            guard.forget()
    return out
