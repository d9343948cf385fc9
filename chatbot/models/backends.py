"""What the agent asks of any model, local or behind an endpoint: a stream of text and calls."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chatbot.core.messages import FunctionCall, Message


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


Delta = TextDelta | CallDelta | MessageDelta


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
