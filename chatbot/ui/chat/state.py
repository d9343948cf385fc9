"""The conversation of one page as an immutable value: undo, retry and clear are slices of it, and all panels are drawn from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chatbot.core.messages import Message
from chatbot.dialogue.events import CallEvent, Event, RecordsEvent, TextEvent, TurnEvent, WaitEvent
from chatbot.hotels.query import HotelQuery


@dataclass(frozen=True)
class ChatTurn:
    """One exchange, as far as it has come.

    Attributes:
        text: what the user said, or how an edit of the conditions reads.
        note: why the turn has no (complete) reply, in words for the user; empty where all went well.
        edited: the user changed the conditions by hand; no model took part.
        waits: the note says no more than how many come before.
    """

    text: str
    call: CallEvent | None = None
    found: RecordsEvent | None = None
    reply: str = ""
    end: TurnEvent | None = None
    note: str = ""
    edited: bool = False
    waits: bool = False

    def after(self, event: Event) -> "ChatTurn":
        """This turn one event later."""
        if isinstance(event, CallEvent):
            return replace(self, call=event)
        if isinstance(event, RecordsEvent):
            return replace(self, found=event)
        if isinstance(event, TextEvent):
            return replace(self, reply=event.text)
        if isinstance(event, WaitEvent):
            return self
        return replace(self, reply=event.reply, end=event)


@dataclass(frozen=True)
class ChatState:
    """The turns so far; a turn without an end is shown, but the model is not told of it."""

    turns: tuple[ChatTurn, ...] = ()

    @property
    def ends(self) -> Sequence[TurnEvent]:
        """What the finished turns came to."""
        return [turn.end for turn in self.turns if turn.end]

    @property
    def messages(self) -> list[Message]:
        """The conversation as the model is told it."""
        return [message for end in self.ends for message in end.messages]

    @property
    def query(self) -> HotelQuery:
        """The dialogue state now."""
        last = self.turns[-1] if self.turns else None
        if last and not last.end and last.call:
            return last.call.query
        return self.ends[-1].query if self.ends else HotelQuery()

    @property
    def previous(self) -> HotelQuery:
        """The dialogue state before the last turn."""
        before = ChatState(self.turns[:-1]).ends
        return before[-1].query if before else HotelQuery()

    @property
    def said(self) -> str:
        """All that the user has said in words."""
        return "\n".join(turn.text for turn in self.turns if not turn.edited)

    @property
    def found(self) -> RecordsEvent | None:
        """The last search and its answer."""
        return next((turn.found for turn in reversed(self.turns) if turn.found), None)

    def plus(self, turn: ChatTurn) -> "ChatState":
        """With one more turn."""
        return ChatState((*self.turns, turn))

    def back(self) -> "ChatState":
        """Without the last turn."""
        return ChatState(self.turns[:-1])
