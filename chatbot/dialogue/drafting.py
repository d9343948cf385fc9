"""Asks a model until a draft holds: an act line or call that nothing speaks against, a reply that the records support."""

import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.core.errors import BackendError, CallParseError, QueryError
from chatbot.core.messages import Message, call, reply
from chatbot.dialogue.events import Event, TextEvent, WaitEvent
from chatbot.dialogue.turn import Draft, TurnInProgress, records_of
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery
from chatbot.models.backends import CallDelta, ChatModel, Delta, MessageDelta, WaitDelta
from chatbot.models.families.act_line import message_of
from chatbot.models.families.hotel_mini import REFERENCE
from chatbot.understanding.call_verifier import CallVerifier
from chatbot.understanding.history import act_of, context_of
from chatbot.understanding.normalise import model_words
from chatbot.understanding.rule_act import rule_act

_CLAUSE = re.compile(r".*[，。！？；：\n）]", re.S)
TOOLS = [SEARCH_HOTELS]
TEMPERATURES = (0.0, 0.7, 0.7)
"""What is tried in turn: the most likely draft, then the next best by sampling."""
LONGER = 2
"""How many items more than it wrote a model of act lines is asked for, where something that was said seems to be missing."""


@dataclass
class Drafter:
    """The drafts of one turn; `left_out` are the oldest turns that the model can't read beside the others."""

    model: ChatModel
    verifier: CallVerifier
    turn: TurnInProgress
    stop: Callable[[], bool]
    left_out: int = 0

    def understood(self, first: Draft | None = None) -> Generator[Event, None, Message]:
        """The first draft without a doubt, else the one with the fewest; what the rules read where none could be read."""
        best: tuple[int, Message] | None = None
        for seed, temperature in enumerate(TEMPERATURES):
            draft = yield from self._attempt(temperature, seed, TOOLS, "", first)
            first = None
            for candidate in self._with_longer(draft) if draft else ():
                doubts = self._doubts(candidate)
                if not doubts:
                    return candidate
                best = min(best or (doubts, candidate), (doubts, candidate), key=lambda found: found[0])
            if best is not None and act_of(best[1]):
                break  # a line that is drawn is wrong more often than a likely one in doubt
        if best is not None:
            self.turn.rejected.append((_shown(best[1]), "kept: no other draft was better"))
            return best[1]
        self.turn.source = "template"
        words = model_words(self.turn.words)
        return message_of(rule_act(words, context_of(self.turn.history)), context_of(self.turn.history))

    def _doubts(self, draft: Message) -> int:
        """How many doubts there are about a draft; they are kept for the trace."""
        doubts = self.verifier.doubts(draft, context_of(self.turn.history), self.turn.words)
        if doubts:
            self.turn.rejected.append((_shown(draft), "; ".join(doubts)))
        return len(doubts)

    def _with_longer(self, draft: Message) -> Iterator[Message]:
        """The draft, and what the model would have written had it gone on: something that was said may be missing."""
        yield draft
        longer: Callable[..., Message | None] | None = getattr(self.model, "longer", None)
        act = act_of(draft)
        if longer is None or act is None:
            return
        for more in range(1, LONGER + 1):
            found = longer(self._readable(), len(act.items) + more)
            if found is not None:
                yield found

    def reply(self, opening: str, first: Draft | None = None) -> Generator[Event, None, str | None]:
        """A grounded reply in words; None where none came. The prompt names the tools, as it did in training."""
        for seed, temperature in enumerate(TEMPERATURES):
            draft = yield from self._attempt(temperature, seed, TOOLS, opening, first)
            first = None
            if draft is not None and not draft.call and not draft.act:
                return draft.content
        return None

    def _attempt(
        self, temperature: float, seed: int, tools: list[dict[str, Any]], opening: str, first: Draft | None
    ) -> Generator[Event, None, Message | None]:
        """One generation, validated; None where it cannot be read, is not grounded, or calls where it may not."""
        deltas = first.deltas() if first else self._generated(temperature, seed, tools)
        try:
            return (yield from self._read(deltas, opening))
        except (CallParseError, QueryError) as error:
            self.turn.rejected.append((str(error.value or ""), error.what))
            return None

    def _generated(self, temperature: float, seed: int, tools: list[dict[str, Any]]) -> Iterator[Delta]:
        """What the model writes; where the talk is longer than it can read, without the oldest turns."""
        while True:
            messages = self._readable()
            try:
                yield from self.model.generate(messages, tools, stop=self.stop, temperature=temperature, seed=seed)
                return
            except BackendError as error:
                if error.code != "models.too_long" or len(_turns(messages)) < 2:
                    raise
                self.left_out += 1
                self.turn.rejected.append(("", f"{error.what}: the oldest turn was left out"))

    def _readable(self) -> Sequence[Message]:
        """The talk without the turns that are left out; what stands before the first turn is kept."""
        messages = self.turn.messages
        begins = _turns(messages)
        return [*messages[: begins[0]], *messages[begins[self.left_out] :]] if self.left_out else messages

    def _read(self, deltas: Iterator[Delta], opening: str) -> Generator[Event, None, Message | None]:
        text, shown = "", ""
        for delta in deltas:
            if isinstance(delta, WaitDelta):
                yield WaitEvent(delta.before)
                continue
            if isinstance(delta, MessageDelta):
                return _valid(delta.message)
            if isinstance(delta, CallDelta):
                return _valid(_only_call(delta, deltas)) if not self.turn.call else None
            text += delta.text
            clause = _CLAUSE.match(text)
            if clause and clause[0] != shown and not self._wrong(clause[0]):
                shown = clause[0]
                self.turn.first = self.turn.first or time.monotonic() - self.turn.began
                yield TextEvent(opening + shown)
        text = shown if self.stop() else text.strip()
        wrong = self._wrong(text) if text else [] if self.stop() else ["empty"]
        if wrong:
            self.turn.rejected.append((text, "; ".join(wrong)))
            return None
        yield TextEvent(opening + text)
        return reply(opening + text)

    def _wrong(self, text: str) -> list[str]:
        dangling = ["a hotel that is not there"] if REFERENCE.search(text) else []
        return dangling + ungrounded(text, records_of(self.turn.messages), self.turn.messages)


def _turns(messages: Sequence[Message]) -> list[int]:
    """Where each turn begins: with the user's words."""
    return [at for at, message in enumerate(messages) if message.role == "user"]


def _shown(draft: Message) -> str:
    """A draft as the trace shows it."""
    return draft.act or (str(draft.call.arguments) if draft.call else draft.content)


def _only_call(first: CallDelta, rest: Iterator[Delta]) -> Message:
    """The one call of an answer; a turn has one search.

    Raises:
        CallParseError: there are others beside it.
    """
    others = [delta.call for delta in rest if isinstance(delta, CallDelta) and delta.call != first.call]
    if others:
        raise CallParseError("dialogue.several_calls", value=[first.call.arguments, *(c.arguments for c in others)])
    return call(first.call.arguments, first.call.name)


def _valid(draft: Message) -> Message:
    """The draft, its call validated.

    Raises:
        CallParseError: it calls a function that does not exist.
        QueryError: its arguments do not validate.
    """
    if draft.call and draft.call.name != "search_hotels":
        raise CallParseError("dialogue.no_function", value=draft.call.name)
    if draft.call:
        HotelQuery.parse(draft.call.arguments)
    return draft
