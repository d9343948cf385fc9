"""Whether a conversation that goes through a family comes back the same: what the model would be taught to write, read as its own words."""

from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from chatbot.core.errors import CallParseError, ModelError
from chatbot.core.messages import FunctionCall, Message, ToolCall, call, observation, reply, user
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.models.families.family import Family
from chatbot.models.render import render, render_prompt

TOOLS = [SEARCH_HOTELS]
_RECORD = {"name": "如家快捷酒店(北京西站店)", "type": "经济型", "price": 239, "rating": 4.6, "facilities": ["棋牌室"]}
_CALL = {"type": "经济型", "facilities": ["能打麻将"], "price_range_upper": 300}
EXAMPLE = [
    user("想找300元以内能打麻将的经济型酒店，最好离西站近"),
    call(_CALL),
    observation([_RECORD]),
    reply("为您找到如家快捷酒店(北京西站店)，239元一晚，有棋牌室。"),
    user("电话是多少？"),
    reply("很抱歉，库里没有它的电话。"),
]
BESIDE = [
    user("想找便宜的"),
    Message(
        role="assistant",
        content="好的，我查一下。",
        tool_calls=[ToolCall(function=FunctionCall(name="search_hotels", arguments={"type": "经济型"}))],
    ),
]
"""Words beside a call in one message, which not every family can hold."""


def lost(
    messages: Sequence[Message], tools: Sequence[dict[str, Any]], family: Family, tokenizer: PreTrainedTokenizerBase
) -> list[str]:
    """What of the assistant's messages does not come back, one line each; [] where all is exact.

    Raises:
        ModelError: the family refuses the conversation, or the tokenizer lacks a mark.
    """
    out = []
    for index, message in enumerate(messages):
        if message.role != "assistant":
            continue
        prompt = render_prompt(messages[:index], tools, family, tokenizer)
        whole = render(messages[: index + 1], tools, family, tokenizer)
        if whole.ids[: len(prompt)] != prompt:
            out.append(f"message {index + 1}: what is asked in chat is not what is trained")
            continue
        written = _without_stops(str(tokenizer.decode(whole.ids[len(prompt) :], skip_special_tokens=False)), family)
        out += [f"message {index + 1}: {what}" for what in _differences(message, written, family, messages[:index])]
    return out


def _without_stops(text: str, family: Family) -> str:
    ends = [at for stop in family.stops if (at := text.find(stop)) >= 0]
    return text[: min(ends)] if ends else text


def _differences(message: Message, written: str, family: Family, before: Sequence[Message]) -> list[str]:
    try:
        back = family.read(written, before)
    except CallParseError as error:
        return [f"the call cannot be read back ({error.what})"]
    out = []
    if [c.function for c in back.tool_calls] != [c.function for c in message.tool_calls]:
        out.append("the call is lost" if not back.tool_calls else "the call comes back as another")
    if back.content.strip() != message.content.strip():
        out.append("the words are lost" if not back.content.strip() else "the words come back as others")
    return out


def unseen(family: Family, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """What of the example's questions and records does not stand in what the model reads; the families built in here write records in ways of their own."""
    if family.name != "template":
        return []
    ids = render(EXAMPLE, TOOLS, family, tokenizer).ids
    text = str(tokenizer.decode(ids, skip_special_tokens=False))
    needed = {"a question": EXAMPLE[0].content, "a record": str(_RECORD["name"]), "the function": "search_hotels"}
    return [f"{what} is not shown to the model" for what, words in needed.items() if words not in text]


def refuse_broken(family: Family, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let no model be trained through a chat template that hides words from it, or a call that it is taught.

    Raises:
        ModelError: the template does, and what.
    """
    if family.name != "template":
        return
    if wrong := [*unseen(family, tokenizer), *lost(EXAMPLE, TOOLS, family, tokenizer)]:
        raise ModelError("models.template_broken", value=tokenizer.name_or_path, detail="; ".join(wrong))
