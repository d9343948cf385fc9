"""ChatGLM3's tool form: call and result in one tool message, announced by the assistant; also as another lab wrote it."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, Message, Role, call, observation
from chatbot.corpus.reading.rest import KEY
from chatbot.corpus.reading.turns import Row, dumps, functions, tools, turns_have
from chatbot.hotels.query import SEARCH_HOTELS

FORM = "chatglm3"
ANNOUNCED = "我需要使用{}工具来查询酒店"
"""What the form says before a call."""
RECORD_TEXTS = ("name", "type", "address", "subway", "phone")
RECORD_LISTS = ("facilities", "nearby_attractions", "nearby_restaurants")
NEARBY_MOST = 5


class ToolTurn(BaseModel):
    """One turn; a tool's carries both the call and what it returned."""

    model_config = ConfigDict(extra="ignore")

    role: Role
    content: Annotated[str, BeforeValidator(lambda value: value or "")] = ""
    name: str = "search_hotels"
    parameters: dict[str, Any] | None = None
    observation: Any = Field(default_factory=list)

    @property
    def has_result(self) -> bool:
        """Whether the result was written at all."""
        return "observation" in self.model_fields_set


def fits(row: Row) -> bool:
    """Whether its turns say their role."""
    return turns_have(row, "role")


def read(row: Row, name: str) -> Conversation:
    """A conversation. One of another lab takes our schema of the same function, and its hotels our fields.

    Raises:
        InputError, ValidationError: a turn does not fit.
    """
    own = KEY in row
    turns = [ToolTurn.model_validate(turn) for turn in row["conversations"]]
    return Conversation(id=name, source=name, tools=_tools(row, own), messages=_messages(turns, own))


def _tools(row: Row, own: bool) -> list[Row]:
    found = tools(row.get("tools"))
    names = {str(tool.get("function", tool).get("name", "search_hotels")) for tool in found}
    return found if own or names - {"search_hotels"} else [SEARCH_HOTELS]


def _messages(turns: list[ToolTurn], own: bool) -> list[Message]:
    """A tool turn becomes call and result; what announces a call is dropped, other words before it stay with it."""
    out: list[Message] = []
    for here in turns:
        if here.role == "tool":
            words = out.pop().content if out and out[-1].role == "assistant" and not out[-1].tool_calls else ""
            announced = not words.strip() or words == ANNOUNCED.format(here.name)
            made = call(here.parameters or {}, here.name)
            out.append(made if announced else made.model_copy(update={"content": words}))
            if here.has_result or not own:
                out.append(_result(here, own))
        else:
            out.append(Message(role=here.role, content=here.content))
    return out


def _result(turn: ToolTurn, own: bool) -> Message:
    found = turn.observation if own or turn.observation is not None else []
    if not own and isinstance(found, list) and all(isinstance(item, dict) for item in found):
        return observation([record(item) for item in found], turn.name)
    return Message(role="tool", name=turn.name, content=found if isinstance(found, str) else dumps(found))


def positive(value: object) -> float | None:
    """A price or rating, None where it is missing; other data sets write -1 for missing."""
    return value if isinstance(value, int | float) and value >= 0 else None


def record(item: dict[str, Any]) -> dict[str, Any]:
    """A hotel of another data set as a record of ours: the same fields in the same order, missing ones empty."""
    out: dict[str, Any] = {field: str(item.get(field) or "") for field in RECORD_TEXTS}
    out["facilities"] = list(item.get("facilities") or [])
    out |= {field: positive(item.get(field)) for field in ("price", "rating")}
    return out | {field: list(item.get(field) or [])[:NEARBY_MOST] for field in RECORD_LISTS[1:]}


def write(conversation: Conversation) -> Row:
    """A line whose tool turns hold a call and its result.

    Raises:
        InputError: a message holds two calls, or a result follows no call.
    """
    turns: list[Row] = []
    open_call = False
    for message in conversation.messages:
        if message.role == "tool":
            if not open_call:
                raise InputError("reading.result_without_call", conversation=conversation.id)
            turns[-1]["observation"] = _data(message.content)
        elif message.tool_calls:
            if len(message.tool_calls) > 1:
                raise InputError("reading.parallel_calls", conversation=conversation.id, form=FORM)
            made = message.tool_calls[0].function
            turns.append({"role": "assistant", "content": message.content or ANNOUNCED.format(made.name)})
            turns.append({"role": "tool", "name": made.name, "parameters": made.arguments})
        else:
            turns.append({"role": message.role, "content": message.content})
        open_call = bool(message.tool_calls)
    return {"tools": functions(conversation), "conversations": turns}


def _data(content: str) -> Any:
    """A result as data where its text is exactly that data, else as text."""
    try:
        found = json.loads(content)
        return found if not isinstance(found, str) and dumps(found) == content else content
    except (ValueError, RecursionError):
        return content
