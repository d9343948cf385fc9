"""One turn of the chatbot: words → call → search → reply, as typed events; nothing ungrounded is ever yielded."""

import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.core.errors import CallParseError, QueryError
from chatbot.core.messages import FunctionCall, Message, call, reply, user
from chatbot.dialogue.events import CallEvent, Event, RecordsEvent, TextEvent
from chatbot.dialogue.fallback import LOST, preface, template_reply
from chatbot.dialogue.questions import Question, called, is_off_topic, question, topic
from chatbot.dialogue.turn import Draft, Turn, observed_of, records_of, state_of
from chatbot.hotels.facilities import canonical
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.names import spoken
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.models.backends import CallDelta, ChatModel, Delta
from chatbot.models.families.hotel_mini import REFERENCE
from chatbot.understanding.call_verifier import (
    add_parsed_slots,
    contradictions,
    missed_call,
    refers_to_result,
    repair_call,
)

_CLAUSE = re.compile(r".*[，。！？；：\n）]", re.S)
TOOLS = [SEARCH_HOTELS]
ANYTHING = ((TOOLS, 0.0), (TOOLS, 0.7))
REPLIES: tuple[tuple[list[dict[str, Any]], float], ...] = (([], 0.0), ([], 0.7))
"""What is tried in turn: the tools that may be called, and the temperature."""


@dataclass(frozen=True)
class Agent:
    """A model and a database; it keeps no conversation, so one agent serves any number of them."""

    model: ChatModel
    store: HotelStore

    def turn(self, messages: Sequence[Message], text: str, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Answer one utterance.

        Yields events as they happen, the last one a TurnEvent; its `messages` are what to append to the conversation.

        Raises:
            BackendError: the model cannot be reached.
        """
        turn = Turn(list(messages), added=[user(text)], query=state_of(messages))
        message = yield from self._next(turn, stop)
        if message.call:
            yield from self._search(turn, message.call)
            message = yield from self._next(turn, stop)
        yield turn.end(message.content)

    def next_message(self, messages: Sequence[Message], draft: Draft | None = None) -> Message:
        """The one message that follows a conversation which ends with the user's words or with records: a checked call or reply.

        What `turn` yields is made of these, so what is measured here is what a user meets.

        Args:
            messages: the conversation, not empty.
            draft: the model's first draft, where it is there already.

        Raises:
            BackendError: the model cannot be reached.
        """
        steps = self._next(self._resumed(messages), lambda: False, draft)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                message: Message = end.value
                return message

    def _resumed(self, messages: Sequence[Message]) -> Turn:
        """A turn as it stands at the end of a conversation that somebody else held."""
        spoken = max((at for at, message in enumerate(messages) if message.role == "user"), default=0)
        turn = Turn(list(messages[:spoken]), added=list(messages[spoken:]), query=state_of(messages))
        called = next((m.call for m in reversed(turn.added) if m.call), None)
        if called:
            turn.call = called.arguments
            found = self.store.search(turn.query)
            said = found if found.records == records_of(messages) else observed_of(messages)
            turn.relaxed, turn.unmatched = said.relaxed, said.unmatched
        return turn

    def _next(
        self, turn: Turn, stop: Callable[[], bool], draft: Draft | None = None
    ) -> Generator[Event, None, Message]:
        """A checked call, or a grounded reply; a template where the model has neither."""
        found = yield from self._draft(turn, stop, draft)
        if isinstance(found, FunctionCall) and not turn.call:
            return call(found.arguments)
        if isinstance(found, str):
            return reply(found)
        turn.source = "template"
        text = preface(turn.relaxed, turn.unmatched) + self._without_model(turn)
        yield TextEvent(text)
        return reply(text)

    def _without_model(self, turn: Turn) -> str:
        """A truthful reply where the model gave none: the fact that was asked for, or the hotels in hand."""
        records, asked = records_of(turn.messages), self._asked(turn)
        return asked.told if asked else template_reply(records) if turn.call or records else LOST

    def _search(self, turn: Turn, wanted: FunctionCall) -> Iterator[Event]:
        """Run the validated call and put it and its records into the conversation."""
        turn.query = HotelQuery.parse(wanted.arguments)
        turn.call = wanted.arguments
        yield CallEvent(wanted.arguments, turn.query)
        began = time.monotonic()
        found = self.store.search(turn.query)
        turn.relaxed, turn.unmatched = found.relaxed, found.unmatched
        turn.added += [call(wanted.arguments), found.message()]
        yield RecordsEvent(found.records, found.relaxed, found.unmatched, found.total, time.monotonic() - began)

    def _draft(
        self, turn: Turn, stop: Callable[[], bool], first: Draft | None
    ) -> Generator[Event, None, FunctionCall | str | None]:
        """A valid call or a grounded reply, at the second try by sampling; None where neither came.

        A small model's call that contradicts the user's words twice is corrected by what was parsed; in place of one that
        asks for what is in hand already it has to reply.
        """
        instead, missed, tries = None, self._missed(turn), list(ANYTHING)
        while tries:
            tools, temperature = tries.pop(0)
            deltas = (
                first.deltas()
                if first
                else self.model.generate(turn.messages, tools, stop=stop, temperature=temperature, seed=1)
            )
            first = None
            try:
                draft = yield from self._attempt(turn, stop, deltas, hidden=missed is not None)
            except (CallParseError, QueryError) as error:
                turn.rejected.append((str(error.value or ""), error.what))
                continue
            reason, better = self._verify_draft(draft, turn, missed)
            if draft is not None and not reason:
                return draft
            if isinstance(draft, FunctionCall) and not better and tools:
                tries = list(REPLIES)
            instead = instead or better
        return instead or missed or self._fallback_call(turn)

    def _fallback_call(self, turn: Turn) -> FunctionCall | None:
        """Where no reply spoke of the facilities that the user speaks of, of no one hotel: the search for them, unless it was made already."""
        if (
            not self._small
            or turn.call
            or self._asked(turn)
            or refers_to_result(turn.words)
            or not turn.rejected
            or not is_off_topic(turn.words, "")
        ):
            return None
        state = state_of(turn.history)
        wanted = add_parsed_slots(state, turn.messages)
        return None if _same(HotelQuery.parse(wanted.arguments), state) else wanted

    def _verify_draft(
        self, draft: FunctionCall | str | None, turn: Turn, missed: FunctionCall | None
    ) -> tuple[str, FunctionCall | None]:
        """What is wrong with a small model's draft, and the call that is better, None where a reply is; a large model is trusted."""
        reason, better = "", None
        if isinstance(draft, str) and missed:
            reason = "no call"
        elif isinstance(draft, FunctionCall) and self._small and missed and missed.arguments.keys() == {"name"}:
            same = spoken(missed.arguments["name"]) in spoken(
                str(draft.arguments.get("name") or "")
            ) and not contradictions(draft, HotelQuery(), turn.messages)
            reason, better = ("", draft) if same else ("another hotel was named", missed)
        elif isinstance(draft, FunctionCall) and self._small:
            state = state_of(turn.history)
            wrong = contradictions(draft, state, turn.messages)
            reason, better = "; ".join(wrong), repair_call(draft, state, turn.messages) if wrong else draft
            asked = question(turn.words, records_of(turn.history), turn.history)
            if (asked and asked.pointed) or (state.arguments() and _same(HotelQuery.parse(better.arguments), state)):
                reason, better = "asks for what is in hand", None
        if reason:
            turn.rejected.append((draft if isinstance(draft, str) else str(draft and draft.arguments), reason))
        return reason, better

    @property
    def _small(self) -> bool:
        """Whether the model's calls and replies are compared with the user's words."""
        return bool(getattr(self.model, "small", False))

    def _missed(self, turn: Turn) -> FunctionCall | None:
        """The call that a small model's reply should have been."""
        if not self._small or turn.call:
            return None
        return self._by_name(turn) or missed_call(state_of(turn.history), turn.messages)

    def _by_name(self, turn: Turn) -> FunctionCall | None:
        """The search for a hotel that the user names and that is not in hand; one that was talked about only where something is asked of it."""
        name = self.store.mentioned(turn.words)
        if not name or called(turn.words, records_of(turn.history)):
            return None
        known = any(spoken(name) in spoken(m.content) for m in turn.history)
        return (
            None
            if known and not topic(turn.words.replace(name, ""))
            else FunctionCall(name="search_hotels", arguments={"name": name})
        )

    def _attempt(
        self, turn: Turn, stop: Callable[[], bool], deltas: Iterator[Delta], *, hidden: bool
    ) -> Generator[Event, None, FunctionCall | str | None]:
        """One generation; shows a reply clause by clause as far as it is grounded, or not at all where it is `hidden`."""
        opening = preface(turn.relaxed, turn.unmatched)
        text, shown = "", ""
        for delta in deltas:
            if isinstance(delta, CallDelta):
                return _valid(delta.call) if not turn.call else None
            text += delta.text
            clause = _CLAUSE.match(text)
            if (
                clause
                and clause[0] != shown
                and not (hidden or self._wrong(clause[0], turn) or self._unanswered(clause[0], turn))
            ):
                shown = clause[0]
                turn.first = turn.first or time.monotonic() - turn.began
                yield TextEvent(opening + shown)
        text = shown if stop() else text.strip()
        wrong = self._wrong(text, turn) + self._unanswered(text, turn) if text else ["empty"] if not stop() else []
        if wrong:
            turn.rejected.append((text, "; ".join(wrong)))
            return None
        if not hidden:
            yield TextEvent(opening + text)
        return opening + text

    def _wrong(self, text: str, turn: Turn) -> list[str]:
        dangling = ["a hotel that is not there"] if REFERENCE.search(text) else []
        return dangling + ungrounded(text, records_of(turn.messages), turn.messages)

    def _unanswered(self, text: str, turn: Turn) -> list[str]:
        """What was asked and a small model's reply does not tell."""
        asked = self._asked(turn) if self._small else None
        astray = self._small and not turn.call and is_off_topic(turn.words, text)
        return ["not answered"] if astray or (asked and not asked.answered(text)) else []

    def _asked(self, turn: Turn) -> Question | None:
        """The fact that the user asks for; one who wished for a search and named no hotel asks for none."""
        if turn.call and not turn.query.name:
            return None
        return question(turn.words, records_of(turn.messages), turn.history)


def _same(first: HotelQuery, second: HotelQuery) -> bool:
    """Whether two queries ask for the same, facilities in whatever order and words."""
    mine, theirs = (
        {**query.arguments(), "facilities": {canonical([wish]) for wish in query.facilities}}
        for query in (first, second)
    )
    return mine == theirs


def _valid(wanted: FunctionCall) -> FunctionCall:
    if wanted.name != "search_hotels":
        raise CallParseError(
            "the model called a function that does not exist",
            value=wanted.name,
            remedy="Retry, or choose another model.",
        )
    HotelQuery.parse(wanted.arguments)
    return wanted
