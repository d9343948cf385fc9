"""States and hotels that may stand before a turn, made so that the turn makes sense in them."""

import random
from typing import TYPE_CHECKING, Any

from chatbot.corpus.phrasebank import values as v
from chatbot.corpus.phrasebank.bank import Row
from chatbot.hotels.facilities import alternatives
from chatbot.hotels.query import HOTEL_TYPES
from chatbot.understanding.dialogue_state import State
from chatbot.understanding.places import place
from chatbot.understanding.turn_act import facility_of, facility_value

if TYPE_CHECKING:
    from chatbot.corpus.phrasebank.marks import Filled
    from chatbot.corpus.phrasebank.turns import TurnMaker


def shown_names(names: v.Names, rng: random.Random, least: int = 1) -> tuple[str, ...]:
    """Names of up to three hotels, as a search would show them; of `least` at the least."""
    return tuple(v.hotel_name(names, rng) for _ in range(max(least, rng.choice((1, 2, 3, 3)))))


def random_state(maker: "TurnMaker", rng: random.Random) -> State:
    """A state of one to five wishes."""
    state: State = {}
    for slot, share in (
        ("type", 0.22),
        ("facilities", 0.35),
        ("price", 0.35),
        ("rating", 0.15),
        ("place", 0.35),
        ("sort", 0.1),
        ("exclude", 0.07),
    ):
        if rng.random() < share:
            put(state, slot, maker, rng)
    return state or put({}, "facilities", maker, rng)


def put(state: State, slot: str, maker: "TurnMaker", rng: random.Random, value: Any = None) -> State:
    """Put a random wish of a kind into the state, which is changed and given back."""
    if slot == "type":
        state["type"] = rng.choice(HOTEL_TYPES)
    elif slot == "facilities":
        wordings = [maker.wording("np", "zh", rng) for _ in range(rng.choice((1, 1, 2)))]
        held = [facility_of(value or facility_value(row["facility"])) for row in wordings]
        state["facilities"] = [f for at, f in enumerate(held) if f not in held[:at]]
    elif slot == "price":
        low = rng.choice((100, 150, 200, 300, 400, 500, 600, 800, 1000))
        bounds = {"price_range_lower": low, "price_range_upper": low + rng.choice((100, 200, 300, 500))}
        keep = rng.choice(("price_range_upper", "price_range_upper", "price_range_lower", ""))
        state |= {key: bound for key, bound in bounds.items() if keep in ("", key)}
    elif slot == "rating":
        state["rating_range_lower"] = rng.choice(v.RATINGS)
    elif slot == "sort":
        by, order = rng.choice((("price", "asc"), ("price", "desc"), ("rating", "desc")))
        state |= {"sort_by": by, "sort_order": order}
    elif slot == "exclude":
        state["exclude"] = {"type": [rng.choice(HOTEL_TYPES)]}
    else:
        kind = rng.choice(("address", "subway", "near")) if slot == "place" else slot
        make = {"address": v.area, "subway": v.station, "near": v.sight, "name": v.asked_name}[kind]
        state[kind] = place(kind, make(maker.names, rng))
    return state


_SLOT = {"price": "price", "rating": "rating", "type": "type", "name": "name", "sort": "sort", "facilities": "facilities",
         "district": "address", "subway": "subway", "sight": "near"}  # fmt: skip
_HELD = {"price": ("price_range_lower", "price_range_upper"), "rating": ("rating_range_lower",), "sort": ("sort_by",)}


def stand_for(row: Row, filled: "Filled", before: State, maker: "TurnMaker", rng: random.Random) -> State:
    """The state with what the turn gives up or replaces in it, and without what it adds anew."""
    dropped = [what for what in row["drop"] if what in _SLOT]
    if row["act"] in ("replace", "correct"):
        dropped += [what for what in map(_kind, row["set"]) if what in _SLOT and rng.random() < 0.85]
    for what in dropped:
        slot = _SLOT[what]
        if not any(key in before for key in _HELD.get(slot, (slot,))):
            put(before, slot, maker, rng)
    held = before.get("facilities") or []
    values = {number: facility_of(value) for number, value in filled.facilities.items()}
    adds = [values[what[-1]] for what in row["set"] if what.startswith("fac") and what[-1] in values]
    held = [f for f in held if f not in adds]
    stand = [values[what[-1]] for what in (*row["drop"], *row.get("keep", ())) if what[-1] in values]
    if row.get("let_in"):
        left = [name for value in stand[: len(row["drop"])] for name in alternatives(value)]
        before["exclude"] = {"facilities": left}
        held = [f for f in held if not set(left).intersection(alternatives(f))]
        stand = stand[len(row["drop"]) :]
    if stand:
        rng.shuffle(stand)
        held = stand if row.get("unsaid") else [*stand, *held]
        held = [f for at, f in enumerate(held) if f not in held[:at]][: max(len(stand), rng.choice((1, 2, 3)))]
    if held:
        before["facilities"] = held
    else:
        before.pop("facilities", None)
    return before


def _kind(what: str) -> str:
    return next((kind for kind in ("price", "rating", "sort") if what.startswith(kind)), what)
