"""A model's answers in OpenAI's chat-completions format, whole and in chunks."""

import json
import time
import uuid
from collections.abc import Sequence
from typing import Any

from chatbot.core.messages import FunctionCall
from chatbot.models.backends import CallDelta, TextDelta
from chatbot.models.serving.choice import Choice


def call_fields(call: FunctionCall) -> dict[str, Any]:
    """A call as the API writes it, under a new id."""
    function = {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)}
    return {"id": f"call_{uuid.uuid4().hex[:24]}", "type": "function", "function": function}


def completion(model: str, choices: Sequence[Choice], prompt_tokens: int) -> dict[str, Any]:
    """A whole answer, with what it took."""
    body = _head(model, "chat.completion") | {"choices": [_whole(choice) for choice in choices]}
    return body | {"usage": usage(choices, prompt_tokens)}


def _whole(choice: Choice) -> dict[str, Any]:
    calls = [call_fields(call) for call in choice.calls]
    message: dict[str, Any] = {"role": "assistant", "content": choice.text or (None if calls else ""), "refusal": None}
    message |= {"tool_calls": calls} if calls else {}
    return {"index": choice.index, "message": message, "finish_reason": choice.finish, "logprobs": None}


def usage(choices: Sequence[Choice], prompt_tokens: int) -> dict[str, int]:
    """Tokens in and out; the prompt counts once, however many answers there are."""
    written = sum(choice.tokens for choice in choices)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": written,
        "total_tokens": prompt_tokens + written,
    }


class Chunks:
    """Turns deltas into the chunks of one streamed answer, all under one id."""

    def __init__(self, model: str, *, with_usage: bool = False) -> None:
        self._head = _head(model, "chat.completion.chunk")
        self._with_usage = with_usage

    def start(self, choice: Choice) -> dict[str, Any]:
        """The first chunk of a choice names the role."""
        return self._chunk(choice, {"role": "assistant", "content": ""})

    def delta(self, choice: Choice, delta: TextDelta | CallDelta) -> list[dict[str, Any]]:
        """More text; or a call, as OpenAI sends it: first its id and name, then its arguments."""
        if isinstance(delta, TextDelta):
            return [self._chunk(choice, {"content": delta.text})]
        index, whole = len(choice.calls) - 1, call_fields(delta.call)
        arguments = whole["function"]["arguments"]
        opened = whole | {"index": index, "function": whole["function"] | {"arguments": ""}}
        more = {"index": index, "function": {"arguments": arguments}}
        return [self._chunk(choice, {"tool_calls": [part]}) for part in (opened, more)]

    def end(self, choice: Choice) -> dict[str, Any]:
        """The last chunk of a choice says why it is the last."""
        return self._chunk(choice, {}, choice.finish)

    def usage(self, choices: Sequence[Choice], prompt_tokens: int) -> dict[str, Any]:
        """The chunk after the last one, for a client that asks for it."""
        return self._head | {"choices": [], "usage": usage(choices, prompt_tokens)}

    def _chunk(self, choice: Choice, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        said = {"index": choice.index, "delta": delta, "finish_reason": reason, "logprobs": None}
        return self._head | {"choices": [said]} | ({"usage": None} if self._with_usage else {})


def _head(model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def error_body(message: str, kind: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """An error as OpenAI's clients read it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
