"""A card while it is edited: each utterance in a box, each call as chips, and under them what the changes lead to."""

from html import escape
from typing import Any

from chatbot.core.messages import Message
from chatbot.corpus.review.chips import chips_of, offered
from chatbot.corpus.review.drafts import Draft, spoken
from chatbot.corpus.review.items import Card
from chatbot.corpus.review.replay import Fault, Found, Replayed
from chatbot.ui.chat.hotel_cards import wish_name
from chatbot.ui.data.review.card import found_html, marked
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.errors import in_words


def editor_html(card: Card, draft: Draft, who: Any) -> str:
    """The editor of a card, with what was typed on it before."""
    draft = draft.over(card.conversation)
    originals = _originals(card)
    rows = "".join(
        _row(at, message, originals.get(at), draft, who) for at, message in enumerate(card.conversation.messages)
    )
    return f'<div class="rows">{rows}</div>'


def offers_html() -> str:
    """The chips that a new one can be chosen from, for every editor of the page."""
    return f'<datalist id="review-chips">{"".join(f"<option>{escape(chip)}</option>" for chip in offered())}</datalist>'


def _originals(card: Card) -> dict[int, Message]:
    """The source's message for each place of the card, where the two dialogues run side by side."""
    old = card.original.messages if card.original else []
    pairs = enumerate(zip(old, card.conversation.messages, strict=False))
    return {at: was for at, (was, now) in pairs if (was.role, bool(was.call)) == (now.role, bool(now.call))}


def _row(at: int, message: Message, original: Message | None, draft: Draft, who: Any) -> str:
    note = f'<div class="told" data-told="{at}"></div>'
    if message.role == "tool":
        return f'<div class="row found-row"><div class="found" data-found="{at}">{found_html(message, who)}</div></div>'
    if message.call:
        now = draft.calls.get(at, chips_of(message))
        return f'<div class="row">{_label("card.searched", who)}<div>{_chips(at, message, now, who)}{note}</div></div>'
    if not spoken(message):
        return ""
    words = draft.words.get(at, message.content)
    was = (
        f'<p class="was">{marked(original.content, message.content, added=False)}</p>'
        if original and original.content != message.content
        else ""
    )
    box = (
        f'<textarea rows="1" data-line="{at}" data-was="{escape(message.content)}" aria-label="{_said(message, who)}">'
        f"{escape(words)}</textarea>"
    )
    return f'<div class="row">{_label(f"card.{message.role}", who)}<div>{was}{box}{note}</div></div>'


def _said(message: Message, who: Any) -> str:
    return escape(translate(who, f"card.{message.role}"))


def _label(key: str, who: Any) -> str:
    return f'<span class="who">{translate(who, key)}</span>'


def _chips(at: int, message: Message, now: list[str], who: Any) -> str:
    was = escape("\n".join(chips_of(message)))
    chips = "".join(chip_html(chip, who) for chip in now)
    add = translate(who, "review.add_chip")
    entry = f'<input list="review-chips" placeholder="{add}" aria-label="{add}" maxlength="90">'
    return f'<div class="chipset" data-call="{at}" data-was="{was}">{chips}{entry}</div>'


def chip_html(chip: str, who: Any) -> str:
    """One chip with the button that removes it."""
    remove = escape(translate(who, "review.remove_chip", chip=chip))
    return f'<span class="wish" data-chip="{escape(chip)}">{escape(chip)}<button type="button" aria-label="{remove}">×</button></span>'


def replay_notes(made: Replayed, who: Any) -> dict[str, Any]:
    """What an edit leads to, by message: new findings as HTML, and what does not fit any more as sentences."""
    told: dict[int, list[str]] = {}
    for at, error in made.errors.items():
        told.setdefault(at, []).append(in_words(error, who))
    for fault in made.faults:
        told.setdefault(fault.at, []).append(_fault(fault, who))
    found = {at + 1: _found(now, who) for at, now in made.found.items()}
    return {"told": {at: "；".join(dict.fromkeys(lines)) for at, lines in told.items()}, "found": found}


def _fault(fault: Fault, who: Any) -> str:
    return translate(who, f"review.fault_{fault.kind}", what=fault.what)


def _found(now: Found, who: Any) -> str:
    names = "、".join(now.names)
    told = (
        translate(who, "review.now_finds", n=f"{now.total:,}", names=names)
        if names
        else translate(who, "review.finds_none")
    )
    more = (
        [translate(who, "review.gave_up", what="、".join(wish_name(wish, who) for wish in now.relaxed))]
        if now.relaxed
        else []
    )
    more += [translate(who, "review.unmatched", what="、".join(now.unmatched))] if now.unmatched else []
    return f"<b>{escape(told)}</b>{escape(''.join(f'　{line}' for line in more))}"
