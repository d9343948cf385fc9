"""ShareGPT as LLaMA-Factory takes it: `conversations` of from and value, calls and their results as turns of their own."""

from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, Message
from chatbot.corpus.reading.turns import (
    CALLS,
    Row,
    calls,
    dumps,
    functions,
    named,
    role,
    single_call,
    tools,
    turns_have,
)

FORM = "llama-factory"
_NAMES = {"user": "human", "tool": "observation", "assistant": "gpt"}


def fits(row: Row) -> bool:
    """Whether its turns say from whom they are."""
    return turns_have(row, "from")


def read(row: Row, name: str) -> Conversation:
    """A conversation; its tools may be a list or that list as a text, its system message a field or a turn.

    Raises:
        InputError, ValidationError: a turn does not fit.
    """
    system = row.get("system")
    messages = [Message(role="system", content=system)] if isinstance(system, str) and system else []
    messages += [_message(turn) for turn in row["conversations"]]
    return Conversation(id=name, source=name, tools=tools(row.get("tools")), messages=named(messages))


def _message(turn: Any) -> Message:
    if not isinstance(turn, dict):
        raise InputError("reading.message", value=str(turn)[:80])
    value = turn.get("value")
    if turn.get("from") == CALLS:
        return Message(role="assistant", tool_calls=calls(value))
    return Message.model_validate(
        {"role": role(turn.get("from")), "content": value if isinstance(value, str) else dumps(value)}
    )


def write(conversation: Conversation) -> Row:
    """An example with function_call and observation turns.

    Raises:
        InputError: the turns do not alternate between the two sides, which LLaMA-Factory would drop without a word; or a turn
            holds two calls, or words and a call.
    """
    turns: list[Row] = []
    system = ""
    for message in conversation.messages:
        if message.role == "system":
            system = message.content
        elif message.tool_calls:
            made = single_call(message, conversation, FORM)
            turns.append({"from": CALLS, "value": dumps({"name": made.name, "arguments": made.arguments})})
        else:
            turns.append({"from": _NAMES[message.role], "value": message.content})
    sides = [turn["from"] in ("human", "observation") for turn in turns]
    if len(turns) % 2 or sides != [True, False] * (len(turns) // 2):
        raise InputError("corpus.alternate", conversation=conversation.id)
    return {"conversations": turns, "tools": dumps(functions(conversation)), "system": system}
