"""The typed events of one turn, in the order in which a person sees them."""

from dataclasses import dataclass, field
from typing import Any

from chatbot.core.messages import Message
from chatbot.hotels.query import HotelQuery


@dataclass(frozen=True)
class WaitEvent:
    """The model answers others first: so many."""

    before: int


@dataclass(frozen=True)
class CallEvent:
    """The model called search_hotels; `query` is what its arguments mean.

    `arguments` are as the model wrote them, or as the rules read the words where no draft of it could be read.
    """

    arguments: dict[str, Any]
    query: HotelQuery


@dataclass(frozen=True)
class RecordsEvent:
    """The database answered. `relaxed` names the dropped constraints, `unmatched` the facility words that nothing matched."""

    records: list[dict[str, Any]]
    relaxed: list[str]
    unmatched: list[str]
    total: int
    seconds: float


@dataclass(frozen=True)
class TextEvent:
    """The reply so far, whole (not a delta): a rejected draft is replaced by the next event."""

    text: str


@dataclass(frozen=True)
class TurnEvent:
    """The turn is over: everything about it in one place.

    Attributes:
        reply: what the user reads.
        call: raw arguments of the call, None where the model replied at once.
        query: the dialogue state after the turn.
        records: the hotels in hand after the turn.
        messages: what the turn added to the conversation, the user's message first.
        source: "model", or "template" where no draft of the model could be used.
        rejected: drafts (act lines, calls or replies) that were turned down or doubted, with the reason.
    """

    reply: str
    call: dict[str, Any] | None
    query: HotelQuery
    records: list[dict[str, Any]]
    messages: list[Message]
    relaxed: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    source: str = "model"
    rejected: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    first_token_seconds: float | None = None


Event = WaitEvent | CallEvent | RecordsEvent | TextEvent | TurnEvent
