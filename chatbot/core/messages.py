"""THE conversation format: OpenAI chat messages with tools, written as one JSON object a line; corpus/reading reads it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Role = Literal["system", "user", "assistant", "tool"]


def _stated(value: Any) -> Any:
    """Null means absent: an argument that is null was not given."""
    if isinstance(value, dict):
        return {key: _stated(item) for key, item in value.items() if item is not None}
    return value


Arguments = Annotated[dict[str, Any], AfterValidator(_stated)]
Given = Annotated[str | None, AfterValidator(lambda text: text or None)]
"""A text that may be missing, which a blank one is too."""


class FunctionCall(BaseModel):
    """A function's name and its arguments as an object: never as a JSON string, and none of them null."""

    name: str
    arguments: Arguments = Field(default_factory=dict)


class ToolCall(BaseModel):
    """One entry of an assistant message's `tool_calls`."""

    type: Literal["function"] = "function"
    function: FunctionCall


@dataclass(frozen=True)
class Instead:
    """Another way to give up wishes: arguments that are kept after all, those given up for them, and how many hotels there are then."""

    kept: list[str]
    relaxed: list[str]
    total: int


@dataclass(frozen=True)
class Observed:
    """What a tool message says beside its records.

    Attributes:
        total: how many hotels there are, of which the records are some.
        relaxed: arguments that were given up, as nothing met them all; [] where every record meets the whole call.
        unmatched: facility words that mean nothing in the database and were no filter.
        instead: what else could have been given up.
        unlisted: the district of a place that was given up, where no hotel of the list lies.
        given: whether the message says any of these; the bare list of records, its first form, does not.
    """

    total: int = 0
    relaxed: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    instead: Instead | None = None
    unlisted: str = ""
    given: bool = False


class Message(BaseModel):
    """One message; an assistant message either calls or replies.

    `act` is the act line that the message follows from, where its model wrote one (see understanding/turn_act.py).
    """

    model_config = ConfigDict(extra="ignore")

    role: Role
    content: str = ""
    tool_calls: list[ToolCall] = Field(default_factory=list)
    name: Given = None
    act: Given = None

    @property
    def call(self) -> FunctionCall | None:
        """The first function call, or None where the message is a reply."""
        return self.tool_calls[0].function if self.tool_calls else None

    @property
    def records(self) -> list[dict[str, Any]]:
        """The hotels that a tool message carries; [] for any other message or content."""
        found = self._answer().get("records")
        return [r for r in found if isinstance(r, dict)] if isinstance(found, list) else []

    @property
    def observed(self) -> Observed:
        """What a tool message says beside its records; where it says nothing, they are all and meet the call."""
        answer = self._answer()
        total = answer.get("total")
        relaxed, unmatched = (_words(answer, key) for key in ("relaxed", "unmatched"))
        if not isinstance(total, int) or isinstance(total, bool):
            total = len(self.records)
        unlisted = found if isinstance(found := answer.get("unlisted"), str) else ""
        return Observed(total, relaxed, unmatched, _instead(answer), unlisted, bool(answer.keys() - {"records"}))

    def _answer(self) -> dict[str, Any]:
        """A tool message's content as an object; a bare list is that of the records, as they were written at first."""
        if self.role != "tool":
            return {}
        try:
            found = json.loads(self.content)
        except (json.JSONDecodeError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {"records": found}

    def to_dict(self) -> dict[str, Any]:
        """As plain data without empty optional fields: what templates, TRL and the OpenAI API read."""
        out: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            out["tool_calls"] = [c.model_dump() for c in self.tool_calls]
        if self.name:
            out["name"] = self.name
        if self.act:
            out["act"] = self.act
        return out


class Conversation(BaseModel):
    """One dialogue; `source` names the dialogue that it descends from, and splits group by it."""

    model_config = ConfigDict(extra="ignore")

    id: str
    source: str
    tools: list[dict[str, Any]] = Field(default_factory=list)
    messages: list[Message]
    meta: dict[str, Any] = Field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As plain data; `meta` (operations, provider, checks) only where there is any."""
        out = {
            "id": self.id,
            "source": self.source,
            "tools": self.tools,
            "messages": [m.to_dict() for m in self.messages],
        }
        return out | ({"meta": self.meta} if self.meta else {})

    def to_json(self) -> str:
        """As one line of JSON, Chinese kept readable."""
        return json.dumps(self.to_dict(), ensure_ascii=False)


def user(content: str) -> Message:
    """A user's utterance."""
    return Message(role="user", content=content)


def reply(content: str) -> Message:
    """An assistant's reply in words."""
    return Message(role="assistant", content=content)


def call(arguments: dict[str, Any], name: str = "search_hotels") -> Message:
    """An assistant's function call."""
    return Message(role="assistant", tool_calls=[ToolCall(function=FunctionCall(name=name, arguments=arguments))])


def observation(
    records: list[dict[str, Any]],
    name: str = "search_hotels",
    *,
    total: int | None = None,
    relaxed: list[str] | None = None,
    unmatched: list[str] | None = None,
    instead: Instead | None = None,
    unlisted: str | None = None,
) -> Message:
    """What the function answered: an object of the records and what is given beside them, else their bare list."""
    more = {
        "total": total,
        "relaxed": relaxed,
        "unmatched": unmatched,
        "instead": instead and asdict(instead),
        "unlisted": unlisted,
    }
    beside = {key: value for key, value in more.items() if value is not None}
    content = {"records": records} | beside if beside else records
    return Message(role="tool", name=name, content=json.dumps(content, ensure_ascii=False))


def _words(answer: dict[str, Any], key: str) -> list[str]:
    """A list of words in a tool message; [] where it holds none."""
    return [str(word) for word in words] if isinstance(words := answer.get(key), list) else []


def _instead(answer: dict[str, Any]) -> Instead | None:
    """The other way in a tool message; None where it tells none that can be read."""
    found = answer.get("instead")
    if not isinstance(found, dict) or not isinstance(found.get("total"), int):
        return None
    kept, relaxed = _words(found, "kept"), _words(found, "relaxed")
    return Instead(kept, relaxed, found["total"]) if kept and relaxed else None


def last_user_index(messages: Sequence[Message], default: int = 0) -> int:
    """The position of the last user message; `default` where there is none."""
    return max((at for at, message in enumerate(messages) if message.role == "user"), default=default)


def write_conversations(path: Path, conversations: Iterable[Conversation]) -> int:
    """Write conversations as JSONL by way of a temporary file, so that a stop leaves the old file whole; returns their number."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    count = 0
    with part.open("w", encoding="utf-8") as out:
        for count, conversation in enumerate(conversations, 1):  # noqa: B007
            out.write(conversation.to_json() + "\n")
    part.replace(path)
    return count


def drop_torn_line(path: Path) -> Path:
    """Cut off the end of a JSONL file that a kill has torn; returns the path."""
    if path.exists() and not (text := path.read_bytes()).endswith(b"\n"):
        path.write_bytes(text[: text.rfind(b"\n") + 1])
    return path


def append_line(path: Path, line: str) -> None:
    """Add a line to a JSONL file in one write, after whatever a kill has left whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with drop_torn_line(path).open("a", encoding="utf-8") as out:
        out.write(line + "\n")
