"""A running batch: writings join and leave it between steps; prompts are read in pieces, lines go on together."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch

from chatbot.models.engine.rows import Prefixes, Rows
from chatbot.models.engine.writing import NEVER, Ask, Stopped, Waiting, Writing

PIECE = 128
"""Tokens of prompts that are read between two steps of those who write: more would make these wait."""


@dataclass(frozen=True)
class Result:
    """What a writing ended in."""

    value: Any


@dataclass(eq=False)
class Task:
    """A writing on its way through the batch.

    Attributes:
        lines: the most that it follows at once.
        events: what happens to it, for whoever waits for it.
        abandoned: nobody waits for it any more.
        place: how many begin before it, as it was told last.
        rows: of its lines, as it asked for them last.
        ids: what its first row holds or will hold: its prompt and, of a single line, what follows.
        prompt: tokens of its prompt.
        unread: the end of `ids` that is still to be read.
        ask: for one more token of each line, still to be answered.
    """

    writing: Writing[Any]
    lines: int = 1
    stop: Callable[[], bool] = NEVER
    events: SimpleQueue[int | Waiting | Result | BaseException] = field(default_factory=SimpleQueue)
    abandoned: bool = False
    place: int = -1
    rows: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    prompt: int = 0
    unread: list[int] = field(default_factory=list)
    ask: Ask | None = None

    def is_over(self) -> bool:
        """Whether it need not go on."""
        return self.abandoned or self.stop()


class Batch:
    """Tasks and the rows that their lines lie in; for one thread."""

    def __init__(self, rows: Rows, prefixes: Prefixes) -> None:
        self.tasks: list[Task] = []
        self._rows, self._prefixes = rows, prefixes
        self._reading: deque[Task] = deque()
        self._owners: list[Task | None] = [None] * len(rows.lengths)
        self._seeds: list[Task | None] = [None] * len(rows.lengths)
        """Whose prompt a row begins with."""

    def room(self) -> int:
        """Lines for which there is room."""
        return len(self._owners) - sum(task.lines for task in self.tasks)

    def admit(self, task: Task) -> None:
        """Let a task join for which there is room, with what is known of its prompt."""
        self.tasks.append(task)
        self._advance(task, None)

    def step(self) -> None:
        """Those that are over leave, some tokens are read, every line that waits for a token goes on by one."""
        for task in [task for task in self.tasks if task.is_over()]:
            self._leave(task, Stopped())
        self._read(PIECE)
        self._write()

    def fail(self, error: Exception) -> None:
        """Everybody leaves with an error."""
        for task in list(self.tasks):
            self._leave(task, error)

    def _read(self, budget: int) -> None:
        """Read that many tokens at most, a piece of each task in turn."""
        while self._reading and budget > 0:
            task = self._reading.popleft()
            piece, task.unread = task.unread[:budget], task.unread[budget:]
            budget -= len(piece)
            logits = self._rows.run(task.rows[0], np.array([piece], np.int64), np.array([True]))
            if task.unread:
                self._reading.append(task)
                continue
            if task.lines > 1:  # its first row will not hold one text for long
                self._prefixes.keep(task.ids, self._rows.saved(task.rows[0]))
            self._advance(task, logits)

    def _write(self) -> None:
        """Every line that waits for a token goes on, all in one run over the rows from the first to the last in use."""
        asking = [(task, task.ask) for task in self.tasks if task.ask]
        if not asking:
            return
        for task, ask in asking:
            self._branch(task, ask)
        top = self._compact()
        ids, grown = np.zeros((top, 1), np.int64), np.zeros(top, bool)
        for task, ask in asking:
            ids[task.rows], grown[task.rows] = ask.new, True
        logits = self._rows.run(0, ids, grown)
        for task, _ in asking:
            self._advance(task, logits[task.rows])

    def _advance(self, task: Task, answer: np.ndarray[Any, Any] | None) -> None:
        """Give a task the logits that it asked for, and take what it asks for next."""
        given, task.ask = None if answer is None else torch.from_numpy(answer), None
        try:
            while not isinstance(step := task.writing.send(given), Ask):
                task.events.put(step)
                given = None
        except StopIteration as end:
            self._leave(task, Result(end.value))
        except Exception as error:
            self._leave(task, error)
        else:
            self._asked(task, step)

    def _asked(self, task: Task, ask: Ask) -> None:
        if not task.rows:
            self._begin(task, ask.new[0])
        elif len(ask.new[0]) == 1:
            task.ask = ask
        else:
            task.unread = ask.new[0]
            self._reading.append(task)
        if task.lines == 1:
            task.ids = task.ids + ask.new[0]

    def _begin(self, task: Task, prompt: list[int]) -> None:
        """Take a row for a prompt, with what is kept of it already in place."""
        row = self._take(task)
        task.rows, task.prompt, known = [row], len(prompt), 0
        self._rows.lengths[row] = 0
        if found := self._prefixes.best(prompt):
            known = found[0]
            self._rows.restore(row, found[1], known)
        if task.lines > 1:
            task.ids = prompt
        task.unread = prompt[known:]
        self._seeds[row] = task
        self._reading.append(task)

    def _leave(self, task: Task, event: Result | BaseException) -> None:
        if task.lines == 1 and task.rows:
            row = task.rows[0]
            self._prefixes.keep(task.ids[: self._rows.lengths[row]], self._rows.saved(row))
        for row, holders in enumerate(zip(self._owners, self._seeds, strict=True)):
            if task in holders:
                self._rows.lengths[row] = 0
        self._owners = [None if owner is task else owner for owner in self._owners]
        self._seeds = [None if seed is task else seed for seed in self._seeds]
        self.tasks.remove(task)
        if task in self._reading:
            self._reading.remove(task)
        task.writing.close()
        task.events.put(event)

    def _take(self, task: Task) -> int:
        """A free row, if there is one that begins with the task's prompt; the first one else."""
        free = [row for row, owner in enumerate(self._owners) if owner is None]
        row = next((row for row in free if self._seeds[row] is task), free[0])
        self._owners[row] = task
        return row

    def _branch(self, task: Task, ask: Ask) -> None:
        """Give each line that is asked for a row of its own that holds what it goes on from."""
        parents = [task.rows[parent] for parent in ask.parents]
        for row in set(task.rows) - set(parents):
            self._owners[row] = None
        taken: list[int] = []
        for row in parents:
            taken.append(self._copied(row, self._take(task), task) if row in taken else row)
        task.rows = taken

    def _copied(self, row: int, target: int, task: Task) -> int:
        """The target, which holds what a row of the task does now."""
        self._rows.copy(row, target, task.prompt if self._seeds[target] is task else 0)
        self._owners[target] = self._seeds[target] = task
        return target

    def _compact(self) -> int:
        """Move the last rows into gaps where these are more than a quarter, and give the number of rows then: idle ones
        are computed too."""
        while True:
            used = [row for row, owner in enumerate(self._owners) if owner]
            top = used[-1] + 1
            owner = self._owners[top - 1]
            if owner is None or top - len(used) <= top // 4:
                return top
            at = owner.rows.index(top - 1)
            owner.rows[at] = self._copied(top - 1, self._owners.index(None), owner)
            self._owners[top - 1] = None
