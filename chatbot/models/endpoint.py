"""A model behind any OpenAI-compatible endpoint (OpenAI, vLLM, llama.cpp, transformers serve); its answers are untrusted."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openai import OpenAI, OpenAIError

from chatbot.errors import BackendError, CallParseError
from chatbot.messages import FunctionCall, Message, ToolCall, reply
from chatbot.models.backends import CallDelta, Delta, TextDelta

SYSTEM = "你是酒店助手。用户提出或改变需求时，调用 search_hotels，参数要包含到目前为止的全部需求；回答只能使用返回结果里的事实。"


def wire(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Our messages as the API wants them: arguments as a JSON string, calls and results joined by ids."""
    out: list[dict[str, Any]] = [] if messages and messages[0].role == "system" else [{"role": "system", "content": SYSTEM}]
    for number, message in enumerate(messages):
        item: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.call:
            arguments = json.dumps(message.call.arguments, ensure_ascii=False)
            item["tool_calls"] = [{"id": f"call_{number}", "type": "function", "function": {"name": message.call.name, "arguments": arguments}}]
        if message.role == "tool":
            item["tool_call_id"] = f"call_{number - 1}"
        out.append(item)
    return out


class EndpointModel:
    """A ChatModel over HTTP; the key stays inside the client and is never shown or stored."""

    def __init__(self, base_url: str | None, model: str, api_key: str, *, timeout: float = 60.0) -> None:
        self.name = model
        self._client = OpenAI(base_url=base_url, api_key=api_key, timeout=timeout, max_retries=2)

    def generate(
        self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], *, stop: Callable[[], bool] = lambda: False, temperature: float = 0.0, seed: int = 0
    ) -> Iterator[Delta]:
        """Stream the next assistant message.

        Raises:
            BackendError: the endpoint cannot be reached or refuses.
            CallParseError: the call's arguments are not a JSON object.
        """
        name, arguments = "", ""
        try:
            options: dict[str, Any] = {"tools": list(tools)} if tools else {}
            create: Any = self._client.chat.completions.create  # its overloads want literal message types
            with create(model=self.name, messages=wire(messages), stream=True, temperature=temperature, seed=seed, **options) as stream:
                for chunk in stream:
                    delta = chunk.choices[0].delta if chunk.choices else None
                    if stop():
                        return
                    if delta and delta.content:
                        yield TextDelta(delta.content)
                    for call in (delta.tool_calls or []) if delta else []:
                        if call.index == 0 and call.function:
                            name, arguments = name or call.function.name or "", arguments + (call.function.arguments or "")
        except OpenAIError as error:
            raise BackendError(
                f"the endpoint did not answer for {self.name}", value=error, remedy="Check the address, the key and the model's name."
            ) from error
        if name:
            yield CallDelta(FunctionCall(name=name, arguments=_object(arguments)))

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
                text += delta.text
        except CallParseError:
            return None
        return reply(text)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (json.JSONDecodeError, RecursionError) as error:
        raise CallParseError("the endpoint's call is not JSON", value=text, remedy="Retry, or choose another model.") from error
    if not isinstance(found, dict):
        raise CallParseError("the endpoint's call arguments are not an object", value=text, remedy="Retry, or choose another model.")
    return found
