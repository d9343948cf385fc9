"""Reads a family's text while it grows, so that another engine can tell calls from replies with our parsers instead of a copy of them."""

from chatbot.core.errors import CallParseError
from chatbot.core.messages import FunctionCall, Message, reply
from chatbot.models.backends import CallDelta, Delta, TextDelta
from chatbot.models.families.family import Family


def read_whole(family: Family, text: str) -> Message:
    """A complete answer as calls or a reply; text that looks like a call but is none stays visible as text."""
    try:
        return family.read(text, [])
    except CallParseError:
        return reply(text.strip())


class StreamedCalls:
    """One answer, token by token; each call is given out once, when it is complete."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.calls: list[FunctionCall] = []
        self._shown = ""

    def grow(self, text: str) -> list[Delta]:
        """What is new, given the whole text so far; nothing while it is too early to tell."""
        is_call = self.family.is_call(text)
        if is_call is None or text.endswith("\ufffd"):
            return []
        return self._new_calls(text) if is_call else self._new_text(text)

    def _new_calls(self, text: str) -> list[Delta]:
        try:
            found = [call.function for call in self.family.read(text, []).tool_calls]
        except CallParseError:
            return []
        new = found[len(self.calls) :]
        self.calls += new
        return [CallDelta(call) for call in new]

    def _new_text(self, text: str) -> list[Delta]:
        visible = self.family.visible(text, [])
        new = visible[len(self._shown) :]
        self._shown += new
        return [TextDelta(new)] if new else []
