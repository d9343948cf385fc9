"""The ChatGLM3 family: its own tool format, with every role mark put in as an id, exactly as its original tokenizer builds a prompt.

A message is its role's mark, then its first line (metadata: a function's name in a call, otherwise empty) and its content, each
encoded on its own. The model ends a message by writing the mark of whoever is next, which is why those marks are trained.
"""

import json
from collections.abc import Iterator, Sequence
from keyword import iskeyword
from typing import Any

from chatbot.core.messages import FunctionCall, Message, ToolCall
from chatbot.models.families.family import Family, Piece
from chatbot.models.families.parsers import could_be_name, parse_named_call

SYSTEM, USER, ASSISTANT, OBSERVATION = "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"
MARKS = ("[MASK]", "[gMASK]", "[sMASK]", "sop", "eop", SYSTEM, USER, ASSISTANT, OBSERVATION)
"""Special tokens in id order, right after the SentencePiece pieces."""
STOPS = ("</s>", USER, OBSERVATION)
ROLES = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT, "tool": OBSERVATION}
TOOLS_INTRODUCTION = "Answer the following questions as best as you can. You have access to the following tools:"


def tools_text(tools: Sequence[dict[str, Any]]) -> str:
    """The tools as the system message shows them: bare schemas, without OpenAI's wrapper."""
    return json.dumps([tool.get("function", tool) for tool in tools], indent=4, ensure_ascii=False)


def call_text(call: FunctionCall) -> str:
    """A call's content: fenced Python with keyword literals, or JSON where an argument's name is no Python name."""
    if not all(key.isascii() and key.isidentifier() and not iskeyword(key) for key in call.arguments):
        return json.dumps(call.arguments, ensure_ascii=False)
    arguments = ", ".join(f"{key}={value!r}" for key, value in call.arguments.items())
    return f"```python\ntool_call({arguments})\n```"


def with_tools(messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> list[Message]:
    """The messages with the tools in the system message, which is added where there is none."""
    if not tools:
        return list(messages)
    has_system = bool(messages) and messages[0].role == "system"
    introduction = messages[0].content if has_system else TOOLS_INTRODUCTION
    return [Message(role="system", content=f"{introduction}\n{tools_text(tools)}"), *messages[int(has_system) :]]


def parts(message: Message) -> list[tuple[str, str]]:
    """A message as (first line, content) pairs: one a call, and one for the words, where there are any or no call."""
    words = [("", message.content)] if message.content or not message.tool_calls else []
    return words + [(c.function.name, call_text(c.function)) for c in message.tool_calls]


def _pieces(messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> Iterator[Piece]:
    yield Piece(token="[gMASK]")
    yield Piece(token="sop")
    written = False  # whether the model wrote what stands before, and so the mark that follows, too
    for message in with_tools(messages, tools):
        is_model = message.role == "assistant"
        for first_line, content in parts(message):
            yield Piece(token=ROLES[message.role], trained=written)
            yield Piece(text=f"{first_line}\n", trained=is_model)
            yield Piece(text=content, trained=is_model)
            written = is_model


def pieces(messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> list[Piece]:
    """A complete conversation; where it ends with the model, the mark that ends its turn follows."""
    out = list(_pieces(messages, tools))
    if messages and messages[-1].role == "assistant":
        out.append(Piece(token=OBSERVATION if messages[-1].tool_calls else USER, trained=True))
    return out


def prompt(messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> list[Piece]:
    """The pieces up to where the model starts to write."""
    return [*_pieces(messages, tools), Piece(token=ASSISTANT)]


def read(text: str, messages: Sequence[Message]) -> Message:
    """What the model wrote → a reply, calls, or both.

    Raises:
        CallParseError: a first line names a function, but no call follows.
    """
    words: list[str] = []
    calls: list[ToolCall] = []
    for part in text.split(ASSISTANT):
        first_line, newline, content = part.partition("\n")
        if newline and first_line.strip() and could_be_name(first_line):
            calls.append(ToolCall(function=parse_named_call(first_line, content)))
        else:
            words.append(part.strip())
    return Message(role="assistant", content="\n".join(w for w in words if w), tool_calls=calls)


def is_call(text: str) -> bool | None:
    """A first line that names a function makes a call; an empty one, or words, make a reply."""
    first_line, newline, _ = text.partition("\n")
    if newline:
        return bool(first_line.strip()) and could_be_name(first_line)
    return None if could_be_name(first_line) else False


def visible(text: str, messages: Sequence[Message]) -> str:
    """A reply without its empty first line, and without a call that follows it."""
    return text.split(ASSISTANT, maxsplit=1)[0].strip()


CHATGLM3 = Family(
    name="chatglm3",
    pieces=pieces,
    prompt=prompt,
    read=read,
    is_call=is_call,
    stops=STOPS,
    lora_targets=("q_proj", "k_proj", "v_proj", "o_proj", "gate_up_proj", "down_proj"),
    visible=visible,
    special_tokens=MARKS,
)
