"""A prompt tried on the first few cards of a run before it starts: written and checked as the run would, and not paid for again by it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from chatbot.core.errors import BackendError
from chatbot.core.events import NullReporter, Stopped
from chatbot.core.messages import Conversation
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.modes import asking, spending
from chatbot.corpus.augmentation.offline import OfflineWriter
from chatbot.corpus.augmentation.runs.halt import Halt
from chatbot.corpus.augmentation.task import Rejected, Task
from chatbot.corpus.augmentation.tasks import tasks
from chatbot.corpus.augmentation.writing import ApiWriter, Writer
from chatbot.corpus.checks import check
from chatbot.hotels.store import HotelStore

CARDS = 5
LONGEST = 60.0
"""Seconds after which a trial shows what it has."""
TRIAL = "trial"
"""Whose calls those of a trial are, among the runs."""


@dataclass(frozen=True)
class Tried:
    """One card of a trial: what was made, or why nothing was; `failed` are the reasons of the checks that it does not pass."""

    task: Task
    made: Conversation | None
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """What a prompt gave, and what that cost in US dollars."""

    tried: list[Tried]
    cost: float


class _Deadline(NullReporter):
    def __init__(self) -> None:
        self._end = time.monotonic() + LONGEST

    def should_stop(self) -> bool:
        """When the time is over."""
        return time.monotonic() > self._end


def try_prompt(
    operation: str,
    conversations: Sequence[Conversation],
    store: HotelStore,
    config: AugmentConfig,
    api_key: str | None = None,
) -> Trial:
    """Write the first five cards of one operation with the prompts of a configuration; nothing goes up for review.

    A batch's trial asks directly, at the full price, and the batch finds its answers.

    Raises:
        WorkbenchError: the key, the price or the address is missing or wrong, the cap is reached, or a run is spending.
    """
    own = config.model_copy(update={"operations": (operation,), "run": TRIAL})
    chosen = list(islice(tasks(conversations, store, own), CARDS))
    if config.mode == "offline":
        return Trial(asyncio.run(_write_all(chosen, OfflineWriter(config.seed), store)), 0.0)
    return asyncio.run(_ask(chosen, own.model_copy(update={"mode": "direct"}), store, api_key))


async def _ask(chosen: list[Task], config: AugmentConfig, store: HotelStore, api_key: str | None) -> Trial:
    halt = Halt(_Deadline())
    with spending(config) as cache:
        before = cache.spent(TRIAL)
        async with asking(config, cache, halt, api_key) as asker, halt.watching():
            tried = await _write_all(chosen, ApiWriter(asker, config), store)
        after = cache.spent(TRIAL)
    return Trial(tried, after.paid + after.at_risk - before.paid - before.at_risk)


async def _write_all(chosen: list[Task], writer: Writer, store: HotelStore) -> list[Tried]:
    return list(await asyncio.gather(*(_write(task, writer, store) for task in chosen)))


async def _write(task: Task, writer: Writer, store: HotelStore) -> Tried:
    try:
        made = await writer.write(task)
    except (Rejected, BackendError) as reason:
        return Tried(task, None, (str(reason),))
    except Stopped:
        return Tried(task, None, (f"{LONGEST:.0f} 秒内没有回答",))
    return Tried(task, made, tuple(c.reason for c in check(made, store, task.original) if not c.passed))
