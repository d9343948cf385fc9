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


def would_stop(losses: Sequence[float], factor: float) -> int | None:
    """Where the guard would stop a series of losses with this factor, counted from 0; None where it would not."""
    guard = LossGuard(factor)
    return next((at for at, loss in enumerate(losses) if guard.observe(loss)), None)
