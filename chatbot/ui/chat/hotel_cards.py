"""Hotel cards: what a person compares hotels by, with each wish marked as met or not."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from chatbot.dialogue.events import RecordsEvent
from chatbot.hotels.facilities import alternatives, canonical
from chatbot.hotels.places import spellings
from chatbot.hotels.query import HotelQuery
from chatbot.ui.chat.hotel_words import (
    any_of,
    bounds,
    facility_words,
    listed,
    place_words,
    price_bounds,
    recorded_facility,
    type_words,
)
from chatbot.ui.chat.slot_form import FIELDS
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.html import note, quiet


def cards_html(query: HotelQuery, found: RecordsEvent | None, who: Any) -> str:
    """All of the hotels panel: how many, what was given up, and a card a hotel."""
    if found is None:
        return quiet(translate(who, "cards.empty"))
    notes = list(_notes(found, who))
    if not found.records:
        return "".join([*notes, quiet(translate(who, "cards.nothing"))])
    counted = quiet(translate(who, _count(query, found), total=f"{found.total:,}", n=len(found.records)))
    return "".join([*notes, counted, *(card(record, query, who, at) for at, record in enumerate(found.records, 1))])


def _count(query: HotelQuery, found: RecordsEvent) -> str:
    """Which sentence says how many hotels there are."""
    if not query.arguments():
        return "cards.any"
    counted = "first" if found.total > len(found.records) else "all"
    return f"cards.{counted}_relaxed" if found.relaxed else f"cards.{counted}"


def _notes(found: RecordsEvent, who: Any) -> Iterator[str]:
    """What a person must know before reading the cards."""
    if found.relaxed:
        wishes = listed([wish_name(name, who) for name in found.relaxed], who)
        yield note(translate(who, "cards.relaxed", wishes=wishes))
    if found.unmatched:
        yield note(translate(who, "cards.unmatched", words=listed(found.unmatched, who)))


def wish_name(constraint: str, who: Any) -> str:
    """A dropped constraint ("price_range_upper", "facilities:棋牌室") in words: the slot's name, or the facility."""
    argument, _, word = constraint.partition(":")
    slot = next((slot for slot, names in FIELDS.items() if argument in (slot, *names)), None)
    return facility_words(word, who) if word else (translate(who, f"slots.{slot}") if slot else constraint)


def card(record: Mapping[str, Any], query: HotelQuery, who: Any, number: int = 1) -> str:
    """One hotel, the `number`-th shown. Every value of the record is untrusted text."""
    price = f"¥{record['price']:,.10g}" if record.get("price") is not None else translate(who, "cards.no_price")
    rating = f"★ {record['rating']:.1f}" if record.get("rating") is not None else translate(who, "cards.no_rating")
    kind, subway, phone = (str(record.get(key) or "") for key in ("type", "subway", "phone"))
    facts = " · ".join(escape(fact) for fact in (type_words(kind, who), subway, phone) if fact)
    return (
        f'<article class="hotel" data-hotel="{number}"><header><b>{escape(str(record["name"]))}</b><span class="price">{price}</span><span class="rating">{rating}</span></header>'
        f"<p>{facts}</p><p>{escape(str(record.get('address') or ''))}</p>{_wishes(record, query, who)}{_more(record, who)}</article>"
    )


def _wishes(record: Mapping[str, Any], query: HotelQuery, who: Any) -> str:
    marks = {True: ("met", "✓"), False: ("unmet", "✗")}
    items = []
    for wish, met in wishes(query, record, who):
        word, sign = marks[met]
        items.append(
            f'<li class="{word}"><i aria-label="{translate(who, f"cards.{word}")}">{sign}</i> {escape(wish)}</li>'
        )
    return f'<ul class="wishes">{"".join(items)}</ul>' if items else ""


def wishes(query: HotelQuery, record: Mapping[str, Any], who: Any) -> list[tuple[str, bool]]:
    """Each wish in short words, and whether the hotel meets it; unknown prices and ratings meet no bound."""
    out: list[tuple[str, bool]] = (
        [(type_words(query.type, who), record.get("type") == query.type)] if query.type else []
    )
    have = set(record.get("facilities") or ())
    for wish in query.facilities:
        out.append((any_of(alternatives(wish), who), bool(canonical([wish]) & have)))
    price = query.price_range_lower, query.price_range_upper
    rating = query.rating_range_lower, query.rating_range_upper
    if shown := price_bounds(*price, who):
        out.append((shown, within(record.get("price"), *price)))
    if shown := bounds(*rating, translate(who, "cards.stars")):
        out.append((shown, within(record.get("rating"), *rating)))
    for field in ("address", "subway"):
        if word := getattr(query, field):
            out.append((place_words(word, who), word in str(record.get(field) or "")))
    if query.near:
        around = [record.get(field) or "" for field in ("name", "address", "subway", "nearby_attractions")]
        out.append((query.near, any(spelling in str(around) for spelling in spellings(query.near))))
    return out


def within(number: float | None, lower: float | None, upper: float | None) -> bool:
    """Whether a known number lies within inclusive bounds, either of which may be open."""
    return number is not None and (lower is None or number >= lower) and (upper is None or number <= upper)


def _more(record: Mapping[str, Any], who: Any) -> str:
    facilities = [recorded_facility(str(name), who) for name in record.get("facilities") or ()]
    lists = (
        ("slots.facilities", facilities),
        ("cards.attractions", list(map(str, record.get("nearby_attractions") or ()))),
        ("cards.restaurants", list(map(str, record.get("nearby_restaurants") or ()))),
    )
    rows = [f"<p><b>{translate(who, title)}</b> {escape(listed(found, who))}</p>" for title, found in lists if found]
    return f"<details><summary>{translate(who, 'cards.more')}</summary>{''.join(rows)}</details>" if rows else ""
