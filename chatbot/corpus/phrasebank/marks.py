"""Fills the marks of a frame ({np1} {hi} {which} …) and says which items of the act line they stand for."""

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chatbot.corpus.phrasebank import values as v
from chatbot.corpus.phrasebank.bank import Row
from chatbot.hotels.facilities import alternatives
from chatbot.hotels.query import HOTEL_TYPES
from chatbot.understanding.dialogue_state import State
from chatbot.understanding.normalise import model_words
from chatbot.understanding.turn_act import Item, facility_of, facility_value

if TYPE_CHECKING:
    from chatbot.corpus.phrasebank.turns import TurnMaker

MARK = re.compile(r"{(\w+)}")
POINTING = {"ask_field", "ask_has", "compare", "book", "cancel"}
"""Acts that are about one or two of the hotels shown."""
TOGETHER_SHARE = 0.15
"""How often a question is about several hotels at once."""
BEST_SHARE = 0.07
"""How often a question is about the cheapest, the dearest or the best rated of them."""
CALLED_BY_NAME, CHOSEN_BY_NAME = 0.35, 0.6
"""How often a numbered hotel is called by its name: in a question, and when it is booked."""
SHORT = "short"
"""The form of wordings of any form in few words."""
UNKNOWN_SHARE = 0.12
"""How often an unknown wish stands where a facility could."""
SLOTS = {"district": "address", "subway": "subway", "sight": "near", "name": "name"}
_AMOUNTS = {
    "price<=hi": ("price<=", "{hi}"), "price<=lo": ("price<=", "{lo}"), "price>=lo": ("price>=", "{lo}"),
    "price>=hi": ("price>=", "{hi}"), "price=lo..hi": ("price=", "{lo}..{hi}"), "price~lo": ("price~", "{lo}"),
    "rating>=r": ("rating>=", "{r}"), "rating=r": ("rating=", "{r}"), "rating<=r": ("rating<=", "{r}"),
}  # fmt: skip


@dataclass
class Filled:
    """A frame whose marks are filled.

    Attributes:
        text: the utterance.
        items: what it changes or asks, in the order of the act line: dropped, added, asked, pointed at.
        facilities: mark number → facility value of the wording that was put in; "" for an unknown wish.
        chosen: mark → the value that was put in.
        best: the order by which one of several hotels is meant, "" where none is.
    """

    text: str
    items: list[Item] = field(default_factory=list)
    facilities: dict[str, str] = field(default_factory=dict)
    wishes: dict[str, Item] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    hotels: list[str] = field(default_factory=list)
    best: str = ""


def fill_marks(row: Row, maker: "TurnMaker", before: State, shown: tuple[str, ...], rng: random.Random) -> Filled:
    """Put a value into every mark, and read from the row what the values do."""
    filled = Filled(row["text"], best=row.get("top", ""))
    low = rng.choice(
        (
            100,
            120,
            150,
            180,
            200,
            250,
            260,
            280,
            300,
            320,
            350,
            380,
            400,
            450,
            500,
            550,
            600,
            680,
            700,
            800,
            900,
            1000,
            1200,
        )
    )
    filled.chosen |= {"lo": str(low), "hi": str(low + rng.choice((50, 80, 100, 150, 200, 300, 400, 500, 1000)))}
    filled.chosen["r"] = f"{rng.choice(v.RATINGS):g}"
    for mark in MARK.findall(row["text"]):
        filled.text = filled.text.replace("{" + mark + "}", _value(mark, row, maker, shown, filled, rng), 1)
    for mark in row.get("unsaid", ()):
        _value(mark, row, maker, shown, filled, rng)
    filled.items = [*_dropped(row, filled), *_added(row, filled), *_asked(row, filled), *_pointed(row, filled)]
    return filled


def _value(mark: str, row: Row, maker: "TurnMaker", shown: tuple[str, ...], filled: Filled, rng: random.Random) -> str:
    english = row["lang"] == "en"
    if mark[:-1] in ("np", "vp", "need", SHORT):
        return _wording(mark, row, maker, filled, rng)
    if mark == "type":
        kind = rng.choice(HOTEL_TYPES)
        filled.chosen["type"] = kind
        return rng.choice(v.TYPE_WORDS["en" if english else "zh"][kind])
    if mark in ("lo", "hi"):
        return v.price(int(filled.chosen[mark]), rng, english)
    if mark == "which" and row["act"] in ("ask_field", "ask_has") and "{which2}" not in row["text"]:
        together = rng.random() < TOGETHER_SHARE and _pointed_together(shown, filled, english, rng)
        if together:
            return together
        if len(shown) > 1 and rng.random() < BEST_SHARE:
            words = v.BEST["en" if english else "zh"]
            filled.best = rng.choice(list(words))
            return rng.choice(words[filled.best])
    if mark in ("which", "which2"):
        return _pointer(shown, filled, english, rng, by_name=CHOSEN_BY_NAME if row["act"] == "book" else CALLED_BY_NAME)
    if mark == "name" and shown and row["act"] in POINTING and "name" not in row["set"]:
        return _called(shown, filled, rng)
    if (kind := _kind(mark)) in SLOTS:
        filled.chosen[mark] = (english and v.english_place(kind, maker.names, rng)) or _named(kind, row, maker, rng)
    return filled.chosen[mark]


def _named(mark: str, row: Row, maker: "TurnMaker", rng: random.Random) -> str:
    """A place or a hotel; what nobody could tell for a station by the words is one that is known."""
    if mark == "subway":
        return v.station(maker.names, rng, known=not v.says_station(row["text"]))
    make = {"district": v.area, "sight": v.sight, "name": v.asked_name}[mark]
    return make(maker.names, rng)


def _wording(mark: str, row: Row, maker: "TurnMaker", filled: Filled, rng: random.Random) -> str:
    """A facility that the frame has not got yet, or an unknown wish."""
    form, number = mark[:-1], mark[-1]
    if (
        maker.bank.wishes
        and row["act"] in ("request", "refine")
        and f"fac{number}" in row["set"]
        and rng.random() < UNKNOWN_SHARE
    ):
        wish = maker.wording(f"wish-{form}", row["lang"], rng)
        filled.wishes[number] = wish_item(wish)
        return str(wish["text"])
    taken = {name for value in filled.facilities.values() for name in alternatives(facility_of(value))}
    for _ in range(8):
        found = maker.wording(form, row["lang"], rng)
        value = facility_value(found["facility"])
        if not taken.intersection(alternatives(facility_of(value))):
            break
    filled.facilities[number] = value
    return str(found["text"])


def wish_item(row: Row) -> Item:
    """A line of the bank as an unknown wish; a need is never quoted."""
    return Item("?") if row["form"] == "need" else unknown_wish(row["text"])


def unknown_wish(words: str) -> Item:
    """An unknown wish: quoted where it is short enough to be repeated in a reply."""
    text = model_words(words)
    return Item("?", text if len(text) <= 14 else "")


def _pointer(shown: tuple[str, ...], filled: Filled, english: bool, rng: random.Random, by_name: float) -> str:
    """Words that point at a hotel shown: by number, as the last, as this one, or (how often: `by_name`) by its name."""
    choices = [str(k + 1) for k in range(len(shown)) if str(k + 1) not in filled.hotels]
    choices += ["last"] * (len(shown) > 1) + ["it", "it"] * ("it" not in filled.hotels)
    which = rng.choice(choices or ["it"])
    if which.isdigit() and rng.random() < by_name:
        return _called(shown, filled, rng)
    filled.hotels.append(which)
    table = v.POINTERS["en" if english else "zh"]
    return rng.choice(table.get(which, table["it"]))


def _pointed_together(shown: tuple[str, ...], filled: Filled, english: bool, rng: random.Random) -> str:
    """Words that point at several of the hotels shown, or at all; "" where there is one."""
    count = len(shown)
    pairs = {2: (), 3: ("1 2", "2 3", "1 3")}.get(count, ("1 2",))
    which = rng.choice(("all", f"all of {count}", f"all of {count}", *pairs)) if count > 1 else ""
    words = v.GROUPS["en" if english else "zh"].get(which)
    if not words:
        return ""
    filled.hotels += ["all"] if which.startswith("all") else which.split()
    return rng.choice(words)


def _called(shown: tuple[str, ...], filled: Filled, rng: random.Random) -> str:
    """A hotel shown, by its name: its number is what the act line points at."""
    left = [at for at in range(len(shown)) if str(at + 1) not in filled.hotels]
    at = rng.choice(left or [0])
    filled.hotels.append(str(at + 1))
    return v.called(shown[at], rng)


def _facility(number: str, filled: Filled, op: str) -> list[Item]:
    if number in filled.wishes:
        return [filled.wishes[number]] if op == "+" else []
    return [Item(op, filled.facilities[number])] if number in filled.facilities else []


def _dropped(row: Row, filled: Filled) -> list[Item]:
    out: list[Item] = []
    for what in row["drop"]:
        if what.startswith("fac") and what != "facilities":
            out += [] if f"not_{what}" in row["set"] else _facility(what[-1], filled, "-")
        elif what != "all" or row["act"] != "restart":
            out.append(Item(f"-{SLOTS.get(what, what)}"))
    return out


def _added(row: Row, filled: Filled) -> list[Item]:
    out: list[Item] = []
    for what in row["set"]:
        if "|" in what:
            numbers = [one[-1] for one in what.split("|")]
            out.append(Item("+", "/".join(filled.facilities[number] for number in numbers)))
        elif what.startswith("fac"):
            out += _facility(what[-1], filled, "+")
        elif what.startswith("not_fac"):
            out += _facility(what[-1], filled, "!")
        elif what in _AMOUNTS:
            op, shape = _AMOUNTS[what]
            out.append(Item(op, shape.format(**filled.chosen)))
        elif what.startswith("sort="):
            out.append(Item("sort=", what[5:]))
        elif what == "not_name" and "name" not in filled.chosen:
            out.append(Item("!#", filled.hotels[0] if filled.hotels else "it"))
        else:
            out.append(_slot(what, filled))
    return out


def _slot(what: str, filled: Filled) -> Item:
    denied, what = ("!", what[4:]) if what.startswith("not_") else ("", what)
    if what.startswith("type="):
        return Item(f"{denied}type=", what[5:])
    if what == "type":
        return Item(f"{denied}type=", filled.chosen["type"])
    return Item(f"{denied}{SLOTS[_kind(what)]}=", model_words(filled.chosen[what]))


def _kind(mark: str) -> str:
    """What a mark stands for, whichever of several it is: name2 is a name."""
    return mark.rstrip("0123456789")


def _asked(row: Row, filled: Filled) -> list[Item]:
    """Questions: for fields, for facilities that a hotel has, for the best of those shown."""
    if row.get("about") == "shown" and row.get("field") in ("price", "rating") and row.get("order"):
        return [Item("top:", f"{row['field']}_{row['order']}")]
    fields = row.get("fields") or [row[key] for key in ("field", "field2", "field3") if row.get(key)]
    out = [Item("top:", filled.best)] if filled.best else []
    out += [Item("ask:", name) for name in dict.fromkeys(fields)]
    out += [item for what in row.get("has", ()) for item in _facility(what[-1], filled, "has:")]
    if row["act"] == "ask_has":
        out += [item for number in sorted(filled.facilities) for item in _facility(number, filled, "has:")]
    return out


def _pointed(row: Row, filled: Filled) -> list[Item]:
    if row["act"] not in POINTING and not (row.get("field") or row.get("has")):
        return []
    if (row["act"] in ("compare", "superlative") or filled.best) and not filled.hotels:
        return [Item("#", "all")]
    return [Item("#", which) for which in filled.hotels]
