"""What is to be said, as typed facts computed from records: each belongs to one hotel, and what a record lacks is unknown."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chatbot.hotels import places
from chatbot.hotels.facilities import fulfilling, match_facility
from chatbot.hotels.names import comparable_name
from chatbot.understanding.turn_act import facility_of

Record = dict[str, Any]
State = dict[str, Any]
Value = str | float | tuple[str, ...]
MOST_NEARBY = 5


@dataclass(frozen=True)
class Shown:
    """A hotel in hand as far as its record is sound: what is missing or of an odd type is unknown (None, "" or empty)."""

    name: str
    type: str = ""
    address: str = ""
    subway: str = ""
    phone: str = ""
    price: float | None = None
    rating: float | None = None
    facilities: tuple[str, ...] = ()
    nearby_attractions: tuple[str, ...] = ()
    nearby_restaurants: tuple[str, ...] = ()

    def known(self, field: str) -> Value | None:
        """The field's value; None where it is unknown."""
        value = getattr(self, field, None)
        return None if value in ("", ()) else value

    def record(self) -> Record:
        """As a record of search_hotels."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class FieldFact:
    """A field of one hotel; `value` is None where the record does not know it."""

    hotel: str
    field: str
    value: Value | None


@dataclass(frozen=True)
class Has:
    """Which of the facilities that were asked for one hotel has; `held` is empty where it lists none."""

    hotel: str
    asked: str
    held: tuple[str, ...]


@dataclass(frozen=True)
class Best:
    """The first of several hotels in an order (price_asc …): ties together, those of unknown value apart."""

    order: str
    hotels: tuple[str, ...]
    value: float | None
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Offered:
    """A hotel that is offered, and the wishes of the state that its record does not show to hold."""

    hotel: str
    broken: tuple[str, ...]


@dataclass(frozen=True)
class Unknown:
    """A wish that the hotel list tells nothing about; "" where the words were not quoted."""

    wish: str


Fact = FieldFact | Has | Best | Offered | Unknown


def shown(records: Iterable[Any]) -> list[Shown]:
    """Sound hotels of records; what is no record, or has no name to be called by, is left out."""
    out = [_shown(record) for record in records or () if isinstance(record, dict)]
    return [hotel for hotel in out if hotel.name]


def _shown(record: Record) -> Shown:
    get = record.get
    texts = {key: _text(get(key)) for key in ("name", "type", "address", "subway", "phone")}
    price, rating = _number(get("price"), 1e7), _number(get("rating"), 5)
    near = (_words(get("nearby_attractions"))[:MOST_NEARBY], _words(get("nearby_restaurants"))[:MOST_NEARBY])
    return Shown(**texts, price=price, rating=rating, facilities=_words(get("facilities")),
                 nearby_attractions=near[0], nearby_restaurants=near[1])  # fmt: skip


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _number(value: object, most: float) -> float | None:
    """A number within reach; text that reads as one counts, as files hold it."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    sound = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if sound and 0 <= value <= most else None  # type: ignore[arg-type, operator]


def _words(value: object) -> tuple[str, ...]:
    words = [_text(word) for word in value] if isinstance(value, list | tuple) else []
    return tuple(dict.fromkeys(word for word in words if word))


def field_fact(hotel: Shown, field: str) -> FieldFact:
    """What the record says in a field."""
    return FieldFact(hotel.name, field, hotel.known(field))


def has(hotel: Shown, asked: str) -> Has:
    """Which of the facilities that an act line's value means the hotel has."""
    return Has(hotel.name, asked, tuple(name for name in hotel.facilities if name in meant(facility_of(asked))))


def meant(facility: object) -> frozenset[str]:
    """The facilities any of which is enough for an entry of the state: a name, the user's word, or a list of them."""
    words = [facility] if isinstance(facility, str) else list(facility) if isinstance(facility, list | tuple) else []
    names = (name for word in words if isinstance(word, str) for name in match_facility(word) or (word,))
    return frozenset(more for name in names for more in fulfilling(name))


def best(hotels: Sequence[Shown], order: str) -> Best:
    """The cheapest, dearest, best or worst rated of the hotels in hand."""
    field, way = order.split("_")
    values = [(hotel.name, getattr(hotel, field)) for hotel in hotels]
    known = [value for _, value in values if value is not None]
    first = (min if way == "asc" else max)(known) if known else None
    names = tuple(name for name, value in values if value is not None and value == first)
    return Best(order, names, first, tuple(name for name, value in values if value is None))


def offered(hotel: Shown, state: State) -> Offered:
    """A hotel with the wishes of the state (arguments of search_hotels) that its record does not show to hold."""
    wishes = [
        key for key in ("type", "name", "address", "subway", "near") if state.get(key) and not _at(hotel, key, state)
    ]
    for kind in ("price", "rating"):
        for end in ("lower", "upper"):
            bound = _number(state.get(f"{kind}_range_{end}"), 1e7)
            if bound is not None and not _within(getattr(hotel, kind), bound, end):
                wishes.append(f"{kind}_range_{end}")
    lacking = [f for f in _list(state.get("facilities")) if not meant(f) & set(hotel.facilities)]
    return Offered(hotel.name, tuple([*wishes, *(f"facilities:{f}" for f in lacking), *_excluded(hotel, state)]))


def _within(value: float | None, bound: float, end: str) -> bool:
    return value is not None and (value >= bound if end == "lower" else value <= bound)


def _at(hotel: Shown, key: str, state: State) -> bool:
    """Whether a type, name or place of the state stands in the record."""
    wanted = str(state[key])
    if key == "type":
        return hotel.type == wanted
    if key == "name":
        return _contains(hotel.name, wanted)
    if key == "subway":
        return places.station(wanted) in hotel.subway
    texts = (hotel.address, hotel.name, hotel.subway)
    if key == "near":
        return any(place in text for place in places.spellings(wanted) for text in (*hotel.nearby_attractions, *texts))
    return all(any(word in text for text in texts) for word in places.address(wanted))


def _contains(name: str, wanted: str) -> bool:
    """Whether a name is the one that was said, shortened or not: its characters in their order."""
    rest = iter(comparable_name(name))
    return bool(comparable_name(wanted)) and all(char in rest for char in comparable_name(wanted))


def _excluded(hotel: Shown, state: State) -> list[str]:
    left = state.get("exclude")
    if not isinstance(left, dict):
        return []
    out = ["exclude:type"] if hotel.type in _list(left.get("type")) else []
    out += ["exclude:name" for name in _list(left.get("name")) if _contains(hotel.name, str(name))]
    return out + [f"exclude:{f}" for f in _list(left.get("facilities")) if meant(f) & set(hotel.facilities)]


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
