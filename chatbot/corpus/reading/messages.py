"""Our own form and OpenAI's, which differ in ids and in how arguments are written: one reader for both, and OpenAI's writer."""

from collections.abc import Sequence
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, Message
from chatbot.corpus.reading.turns import CALLS, Row, calls, dumps, role, tool_call, tools


def fits(row: Row) -> bool:
    """Whether it is a conversation of either form."""
    return isinstance(row.get("messages"), list)


def read(row: Row, name: str) -> Conversation:
    """A conversation; one without an id takes the given name, one without a source is its own.

    Raises:
        InputError, ValidationError: a part of it does not fit.
    """
    given = row.get("id")
    own = name if given in (None, "") else str(given)
    source = row.get("source")
    return Conversation(
        id=own,
        source=own if source in (None, "") else str(source),
        tools=tools(row.get("tools") or row.get("functions")),
        messages=_messages(row["messages"]),
        meta=row.get("meta") or {},
    )


def _messages(rows: Sequence[Any]) -> list[Message]:
    names: dict[str, str] = {}
    out = []
    for row in rows:
        if not isinstance(row, dict):
            raise InputError("reading.message", value=str(row)[:80])
        names |= {
            str(one["id"]): str(one["function"].get("name"))
            for one in row.get("tool_calls") or []
            if isinstance(one, dict) and one.get("id") and isinstance(one.get("function"), dict)
        }
        out.append(_message(row, names))
    return out


def _message(row: Row, names: dict[str, str]) -> Message:
    found = role(row.get("role"))
    if row["role"] == CALLS:
        return Message(role="assistant", tool_calls=calls(row.get("content")))
    made = [tool_call(one.get("function") if isinstance(one, dict) else one) for one in row.get("tool_calls") or []]
    if isinstance(row.get("function_call"), dict):
        made.append(tool_call(row["function_call"]))
    return Message.model_validate(
        {
            "role": found,
            "content": _content(row.get("content")),
            "tool_calls": made,
            "name": row.get("name") or names.get(str(row.get("tool_call_id"))),
            "act": row.get("act"),
        }
    )


def _content(value: object) -> object:
    """Words: null is none, and OpenAI's list of text parts is joined.

    Raises:
        InputError: a part is a picture or a sound.
    """
    if value is None:
        return ""
    if not isinstance(value, list):
        return value if isinstance(value, str) else dumps(value)
    if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in value):
        raise InputError("reading.content")
    return "".join(part["text"] for part in value)


def write_ours(conversation: Conversation) -> Row:
    """A line of our own form."""
    return conversation.to_dict()


def write(conversation: Conversation) -> Row:
    """A line of OpenAI's fine-tuning file: arguments as a JSON string, every result tied to its call by id.

    Raises:
        InputError: a result follows no call.
    """
    several = any(len(message.tool_calls) > 1 for message in conversation.messages)
    return {
        "messages": _openai_messages(conversation),
        "tools": conversation.tools,
        "parallel_tool_calls": several,
    }


def _openai_messages(conversation: Conversation) -> list[Row]:
    out: list[Row] = []
    waiting: list[str] = []
    for number, message in enumerate(conversation.messages):
        if message.role == "tool":
            if not waiting:
                raise InputError("reading.result_without_call", conversation=conversation.id)
            out.append({"role": "tool", "tool_call_id": waiting.pop(0), "content": message.content})
            continue
        row: Row = {"role": message.role}
        waiting = [f"call_{number}_{at}" for at in range(len(message.tool_calls))]
        if message.content or not message.tool_calls:
            row["content"] = message.content
        if message.tool_calls:
            functions = [
                {"name": one.function.name, "arguments": dumps(one.function.arguments)} for one in message.tool_calls
            ]
            row["tool_calls"] = [
                {"id": own, "type": "function", "function": function}
                for own, function in zip(waiting, functions, strict=True)
            ]
        out.append(row)
    return out
