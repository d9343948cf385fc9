"""One answer out of the chunks that OpenAI-compatible servers stream, each in its own way; whatever is not whole is an error."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.core.errors import BackendError, CallParseError
from chatbot.core.messages import FunctionCall
from chatbot.core.thoughts import Speech
from chatbot.models.backends import CallDelta, Delta, TextDelta
from chatbot.models.families import chatglm3 as chatglm3_family
from chatbot.models.families import llama2 as llama2_family
from chatbot.models.families.parsers import LONGEST, parse_json

MOST_CALLS = 32
LONGEST_TEXT = 200_000
"""Characters of a reply; a server that says more does not stop by itself."""


@dataclass
class _Call:
    """A call as far as it has come; some servers send its arguments as an object, not as text."""

    id: str
    name: str = ""
    written: str = ""
    given: dict[str, Any] | None = None

    def add(self, function: dict[str, Any]) -> None:
        """Take in a part of it; one that says it all again adds nothing."""
        self.name = self.name or str(function.get("name") or "")
        more = function.get("arguments")
        if isinstance(more, dict):
            self.given = {**(self.given or {}), **more}
        elif isinstance(more, str):
            self.written += more if more != self.written or not self.is_whole else ""
        elif more is not None:
            raise CallParseError("models.endpoint_arguments", value=more)
        if len(self.written) > LONGEST:
            raise CallParseError("models.endpoint_call", value=self.written)

    @property
    def is_whole(self) -> bool:
        """Whether the arguments so far are complete."""
        try:
            return self.given is not None or isinstance(json.loads(self.written), dict)
        except (ValueError, RecursionError):
            return False

    def is_another(self, part_id: str, function: dict[str, Any]) -> bool:
        """Whether a part that fits this call by its place begins another: servers that count badly tell by name and id alone."""
        name = function.get("name")
        if not name or not self.name:
            return False
        if part_id and self.id:
            return part_id != self.id
        said = function.get("arguments")
        return name != self.name or (self.is_whole and bool(said) and said not in (self.written, self.given))

    def call(self) -> FunctionCall:
        """The call.

        Raises:
            CallParseError: it has no name, or its arguments are no object.
        """
        if not self.name:
            raise CallParseError("models.call_unnamed", value=self.written)
        text = json.dumps(self.given) if self.given is not None else self.written or "{}"
        try:
            return FunctionCall(name=self.name, arguments=parse_json(text))
        except CallParseError as error:
            raise CallParseError("models.endpoint_call", value=text) from error


class CallParts:
    """The calls of one answer, in the order in which they began."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._at: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, part: dict[str, Any]) -> None:
        """Take in an entry of `tool_calls`: it belongs to the call of its index, else of its id, else to the last one.

        Raises:
            CallParseError: it is no part of a call, or there are too many.
        """
        function, index, part_id = part.get("function"), part.get("index"), str(part.get("id") or "")
        if not isinstance(function, dict):
            if function is None:
                return
            raise CallParseError("models.endpoint_call", value=function)
        found = self._known(index, part_id, bool(function.get("name")))
        if found is None or found.is_another(part_id, function):
            found = _Call(part_id)
            self._calls.append(found)
        if isinstance(index, int):
            self._at[index] = found
        found.id = found.id or part_id
        found.add(function)
        if len(self._calls) > MOST_CALLS:
            raise CallParseError("models.endpoint_call", value=f"{len(self._calls)} calls")

    def _known(self, index: Any, part_id: str, is_named: bool) -> _Call | None:
        if isinstance(index, int):
            return self._at.get(index)
        by_id = next((call for call in self._calls if part_id and call.id == part_id), None)
        if by_id or (part_id and is_named and self._calls and self._calls[-1].id):
            return by_id
        return self._calls[-1] if self._calls else None

    def whole(self) -> list[FunctionCall]:
        """All of them; raises what `_Call.call` raises."""
        return [call.call() for call in self._calls]


class StreamedAnswer:
    """One answer, chunk by chunk.

    A call that the server left in the text, because it knows neither ChatGLM3's nor Llama 2's form, is a call. Thoughts, in tags or in a
    field of their own, are passed over.

    Args:
        name: the model's, for errors.
        tools: on offer; without any, nothing in the text is taken for a call.
        is_thinking: the text begins inside a thought (see `Speech`).
    """

    def __init__(self, name: str, tools: Sequence[dict[str, Any]], *, is_thinking: bool = False) -> None:
        names = [tool.get("function", tool)["name"] for tool in tools]
        self._readers = (
            {llama2_family.CALL: llama2_family.read, **{f"{name}\n": chatglm3_family.read for name in names}}
            if tools
            else {}
        )
        self._name, self._calls, self._speech = name, CallParts(), Speech(is_thinking=is_thinking)
        self._held, self._is_text, self._length = "", not self._readers, 0
        self._finish = ""

    @property
    def thought_aloud(self) -> bool:
        """Whether text was given out that turned out to be a thought."""
        return self._speech.is_stray

    def done(self) -> None:
        """The server says that this was all."""
        self._finish = self._finish or "stop"

    def chunk(self, data: Any) -> Iterator[Delta]:
        """What a chunk adds that may be shown now.

        Raises:
            BackendError: it is an error, or no chunk.
            CallParseError: a part of a call is none, or what was shown were thoughts.
        """
        choice = self._choice(data)
        delta = choice.get("delta") or choice.get("message") or {}
        if not isinstance(delta, dict):
            raise BackendError("models.endpoint_silent", value=data, name=self._name)
        if shown := self._text(self._speech.more(_content(delta))):
            yield TextDelta(shown)
        if self.thought_aloud:
            raise CallParseError("models.endpoint_thoughts")
        for part in [*(delta.get("tool_calls") or []), *_legacy(delta)]:
            if not isinstance(part, dict):
                raise CallParseError("models.endpoint_call", value=part)
            self._calls.add(part)
        self._finish = str(choice.get("finish_reason") or self._finish)
        if self._finish in ("error", "content_filter"):
            raise BackendError("models.endpoint_error", value=self._finish, name=self._name)

    def end(self) -> Iterator[Delta]:
        """The calls, or the text that was held back in vain.

        Raises:
            BackendError: the stream ended before the answer did.
            CallParseError: a call is none.
        """
        if not self._finish:
            raise BackendError("models.endpoint_cut", name=self._name)
        self._held += self._speech.end()
        if self._calls:
            yield from map(CallDelta, self._whole_calls())
            return
        start = self._held.lstrip()
        read = None if self._is_text else next((r for m, r in self._readers.items() if start.startswith(m)), None)
        if read and (found := read(start, []).tool_calls):
            yield from (CallDelta(call.function) for call in found)
        elif start:
            yield TextDelta(self._held)

    def _choice(self, data: Any) -> dict[str, Any]:
        """The first choice of a chunk; empty where it has none, as a chunk of usage."""
        if not isinstance(data, dict):
            raise BackendError("models.endpoint_silent", value=data, name=self._name)
        error = data.get("error") or (data if data.get("object") == "error" or _is_bare_error(data) else None)
        if error:
            told = error.get("message") or error if isinstance(error, dict) else error
            raise BackendError("models.endpoint_error", value=told, name=self._name)
        choices = data.get("choices") or []
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
            raise BackendError("models.endpoint_silent", value=data, name=self._name)
        return next((choice for choice in choices if not choice.get("index")), {})

    def _text(self, more: str) -> str:
        """What may be shown now: nothing while the text is a call, or could become one."""
        self._held += more
        self._length += len(more)
        if self._length > LONGEST_TEXT:
            raise BackendError("models.endpoint_endless", value=self._length, name=self._name)
        start = self._held.lstrip()
        if not self._is_text and any(start.startswith(mark) or mark.startswith(start) for mark in self._readers):
            return ""
        self._is_text = True
        shown, self._held = self._held, ""
        return shown

    def _whole_calls(self) -> list[FunctionCall]:
        try:
            return self._calls.whole()
        except CallParseError as error:
            if self._finish == "length":
                raise CallParseError("models.endpoint_length", value=error.value) from error
            raise


def _is_bare_error(data: dict[str, Any]) -> bool:
    return "choices" not in data and isinstance(data.get("message"), str)


def _content(delta: dict[str, Any]) -> str:
    """The text of a delta; where it comes in parts, only those that are text."""
    content = delta.get("content") or delta.get("refusal") or ""
    if isinstance(content, list):
        return "".join(str(p.get("text") or "") for p in content if isinstance(p, dict) and p.get("type") == "text")
    return str(content)


def _legacy(delta: dict[str, Any]) -> list[dict[str, Any]]:
    """A call in the form that came before `tool_calls`."""
    function = delta.get("function_call")
    return [{"function": function}] if isinstance(function, dict) else []
