"""Runs an augmentation: every task is written or set aside with its reason; a run that was killed goes on where it was."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import ValidationError

from chatbot.core.errors import BackendError, BudgetError, WorkbenchError
from chatbot.core.events import Progress, Reporter
from chatbot.core.messages import Conversation
from chatbot.corpus.augmentation.cache import AnswerCache, Spent
from chatbot.corpus.augmentation.client import Answer, Asker
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.prompts import Parameters, Request, first_messages, prompt, repair
from chatbot.corpus.augmentation.task import Rejected, Task

ROUNDS = 3
"""How often a task is asked in all: once, and twice more with the reason why the answer could not be taken."""
PROGRESS_EVERY = 0.5
State = Literal["done", "stopped", "budget"]


class Writer(Protocol):
    """Something that answers tasks."""

    name: str

    async def write(self, task: Task) -> Conversation:
        """The task's conversation; raises Rejected where no answer can be taken, BackendError where none comes."""
        ...


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
        state: "done", "stopped" by somebody, or "budget" where the next call could have crossed the cap.
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
        self.name, self._asker = config.model, asker
        self._prompts = {operation: prompt(operation, config.prompts) for operation in config.operations}
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
    """One pass over the tasks with a number of workers; what it is told to watch decides when it ends early."""

    def __init__(
        self,
        todo: Sequence[Task],
        writer: Writer,
        watch: Reporter,
        *,
        workers: int = 1,
        cache: AnswerCache | None = None,
        cap: float | None = None,
    ) -> None:
        self._todo, self._writer, self._watch, self._workers, self._cache, self._cap = (
            todo,
            writer,
            watch,
            workers,
            cache,
            cap,
        )
        self._results: dict[int, Conversation | str | None] = {}
        self._next = iter(range(len(todo)))
        self._ended: tuple[State, str] | None = None
        self._failed: WorkbenchError | None = None
        self._started = self._reported = time.monotonic()

    async def run(self, waiting: type[Exception] | tuple[()] = ()) -> Augmented:
        """Work through the tasks; one that raises `waiting` is neither made nor aside.

        Raises:
            WorkbenchError: something that concerns all tasks, e.g. a key that is not accepted.
        """
        await asyncio.gather(*(self._work(waiting) for _ in range(min(self._workers, len(self._todo) or 1))))
        self._report(last=True)
        if self._failed:
            raise self._failed
        state, note = self._ended or ("done", "")
        made = [(self._todo[at], got) for at, got in sorted(self._results.items()) if isinstance(got, Conversation)]
        aside = [RejectedTask(self._todo[at], got) for at, got in sorted(self._results.items()) if isinstance(got, str)]
        return Augmented(made, aside, state, len(self._todo), note)

    async def _work(self, waiting: type[Exception] | tuple[()]) -> None:
        for at in self._next:
            if self._ended or self._failed:
                return
            if self._watch.should_stop():
                self._ended = ("stopped", "")
                return
            await self._one(at, waiting)
            self._report()
            if at % 20 == 0:
                await asyncio.sleep(0)

    async def _one(self, at: int, waiting: type[Exception] | tuple[()]) -> None:
        task = self._todo[at]
        try:
            made = await self._writer.write(task)
            meta = made.meta | {"operation": task.operation, "provider": self._writer.name}
            self._results[at] = made.model_copy(update={"meta": meta})
        except waiting:
            self._results[at] = None
        except (Rejected, BackendError) as reason:
            self._results[at] = str(reason)
        except BudgetError as error:
            self._ended = ("budget", str(error))
        except WorkbenchError as error:
            self._failed = error

    def _report(self, last: bool = False) -> None:
        """An event twice a second: done, total, rate a minute, seconds left, money."""
        now = time.monotonic()
        if now - self._reported < PROGRESS_EVERY and not last:
            return
        self._reported = now
        done, aside = (
            sum(r is not None for r in self._results.values()),
            sum(isinstance(r, str) for r in self._results.values()),
        )
        rate = done / max(now - self._started, 1e-3)
        left = round((len(self._todo) - done) / rate) if rate else None
        spent = self._cache.spent() if self._cache else Spent(0.0, 0.0)
        money = {"paid": round(spent.paid, 6), "at_risk": round(spent.at_risk, 6), "cap": self._cap}
        self._watch.event(
            Progress(done=done, total=len(self._todo), aside=aside, per_minute=round(60 * rate, 1), eta=left, **money)
        )
