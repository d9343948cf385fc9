"""A model behind any OpenAI-compatible endpoint (OpenAI, vLLM, llama.cpp, transformers serve); its answers are untrusted."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from openai import OpenAI, OpenAIError

from chatbot.core.errors import BackendError, CallParseError
from chatbot.core.messages import Message, ToolCall, reply
from chatbot.models.backends import CallDelta, Delta, TextDelta
from chatbot.models.serving.event_stream import events_of
from chatbot.models.serving.openai_format import call_fields
from chatbot.models.serving.streamed_answer import StreamedAnswer

SYSTEM = "你是酒店助手。用户提出或改变需求时，调用 search_hotels，参数要包含到目前为止的全部需求；回答只能使用返回结果里的事实。"
DONE = "[DONE]"


def wire(messages: Sequence[Message], system: str = SYSTEM) -> list[dict[str, Any]]:
    """Our messages as the API wants them: arguments as a JSON string, calls and results joined by ids, several calls in their order.

    A conversation without a system message gets `system`, if that is not empty.
    """
    own = not system or (messages and messages[0].role == "system")
    out: list[dict[str, Any]] = [] if own else [{"role": "system", "content": system}]
    waiting: list[str] = []
    for number, message in enumerate(messages):
        item: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.tool_calls:
            waiting = [f"call_{number}_{n}" for n in range(len(message.tool_calls))]
            item["tool_calls"] = [
                call_fields(c.function) | {"id": i} for c, i in zip(message.tool_calls, waiting, strict=True)
            ]
        if message.role == "tool":
            item["tool_call_id"] = waiting.pop(0) if waiting else f"call_{number}"
        out.append(item)
    return out


class EndpointModel:
    """A ChatModel over HTTP; the key stays inside the client and is never shown or stored.

    `system` is for models that were not trained here: ours have seen no system message but the one that their family writes.
    """

    def __init__(
        self, base_url: str | None, model: str, api_key: str, *, system: str = SYSTEM, timeout: float = 60.0
    ) -> None:
        self.name, self._system, self._thinks_unmarked = model, system, False
        self._client = OpenAI(base_url=base_url, api_key=api_key, timeout=timeout, max_retries=2)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def generate(
        self,
        messages: Sequence[Message],
        tools: Sequence[dict[str, Any]],
        *,
        stop: Callable[[], bool] = lambda: False,
        temperature: float = 0.0,
        seed: int = 0,
        must_call: bool = False,
    ) -> Iterator[Delta]:
        """Stream the next assistant message.

        Raises:
            BackendError: the endpoint cannot be reached, refuses, fails midway or hangs up before the end.
            CallParseError: it begins like a call and is none, or what it said turned out to be thoughts.
        """
        answer = StreamedAnswer(self.name, tools, is_thinking=self._thinks_unmarked)
        options: dict[str, Any] = {"tools": list(tools)} if tools else {}
        if tools and must_call:
            options["tool_choice"] = "required"
        create: Any = self._client.chat.completions.with_streaming_response.create
        request = options | {
            "model": self.name,
            "messages": wire(messages, self._system),
            "stream": True,
            "temperature": temperature,
            "seed": seed,
        }
        try:
            with create(**request) as response:
                for data in _payloads(response):
                    if stop():
                        return
                    if data == DONE:
                        answer.done()
                        break
                    if data is not None:
                        yield from answer.chunk(data)
        except (OpenAIError, httpx.HTTPError, ValueError, RecursionError) as error:
            raise BackendError("models.endpoint_silent", value=error, name=self.name) from error
        finally:
            self._thinks_unmarked = self._thinks_unmarked or answer.thought_aloud
        yield from answer.end()

    def predict(self, contexts: Sequence[tuple[Sequence[Message], Sequence[dict[str, Any]]]]) -> list[Message | None]:
        """The next assistant message of each context, eight requests at a time."""
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda context: self._predict(*context), contexts))

    def _predict(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> Message | None:
        try:
            deltas = list(self.generate(messages, tools))
        except CallParseError:
            return None
        calls = [ToolCall(function=delta.call) for delta in deltas if isinstance(delta, CallDelta)]
        if calls:
            return Message(role="assistant", tool_calls=calls)
        return reply("".join(delta.text for delta in deltas if isinstance(delta, TextDelta)))


def _payloads(response: Any) -> Iterator[Any]:
    """What the server sends, parsed: chunks, DONE, and None for what says nothing (a comment that keeps the connection alive).

    A server that streams nothing and answers in one piece is read all the same.
    """
    if "json" in response.headers.get("content-type", ""):
        yield json.loads(response.read())
        return
    for event in events_of(response.iter_bytes()):
        text = event.strip()
        yield text if text == DONE else json.loads(text) if text else None
