"""The OpenAI chat-completions format, both ways: requests become our messages, a model's deltas become its answers."""

import json
import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from chatbot.core.errors import InputError
from chatbot.core.messages import FunctionCall, Message, ToolCall
from chatbot.models.backends import CallDelta, Delta, MessageDelta, TextDelta


class Part(BaseModel):
    """A piece of a message's content; only text can be read here."""

    type: Literal["text"]
    text: str = Field(max_length=100_000)


class CallText(BaseModel):
    """A function call as the API writes it: its arguments are a JSON string."""

    name: str
    arguments: str = Field("{}", max_length=100_000)


class RequestCall(BaseModel):
    """One entry of an assistant message's `tool_calls`, with the id that its result refers to."""

    id: str = ""
    function: CallText


class RequestMessage(BaseModel):
    """One message of a request."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = Field(None, max_length=100_000)
    tool_calls: list[RequestCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """The content as one string."""
        return "".join(p.text for p in self.content) if isinstance(self.content, list) else self.content or ""


class ChatRequest(BaseModel):
    """What is read of a /v1/chat/completions request; sampling options are the model's own and are passed over."""

    model: str
    messages: list[RequestMessage] = Field(min_length=1, max_length=400)
    tools: list[dict[str, Any]] | None = Field(None, max_length=100)
    stream: bool = False
    n: Literal[1] | None = None


def to_messages(request: Sequence[RequestMessage]) -> list[Message]:
    """A request's messages in our form; a tool's result gets the name of the function that was called.

    Raises:
        InputError: a call's arguments are not an object, or a result belongs to no call.
    """
    names: dict[str, str] = {}
    out: list[Message] = []
    for message in request:
        calls = [_call(c) for c in message.tool_calls or []]
        names |= {c.id: c.function.name for c in message.tool_calls or []}
        if message.role == "tool" and message.tool_call_id not in names:
            raise InputError("models.request_tool", value=message.tool_call_id)
        role = "system" if message.role == "developer" else message.role
        name = names.get(message.tool_call_id or "", message.name) if role == "tool" else None
        out.append(Message(role=role, content=message.text, tool_calls=calls, name=name))
    return out


def _call(written: RequestCall) -> ToolCall:
    try:
        arguments = json.loads(written.function.arguments or "{}")
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError("models.request_json", value=written.function.arguments) from error
    if not isinstance(arguments, dict):
        raise InputError("models.request_arguments", value=written.function.arguments)
    return ToolCall(function=FunctionCall(name=written.function.name, arguments=arguments))


def call_fields(call: FunctionCall) -> dict[str, Any]:
    """A call as the API writes it, under a new id."""
    function = {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)}
    return {"id": f"call_{uuid.uuid4().hex[:24]}", "type": "function", "function": function}


def completion(model: str, deltas: Iterable[Delta]) -> dict[str, Any]:
    """A whole answer."""
    found = list(deltas)
    text = "".join(d.text for d in found if isinstance(d, TextDelta))
    calls = [call_fields(d.call) for d in found if isinstance(d, CallDelta)]
    message: dict[str, Any] = {"role": "assistant", "content": text or None if calls else text} | (
        {"tool_calls": calls} if calls else {}
    )
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop", "logprobs": None}
    return _head(model, "chat.completion") | {"choices": [choice]}


class Chunks:
    """Turns deltas into the chunks of one streamed answer, all under one id."""

    def __init__(self, model: str) -> None:
        self._head = _head(model, "chat.completion.chunk")
        self._calls = 0

    def start(self) -> dict[str, Any]:
        """The first chunk names the role."""
        return self._chunk({"role": "assistant", "content": ""})

    def delta(self, delta: Delta) -> dict[str, Any]:
        """More text, or a whole call."""
        if isinstance(delta, TextDelta):
            return self._chunk({"content": delta.text})
        called = delta.message.call if isinstance(delta, MessageDelta) else delta.call
        if called is None:
            return self._chunk({})
        self._calls += 1
        return self._chunk({"tool_calls": [{"index": self._calls - 1} | call_fields(called)]})

    def end(self) -> dict[str, Any]:
        """The last chunk says why it is the last."""
        return self._chunk({}, "tool_calls" if self._calls else "stop")

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return self._head | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}]}


def _head(model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def error_body(message: str, kind: str, code: str | None = None) -> dict[str, Any]:
    """An error as OpenAI's clients read it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
