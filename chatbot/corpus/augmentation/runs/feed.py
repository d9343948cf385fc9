"""Puts what a run writes up for review while it is still writing, so that a pause or an end has little left to do."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from chatbot.core.messages import Conversation, Message
from chatbot.corpus.augmentation.task import Task
from chatbot.corpus.checks import SecondParser, UniqueCheck, check
from chatbot.corpus.review.items import Candidate, row_of
from chatbot.corpus.review.queue import ReviewStore
from chatbot.corpus.review.runs import RunLedger
from chatbot.hotels.store import HotelStore

GROUP = 40
"""Cards that are checked and put up at a time."""


class SecondParserModel:
    """A model of the catalog as a second parser; it is opened when the word list first finds a difference, which is rare."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._model: SecondParser | None = None

    def predict(self, contexts: Sequence[tuple[Sequence[Message], Sequence[dict[str, Any]]]]) -> list[Message | None]:
        """What the model would say."""
        from chatbot.models.catalog import open_model

        self._model = self._model or open_model(self._name)
        return self._model.predict(contexts)


class ReviewFeed:
    """Takes what a run has made, and puts it up in groups.

    Args:
        run: the run's id; it has been entered into the ledger.
        store: the database that calls are replayed against.
        second_parser: a second parser.
        hotels: name of the database, which cards can be filtered by.
    """

    def __init__(
        self,
        run: str,
        store: HotelStore,
        review: ReviewStore,
        ledger: RunLedger,
        second_parser: SecondParser | None = None,
        hotels: str = "",
    ) -> None:
        self._run, self._store, self._review, self._ledger = run, store, review, ledger
        self._second_parser = second_parser
        self._hotels = hotels
        self._unique, self._seen = UniqueCheck(), set[str]()
        self._waiting: list[tuple[Task, Conversation]] = []
        self._busy = asyncio.Lock()

    async def add(self, task: Task, made: Conversation) -> None:
        """Take one; a full group is checked and put up before this returns, which is what slows down a writer that is faster."""
        if task.id not in self._seen:
            self._seen.add(task.id)
            self._waiting.append((task, made))
        if len(self._waiting) >= GROUP:
            await self.flush()

    async def flush(self, enough: Callable[[], bool] = lambda: False) -> None:
        """Put up what waits, without blocking the calls that are under way; where there is enough of it, the rest goes on waiting."""
        async with self._busy:
            while self._waiting and not enough():
                group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
                await asyncio.to_thread(self._put_up, group)

    def _put_up(self, group: list[tuple[Task, Conversation]]) -> None:
        twins = self._unique.add([made for _, made in group])
        bare = [Candidate(made, task.operation, task.original) for task, made in group]
        keys = [row_of(candidate)["key"] for candidate in bare]
        self._ledger.link(self._run, keys)
        known = self._ledger.known(keys)  # by an earlier attempt: its checks are there too, and cost the most
        self._review.add_many(
            Candidate(
                made,
                task.operation,
                task.original,
                [*check(made, self._store, task.original, self._second_parser), twin],
                self._hotels,
            )
            for (task, made), twin, key in zip(group, twins, keys, strict=True)
            if key not in known
        )
