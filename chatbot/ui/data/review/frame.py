"""What stands around the card: filters, list, buttons, the panel of reasons and the map of keys, in one person's language."""

import json
from collections.abc import Iterable
from html import escape
from typing import Any

from chatbot.corpus.review.overview import Found, Line, Listing
from chatbot.ui.data.review.card import operation_name
from chatbot.ui.data.review.commands import STATES, Wishes
from chatbot.ui.data.review.editor import offers_html
from chatbot.ui.data.review.words import person
from chatbot.ui.i18n.translate import translate

KEYS = {"approve": "A", "edit": "E", "reject": "R", "skip": "S", "flag": "F", "undo": "U", "next": "J", "back": "K"}
"""The buttons below the card, with the key of each."""
MORE_KEYS = ("comment", "bulk", "search", "list", "reason", "save", "leave", "audit", "guide", "keys")
LEAD_KEYS = ("team", "gold", "settle")
"""What else the map of keys tells of; the keys themselves stand in the words."""
CHECKS = ("slots", "grounded", "replay", "form", "unique")
SAID = (
    "lost",
    "saved",
    "saving",
    "leave",
    "no_reason",
    "reason_other",
    "comment_hint",
    "send",
    "remove_chip",
    "draft_note",
    "gold_ask",
    "gold_none",
    "did_approve",
    "did_reject",
)
"""Sentences that the page's own script says."""
ORDERS = ("queue", "failed", "unsure", "disagreement")
LEADS = ("disputed",)
"""States that only a lead is offered."""
Choice = tuple[str, str]


def frame_html(found: Found, wishes: Wishes, who: Any, *, lead: bool, dealt: bool) -> str:
    """The whole step but for what answers fill in: progress, list and card.

    Args:
        lead: whether the person deals cards out and settles what others disagree on.
        dealt: whether cards were dealt out to people.
    """
    words = escape(
        json.dumps({key: translate(who, f"review.{key}", chip="{chip}") for key in SAID}, ensure_ascii=False)
    )
    listed = translate(who, "review.list")
    return (
        f'<div class="review" data-words="{words}"><div id="review-progress" aria-live="polite"></div>'
        f"{_filters(found, wishes, who, lead=lead, dealt=dealt)}"
        f'<div class="desk"><details class="aside" id="review-aside"><summary>{listed}</summary>'
        f'<ol id="review-list" aria-label="{listed}"></ol></details><div class="main" id="review-main">'
        f'<div id="review-note" role="status"></div><div id="review-card"></div>'
        f'<form id="review-editor" hidden>{_editor_bar(who)}</form></div></div>'
        f'<div id="review-panel" role="dialog" tabindex="-1" hidden></div>{_buttons(who)}{_key_map(who, lead)}'
        f"{_fold('team', who) if lead else ''}{_fold('audit', who)}"
        f"{offers_html()}</div>"
    )


def _editor_bar(who: Any) -> str:
    save, leave, discard = (translate(who, f"review.{name}") for name in ("save", "leave", "cancel"))
    return (
        f'<p class="quiet">{translate(who, "review.lines")}</p><div id="review-rows"></div><div class="tools-row">'
        f'<span id="review-kept" class="quiet" role="status"></span>'
        f'<button type="button" id="review-cancel">{discard}</button>'
        f'<button type="button" id="review-leave">{leave}</button>'
        f'<button type="button" id="review-save" class="primary">{save}</button></div>'
    )


def _buttons(who: Any) -> str:
    kinds = {"approve": "primary", "reject": "stop"}
    buttons = "".join(
        f'<button type="button" id="review-{name}" class="{kinds.get(name, "")}">{translate(who, f"review.{name}")}</button>'
        for name in KEYS
    )
    help_ = translate(who, "review.help")
    return f'<div class="tools-row decide">{buttons}<button type="button" id="review-help" title="{help_}">?</button></div>'


def _fold(name: str, who: Any) -> str:
    return f'<details id="review-{name}"><summary>{translate(who, f"review.{name}")}</summary><div></div></details>'


def _key_map(who: Any, lead: bool) -> str:
    rows = "".join(
        f"<dt><kbd>{key}</kbd></dt><dd>{escape(translate(who, f'review.key_{name}'))}</dd>"
        for name, key in KEYS.items()
    )
    for name in (*MORE_KEYS, *(LEAD_KEYS if lead else ())):
        keys, _, told = translate(who, f"review.key_{name}").partition("｜")
        rows += f"<dt>{''.join(f'<kbd>{escape(key)}</kbd>' for key in keys.split(' '))}</dt><dd>{escape(told)}</dd>"
    title = translate(who, "review.help")
    return f'<div id="review-keys" role="dialog" aria-label="{title}" tabindex="-1" hidden><h3>{title}</h3><dl>{rows}</dl></div>'


def _filters(found: Found, wishes: Wishes, who: Any, *, lead: bool, dealt: bool) -> str:
    """The filters; a value that the address asks for stays to be seen, even where no card has it."""
    any_ = translate(who, "review.all")
    checks = [(key, translate(who, f"review.{word}")) for word, key in (("any", "any"), ("clean", "none"))]
    checks += [(name, f"✗ {translate(who, f'card.{name}')}") for name in CHECKS]
    fields: dict[str, list[Choice]] = {
        "state": [
            ("", translate(who, "review.waiting")),
            *((key, translate(who, f"review.state_{key}")) for key in STATES if lead or key not in LEADS),
        ],
        "operation": [("", any_), *((op, operation_name(op, who)) for op in found.operations)],
        "failed": [("", any_), *checks],
        "slot": [("", any_), *((slot, translate(who, f"review.slot_{slot}")) for slot in _known(found.slots))],
        "whose": [("", any_), *((key, translate(who, f"review.whose_{key}")) for key in ("own", "common"))],
        "run": [("", any_), *((run, name or run) for run, name in found.runs)],
        "hotels": [("", any_), *((name, name) for name in found.hotels)],
        "reviewer": [("", any_), *((name, person(name, who)) for name in found.reviewers)],
        "order": [(key, translate(who, f"review.order_{key}")) for key in ORDERS],
    }
    rare = {name: len(fields[name]) > 2 for name in ("hotels", "reviewer", "run")} | {"whose": dealt}
    shown = [name for name in fields if rare.get(name, True) or getattr(wishes, name)]
    selects = "".join(_select(name, fields[name], getattr(wishes, name), who) for name in shown)
    label, hint = translate(who, "review.search"), translate(who, "review.search_hint")
    return (
        f'<form class="finds" id="review-filters"><label class="search"><span>{label}</span>'
        f'<input type="search" name="text" value="{escape(wishes.text)}" maxlength="100" placeholder="{hint}"></label>'
        f'<button type="button" id="review-more" aria-expanded="false">{translate(who, "review.more_filters")}</button>'
        f'{selects}<button type="button" id="review-bulk">{translate(who, "review.bulk")}</button></form>'
    )


def _known(slots: Iterable[str]) -> list[str]:
    """The arguments that have a name here; others come from elsewhere's tools."""
    return [slot for slot in SLOTS if slot in set(slots)]


SLOTS = (
    "name", "type", "facilities", "price_range_lower", "price_range_upper", "rating_range_lower", "rating_range_upper",
    "address", "subway", "near", "exclude", "sort_by", "sort_order",
)  # fmt: skip


def _select(name: str, choices: list[Choice], chosen: str, who: Any) -> str:
    known = chosen in (value for value, _ in choices)
    options = choices if known else [*choices, (chosen, chosen)]
    drawn = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(told)}</option>'
        for value, told in options
    )
    return f'<label><span>{translate(who, f"review.{name}")}</span><select name="{name}">{drawn}</select></label>'


def list_html(listing: Listing, text: str, who: Any) -> str:
    """The rows of the list: number, operation, a few words, failed checks and flag."""
    rows = "".join(f"<li>{_row(line, text, who)}</li>" for line in listing.lines)
    end = listing.start + len(listing.lines)
    told = translate(who, "review.listed", begin=f"{listing.start + 1:,}", end=f"{end:,}", total=f"{listing.total:,}")
    return f'{rows}<li class="quiet">{told if listing.lines else translate(who, "review.list_empty")}</li>'


def _row(line: Line, text: str, who: Any) -> str:
    marks = f'<i class="bad">✗{line.failed}</i>' if line.failed else ""
    marks += f'<i title="{translate(who, "review.state_flagged")}">⚑</i>' if line.flagged else ""
    marks += f"<i>{translate(who, f'review.did_{line.action}')}</i>" if line.action else ""
    name = escape(operation_name(line.operation, who))
    return (
        f'<button type="button" data-pick="{line.id}"><b>{line.id}</b> <span class="op">{name}</span>{marks}'
        f'<span class="words">{_excerpt(line.words, text)}</span></button>'
    )


def _excerpt(words: str, text: str) -> str:
    """The words around the first thing that was searched for, else the first ones."""
    searched = text.split()[:1]
    at = words.lower().find(searched[0].lower()) if searched else -1
    begin = max(0, at - 12)
    shown = words[begin : begin + 48].replace("\n", " / ")
    if at < 0 or not searched:
        return escape(shown)
    here, end = at - begin, at - begin + len(searched[0])
    return f"{escape(shown[:here])}<mark>{escape(shown[here:end])}</mark>{escape(shown[end:])}"
