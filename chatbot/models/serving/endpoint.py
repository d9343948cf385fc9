"""A model behind any OpenAI-compatible endpoint (OpenAI, vLLM, llama.cpp, transformers serve); its answers are untrusted."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openai import OpenAI, OpenAIError

from chatbot.core.errors import BackendError, CallParseError
from chatbot.core.messages import FunctionCall, Message, ToolCall, reply
from chatbot.models.backends import CallDelta, Delta, TextDelta
from chatbot.models.families import chatglm3 as chatglm3_family
from chatbot.models.families import llama2 as llama2_family
from chatbot.models.serving.openai_format import call_fields

SYSTEM = "你是酒店助手。用户提出或改变需求时，调用 search_hotels，参数要包含到目前为止的全部需求；回答只能使用返回结果里的事实。"


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


class _Reading:
    """One streamed answer. A call that the server left in the text, because it knows neither ChatGLM3's nor Llama 2's form, is a call."""

    def __init__(self, tools: Sequence[dict[str, Any]]) -> None:
        names = [tool.get("function", tool)["name"] for tool in tools]
        self._readers = (
            {llama2_family.CALL: llama2_family.read, **{f"{name}\n": chatglm3_family.read for name in names}}
            if tools
            else {}
        )
        self._held = ""
        self._is_text = not self._readers
        self._name = self._arguments = ""

    def text(self, more: str) -> str:
        """What may be shown now: nothing while the text is a call, or could become one."""
        self._held += more
        start = self._held.lstrip()
        if not self._is_text and any(start.startswith(mark) or mark.startswith(start) for mark in self._readers):
            return ""
        self._is_text = True
        shown, self._held = self._held, ""
        return shown

    def call(self, part: Any) -> None:
        """Take note of a part of a call; only the first of several calls is read."""
        if part.index == 0 and part.function:
            self._name = self._name or part.function.name or ""
            self._arguments += part.function.arguments or ""

    def end(self) -> Delta | None:
        """The call, or the text that was held back in vain."""
        if self._name:
            return CallDelta(FunctionCall(name=self._name, arguments=_object(self._arguments)))
        start = self._held.lstrip()
        read = next((read for mark, read in self._readers.items() if start.startswith(mark)), None)
        if read and (found := read(start, []).call):
            return CallDelta(found)
        return TextDelta(self._held) if start else None


class EndpointModel:
    """A ChatModel over HTTP; the key stays inside the client and is never shown or stored.

    `system` is for models that were not trained here: ours have seen no system message but the one that their family writes.
    """

    def __init__(
        self, base_url: str | None, model: str, api_key: str, *, system: str = SYSTEM, timeout: float = 60.0
    ) -> None:
        self.name, self._system = model, system
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
    ) -> Iterator[Delta]:
        """Stream the next assistant message.

        Raises:
            BackendError: the endpoint cannot be reached or refuses.
            CallParseError: it begins like a call and is none.
        """
        reading = _Reading(tools)
        try:
            options: dict[str, Any] = {"tools": list(tools)} if tools else {}
            create: Any = self._client.chat.completions.create  # its overloads want literal message types
            with create(
                model=self.name,
                messages=wire(messages, self._system),
                stream=True,
                temperature=temperature,
                seed=seed,
                **options,
            ) as stream:
                for chunk in stream:
                    if stop():
                        return
                    delta = chunk.choices[0].delta if chunk.choices else None
                    if delta and delta.content and (shown := reading.text(delta.content)):
                        yield TextDelta(shown)
                    for part in (delta.tool_calls or []) if delta else []:
                        reading.call(part)
        except (OpenAIError, ValueError, TypeError, AttributeError) as error:  # the client hands nonsense on as it came
            raise BackendError("models.endpoint_silent", value=error, name=self.name) from error
        if last := reading.end():
            yield last

    def predict(self, contexts: Sequence[tuple[Sequence[Message], Sequence[dict[str, Any]]]]) -> list[Message | None]:
        """The next assistant message of each context, eight requests at a time."""
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda context: self._predict(*context), contexts))

    def _predict(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> Message | None:
        text = ""
        try:
            for delta in self.generate(messages, tools):
                if isinstance(delta, CallDelta):
                    return Message(role="assistant", tool_calls=[ToolCall(function=delta.call)])
                text += delta.text if isinstance(delta, TextDelta) else ""
        except CallParseError:
            return None
        return reply(text)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (json.JSONDecodeError, RecursionError) as error:
        raise CallParseError("models.endpoint_call", value=text) from error
    if not isinstance(found, dict):
        raise CallParseError("models.endpoint_arguments", value=text)
    return found
