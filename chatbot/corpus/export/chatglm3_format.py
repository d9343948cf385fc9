"""Reads conversations in our own form or in the ChatGLM3 tool form, so that data made elsewhere can be evaluated as it is."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, Message, Role, call, first_problem, numbered_lines, observation
from chatbot.hotels.query import SEARCH_HOTELS

RECORD_TEXTS = ("name", "type", "address", "subway", "phone")
RECORD_LISTS = ("facilities", "nearby_attractions", "nearby_restaurants")
NEARBY_MOST = 5


class LabMessage(BaseModel):
    """One message of the ChatGLM3 form; a tool message carries both the call and what it returned."""

    model_config = ConfigDict(extra="ignore")

    role: Role
    content: str = ""
    name: str = "search_hotels"
    parameters: dict[str, Any] | None = None
    observation: list[dict[str, Any]] = Field(default_factory=list)


class LabLine(BaseModel):
    """One line of the ChatGLM3 form; its tools are replaced by our schema of the same function."""

    model_config = ConfigDict(extra="ignore")

    conversations: list[LabMessage] = Field(min_length=1)


def positive(value: object) -> float | None:
    """A price or rating, None where it is missing; other data sets write -1 for missing."""
    return value if isinstance(value, int | float) and value >= 0 else None


def record(item: dict[str, Any]) -> dict[str, Any]:
    """A hotel of another data set as a record of ours: the same fields in the same order, missing ones empty."""
    out: dict[str, Any] = {field: str(item.get(field) or "") for field in RECORD_TEXTS}
    out["facilities"] = list(item.get("facilities") or [])
    out |= {field: positive(item.get(field)) for field in ("price", "rating")}
    return out | {field: list(item.get(field) or [])[:NEARBY_MOST] for field in RECORD_LISTS[1:]}


def to_messages(lab: list[LabMessage]) -> list[Message]:
    """ChatGLM3 messages as ours: a tool message becomes call and observation, the announcement before it is dropped."""
    out: list[Message] = []
    for here, after in zip(lab, [*lab[1:], None], strict=True):
        if here.role == "tool":
            out += [
                call(here.parameters or {}, here.name),
                observation([record(item) for item in here.observation], here.name),
            ]
        elif not (here.role == "assistant" and after is not None and after.role == "tool"):
            out.append(Message(role=here.role, content=here.content))
    return out


def read_line(line: str, name: str) -> Conversation:
    """One line in either form.

    Raises:
        ValidationError: the line fits neither form.
    """
    if '"conversations"' in line and '"messages"' not in line:
        lab = LabLine.model_validate_json(line)
        return Conversation(id=name, source=name, tools=[SEARCH_HOTELS], messages=to_messages(lab.conversations))
    return Conversation.model_validate_json(line)


def read_any(path: Path) -> list[Conversation]:
    """Read a JSONL file whose lines are conversations of ours or of the ChatGLM3 form.

    Raises:
        InputError: naming the file and the line that fits neither.
    """
    path = Path(path)
    out = []
    for number, line in numbered_lines(path, encoding="utf-8-sig"):
        try:
            out.append(read_line(line, f"{path.stem}-{number}"))
        except ValidationError as error:
            field, reason = first_problem(error)
            raise InputError(
                "corpus.conversation_line", value=line[:80], path=path, number=number, field=field, reason=reason
            ) from error
    return out
