"""How fast a run is and what is left of it, from what came in the last two minutes; answers that were there already tell nothing."""

import time
from collections import deque
from collections.abc import Callable

WINDOW = 120.0
"""Seconds that a rate is taken from: a run that was slow an hour ago, or that goes on after a pause, is told by how it is now."""
ENOUGH = 5
"""Items from which a rate is told; before that the guess counts."""
GUESS = {"offline": 1200.0, "direct": 120.0}
"""Items a minute where nothing has been measured yet, on the low side; a batch takes as long as its server likes, up to a day."""


class Pace:
    """Counts what is done.

    Args:
        guess: items a minute, as far as they are known before the start; None for no idea.
        clock: seconds, for tests.
    """

    def __init__(self, guess: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._guess, self._clock = guess, clock
        self._begun = clock()
        self._fresh: deque[float] = deque()
        self._any = False

    def replayed(self) -> None:
        """An item was done from an answer that was there already."""
        if not self._any:
            self._begun = self._clock()

    def done(self) -> None:
        """An item was done anew."""
        self._any = True
        self._fresh.append(self._clock())

    @property
    def rough(self) -> bool:
        """Whether there is only the guess yet."""
        self._forget()
        return self._clock() - self._begun < WINDOW and len(self._fresh) < ENOUGH

    @property
    def per_minute(self) -> float | None:
        """Items a minute in the last two minutes; None as long as there are too few of them."""
        if self.rough:
            return None
        span = min(WINDOW, self._clock() - self._begun)
        return 60 * len(self._fresh) / max(span, 1e-3)

    def seconds_left(self, items: int) -> float | None:
        """How long that many more will take; None where nothing came of late, or nobody knows yet."""
        rate = self._guess if self.rough else self.per_minute
        return 60 * items / rate if rate else None

    def _forget(self) -> None:
        oldest = self._clock() - WINDOW
        while self._fresh and self._fresh[0] < oldest:
            self._fresh.popleft()
