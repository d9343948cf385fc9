"""The engine with continuous batching: one thread leads a batch that writings join and leave at any step."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence

from chatbot.core.errors import BackendError
from chatbot.models.engine.batch import Batch, Result, Task
from chatbot.models.engine.graph import Shape, Weights, open_session
from chatbot.models.engine.rows import Prefixes, Rows, row_bytes
from chatbot.models.engine.writing import NEVER, Stopped, T, Waiting, Writing, result

MOST_ROWS = 64
"""Lines that go on together: beyond that many a step costs as much more as it does more."""
MOST_BYTES = 1 << 31
"""Of all rows if they were full; `row_bytes` says when they take memory."""
LEAST_ROWS = 4
MOST_WAITING = 256
IDLE = 20.0
"""Seconds without work after which the thread ends and its rows are freed."""


class BatchingEngine:
    """ONNX Runtime on the CPU; `name` and methods as of `Engine`.

    Attributes:
        longest: tokens of a writing, its prompt included.
    """

    name = "onnx"
    at_once = 16

    def __init__(
        self, shape: Shape, weights: Weights, threads: int, *, most_waiting: int = MOST_WAITING, rows: int | None = None
    ) -> None:
        self.longest: float = shape.positions
        self._shape, self._weights, self._most_waiting = shape, weights, most_waiting
        self._session = open_session(shape, weights, threads)
        self._size = rows or min(MOST_ROWS, max(LEAST_ROWS, MOST_BYTES // row_bytes(shape)))
        self._prefixes = Prefixes()
        self._waiting: deque[Task] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def stream(
        self, writing: Writing[T], lines: int = 1, stop: Callable[[], bool] = NEVER
    ) -> Generator[int | Waiting, None, T]:
        """As `Engine.stream`."""
        task = Task(writing, lines, stop)
        with self._changed:
            if len(self._waiting) >= self._most_waiting:
                raise BackendError("models.engine_full", most=self._most_waiting)
            self._submit([task])
        return (yield from self._followed(task))

    def all(self, writings: Sequence[Writing[T]], lines: int = 1) -> list[T]:
        """As `Engine.all`, in one batch with whatever else is asked."""
        tasks = [Task(writing, lines) for writing in writings]
        with self._changed:
            self._submit(tasks)
        try:
            return [result(self._followed(task)) for task in tasks]
        finally:
            for task in tasks:
                task.abandoned = True

    def _submit(self, tasks: Sequence[Task]) -> None:
        self._waiting.extend(tasks)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="engine")
            self._thread.start()
        self._changed.notify()

    def _followed(self, task: Task) -> Generator[int | Waiting, None, T]:
        try:
            while True:
                event = task.events.get()
                if isinstance(event, Result):
                    found: T = event.value
                    return found
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            task.abandoned = True

    def _work(self) -> None:
        batch = Batch(Rows(self._session, self._shape, self._size), self._prefixes)
        while (joining := self._joining(batch)) is not None:
            try:
                for task in joining:
                    batch.admit(task)
                batch.step()
            except Exception as error:  # whoever waits has to hear of it, or would wait for ever
                batch.fail(error)

    def _joining(self, batch: Batch) -> list[Task] | None:
        """The next ones for which there is room; waits where there is nothing to do, in the end in vain: then None."""
        with self._changed:
            while not self._waiting and not batch.tasks:
                if not self._changed.wait(IDLE) and not self._waiting:
                    self._thread = None
                    return None
            for task in [task for task in self._waiting if task.is_over()]:
                self._waiting.remove(task)
                task.events.put(Stopped())
            out: list[Task] = []
            room = batch.room()
            while self._waiting and self._waiting[0].lines <= room:
                out.append(self._waiting.popleft())
                room -= out[-1].lines
            for place, task in enumerate(self._waiting):
                if task.place != place:
                    task.place = place
                    task.events.put(Waiting(place))
            return out
