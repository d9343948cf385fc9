"""Whole conversations as the text that Llama2-chat sees, written by the family's renderer and read back from its marks."""

import json
import re

from chatbot.core.errors import CallParseError, InputError
from chatbot.core.messages import Conversation, Message
from chatbot.corpus.reading.turns import Row, named, tools

FORM = "llama2"
_PAIR = re.compile(r"<s>\[INST\] (.*?) \[/INST\](.*?)(?=<s>\[INST\] |\Z)", re.DOTALL)
_SYSTEM = re.compile(r"<<SYS>>\n(.*?)\n<</SYS>>\n\n", re.DOTALL)


def fits(row: Row) -> bool:
    """Whether it is one text that opens as Llama 2's do."""
    text = row.get("text")
    return isinstance(text, str) and text.lstrip().startswith("<s>[INST]")


def read(row: Row, name: str) -> Conversation:
    """A conversation out of its text.

    Raises:
        InputError: a line that is marked as a call holds none.
    """
    from chatbot.models.families.llama2 import CALL, EOS, LLAMA2

    messages: list[Message] = []
    offered: list[Row] = []
    for pair, (asked, answered) in enumerate(_PAIR.findall(row["text"].strip())):
        if pair == 0 and (system := _SYSTEM.match(asked)):
            words, offered = _system(system[1])
            messages += [Message(role="system", content=words)] if words else []
            asked = asked[system.end() :]  # noqa: PLW2901
        messages += _instruction(asked, len(messages[-1].tool_calls) if messages else 0)
        for text in answered.split(EOS)[:-1]:
            try:
                messages.append(LLAMA2.read(text, messages))
            except CallParseError as error:
                raise InputError("reading.arguments", value=text.removeprefix(CALL)[:80]) from error
    return Conversation(id=str(row.get("id") or name), source=name, tools=offered, messages=named(messages))


def _system(text: str) -> tuple[str, list[Row]]:
    """The words of a system message, and the tools behind them."""
    from chatbot.models.families.llama2 import TOOLS_INTRODUCTION, TOOLS_RULE

    words, _, rest = text.partition(f"{TOOLS_INTRODUCTION}\n")
    lines = rest.removesuffix(TOOLS_RULE).split("\n")
    return words.removesuffix("\n\n"), tools([json.loads(line) for line in lines if line.strip()])


def _instruction(text: str, results: int) -> list[Message]:
    """What one [INST] says: as many results as calls came before, a line each, then what the person says."""
    from chatbot.models.families.llama2 import RESULT

    out: list[Message] = []
    rest: str | None = text
    while rest is not None and len(out) < results and rest.startswith(RESULT):
        line, newline, after = rest.partition("\n")
        out.append(Message(role="tool", content=line.removeprefix(RESULT).strip()))
        rest = after if newline else None
    if rest is not None and (rest or not out):
        out.append(Message(role="user", content=rest[1:] if rest.startswith(f"'{RESULT}") else rest))
    return out


def write(conversation: Conversation) -> Row:
    """The text, with its id.

    Raises:
        InputError: words stand beside a call, which the form has no place for.
    """
    from chatbot.models.families.llama2 import LLAMA2

    if any(message.content and message.tool_calls for message in conversation.messages):
        raise InputError("reading.words_and_call", conversation=conversation.id, form=FORM)
    pieces = LLAMA2.pieces(conversation.messages, conversation.tools)
    return {"id": conversation.id, "text": "".join(piece.token or piece.text for piece in pieces)}
