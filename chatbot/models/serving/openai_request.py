"""A request in OpenAI's chat-completions format, looked over and made ours."""

import json
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from chatbot.core.errors import InputError
from chatbot.core.messages import FunctionCall, Message, ToolCall
from chatbot.models.families.parsers import LONGEST
from chatbot.models.serving.tool_schemas import plain_tools

MOST_MESSAGES = 400
MOST_CHARACTERS = 200_000
"""Characters of all messages together; no model here reads more."""
MOST_DEPTH, MOST_NODES = 64, 100_000
"""Levels and values of a request."""
DEEPEST = 32
"""Levels of a call's arguments or a function's result."""


class Part(BaseModel):
    """A piece of a message's content; only text can be read here."""

    type: Literal["text"]
    text: str = Field(max_length=100_000)


class CallText(BaseModel):
    """A function call as the API writes it: its arguments are a JSON string."""

    name: str = Field(max_length=200)
    arguments: str = Field("{}", max_length=LONGEST)


class RequestCall(BaseModel):
    """One entry of an assistant message's `tool_calls`, with the id that its result refers to."""

    id: str = Field("", max_length=200)
    function: CallText


class RequestMessage(BaseModel):
    """One message of a request."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = Field(None, max_length=100_000)
    tool_calls: list[RequestCall] | None = Field(None, max_length=32)
    tool_call_id: str | None = Field(None, max_length=200)
    name: str | None = Field(None, max_length=200)

    @property
    def text(self) -> str:
        """The content as one string."""
        return "".join(p.text for p in self.content) if isinstance(self.content, list) else self.content or ""


class StreamOptions(BaseModel):
    """How a stream is wanted."""

    include_usage: bool = False


class TextFormat(BaseModel):
    """The one form of a reply that there is."""

    type: Literal["text"]


class ChatRequest(BaseModel):
    """What is read of a /v1/chat/completions request; fields that are not named here are passed over.

    Those that would change what an answer means and cannot be served are named, so that they are refused.
    """

    model: str = Field(max_length=500)
    messages: list[RequestMessage] = Field(min_length=1, max_length=MOST_MESSAGES)
    tools: list[Any] | None = None
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(None, ge=1, le=8)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    stop: str | list[str] | None = Field(None, max_length=200)
    seed: int | None = Field(None, ge=-(2**62), le=2**62)
    temperature: float | None = Field(None, ge=0, le=2)
    response_format: TextFormat | None = None
    logprobs: Literal[False] | None = None
    functions: None = None
    function_call: None = None

    @property
    def most_tokens(self) -> int | None:
        """The limit by either of its names, the newer one first."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts before which a reply ends.

        Raises:
            InputError: there are more than four, or one is empty or too long.
        """
        found = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        if len(found) > 4 or not all(0 < len(stop) <= 200 for stop in found):
            raise InputError("models.request_stop", value=self.stop, param="stop")
        return found


def parse_request(body: bytes) -> ChatRequest:
    """A request's body, looked over before anything is made of it.

    Raises:
        InputError: it is no JSON, or too deep or too large.
        ValidationError: a field is missing or wrong.
    """
    try:
        found = json.loads(body)
    except RecursionError as error:
        raise InputError("models.request_deep", param="body", most=MOST_DEPTH) from error
    except ValueError as error:
        raise InputError("models.request_json", value=error, param="body") from error
    _look_over(found, "body", MOST_DEPTH)
    request = ChatRequest.model_validate(found)
    characters = sum(len(message.text) for message in request.messages)
    if characters > MOST_CHARACTERS:
        raise InputError("models.request_long", value=characters, param="messages", most=MOST_CHARACTERS)
    return request


def _look_over(value: Any, where: str, deepest: int) -> None:
    """Refuse data with too many levels or values, level by level, so that no depth is ever too much for this itself."""
    level, depth, nodes = [value], 0, 0
    while level:
        depth, nodes = depth + 1, nodes + len(level)
        if depth > deepest:
            raise InputError("models.request_deep", param=where, most=deepest)
        if nodes > MOST_NODES:
            raise InputError("models.request_large", value=nodes, param=where, most=MOST_NODES)
        level = [
            item
            for found in level
            if isinstance(found, dict | list)
            for item in (found.values() if isinstance(found, dict) else found)
        ]


def offer(request: ChatRequest) -> tuple[list[dict[str, Any]], bool]:
    """The tools that a request lets the model call, and whether it must.

    Raises:
        InputError: a tool is none, or `tool_choice` asks for one that is not there.
    """
    tools, choice = plain_tools(request.tools or []), request.tool_choice or "auto"
    if isinstance(choice, dict):
        names, must = _chosen(choice)
        missing = next((name for name in names if name not in (t["function"]["name"] for t in tools)), None)
        if missing is not None:
            raise InputError("models.request_choice", value=missing, param="tool_choice")
        return [tool for tool in tools if tool["function"]["name"] in names], must
    if choice == "required" and not tools:
        raise InputError("models.request_choice", value=choice, param="tool_choice")
    return ([] if choice == "none" else tools), choice == "required"


def _chosen(choice: dict[str, Any]) -> tuple[list[str], bool]:
    """The names that a `tool_choice` object allows, and whether one must be called: one function, or a list of allowed ones."""
    try:
        if choice["type"] == "function":
            return [str(choice["function"]["name"])], True
        if choice["type"] == "allowed_tools":
            allowed = choice["allowed_tools"]
            return [str(tool["function"]["name"]) for tool in allowed["tools"]], allowed["mode"] == "required"
    except (LookupError, TypeError):
        pass
    raise InputError("models.request_choice", value=choice, param="tool_choice")


def to_messages(request: Sequence[RequestMessage]) -> list[Message]:
    """A request's messages in our form; a tool's result gets the name of the function that was called.

    Raises:
        InputError: a call's arguments are not an object, a result belongs to no call, or either is too deep.
    """
    names: dict[str, str] = {}
    out: list[Message] = []
    for number, message in enumerate(request):
        where = f"messages.{number}"
        calls = [_call(c, f"{where}.tool_calls") for c in message.tool_calls or []]
        names |= {c.id: c.function.name for c in message.tool_calls or []}
        if message.role == "tool":
            if message.tool_call_id not in names:
                raise InputError("models.request_tool", value=message.tool_call_id, param=f"{where}.tool_call_id")
            _check_result(message.text, f"{where}.content")
        role = "system" if message.role == "developer" else message.role
        name = names.get(message.tool_call_id or "", message.name) if role == "tool" else None
        out.append(Message(role=role, content=message.text, tool_calls=calls, name=name))
    return out


def _call(written: RequestCall, where: str) -> ToolCall:
    try:
        arguments = json.loads(written.function.arguments or "{}")
    except (ValueError, RecursionError) as error:
        raise InputError("models.request_json", value=written.function.arguments, param=where) from error
    if not isinstance(arguments, dict):
        raise InputError("models.request_arguments", value=written.function.arguments, param=where)
    _look_over(arguments, where, DEEPEST)
    return ToolCall(function=FunctionCall(name=written.function.name, arguments=arguments))


def _check_result(text: str, where: str) -> None:
    """A result may be any text; where it is JSON, models of act lines read it."""
    try:
        _look_over(json.loads(text), where, DEEPEST)
    except RecursionError as error:
        raise InputError("models.request_deep", param=where, most=DEEPEST) from error
    except ValueError:
        return
