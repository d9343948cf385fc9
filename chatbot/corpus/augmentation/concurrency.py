"""How many calls may be under way at once: as many as a server takes, found out from its refusals (429), and how long to wait after one."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

CUT = 0.75
GROW_AFTER = 25
COOL_DOWN = 2.0
WINDOW, TOO_MANY = 50, 0.2


class AdaptiveLimit:
    """Additive increase, multiplicative decrease of the number of concurrent calls.

    It starts with one more for every success (slow start). When a fifth of the last 50 answers were refusals it is cut to ×0.75, at
    most once in 2 s (the answers of one burst count once), and grows by one after 25 successes from then on, after fewer the longer
    the cut lies back. Fewer refusals are no limit but noise, which any busy server makes; and a refused call waits in its slot.

    Args:
        most: never more than this.
        start: the first limit.
        clock: seconds, for tests.
    """

    def __init__(self, most: int = 64, start: int = 4, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit, self.most, self.active = float(min(start, most)), most, 0
        self._clock, self._last_cut = clock, -COOL_DOWN
        self._ramping, self._successes = True, 0
        self._answers: deque[bool] = deque(maxlen=WINDOW)
        self._free = asyncio.Condition()

    @property
    def refused_share(self) -> float:
        """Refusals among the last 50 answers, 0–1; answers that have not come yet count as good."""
        return sum(self._answers) / WINDOW

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a free slot and hold it."""
        async with self._free:
            await self._free.wait_for(lambda: self.active < int(self.limit))
            self.active += 1
        try:
            yield
        finally:
            self.active -= 1
            async with self._free:
                self._free.notify_all()

    def succeeded(self) -> None:
        """The server took a call."""
        self._answers.append(False)
        if self.active < int(self.limit) - 1:
            return  # the limit is not what holds us back
        self._successes += 1
        since = (self._clock() - self._last_cut) / COOL_DOWN
        if self._ramping or self._successes * (1 + since) >= GROW_AFTER:
            self.limit, self._successes = min(self.limit + 1, self.most), 0

    def refused(self) -> None:
        """The server answered 429."""
        self._answers.append(True)
        now = self._clock()
        if self.refused_share >= TOO_MANY and now - self._last_cut >= COOL_DOWN:
            self.limit, self._last_cut, self._successes, self._ramping = max(1.0, self.limit * CUT), now, 0, False
            self._answers.clear()
