"""A conversation as messages of the chat window: bubbles for words, a folded step for each search with its act line (听成)."""

import json
import re
from collections.abc import Sequence
from html import escape
from typing import Any

from chatbot.core.messages import Conversation
from chatbot.core.plain_text import plain
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.ui.chat.state import ChatState, ChatTurn
from chatbot.ui.i18n.translate import Language, translate

TOOL = "search_hotels"
# what stands before “1. 某酒店” in a reply: a list is easier to read down than along
_NUMBERED = re.compile(r"(?<=[：；:;])\s*(?=\d{1,2}\. )")


def transcript(state: ChatState, who: Any) -> list[dict[str, Any]]:
    """All messages of the chat window, oldest first. The window shows HTML, and nothing that was said may be any."""
    cited = next((at for at in range(len(state.turns) - 1, -1, -1) if state.turns[at].found), len(state.turns))
    names = [str(record["name"]) for record in state.found.records] if state.found else []
    out = []
    for number, turn in enumerate(state.turns):
        for message in _turn(turn, who):
            said = escape(plain(message["content"]), quote=False)
            mine = number >= cited and message["role"] == "assistant" and "metadata" not in message
            end = _badge(who) if mine and turn.end and turn.end.source == "template" else ""
            out.append(message | {"content": (cite(said, names, who) if mine else said) + end})
    return out


def cite(said: str, names: Sequence[str], who: Any) -> str:
    """A reply, escaped, with 【1】 behind each hotel of the cards beside it: what lights that card."""
    marks = {escape(plain(name), quote=False): number for number, name in enumerate(names, 1)}
    if not marks:
        return said
    longest_first = sorted(marks, key=len, reverse=True)
    return re.sub(
        "|".join(map(re.escape, longest_first)), lambda found: found[0] + _mark(marks[found[0]], found[0], who), said
    )


def _mark(number: int, name: str, who: Any) -> str:
    told = translate(who, "transcript.cite", n=number, name=name)
    return f'<button type="button" class="cite" aria-label="{escape(told)}">【{number}】</button>'


def _badge(who: Any) -> str:
    told, why = translate(who, "transcript.template"), translate(who, "transcript.template_why")
    return f'<span class="unchecked" title="{escape(why)}">{told}</span>'


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
        out.append({"role": "assistant", "content": _NUMBERED.sub("\n", said)})
    return out


def _said(turn: ChatTurn, who: Any) -> str:
    parts = [part for part in (turn.reply, turn.note) if part]
    return "\n\n".join(parts) or ("" if turn.end else translate(who, "transcript.waiting"))


def _title(turn: ChatTurn, who: Any) -> str:
    if turn.found is None:
        return translate(who, "transcript.searching")
    key = "transcript.relaxed" if turn.found.relaxed else "transcript.step"
    return translate(who, key, total=f"{turn.found.total:,}")


def _step(turn: ChatTurn, who: Any) -> str:
    arguments = f"{TOOL} {json.dumps(turn.call.arguments, ensure_ascii=False)}" if turn.call else ""
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
