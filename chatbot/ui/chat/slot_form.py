"""What the model understood, slot by slot: what is new, changed or dropped since the turn before, and a form to correct it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from html import escape
from typing import Any

import gradio as gr

from chatbot.hotels.facilities import FACILITIES, OR, alias_in_text, alternatives, wish_text
from chatbot.hotels.query import HOTEL_TYPES, HotelQuery
from chatbot.ui.chat.hotel_words import (
    any_of,
    bounds,
    facility_name,
    facility_words,
    listed,
    place_words,
    price_bounds,
    type_words,
)
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.forms import Fields

ALWAYS = ("type", "facilities", "price", "rating")
FIELDS = {
    "name": ("name",),
    "type": ("type",),
    "facilities": ("facilities",),
    "price": ("price_range_lower", "price_range_upper"),
    "rating": ("rating_range_lower", "rating_range_upper"),
    "address": ("address",),
    "subway": ("subway",),
    "near": ("near",),
    "exclude": ("exclude",),
    "sort": ("sort_by", "sort_order"),
}
"""Rows of the panel, and the arguments of the query that each one shows."""


def slots_html(query: HotelQuery, previous: HotelQuery, who: Any, said: str = "") -> str:
    """The panel: a row a slot, marked by a word and a colour where it changed in the last turn. `said` is what the user has said so far."""
    changes = query.changes(previous)
    if not changes and not query.arguments():
        return f'<p class="slots quiet">{translate(who, "slots.none")}</p>'
    rows = []
    for slot, names in FIELDS.items():
        marks = {changes[name] for name in names if name in changes}
        if not marks and slot not in ALWAYS:
            continue
        mark = _mark({str(m) for m in marks})
        shown = value(previous if mark == "dropped" else query, slot, who, said)
        badge = f"<mark>{translate(who, f'slots.{mark}')}</mark>" if mark in ("new", "changed", "dropped") else ""
        rows.append(
            f'<tr class="{mark}"><th>{translate(who, f"slots.{slot}")}</th><td><span class="was">{shown}</span>{badge}</td></tr>'
        )
    return f'<table class="slots">{"".join(rows)}</table>'


def _mark(marks: set[str]) -> str:
    """One mark for a slot of two bounds: what both are, else changed."""
    return marks.pop() if len(marks) == 1 else "changed" if marks else "unset"


def value(query: HotelQuery, slot: str, who: Any, said: str = "") -> str:
    """One slot's value as HTML; a dash where there is none."""
    if slot == "facilities":
        return " ".join(_facility(alternatives(wish), who, said) for wish in query.facilities) or "—"
    if slot == "exclude":
        return escape(_excluded(query, who)) or "—"
    if slot == "price":
        return escape(price_bounds(query.price_range_lower, query.price_range_upper, who)) or "—"
    if slot == "rating":
        return escape(bounds(query.rating_range_lower, query.rating_range_upper)) or "—"
    if slot == "sort":
        return translate(who, f"slots.{query.sort_by}_{query.sort_order or 'asc'}") if query.sort_by else "—"
    if slot == "type":
        return escape(type_words(query.type or "—", who))
    return escape(place_words(getattr(query, slot) or "—", who))


def _excluded(query: HotelQuery, who: Any) -> str:
    """What is not wanted, one after the other."""
    if not (out := query.exclude):
        return ""
    types, facilities = (
        (type_words(word, who) for word in out.type),
        (facility_words(word, who) for word in out.facilities),
    )
    return listed([*types, *out.name, *facilities], who)


def _facility(words: Sequence[str], who: Any, said: str) -> str:
    """One wish as the database calls it, of several any one will do, and the user's own words where they differ."""
    names = [facility_name(word) for word in words]
    own = [alias_in_text(w, said) if w == name else w for w, name in zip(words, names, strict=True)]
    quoted = "”“".join(escape(word) for word in dict.fromkeys(own) if word)
    shown = f" <small>← “{quoted}”</small>" if quoted else ""
    return f'<span class="facility">{escape(any_of(words, who))}{shown}</span>'


@dataclass(frozen=True)
class SlotForm:
    """The form as the page sends it: the arguments of a query in the order of the fields; an empty one is "", [] or None."""

    type: str | None = ""
    facilities: Sequence[str] = ()
    price_range_lower: float | None = None
    price_range_upper: float | None = None
    rating_range_lower: float | None = None
    rating_range_upper: float | None = None
    name: str | None = ""
    address: str | None = ""
    subway: str | None = ""

    @classmethod
    def of(cls, query: HotelQuery) -> "SlotForm":
        """The form that stands for a query."""
        values = query.model_dump(include={field.name for field in fields(cls)}, exclude_none=True)
        return cls(**values | {"facilities": [wish_text(wish) for wish in query.facilities]})

    def query(self, base: HotelQuery) -> HotelQuery:
        """What the form says; what it does not show (a place nearby, exclusions, the order) is kept from `base`.

        Raises:
            QueryError: a value that cannot be searched for.
        """
        shown = asdict(self)
        filled = {name: value for name, value in shown.items() if value not in (None, "", (), [])}
        filled |= {"facilities": [wish.split(OR) for wish in filled.get("facilities", ())]}
        kept = {name: value for name, value in base.arguments().items() if name not in shown}
        return HotelQuery.parse(filled | kept)


def slot_form() -> Fields[SlotForm]:
    """Fields for a query, to be called inside a layout."""
    parts: list[gr.components.Component] = []
    with gr.Row(elem_classes="pair"):
        parts.append(
            gr.Dropdown(
                [("—", ""), *[(name, name) for name in HOTEL_TYPES]], value="", label=label("slots.type"), min_width=90
            )
        )
        parts.append(
            gr.Dropdown(
                list(FACILITIES),
                value=[],
                multiselect=True,
                allow_custom_value=True,
                label=label("slots.facilities"),
                min_width=90,
            )
        )
    with gr.Row(elem_classes="pair numbers"):
        for slot, top, step in (("price", None, 1), ("rating", 5, 0.1)):
            for end in ("from", "to"):
                parts.append(
                    gr.Number(
                        value=None, minimum=0, maximum=top, step=step, label=label(f"slots.{slot}_{end}"), min_width=80
                    )
                )
    with gr.Row(elem_classes="pair"):
        parts += [
            gr.Textbox(label=label(f"slots.{name}"), max_length=80, min_width=80)
            for name in ("name", "address", "subway")
        ]
    return Fields(SlotForm, {field.name: part for field, part in zip(fields(SlotForm), parts, strict=True)})


def fill_form(query: HotelQuery) -> list[Any]:
    """The form's values for a query, in the order of its fields."""
    form = SlotForm.of(query)
    return [getattr(form, field.name) for field in fields(form)]
