"""Writes tasks: asked, repaired, or set aside with the reason; what was answered before a kill is not asked again."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import ValidationError

from chatbot.core.errors import BackendError, BudgetError, WorkbenchError
from chatbot.core.events import Progress, Reporter, Stopped
from chatbot.core.messages import Conversation
from chatbot.corpus.augmentation.cache import AnswerCache
from chatbot.corpus.augmentation.client import Answer, Asker
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.prompts import Parameters, Request, first_messages, prompt, repair
from chatbot.corpus.augmentation.runs.halt import Halt
from chatbot.corpus.augmentation.runs.pace import Pace
from chatbot.corpus.augmentation.task import Rejected, Task

ROUNDS = 3
"""How often a task is asked in all: once, and twice more with the reason why the answer could not be taken."""
PROGRESS_EVERY = 0.5
AFTER_STOP = 1.5
"""Seconds that handing on may go on after a stop; what is left is handed on when the run goes on."""
State = Literal["done", "stopped", "budget", "batch"]


class Writer(Protocol):
    """Something that answers tasks."""

    name: str
    anew: set[str]
    """The tasks, by id, for which an answer was asked for, and not only found among earlier ones."""

    async def write(self, task: Task) -> Conversation:
        """The task's conversation; raises Rejected where no answer can be taken, BackendError where none comes."""
        ...


class Feed(Protocol):
    """Takes what is made as it is made."""

    async def add(self, task: Task, made: Conversation) -> None:
        """Take one."""

    async def flush(self, enough: Callable[[], bool] = ...) -> None:
        """Hand on what has not been handed on; less of it once there is enough."""


@dataclass(frozen=True)
class RejectedTask:
    """A task that was given up, and why."""

    task: Task
    reason: str


@dataclass
class Augmented:
    """What became of a run.

    Attributes:
        made: new conversations, in the tasks' order, with the task of each.
        aside: tasks given up.
        state: "done", "stopped" by somebody, "budget" where the next call could have crossed the cap, or "batch" where a batch did not
            bring all its answers, and somebody has to say whether it is sent again.
        total: number of tasks; what is neither made nor aside is still to do.
        note: why it ended early, in words.
    """

    made: list[tuple[Task, Conversation]] = field(default_factory=list)
    aside: list[RejectedTask] = field(default_factory=list)
    state: State = "done"
    total: int = 0
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Counts as plain data."""
        counts = {"state": self.state, "total": self.total, "made": len(self.made), "aside": len(self.aside)}
        operations = dict(Counter(task.operation for task, _ in self.made))
        reasons = dict(Counter(item.reason for item in self.aside).most_common(20))
        return counts | {"operations": operations, "reasons": reasons} | ({"note": self.note} if self.note else {})


class ApiWriter:
    """Asks a language model, and asks again with the reason where its answer cannot be taken."""

    def __init__(self, asker: Asker, config: AugmentConfig) -> None:
        self.name, self._asker, self.anew = config.model, asker, set[str]()
        self._prompts = {op: config.texts.get(op) or prompt(op, config.prompts) for op in config.operations}
        self._parameters = Parameters(temperature=config.temperature, seed=config.seed)

    def request(self, task: Task, more: tuple[dict[str, str], ...] = ()) -> Request:
        """The call for a task; `more` is what has been said about earlier answers."""
        return Request(
            (*first_messages(self._prompts[task.operation], task.payload), *more),
            task.schema,
            self.name,
            self._parameters,
        )

    async def write(self, task: Task) -> Conversation:
        """The conversation of the first answer that can be taken."""
        more: tuple[dict[str, str], ...] = ()
        for left in reversed(range(ROUNDS)):
            answer = await self._asker.ask(self.request(task, more))
            self.anew |= {task.id} if answer.fresh else set()
            try:
                return _take(task, answer)
            except Rejected as reason:
                if not left:
                    raise
                more += repair(answer.content, str(reason))
        raise Rejected("没有可用的回答")


def _take(task: Task, answer: Answer) -> Conversation:
    if answer.refusal:
        raise Rejected(f"模型拒绝回答：{answer.refusal[:60]}")
    if answer.finish == "length":
        raise Rejected("回答太长，被截断了")
    try:
        return task.finish(task.schema.model_validate_json(answer.content))
    except ValidationError as error:
        first = error.errors()[0]
        raise Rejected(f"格式不对（{'.'.join(map(str, first['loc'])) or 'JSON'}: {first['msg'][:60]}）") from error


class Run:
    """One pass over the tasks with a number of workers; what it is told to watch decides when it ends early.

    Args:
        halt: knows when somebody asked for a stop.
        workers: tasks that are worked on at once.
        cache, cap: where the money is counted, and how much there may be.
        guess: items a minute, before any are done.
        feed: takes what is made.
    """

    def __init__(
        self,
        todo: Sequence[Task],
        writer: Writer,
        watch: Reporter,
        *,
        halt: Halt | None = None,
        workers: int = 1,
        cache: AnswerCache | None = None,
        cap: float | None = None,
        guess: float | None = None,
        feed: Feed | None = None,
    ) -> None:
        self._todo, self._writer, self._watch, self._halt = todo, writer, watch, halt or Halt(watch)
        self._workers, self._cache, self._cap, self._feed = workers, cache, cap, feed
        self._pace = Pace(guess)
        self._results: dict[int, Conversation | str | None] = {}
        self._next = iter(range(len(todo)))
        self._ended: tuple[State, str] | None = None
        self._failed: WorkbenchError | None = None
        self._reported = 0.0

    async def run(self, waiting: type[Exception] | tuple[()] = ()) -> Augmented:
        """Work through the tasks; one that raises `waiting` is neither made nor aside.

        Raises:
            WorkbenchError: something that concerns all tasks, e.g. a key that is not accepted.
        """
        self._report()
        async with self._halt.watching():
            ticking = asyncio.create_task(self._tick())
            try:
                await asyncio.gather(*(self._work(waiting) for _ in range(min(self._workers, len(self._todo)))))
                if self._feed:
                    await self._feed.flush(lambda: self._halt.seconds > AFTER_STOP)
            finally:
                ticking.cancel()
        self._report()
        if self._failed:
            raise self._failed
        return self._augmented()

    def _augmented(self) -> Augmented:
        state, note = self._ended or ("done", "")
        made = [(self._todo[at], got) for at, got in sorted(self._results.items()) if isinstance(got, Conversation)]
        aside = [RejectedTask(self._todo[at], got) for at, got in sorted(self._results.items()) if isinstance(got, str)]
        return Augmented(made, aside, state, len(self._todo), note)

    async def _work(self, waiting: type[Exception] | tuple[()]) -> None:
        for at in self._next:
            if self._ended or self._failed:
                return
            await self._one(at, waiting)
            if time.monotonic() - self._reported >= PROGRESS_EVERY:  # a writer that never waits lets nobody else report
                await asyncio.sleep(0)
                self._report()

    async def _tick(self) -> None:
        """Report twice a second even where nothing comes in, so that nobody has to guess whether anything happens."""
        while True:
            await asyncio.sleep(PROGRESS_EVERY)
            if time.monotonic() - self._reported >= PROGRESS_EVERY:
                self._report()

    async def _one(self, at: int, waiting: type[Exception] | tuple[()]) -> None:
        task = self._todo[at]
        try:
            self._halt.check()
            made = await self._writer.write(task)
            meta = made.meta | {"operation": task.operation, "provider": self._writer.name}
            kept = self._results[at] = made.model_copy(update={"meta": meta})
            if self._feed:
                await self._feed.add(task, kept)
        except waiting:
            self._results[at] = None
            return
        except Stopped:
            self._ended = ("stopped", "")
            return
        except (Rejected, BackendError) as reason:
            self._results[at] = str(reason)
        except BudgetError as error:
            self._ended = ("budget", str(error))
            return
        except WorkbenchError as error:
            self._failed = error
            return
        self._pace.done() if task.id in self._writer.anew else self._pace.replayed()

    def _report(self) -> None:
        """What is done, of how many, how fast, how long it will take, and what it has cost."""
        self._reported = time.monotonic()
        done = sum(r is not None for r in self._results.values())
        aside = sum(isinstance(r, str) for r in self._results.values())
        rate, left = self._pace.per_minute, self._pace.seconds_left(len(self._todo) - done)
        now = Progress(
            done=done,
            total=len(self._todo),
            aside=aside,
            per_minute=None if rate is None else round(rate, 1),
            eta=None if left is None else round(left),
            rough=self._pace.rough,
        )
        self._watch.event(now.model_copy(update=self._money()))

    def _money(self) -> dict[str, float | None]:
        if self._cache is None:
            return {"paid": 0.0, "at_risk": 0.0, "cap": self._cap, "cost": 0.0}
        spent, own = self._cache.spent(), self._cache.spent(self._cache.run)
        money = {"paid": spent.paid, "at_risk": spent.at_risk, "cost": own.paid + own.at_risk}
        return {name: round(amount, 6) for name, amount in money.items()} | {"cap": self._cap}
