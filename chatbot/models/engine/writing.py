"""What an engine is given to do: a writing asks for logits step by step, hands out tokens, and ends in a result."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
NEVER: Callable[[], bool] = lambda: False  # noqa: E731


@dataclass(frozen=True)
class Ask:
    """A wish for logits; the first one of a writing is its prompt.

    Attributes:
        parents: for each line the one, among those asked for last, that it goes on from.
        new: the ids that each line adds, as many in every line; more than one only where there is a single line.
    """

    parents: list[int]
    new: list[list[int]]


@dataclass(frozen=True)
class Waiting:
    """A writing that has not begun: so many others begin before it."""

    before: int


class Stopped(Exception):
    """The writing was asked to stop; what it has handed out stands."""


Writing = Generator[Ask | int, Any, T]
"""Yields an `Ask`, for which it is sent logits of shape (lines, vocabulary), fp32 on the CPU and its own to change;
or a token, which is handed out."""


class Engine(Protocol):
    """Computes writings, each by itself or many in one batch; its methods may be called by several threads.

    Attributes:
        longest: tokens that a writing may have, its prompt included.
        at_once: callers that are best served at a time.
    """

    name: str
    longest: float
    at_once: int

    def stream(
        self, writing: Writing[T], lines: int = 1, stop: Callable[[], bool] = NEVER
    ) -> Generator[int | Waiting, None, T]:
        """The tokens of a writing as they come, and its result; closing the stream ends the writing.

        Args:
            lines: the most that it follows at once.
            stop: asked between steps.

        Raises:
            Stopped: `stop` said so.
            BackendError: too many wait.
        """
        ...

    def all(self, writings: Sequence[Writing[T]], lines: int = 1) -> list[T]:
        """The results of several writings, computed together where the engine can."""
        ...


def result(stream: Generator[Any, None, T]) -> T:
    """What a stream ends in; its tokens are passed over."""
    while True:
        try:
            next(stream)
        except StopIteration as end:
            found: T = end.value
            return found


def shared(left: Sequence[int], right: Sequence[int]) -> int:
    """Length of the common prefix."""
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
