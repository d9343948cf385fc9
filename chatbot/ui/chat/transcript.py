"""A conversation as messages of the chat window: bubbles for words, a folded step for each search with its act line (听成)."""

import json
from html import escape
from typing import Any

from chatbot.core.messages import Conversation
from chatbot.core.plain_text import plain
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.ui.chat.state import ChatState, ChatTurn
from chatbot.ui.i18n.translate import Language, translate

TOOL = "search_hotels"


def transcript(state: ChatState, who: Any) -> list[dict[str, Any]]:
    """All messages of the chat window, oldest first. The window shows HTML, and nothing that was said may be any."""
    messages = [message for turn in state.turns for message in _turn(turn, who)]
    return [message | {"content": escape(plain(message["content"]), quote=False)} for message in messages]


def turn_at(state: ChatState, index: int, who: Language = "zh") -> int | None:
    """Which turn the message at this place of the chat window belongs to."""
    seen = 0
    for number, turn in enumerate(state.turns):
        seen += len(_turn(turn, who))
        if index < seen:
            return number
    return None


def _turn(turn: ChatTurn, who: Any) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = [{"role": "user", "content": turn.text}]
    if turn.call:
        out.append(
            {
                "role": "assistant",
                "content": _step(turn, who),
                "metadata": {"title": _title(turn, who), "status": "done"},
            }
        )
    if said := _said(turn, who):
        out.append({"role": "assistant", "content": said})
    return out


def _said(turn: ChatTurn, who: Any) -> str:
    aside = translate(who, "transcript.template") if turn.end and turn.end.source == "template" else ""
    parts = [part for part in (turn.reply, turn.note, aside) if part]
    return "\n\n".join(parts) or ("" if turn.end else translate(who, "transcript.waiting"))


def _title(turn: ChatTurn, who: Any) -> str:
    if turn.found is None:
        return translate(who, "transcript.searching", tool=TOOL)
    ms = max(1, round(turn.found.seconds * 1000))
    return translate(
        who,
        "transcript.relaxed" if turn.found.relaxed else "transcript.step",
        tool=TOOL,
        total=f"{turn.found.total:,}",
        ms=ms,
    )


def _step(turn: ChatTurn, who: Any) -> str:
    arguments = json.dumps(turn.call.arguments, ensure_ascii=False) if turn.call else ""
    if turn.found is None:
        return arguments
    heard = [translate(who, "transcript.act", act=act) for act in _acts(turn)]
    heard += [translate(who, "transcript.doubted", draft=draft, reason=reason) for draft, reason in _doubts(turn)]
    names = [f"· {record['name']}" for record in turn.found.records]
    answer = (
        [translate(who, "transcript.shown", n=len(names)), *names] if names else [translate(who, "transcript.nothing")]
    )
    return "\n".join([*heard, arguments, *answer])


def _acts(turn: ChatTurn) -> list[str]:
    """The act line that the turn was understood as, where its model writes one."""
    return [message.act for message in turn.end.messages if message.act][:1] if turn.end else []


def _doubts(turn: ChatTurn) -> list[tuple[str, str]]:
    """Drafts that a check turned down, with the reason."""
    return turn.end.rejected if turn.end else []


def export(state: ChatState, name: str) -> str:
    """The conversation as one line of the format that training, evaluation and chat read."""
    return Conversation(id=name, source=name, tools=[SEARCH_HOTELS], messages=state.messages).to_json() + "\n"
