"""The arguments of a call as chips that a person can read, remove and type: 类型 经济型, 价格≤300, 不要设施 棋牌室; and back again."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.messages import Message
from chatbot.hotels.facilities import FACILITIES, OR, wish_text
from chatbot.hotels.query import HOTEL_TYPES, HotelQuery

TEXTS = {"name": "名称", "type": "类型", "address": "地址", "subway": "地铁", "near": "附近"}
EXCLUDED = {"type": "不要类型", "name": "不要名称", "facilities": "不要设施"}
RANGES = {"price_range": "价格", "rating_range": "评分"}
SORTS = {"price": "价格", "rating": "评分"}
ORDERS = {"asc": "从低到高", "desc": "从高到低"}
_RANGE = re.compile(r"(价格|评分)\s*(≥|≤|>=|<=|＞=|＜=|>|<)\s*(\d+(?:\.\d+)?)\s*(?:元|分)?")
_SORT = re.compile(r"排序\s*(价格|评分)?\s*(从低到高|从高到低)?")


def chips_of(message: Message) -> list[str]:
    """The chips of a message's call, in the tool's order; [] where it is no call."""
    arguments = message.call.arguments if message.call else {}
    return [chip for key, value in arguments.items() for chip in _chips(key, value)] + _sort_chips(arguments)


def _chips(key: str, value: Any) -> list[str]:
    if key in TEXTS:
        return [f"{TEXTS[key]} {value}"]
    if key == "facilities":
        return [f"设施 {wish_text(wish)}" for wish in (value if isinstance(value, list) else [value])]
    if key == "exclude" and isinstance(value, dict):
        return [f"{EXCLUDED.get(kind, kind)} {word}" for kind, words in value.items() for word in words]
    field, _, end = key.rpartition("_")
    return [f"{RANGES[field]}{'≥' if end == 'lower' else '≤'}{value:g}"] if field in RANGES else []


def _sort_chips(arguments: dict[str, Any]) -> list[str]:
    by, order = SORTS.get(arguments.get("sort_by", "")), ORDERS.get(arguments.get("sort_order", ""))
    return ["排序 " + (by or "") + (order or "")] if by or order else []


def query_of(chips: Iterable[str]) -> HotelQuery:
    """The query that chips state.

    Raises:
        InputError: a chip that says nothing, or one thing said twice.
        QueryError: a value that cannot be searched for.
    """
    found: dict[str, Any] = {}
    for chip in chips:
        _add(found, chip.strip())
    return HotelQuery.parse(found)


def _add(found: dict[str, Any], chip: str) -> None:
    """Put what one chip says into the arguments."""
    readers: tuple[Callable[[str], dict[str, Any] | None], ...] = (_range, _sort, _text)
    values = next((said for read in readers if (said := read(chip)) is not None), None)
    if values is not None:
        if values.keys() & found.keys():
            raise InputError("corpus.chip_twice", value=chip)
        found.update(values)
        return
    kind, _, word = chip.partition(" ")
    word = word.strip()
    excluded = next((key for key, name in EXCLUDED.items() if name == kind), None)
    if chip in FACILITIES:
        kind, word = "设施", chip
    if kind == "设施" and word:
        found.setdefault("facilities", []).append(word.split(OR) if OR in word and word not in FACILITIES else word)
    elif excluded and word:
        found.setdefault("exclude", {}).setdefault(excluded, []).append(word)
    else:
        raise InputError("corpus.chip", value=chip)


def _range(chip: str) -> dict[str, Any] | None:
    if not (match := _RANGE.fullmatch(chip)):
        return None
    name, sign, value = match.groups()
    field = next(key for key, word in RANGES.items() if word == name)
    return {f"{field}_{'lower' if sign[0] in '≥>＞' else 'upper'}": float(value)}


def _sort(chip: str) -> dict[str, Any] | None:
    match = _SORT.fullmatch(chip)
    if not match or not any(match.groups()):
        return None
    by = next((key for key, word in SORTS.items() if word == match[1]), None)
    order = next((key for key, word in ORDERS.items() if word == match[2]), None)
    return {key: value for key, value in (("sort_by", by), ("sort_order", order)) if value}


def _text(chip: str) -> dict[str, Any] | None:
    kind, _, word = chip.partition(" ")
    key = next((key for key, name in TEXTS.items() if name == kind), None)
    if chip in HOTEL_TYPES:
        return {"type": chip}
    return {key: word.strip()} if key and word.strip() else None


def offered() -> list[str]:
    """Chips to choose from: every type and facility, and the beginnings of what has a value of its own."""
    own = ["价格≤", "价格≥", "评分≥", "名称 ", "附近 ", "地铁 ", "地址 "]
    sorts = [f"排序 {by}{order}" for by in SORTS.values() for order in ORDERS.values()]
    types = [f"{name} {kind}" for name in ("类型", "不要类型") for kind in HOTEL_TYPES]
    return [*types[:4], *own, *(f"设施 {name}" for name in FACILITIES), *sorts, *types[4:]]


def kind_of(chip: str) -> str:
    """What a chip is about: of two chips of one kind only one can hold, but for facilities and what is not wanted."""
    match = _RANGE.fullmatch(chip)
    return match[1] + ("≥" if match[2][0] in "≥>＞" else "≤") if match else chip.partition(" ")[0]
