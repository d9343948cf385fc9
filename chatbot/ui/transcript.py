"""A conversation as messages of the chat window: bubbles for words, a folded step for each search."""

import json
from html import escape
from typing import Any

from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.messages import Conversation
from chatbot.ui.chat_state import ChatState, Turn
from chatbot.ui.words import Language, say

TOOL = "search_hotels"

WORDS = {
    "transcript.step": ("{tool} · 找到 {total} 家 · {ms} 毫秒", "{tool} · {total} found · {ms} ms"),
    "transcript.relaxed": ("{tool} · 放宽后找到 {total} 家 · {ms} 毫秒", "{tool} · {total} found with a wish given up · {ms} ms"),
    "transcript.searching": ("{tool} · 正在查", "{tool} · searching"),
    "transcript.shown": ("给出 {n} 家：", "{n} shown:"),
    "transcript.nothing": ("没有找到酒店。", "No hotel was found."),
    "transcript.waiting": ("正在想…", "Thinking …"),
    "transcript.template": (
        "（这句直接按查询结果写成：模型的回答没有通过核对。）",
        "(Written straight from the search results: the model's own answer did not pass the check.)",
    ),
}


def transcript(state: ChatState, who: Any) -> list[dict[str, Any]]:
    """All messages of the chat window, oldest first. The window shows HTML, and nothing that was said may be any."""
    messages = [message for turn in state.turns for message in _turn(turn, who)]
    return [message | {"content": escape(message["content"], quote=False)} for message in messages]


def turn_at(state: ChatState, index: int, who: Language = "zh") -> int | None:
    """Which turn the message at this place of the chat window belongs to."""
    seen = 0
    for number, turn in enumerate(state.turns):
        seen += len(_turn(turn, who))
        if index < seen:
            return number
    return None


def _turn(turn: Turn, who: Any) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = [{"role": "user", "content": turn.text}]
    if turn.call:
        out.append({"role": "assistant", "content": _step(turn, who), "metadata": {"title": _title(turn, who), "status": "done"}})
    if said := _said(turn, who):
        out.append({"role": "assistant", "content": said})
    return out


def _said(turn: Turn, who: Any) -> str:
    aside = say(who, "transcript.template") if turn.end and turn.end.source == "template" else ""
    parts = [part for part in (turn.reply, turn.note, aside) if part]
    return "\n\n".join(parts) or ("" if turn.end else say(who, "transcript.waiting"))


def _title(turn: Turn, who: Any) -> str:
    if turn.found is None:
        return say(who, "transcript.searching", tool=TOOL)
    ms = max(1, round(turn.found.seconds * 1000))
    return say(who, "transcript.relaxed" if turn.found.relaxed else "transcript.step", tool=TOOL, total=f"{turn.found.total:,}", ms=ms)


def _step(turn: Turn, who: Any) -> str:
    arguments = json.dumps(turn.call.arguments, ensure_ascii=False) if turn.call else ""
    if turn.found is None:
        return arguments
    names = [f"· {record['name']}" for record in turn.found.records]
    answer = [say(who, "transcript.shown", n=len(names)), *names] if names else [say(who, "transcript.nothing")]
    return "\n".join([arguments, *answer])


def export(state: ChatState, name: str) -> str:
    """The conversation as one line of the format that training, evaluation and chat read."""
    return Conversation(id=name, source=name, tools=[SEARCH_HOTELS], messages=state.messages).to_json() + "\n"
