"""What the agent asks of any model, local or behind an endpoint: a stream of text and calls."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from chatbot.core.messages import FunctionCall, Message

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class TextDelta:
    """More text of a reply."""

    text: str


@dataclass(frozen=True)
class CallDelta:
    """A complete function call; its arguments are still untrusted."""

    call: FunctionCall


@dataclass(frozen=True)
class MessageDelta:
    """A whole message with its act line, from a model that writes those: a call, or a turn whose reply is computed."""

    message: Message


@dataclass(frozen=True)
class WaitDelta:
    """The answer has not begun: so many others begin before it."""

    before: int


Delta = TextDelta | CallDelta | MessageDelta | WaitDelta


class ChatModel(Protocol):
    """A model that can hold one assistant turn. `stop()` is asked between tokens."""

    name: str

    def generate(
        self,
        messages: Sequence[Message],
        tools: Sequence[dict[str, Any]],
        *,
        stop: Callable[[], bool] = lambda: False,
        temperature: float = 0.0,
        seed: int = 0,
        must_call: bool = False,
    ) -> Iterator[Delta]:
        """Stream the next assistant message: text deltas, or calls (text may come before them); greedy at temperature 0.

        With `must_call` it calls one of the tools, which must not be empty, as far as the model can be made to.

        Raises:
            BackendError: the model cannot be reached or answers nonsense.
            CallParseError: what it wrote is not a call in its family's format.
        """
        ...

    def predict(self, contexts: Sequence[tuple[Sequence[Message], Sequence[dict[str, Any]]]]) -> list[Message | None]:
        """The next assistant message for each (messages, tools) context, batched where possible; None for one that does not parse."""
        ...


def numerics_of(model: object) -> dict[str, str] | None:
    """Where and in which dtype a model computes, for the record of a measurement; None behind an endpoint."""
    return getattr(model, "numerics", None)


def side_by_side(model: object, work: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
    """What `work` makes of each item, in their order; several at a time where the model computes turns in one batch.

    Raises:
        Exception: what `work` raises; nothing more is begun then, or where the rest is not wanted.
    """
    most = int(getattr(model, "at_once", 1))
    if most == 1:
        yield from map(work, items)
        return
    pool, begun = ThreadPoolExecutor(most), deque[Future[B]]()
    try:
        for item in items:
            begun.append(pool.submit(work, item))
            if len(begun) == most:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
