"""What the forms share: roles by all their names, tools in all their wrappings, arguments as text or as an object."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, FunctionCall, Message, ToolCall

Row = dict[str, Any]
ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "function_call": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "function_response": "tool",
}
CALLS = "function_call"
"""The role under which LLaMA-Factory's forms write a call."""


def turns_have(row: Row, key: str) -> bool:
    """Whether a row's `conversations` are turns with this key: "role" and "from" tell two forms apart."""
    turns = row.get("conversations")
    return isinstance(turns, list) and bool(turns) and isinstance(turns[0], dict) and key in turns[0]


def dumps(value: object) -> str:
    """JSON on one line, Chinese kept readable."""
    return json.dumps(value, ensure_ascii=False)


def role(name: object) -> str:
    """One of our roles, by any of its names.

    Raises:
        InputError: it is none.
    """
    if not isinstance(name, str) or name not in ROLES:
        raise InputError("reading.role", value=name, choices=ROLES)
    return ROLES[name]


def parsed(text: object) -> Any:
    """JSON that stands in a text as data, and data as it is.

    Raises:
        InputError: the text is no JSON.
    """
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise InputError("reading.arguments", value=text[:80]) from error


def calls(value: object) -> list[ToolCall]:
    """Calls written as {"name", "arguments"}, as text or as an object, one or a list of them."""
    found = parsed(value)
    return [tool_call(one) for one in (found if isinstance(found, list) else [found])]


def tool_call(function: object) -> ToolCall:
    """A call from its name and its arguments, which may be a text.

    Raises:
        InputError: the arguments are no object.
        ValidationError: there is no name.
    """
    if not isinstance(function, dict):
        raise InputError("reading.arguments", value=str(function)[:80])
    arguments = parsed(function.get("arguments") or function.get("parameters") or {})
    if not isinstance(arguments, dict):
        raise InputError("reading.arguments", value=str(arguments)[:80])
    return ToolCall(function=FunctionCall.model_validate({"name": function.get("name"), "arguments": arguments}))


def tools(value: object) -> list[Row]:
    """Functions in OpenAI's wrapper, from a list of them with or without it, or from that list as a text."""
    found = parsed(value) or []
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        raise InputError("reading.tools", value=str(value)[:80])
    return [tool for one in found for tool in _wrapped(one)]


def _wrapped(tool: object) -> list[Row]:
    if isinstance(tool, str):
        return tools(tool)
    if not isinstance(tool, dict):
        raise InputError("reading.tools", value=str(tool)[:80])
    return [tool if "function" in tool or "name" not in tool else {"type": "function", "function": tool}]


def functions(conversation: Conversation) -> list[Row]:
    """The tools without OpenAI's wrapper: name, description, parameters."""
    return [tool.get("function", tool) for tool in conversation.tools]


def named(messages: Sequence[Message]) -> list[Message]:
    """The messages, each result named after the call that it answers, where the form gives results no name."""
    return list(_named(messages))


def _named(messages: Sequence[Message]) -> Iterator[Message]:
    waiting: list[str] = []
    for message in messages:
        if message.role == "tool":
            name = waiting.pop(0) if waiting else None
            yield message if message.name or not name else message.model_copy(update={"name": name})
        else:
            waiting = [one.function.name for one in message.tool_calls]
            yield message


def single_call(message: Message, conversation: Conversation, form: str) -> FunctionCall:
    """The call of a message, for a form that holds one a turn and no words beside it.

    Raises:
        InputError: there are two, or words.
    """
    if len(message.tool_calls) > 1:
        raise InputError("reading.parallel_calls", conversation=conversation.id, form=form)
    if message.content:
        raise InputError("reading.words_and_call", conversation=conversation.id, form=form)
    return message.tool_calls[0].function
