"""Ends everything that waits in a run when somebody asks it to stop: what sleeps at once, a call under way after a few seconds."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from chatbot.core.events import NullReporter, Reporter, Stopped

T = TypeVar("T")
POLL = 0.2
"""Seconds between two looks whether a stop was asked for."""
GRACE = 3.0
"""Seconds that a call under way is given after a stop: most answers that are being written then still arrive, and are paid for once."""


class Halt:
    """Whether a run was asked to stop, for all that waits in it.

    Args:
        watch: says whether somebody asked.
        grace: seconds that a call under way is given from then on.
    """

    def __init__(self, watch: Reporter | None = None, grace: float = GRACE) -> None:
        self._watch, self._grace = watch or NullReporter(), grace
        self._asked = asyncio.Event()
        self._since = 0.0

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look for a stop as long as the block runs."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    async def _look(self) -> None:
        while not self._watch.should_stop():
            await asyncio.sleep(POLL)
        self._since = time.monotonic()
        self._asked.set()

    @property
    def seconds(self) -> float:
        """How long ago a stop was asked for; 0 where none was."""
        return time.monotonic() - self._since if self._asked.is_set() else 0.0

    def check(self) -> None:
        """Raises Stopped where a stop was asked for."""
        if self._asked.is_set() or self._watch.should_stop():
            raise Stopped

    async def sleep(self, seconds: float) -> None:
        """Wait; raises Stopped as soon as a stop is asked for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        self.check()

    async def within(self, call: Awaitable[T]) -> T:
        """The result of a call; raises Stopped where it has none when the grace is over."""
        work, asked = asyncio.ensure_future(call), asyncio.create_task(self._asked.wait())
        try:
            await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await asyncio.wait({work}, timeout=max(0.0, self._grace - self.seconds))
            if not work.done():
                raise Stopped
            return work.result()
        finally:
            work.cancel()
            asked.cancel()
            await asyncio.gather(work, asked, return_exceptions=True)
