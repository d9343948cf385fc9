"""The Llama 2 family: `<s>[INST] … [/INST] … </s>` a turn pair; a call is a marked JSON line, its result the next [INST].

Llama 2 has no role tokens and no tool role: its marks are plain text. So the same characters inside what people or records say
are broken up by a space, as no tokenizer could tell them apart.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from chatbot.core.messages import FunctionCall, Message, ToolCall, reply
from chatbot.models.families.family import Family, Piece
from chatbot.models.families.parsers import parse_object_call

BOS, EOS = "<s>", "</s>"
CALL, RESULT = "CALL:", "RESULT:"
TOOLS_INTRODUCTION = "You can call these functions:"
TOOLS_RULE = f'To call one, answer with one line and nothing else: {CALL} {{"name": …, "arguments": {{…}}}}'
_MARK = re.compile(r"(\[)(?=/?INST\])|(<)(?=<\s*/?\s*SYS>>)")


def plain(text: str) -> str:
    """A text in which nothing reads as a mark of Llama 2's format, without outer space, as its original code strips it."""
    return _MARK.sub(lambda match: f"{match[0]} ", text.strip())


def tools_text(tools: Sequence[dict[str, Any]]) -> str:
    """The tools and how to call them, for the system message."""
    schemas = "\n".join(json.dumps(tool.get("function", tool), ensure_ascii=False) for tool in tools)
    return f"{TOOLS_INTRODUCTION}\n{schemas}\n{TOOLS_RULE}"


def call_text(call: FunctionCall) -> str:
    """A call as its marked line."""
    return f"{CALL} {json.dumps({'name': call.name, 'arguments': call.arguments}, ensure_ascii=False)}"


def _system(messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> str:
    texts = [plain(m.content) for m in messages if m.role == "system"] + ([tools_text(tools)] if tools else [])
    return "\n\n".join(text for text in texts if text)


def _instruction(message: Message) -> str:
    """What a person or a function says; words that a person starts like a function's result are set apart from one."""
    if message.role == "tool":
        return f"{RESULT} {plain(message.content)}"
    text = plain(message.content)
    return f"'{text}" if text.startswith(RESULT) else text


def _turn_pairs(messages: Sequence[Message]) -> Iterator[tuple[list[Message], list[Message]]]:
    """(what is said to the model, what it answers) of each turn pair; the last answer may be missing."""
    asked: list[Message] = []
    answered: list[Message] = []
    for message in messages:
        if message.role == "system":
            continue
        if message.role == "assistant":
            answered.append(message)
            continue
        if answered:
            yield asked, answered
            asked, answered = [], []
        asked.append(message)
    yield asked, answered


def answer_text(message: Message) -> str:
    """What the model writes for one message: its calls, a line each, or its words."""
    return (
        "\n".join(call_text(c.function) for c in message.tool_calls) if message.tool_calls else plain(message.content)
    )


def pieces(messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> list[Piece]:
    """Messages as pieces: BOS once a turn pair, the system text inside the first."""
    system = _system(messages, tools)
    out: list[Piece] = []
    for asked, answered in _turn_pairs(messages):
        instruction = "\n".join(_instruction(message) for message in asked)
        preface = f"<<SYS>>\n{system}\n<</SYS>>\n\n" if system and not out else ""
        out += [Piece(token=BOS), Piece(text=f"[INST] {preface}{instruction} [/INST]")]
        for message in answered:
            out += [Piece(text=f"{answer_text(message)} ", trained=True), Piece(token=EOS, trained=True)]
    return out


def read(text: str, messages: Sequence[Message]) -> Message:
    """What the model wrote → calls or a reply.

    Raises:
        CallParseError: a marked line holds no call.
    """
    body = text.split(EOS, maxsplit=1)[0].strip()
    if not body.startswith(CALL):
        return reply(body)
    lines = [line for line in body.split("\n") if line.strip()]
    calls = [parse_object_call(line.strip().removeprefix(CALL)) for line in lines]
    return Message(role="assistant", tool_calls=[ToolCall(function=call) for call in calls])


def is_call(text: str) -> bool | None:
    """The mark at the beginning tells."""
    start = text.lstrip()
    if len(start) < len(CALL):
        return None if CALL.startswith(start) else False
    return start.startswith(CALL)


LLAMA2 = Family(
    name="llama2",
    pieces=pieces,
    prompt=pieces,
    read=read,
    is_call=is_call,
    stops=(EOS,),
    visible=lambda text, messages: text.strip(),
    call_start=CALL,
    special_tokens=(BOS, EOS),
)
