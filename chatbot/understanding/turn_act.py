"""What one utterance does, as one short line: `refine +棋牌室 price<=500 -type`, `ask_field ask:phone #2`.

A model writes the line, `dialogue_state` computes the state from it, and the reply is built on it. The acts are those of the
phrase bank (data/phrases); an item is an operator with a value.
"""

import re
from dataclasses import dataclass
from typing import Any

from chatbot.core.errors import InputError
from chatbot.hotels.facilities import alternatives, facility_called

ACTS = (
    *(
        "request",
        "refine",
        "replace",
        "correct",
        "drop",
        "restart",
        "cheaper",
        "better",
        "more",
        "superlative",
        "by_name",
    ),
    *("ask_field", "ask_has", "compare", "book", "cancel", "thanks", "bye", "hello", "affirm", "deny", "smalltalk"),
    *("off_topic", "unsupported", "complaint", "unclear", "attack"),
)
FIELDS = (
    *(
        "phone",
        "address",
        "price",
        "rating",
        "subway",
        "facilities",
        "type",
        "nearby_attractions",
        "nearby_restaurants",
    ),
)
_ORDINALS = {
    "2": r"第[二2][家个间所]|\b(?:2nd|second)\b", "3": r"第[三3][家个间所]|\b(?:3rd|third)\b",
    "4": r"第[四4][家个间所]|\b(?:4th|fourth)\b", "5": r"第[五5][家个间所]|\b(?:5th|fifth)\b",
}  # fmt: skip
SORTS = ("price_asc", "price_desc", "rating_desc", "rating_asc")
HOTELS = ("1", "2", "3", "4", "5", "last", "it", "all")
"""Which of the hotels shown is meant: by number, the last, the one in focus, or all of them."""
_WIFI = ("公共区域和部分房间提供wifi", "公共区域提供wifi", "所有房间提供wifi", "部分房间提供wifi", "酒店各处提供wifi")
GROUPS: dict[str, tuple[str, ...]] = {
    "无线": _WIFI,
    "上网": ("宽带上网", *_WIFI),
    "房间无线": ("所有房间提供wifi", "部分房间提供wifi", "公共区域和部分房间提供wifi", "酒店各处提供wifi"),
    "公共无线": ("公共区域和部分房间提供wifi", "公共区域提供wifi"),
    "早餐": ("早餐服务", "早餐服务免费"),
    "泳池": ("室内游泳池", "室外游泳池"),
    "接送": ("接机服务", "接站服务"),
    "餐厅": ("中式餐厅", "西式餐厅"),
}
"""Words that mean any of several facilities, under one name each."""
MOST = 12
"""Entries of a list that a search takes at most."""
ADD, DROP, EXCLUDE = "+", "-", "!"
COPIED = ("name=", "!name=", "address=", "subway=", "near=", "?")
"""Operators whose value stands in the user's words."""
QUESTIONS = ("ask:", "has:")
"""Operators that ask of a hotel in hand."""
NUMERIC = ("price<=", "price>=", "price~", "price=", "rating>=", "rating<=", "rating=")
DROPS = (
    "-type",
    "-price",
    "-rating",
    "-name",
    "-address",
    "-subway",
    "-near",
    "-sort",
    "-facilities",
    "-exclude",
    "-all",
)
BARE = (*DROPS, "up", "prev")
"""Operators without a value."""
VALUED = (ADD, DROP, EXCLUDE, "type=", "!type=", "!#", "#", "sort=", "top:", "ask:", "has:")
OPERATORS = (*BARE, *COPIED, *NUMERIC, *VALUED)
_RANK = {
    op: rank
    for rank, ops in enumerate(
        (
            (*DROPS, DROP),
            ("type=",),
            (ADD, "?"),
            ("price<=", "price>=", "price~", "price="),
            ("rating>=", "rating<=", "rating="),
            ("name=",),
            ("address=", "subway=", "near="),
            ("sort=", "up", "prev"),
            ("!type=", "!name=", "!#", EXCLUDE),
            ("has:", "ask:", "top:"),
            ("#",),
        )
    )
    for op in ops
}
_LAST = len(_RANK)
_ITEM = re.compile("|".join(re.escape(op) for op in sorted(OPERATORS, key=len, reverse=True)))


@dataclass(frozen=True)
class Item:
    """One thing that a turn changes or asks: an operator of OPERATORS and its value ("" where it needs none)."""

    op: str
    value: str = ""

    def __str__(self) -> str:
        return self.op + ("_".join(self.value.replace("_", " ").split()) if self.op in COPIED else self.value)


@dataclass(frozen=True)
class TurnAct:
    """What one utterance does: its kind, and its items in the order of the words."""

    act: str
    items: tuple[Item, ...] = ()

    def __str__(self) -> str:
        return " ".join([self.act, *map(str, self.items)])

    def values(self, *ops: str) -> list[str]:
        """The values of the items with one of the operators."""
        return [item.value for item in self.items if item.op in ops]

    def has(self, *ops: str) -> bool:
        """Whether an item has one of the operators."""
        return any(item.op in ops for item in self.items)

    def ordered(self) -> "TurnAct":
        """The same line with its items in one order by kind: one way to say a thing is learnt sooner than several."""
        return TurnAct(self.act, tuple(sorted(self.items, key=lambda item: _RANK.get(item.op, _LAST))))

    @classmethod
    def parse(cls, line: str) -> "TurnAct":
        """Read a line back.

        Raises:
            InputError: the act or an item is not known.
        """
        act, *words = line.split() or [""]
        if act not in ACTS:
            raise InputError("understanding.act", value=act, choices=ACTS)
        return cls(act, tuple(_item(word) for word in words))


def _item(word: str) -> Item:
    found = _ITEM.match(word)
    if not found or (found[0] in BARE and found[0] != word):
        raise InputError("understanding.item", value=word)
    value = word[found.end() :]
    return Item(found[0], value.replace("_", " ") if found[0] in COPIED else value)


def numbered(words: str) -> set[str]:
    """Values of HOTELS after the first that the words count up to: 第三家 means the third, also where only two were shown."""
    return {number for number, said in _ORDINALS.items() if re.search(said, words, re.I)}


def facility_of(value: str) -> str | list[str]:
    """An item's facility as an argument of search_hotels: a name, or a list of names of which any is enough."""
    names = list(dict.fromkeys(name for part in value.split("/") for name in GROUPS.get(part, (part,))))
    return names[0] if len(names) == 1 else names[:MOST]


def facility_value(facility: str | list[str] | tuple[str, ...]) -> str:
    """The inverse of `facility_of`: groups by their names, other choices joined by "/"."""
    names = [facility] if isinstance(facility, str) else list(facility)
    group = next((word for word, members in GROUPS.items() if set(members) == set(names)), None)
    return group or "/".join(names)


def with_known_wishes(act: TurnAct) -> TurnAct:
    """The line without a wish called unknown that is a facility's own name (停车): it is wished for, or asked about with the rest."""
    known = {item: names for item in act.items if item.op == "?" and (names := facility_called(item.value))}
    if not known:
        return act
    asks = act.act == "ask_has" or (act.act == "unsupported" and act.has("#"))
    said = {name for item in act.items if item.op in (ADD, "has:") for name in alternatives(facility_of(item.value))}
    added = [
        Item("has:" if asks else ADD, facility_value(sorted(names))) for names in known.values() if not names & said
    ]
    kind = ("ask_has" if asks else "refine") if act.act == "unsupported" else act.act
    return TurnAct(kind, (*(item for item in act.items if item not in known), *added)).ordered()


def state_items(state: dict[str, Any]) -> list[Item]:
    """A dialogue state (arguments of search_hotels) as items, so that a model reads states and acts in one notation."""
    out = [Item("type=", state["type"])] if state.get("type") else []
    out += [Item(ADD, facility_value(facility)) for facility in state.get("facilities") or ()]
    for kind in ("price", "rating"):
        out += _bounds(kind, state.get(f"{kind}_range_lower"), state.get(f"{kind}_range_upper"))
    out += [Item(f"{key}=", str(state[key])) for key in ("name", "address", "subway", "near") if state.get(key)]
    if state.get("sort_by"):
        order = state.get("sort_order") or ("asc" if state["sort_by"] == "price" else "desc")
        out.append(Item("sort=", f"{state['sort_by']}_{order}"))
    left = state.get("exclude") or {}
    out += [Item("!type=", kind) for kind in left.get("type") or ()]
    out += [Item("!name=", name) for name in left.get("name") or ()]
    return out + [Item(EXCLUDE, facility_value(facility)) for facility in left.get("facilities") or ()]


def _bounds(kind: str, lower: float | None, upper: float | None) -> list[Item]:
    if lower is not None and upper is not None:
        return [Item(f"{kind}=", f"{lower:g}..{upper:g}" if lower != upper else f"{lower:g}")]
    if lower is not None:
        return [Item(f"{kind}>=", f"{lower:g}")]
    return [Item(f"{kind}<=", f"{upper:g}")] if upper is not None else []
