"""One candidate as a card: source and rewrite side by side, differences coloured, slots underlined, a badge for each check."""

import re
from difflib import SequenceMatcher
from html import escape
from typing import Any

from chatbot.core.messages import Conversation, Message
from chatbot.corpus.augmentation.prompts import OPERATIONS
from chatbot.corpus.checks import Check
from chatbot.corpus.review.items import Card
from chatbot.corpus.selfplay.phrases import FACILITY_VERBS
from chatbot.corpus.selfplay.speaker import aliases
from chatbot.hotels.facilities import FACILITIES, match_facility, wish_text
from chatbot.ui.i18n.translate import in_language, translate
from chatbot.ui.shell.html import para

ARGUMENTS = {
    "name": "名称",
    "type": "类型",
    "facilities": "设施",
    "address": "地址",
    "subway": "地铁",
    "near": "附近",
    "sort_by": "排序",
    "sort_order": "顺序",
}
RANGES = {"price_range": ("价格", "元"), "rating_range": ("评分", "分")}
_VALUES = re.compile(
    r"\d+(?:\.\d+)?\s*(?:[-~到至]\s*\d+(?:\.\d+)?\s*)?(?:元|块|分|以内|以下|以上)+|[一二三四五六七八九两]+[百千][一二三四五六七八九十百]*(?:元|块|以内|以下)*"
)
_TYPES = re.compile(r"豪华型?|高档型?|舒适型?|经济型?")
Span = tuple[int, int, str]


def card_html(card: Card, who: Any, history: str = "") -> str:
    """The whole card; `history` says what was decided on it so far."""
    head = f'<div class="meta"><b>{escape(_operation(card, who))}</b>{"".join(_badge(check, who) for check in card.checks)}</div>'
    failed = "".join(para("why", escape(check.reason)) for check in card.checks if not check.passed)
    pairs = list(_pairs(card.original, card.conversation))
    columns = (
        _single(card.conversation, who)
        if card.original is None
        else "".join(_pair(old, new, who) for old, new in pairs)
    )
    left, right = translate(who, "card.source"), translate(who, "card.rewrite")
    names = (
        f"<h4>{translate(who, 'card.new')}</h4>"
        if card.original is None
        else f'<div class="pair"><h4>{left}</h4><h4>{right}</h4></div>'
    )
    legend = para("legend", translate(who, "card.legend"))
    return f'<article class="card" data-card="{card.id}" tabindex="-1">{head}{failed}{history}{names}{columns}{legend}</article>'


def operation_name(operation: str, who: Any) -> str:
    """An operation in words; what comes from Chat has none."""
    return in_language(who, OPERATIONS[operation]) if operation in OPERATIONS else translate(who, "card.feedback")


def _operation(card: Card, who: Any) -> str:
    if card.operation not in OPERATIONS:
        return translate(who, "card.feedback")
    provider = card.conversation.meta.get("provider", "")
    return translate(
        who,
        "card.by",
        operation=in_language(who, OPERATIONS[card.operation]),
        provider=translate(who, "card.offline") if provider == "offline" else provider,
    )


def _badge(check: Check, who: Any) -> str:
    mark = "✓" if check.passed else "✗"
    return f'<span class="badge {"good" if check.passed else "bad"}" title="{escape(check.reason)}">{mark} {escape(translate(who, f"card.{check.name}"))}</span>'


def _pairs(original: Conversation | None, rewritten: Conversation) -> list[tuple[Message | None, Message | None]]:
    old, new = original.messages if original else [], rewritten.messages
    out: list[tuple[Message | None, Message | None]] = []
    keys = [[(m.role, bool(m.call)) for m in side] for side in (old, new)]
    same = 0
    while same < min(len(old), len(new)) and keys[0][same] == keys[1][same]:
        same += 1
    out += zip(old[:same], new[:same], strict=True)
    return [*out, *((message, None) for message in old[same:]), *((None, message) for message in new[same:])]


def _single(conversation: Conversation, who: Any) -> str:
    return "".join(f'<div class="line {m.role}">{_message(m, None, who)}</div>' for m in conversation.messages)


def _pair(old: Message | None, new: Message | None, who: Any) -> str:
    """One turn on both sides; a turn that stayed as it was stands once, across both."""
    if old and new and old.content == new.content and old.tool_calls == new.tool_calls:
        return f'<div class="line same">{_message(new, None, who)}</div>'
    return f'<div class="pair changed"><div class="line">{_message(old, new, who)}</div><div class="line">{_message(new, old, who, added=True)}</div></div>'


def _message(message: Message | None, other: Message | None, who: Any, *, added: bool = False) -> str:
    if message is None:
        return ""
    if message.call:
        return f'<code class="call">{escape(_arguments(message.call.arguments))}</code>'
    if message.role == "tool":
        return f'<span class="found">{found_html(message, who)}</span>'
    content = marked(message.content, other.content if other else None, added=added)
    return f'<span class="who">{translate(who, f"card.{message.role}")}</span>{content}'


def found_html(message: Message, who: Any) -> str:
    """What a search came back with."""
    names = "、".join(str(record.get("name")) for record in message.records)
    told = (
        translate(who, "card.found", n=len(message.records), names=names) if names else translate(who, "card.nothing")
    )
    return escape(told)


def _arguments(arguments: dict[str, Any]) -> str:
    """A call in words: 类型 经济型 · 价格 200–300元."""
    out = [
        f"{name} {'、'.join(map(wish_text, v)) if isinstance(v := arguments[key], list) else v}"
        for key, name in ARGUMENTS.items()
        if key in arguments
    ]
    if excluded := [word for words in (arguments.get("exclude") or {}).values() for word in words]:
        out.append(f"不要 {'、'.join(excluded)}")
    for key, (name, unit) in RANGES.items():
        lower, upper = arguments.get(f"{key}_lower"), arguments.get(f"{key}_upper")
        if lower is not None or upper is not None:
            bound = (
                f"≤{upper:g}"
                if lower is None
                else f"≥{lower:g}"
                if upper is None
                else f"{lower:g}–{upper:g}"
                if lower != upper
                else f"={lower:g}"
            )
            out.append(f"{name} {bound}{unit}")
    return " · ".join(out)


def slots(text: str) -> list[Span]:
    """Where a text names a type, a number or a facility: (start, end, kind)."""
    found = [(m.start(), m.end(), "type") for m in _TYPES.finditer(text)] + [
        (m.start(), m.end(), "value") for m in _VALUES.finditer(text)
    ]
    for name in FACILITIES:
        words = sorted(
            (name, *FACILITY_VERBS.get(name, ()), *(w for w in aliases().get(name, ()) if len(w) > 1)),
            key=len,
            reverse=True,
        )
        at, word = next(
            (
                (text.lower().find(w.lower()), w)
                for w in words
                if w.lower() in text.lower() and name in match_facility(w)
            ),
            (-1, ""),
        )
        if at >= 0:
            found.append((at, at + len(word), "facility"))
    out: list[Span] = []
    for span in sorted(found, key=lambda s: (s[0], s[0] - s[1])):
        if not out or span[0] >= out[-1][1]:
            out.append(span)
    return out


def _pieces(text: str) -> list[str]:
    """A text cut for comparison: slots whole, all else character by character, so that no difference runs through a slot."""
    out, at = list[str](), 0
    for start, end, _ in slots(text):
        out += [*text[at:start], text[start:end]]
        at = end
    return [*out, *text[at:]]


def _differences(text: str, other: str | None) -> list[bool]:
    """For each character whether the other text lacks it; all False without another text."""
    if other is None or other == text:
        return [False] * len(text)
    out: list[bool] = []
    pieces = _pieces(text)
    for tag, start, end, _, _ in SequenceMatcher(None, pieces, _pieces(other), autojunk=False).get_opcodes():
        out += [tag != "equal"] * len("".join(pieces[start:end]))
    return out


def marked(text: str, other: str | None, *, added: bool) -> str:
    """Text as HTML: what the other side lacks is coloured, slots are underlined."""
    different, kinds = _differences(text, other), [""] * len(text)
    for start, end, kind in slots(text):
        kinds[start:end] = [kind] * (end - start)
    out, at = [], 0
    while at < len(text):
        end = at + 1
        while end < len(text) and (different[end], kinds[end]) == (different[at], kinds[at]):
            end += 1
        out.append(
            _piece(text[at:end], kinds[at], ("add" if added else "cut") if different[at] else "")
            if different[at] or kinds[at]
            else escape(text[at:end])
        )
        at = end
    return "".join(out)


def _piece(text: str, kind: str, different: str) -> str:
    names = " ".join(filter(None, [different, f"slot {kind}" if kind else ""]))
    return f'<span class="{names}">{escape(text)}</span>'
