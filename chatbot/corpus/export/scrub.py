"""Numbers that are a person's, taken out of what users said: telephones, identity and bank cards, mail addresses."""

import re
from collections.abc import Mapping
from typing import Any

from chatbot.core.messages import Conversation, Message

KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("〔邮箱〕", re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")),
    ("〔证件号〕", re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{5}[0-9Xx](?![0-9A-Za-z])")),
    ("〔卡号〕", re.compile(r"(?<!\d)\d{4}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?!\d)")),
    ("〔电话〕", re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")),
    ("〔电话〕", re.compile(r"(?<!\d)(?:0\d{2,3}[ -]?)\d{7,8}(?!\d)")),
    ("〔电话〕", re.compile(r"(?<![\d+])\+\d[\d -]{8,16}\d(?!\d)")),
    ("〔证件号〕", re.compile(r"(?<![0-9A-Za-z])[EeGgDdSsPpHhKk][A-Za-z]?\d{8}(?![0-9A-Za-z])")),
)
"""What is put in the place of each, and how it is known; the longer numbers first, since they hold shorter ones."""
_WIDE = str.maketrans("０１２３４５６７８９＋－＠．", "0123456789+-@.")


def scrub_text(text: str, public: str = "") -> str:
    """A text without personal numbers; those that stand in `public` too stay, as a hotel's telephone."""
    if not re.search(r"[0-9０-９@＠]", text):
        return text
    seen = text.translate(_WIDE)  # each character for one, so that places agree
    for mark, pattern in KINDS:
        for found in reversed(list(pattern.finditer(seen))):
            if found[0] not in public:
                begin, end = found.span()
                text, seen = (part[:begin] + mark + part[end:] for part in (text, seen))
    return text


def scrub(conversation: Conversation) -> Conversation:
    """A conversation in which users' words and comments name nobody by number; all else is as it was."""
    public = "\n".join(message.content for message in conversation.messages if message.role == "tool")
    messages = [_scrubbed(message, public) for message in conversation.messages]
    meta = {key: scrub_text(value, public) if key == "comment" else value for key, value in conversation.meta.items()}
    return conversation.model_copy(update={"messages": messages, "meta": meta})


def scrub_sides(sides: Mapping[str, list[Conversation]]) -> dict[str, list[Conversation]]:
    """The sides of a split as they may be handed on."""
    return {name: [scrub(conversation) for conversation in conversations] for name, conversations in sides.items()}


def scrub_decision(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the review's audit trail as it may be handed on: its comment, and the card before and after."""
    told = {"comment": scrub_text(str(row["comment"]))} if row.get("comment") else {}
    cards = {
        name: scrub(Conversation.model_validate(row[name])).to_dict() for name in ("before", "after") if row.get(name)
    }
    return {**row, **told, **cards}


def _scrubbed(message: Message, public: str) -> Message:
    if message.role != "user":
        return message
    said = scrub_text(message.content, public)
    return message if said == message.content else message.model_copy(update={"content": said})
