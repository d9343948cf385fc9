"""One turn of the chatbot: words → act or call → search → reply, as typed events; nothing ungrounded is ever yielded."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

from chatbot.core.messages import Message, last_user_index, reply, user
from chatbot.core.plain_text import utterance
from chatbot.dialogue.drafting import Drafter
from chatbot.dialogue.events import CallEvent, Event, RecordsEvent, TextEvent
from chatbot.dialogue.fallback import preface
from chatbot.dialogue.replies.answer import answer
from chatbot.dialogue.turn import Draft, TurnInProgress, records_of, state_of
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.store import PAGE, HotelStore
from chatbot.models.backends import ChatModel
from chatbot.models.families.act_line import message_of
from chatbot.understanding.call_verifier import CallVerifier, RuleVerifier
from chatbot.understanding.history import act_of, context_of
from chatbot.understanding.named_hotels import ASKING, asked_by_name
from chatbot.understanding.normalise import model_words


@dataclass(frozen=True)
class Agent:
    """A model, a database and what looks at the model's drafts; it keeps no conversation, so one agent serves any number of them."""

    model: ChatModel
    store: HotelStore
    verifier: CallVerifier = field(default_factory=RuleVerifier)

    def turn(self, messages: Sequence[Message], text: str, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Answer one utterance.

        Yields events as they happen, the last one a TurnEvent; its `messages` are what to append to the conversation.

        Raises:
            InputError: the utterance is too long.
            BackendError: the model cannot be reached.
        """
        turn = TurnInProgress(list(messages), added=[user(utterance(text))], query=state_of(messages))
        message = yield from self._understood(turn, stop)
        if message.call:
            yield from self._search(turn, message)
            message = yield from self._reply(turn, stop)
        elif message.act:
            turn.added.append(message)
            turn.query = state_of(turn.messages)
            text = self._computed(turn)
            turn.added.pop()
            yield TextEvent(text)
            message = Message(role="assistant", content=text, act=message.act)
        yield turn.end(message)

    def next_message(self, messages: Sequence[Message], draft: Draft | None = None) -> Message:
        """The one message that follows a conversation which ends with the user's words or with records: a checked call or reply.

        What `turn` yields is made of these, so what is measured here is what a user meets.

        Args:
            messages: the conversation, not empty.
            draft: the model's first draft, where it is there already.

        Raises:
            BackendError: the model cannot be reached.
        """
        turn = self._resumed(messages)
        if messages[-1].role == "tool":
            return _last(self._reply(turn, lambda: False, draft))
        message = _last(self._understood(turn, lambda: False, draft))
        if message.act and not message.call:
            turn.added.append(message)
            return Message(role="assistant", content=self._computed(turn), act=message.act)
        return message

    def understood(self, messages: Sequence[Message], draft: Draft | None = None) -> Message:
        """What is made of the last utterance: an act line or a call (or, of a model without act lines, a reply)."""
        return _last(self._understood(self._resumed(messages), lambda: False, draft))

    def _resumed(self, messages: Sequence[Message]) -> TurnInProgress:
        """A turn as it stands at the end of a conversation that somebody else held."""
        asked = last_user_index(messages)
        turn = TurnInProgress(list(messages[:asked]), added=list(messages[asked:]), query=state_of(messages))
        called = next((m.call for m in reversed(turn.added) if m.call), None)
        if called:
            turn.call = called.arguments
            found = self.store.search(turn.query)
            if found.records == records_of(messages):
                turn.relaxed, turn.unmatched = found.relaxed, found.unmatched
        return turn

    def _understood(
        self, turn: TurnInProgress, stop: Callable[[], bool], first: Draft | None = None
    ) -> Generator[Event, None, Message]:
        """What the model makes of the words: an act line, a call, or a reply; the rules' own reading where it makes nothing."""
        message = yield from Drafter(self.model, self.verifier, turn, stop).understood(first)
        act = act_of(message)
        if act is None or act.act not in ASKING:
            return message
        context = context_of(turn.history)
        named = asked_by_name(act, self.store.mentioned(model_words(turn.words)), context.shown)
        if named == act:
            return message
        turn.rejected.append((str(act), f"name: {named.values('name=')[0]} was said"))
        return message_of(named, context)

    def _search(self, turn: TurnInProgress, wanted: Message) -> Iterator[Event]:
        """Run the validated call and put it and its records into the conversation."""
        assert wanted.call is not None
        before = context_of(turn.history)
        turn.query, turn.call = HotelQuery.parse(wanted.call.arguments), wanted.call.arguments
        yield CallEvent(turn.call, turn.query)
        began = time.monotonic()
        more = before.records and HotelQuery.parse(before.state) == turn.query and act_name(wanted) == "more"
        found = self.store.search(turn.query, PAGE, before.first + len(before.records) if more else 0)
        turn.relaxed, turn.unmatched = found.relaxed, found.unmatched
        turn.added += [Message(role="assistant", tool_calls=wanted.tool_calls, act=wanted.act), found.message()]
        yield RecordsEvent(found.records, found.relaxed, found.unmatched, found.total, time.monotonic() - began)

    def _reply(
        self, turn: TurnInProgress, stop: Callable[[], bool], first: Draft | None = None
    ) -> Generator[Event, None, Message]:
        """The reply after a search: computed where the model writes act lines, else the model's own as far as it is grounded."""
        opening = preface(turn.relaxed, turn.unmatched)
        if not writes_acts(self.model):
            text = yield from Drafter(self.model, self.verifier, turn, stop).reply(opening, first)
            if text is not None:
                return reply(text)
            turn.source = "template"
        text = self._computed(turn)
        yield TextEvent(text)
        return reply(text)

    def _computed(self, turn: TurnInProgress) -> str:
        return answer(turn.messages).text


def writes_acts(model: ChatModel) -> bool:
    """Whether a model writes act lines, so that its replies are computed."""
    return bool(getattr(model, "acts", False))


def act_name(message: Message) -> str:
    """The kind of act of a message; "" where it has no act line."""
    act = act_of(message)
    return act.act if act else ""


def _last(steps: Generator[Event, None, Message]) -> Message:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            message: Message = end.value
            return message
