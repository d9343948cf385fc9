"""What one turn has made so far, and what the conversation before it holds: the dialogue state and the hotels in hand."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from chatbot.core.errors import CallParseError, QueryError
from chatbot.core.messages import Message
from chatbot.dialogue.events import TurnEvent
from chatbot.hotels.query import HotelQuery
from chatbot.models.backends import CallDelta, Delta, MessageDelta, TextDelta
from chatbot.understanding.history import context_of


def state_of(messages: Sequence[Message]) -> HotelQuery:
    """The dialogue state: what the turns so far add up to, or as much of it as validates."""
    for end in range(len(messages), 0, -1):
        try:
            return HotelQuery.parse(context_of(messages[:end]).state)
        except QueryError:
            continue
    return HotelQuery()


def records_of(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The hotels in hand: those of the last tool message."""
    return next((m.records for m in reversed(messages) if m.role == "tool"), [])


@dataclass
class TurnInProgress:
    """What one turn has made so far."""

    history: list[Message]
    began: float = field(default_factory=time.monotonic)
    added: list[Message] = field(default_factory=list)
    call: dict[str, Any] | None = None
    query: HotelQuery = field(default_factory=HotelQuery)
    relaxed: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    source: str = "model"
    first: float | None = None

    @property
    def words(self) -> str:
        return self.added[0].content

    @property
    def messages(self) -> list[Message]:
        return [*self.history, *self.added]

    def end(self, message: Message) -> TurnEvent:
        """The turn is over with this reply."""
        self.added.append(message)
        records = context_of(self.messages).records
        return TurnEvent(
            message.content,
            self.call,
            self.query,
            records,
            self.added,
            self.relaxed,
            self.unmatched,
            self.source,
            self.rejected,
            time.monotonic() - self.began,
            self.first,
        )


@dataclass(frozen=True)
class Draft:
    """What a model wrote at first, made before the turn (in a batch with others); None where it does not parse."""

    message: Message | None

    def deltas(self) -> Iterator[Delta]:
        """As the model would have streamed it."""
        if self.message is None:
            raise CallParseError("dialogue.no_output")
        if self.message.act:
            yield MessageDelta(self.message)
        else:
            yield from (CallDelta(called.function) for called in self.message.tool_calls)
            if not self.message.tool_calls:
                yield TextDelta(self.message.content)
