"""Augments a corpus: its tasks are planned, then written offline, by an API or by its batches."""

import asyncio
from collections.abc import Sequence

from chatbot.core.events import NullReporter, Reporter
from chatbot.core.messages import Conversation
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.modes import run_batch, run_direct, run_offline
from chatbot.corpus.augmentation.runs.halt import Halt
from chatbot.corpus.augmentation.task import Task
from chatbot.corpus.augmentation.tasks import tasks
from chatbot.corpus.augmentation.writing import Augmented, Feed
from chatbot.hotels.store import HotelStore


def plan(
    conversations: Sequence[Conversation], store: HotelStore, config: AugmentConfig, watch: Reporter | None = None
) -> list[Task]:
    """All tasks of a run; raises Stopped where a stop is asked for meanwhile."""
    halt, todo = Halt(watch), list[Task]()
    for task in tasks(conversations, store, config):
        todo.append(task)
        if len(todo) % 100 == 0:
            halt.check()
    return todo


def augment(
    conversations: Sequence[Conversation],
    store: HotelStore,
    config: AugmentConfig,
    watch: Reporter | None = None,
    api_key: str | None = None,
    feed: Feed | None = None,
) -> Augmented:
    """Run an augmentation to its end, or until it is stopped or the cap is reached; what is made goes into the feed at once.

    Raises:
        InputError: the key, the model or its price is missing or not accepted.
        JobError: another run is spending from the same cap.
    """
    mode = {"offline": run_offline, "direct": run_direct, "batch": run_batch}[config.mode]
    watching = watch or NullReporter()
    return asyncio.run(mode(plan(conversations, store, config, watching), config, watching, api_key, feed=feed))
