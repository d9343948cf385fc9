"""Runs an augmentation: every task is written or set aside with its reason; a run that was killed goes on where it was."""

import asyncio
from collections.abc import Sequence

from chatbot.core.events import NullReporter, Reporter
from chatbot.core.messages import Conversation
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.modes import run_batch, run_direct, run_offline
from chatbot.corpus.augmentation.task import Task
from chatbot.corpus.augmentation.tasks import tasks
from chatbot.corpus.augmentation.writing import Augmented
from chatbot.hotels.store import HotelStore


def plan(conversations: Sequence[Conversation], store: HotelStore, config: AugmentConfig) -> list[Task]:
    """All tasks of a run."""
    return list(tasks(conversations, store, config))


def augment(
    conversations: Sequence[Conversation],
    store: HotelStore,
    config: AugmentConfig,
    watch: Reporter | None = None,
    api_key: str | None = None,
) -> Augmented:
    """Run an augmentation to its end, or until it is stopped or the cap is reached.

    Raises:
        InputError: the key, the model or its price is missing or not accepted.
    """
    mode = {"offline": run_offline, "direct": run_direct, "batch": run_batch}[config.mode]
    return asyncio.run(mode(plan(conversations, store, config), config, watch or NullReporter(), api_key))
