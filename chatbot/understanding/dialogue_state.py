"""The arithmetic of the dialogue state: what stood, what the turn does, what stands now; docs/semantics.md says it in words."""

import re
from collections.abc import Sequence
from typing import Any

from chatbot.hotels.facilities import alternatives
from chatbot.hotels.query import HOTEL_TYPES
from chatbot.understanding.places import place
from chatbot.understanding.turn_act import ADD, BARE, DROP, EXCLUDE, MOST, Item, TurnAct, facility_of

State = dict[str, Any]
"""Arguments of search_hotels."""
ABOUT = 50
"""CNY on each side of a price that was said roughly."""
HIGHEST = {"price": 1_000_000.0, "rating": 5.0}
"""The highest bounds that a search takes: a number above says nothing."""
LONGEST = 80
"""Characters of a name or place that a search takes."""
PLACES = ("address", "subway", "near")
SEARCHING = {"more", "correct"}
"""Acts that search also where the state stays as it was."""
_N = r" *(\d{2,5})(?![\d.]| *(?:块钱?|元|yuan|rmb)? *(?:以[内下上]|左右|上下|封顶|起))"
_LIMIT = r"(?<![最顶至不大许])"
"""Not behind a word that makes a limit or a guess of it: 最多450, 至少200, 差不多500, 最贵300."""
_RAISED = re.compile(
    rf"(?:(?:多加|再加|添|追?加(?![到至])|{_LIMIT}多(?=\d)|再多|再贵|{_LIMIT}贵(?![过到])|提高(?![到至])|上浮|涨(?![到至]))[个了出]?{_N}|"
    rf"(?:raise|increase|up|bump|lift|push|stretch)\b[^.?!]{{0,20}}\bby{_N}|\b(?:add(?: another)?|plus){_N}|(\d{{2,5}}) more\b)",
    re.I,
)
_LOWERED = re.compile(
    rf"(?:(?:减(?!到)|{_LIMIT}再?少(?![于到])|{_LIMIT}便宜(?![过到])|降(?![到至])|砍)[个了掉]?{_N}|"
    rf"(?:lower|cut|reduce|drop)\b[^.?!]{{0,20}}\bby{_N}|(\d{{2,5}}) (?:less|cheaper)\b)",
    re.I,
)
"""How much more or less than the bound that stands: 多加一百, raise it by 200; never what a number is to become (加到六百)."""
_MAGNITUDE = re.compile(r"(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?")


def by_difference(turn: TurnAct, before: State, words: str) -> TurnAct:
    """The line with its upper price counted from the bound that stands, where the words say a difference: 预算多加一百.

    Args:
        words: the utterance, normalised, so that its numbers are digits.
    """
    bound = before.get("price_range_upper")
    items = [item for item in turn.items if item.op.startswith("price")]
    if bound is None or not items:
        return turn
    for pattern, sign in ((_RAISED, 1), (_LOWERED, -1)):
        said = pattern.search(words)
        number = next(filter(None, said.groups()), "") if said else ""
        price = float(bound) + sign * int(number or 0)
        if said and sign < 0 and _from_to(float(bound), int(number), words[: said.start()]):
            price = float(number)
        if number and price > 0 and all(number in item.value for item in items):
            rest = (item for item in turn.items if item not in items)
            return TurnAct(turn.act, (*rest, Item("price<=", f"{price:g}"))).ordered()
    return turn


def _from_to(bound: float, number: int, ahead: str) -> bool:
    """Whether a lowering says what the bound becomes (500降450) and not by how much (500降100): it names the bound, and the number is nearer to it than to none."""
    return number >= bound / 2 and re.search(rf"(?<!\d){bound:g}(?:块|元)?[再又,， ]?$", ahead) is not None


def next_state(before: State, turn: TurnAct, shown: Sequence[str] = ()) -> State:
    """The state after a turn.

    Args:
        before: the state that stood.
        turn: what the utterance does.
        shown: names of the hotels shown last, for wishes that point at one of them.
    """
    turn = TurnAct(turn.act, tuple(filter(_says_something, turn.items)))
    fresh = turn.act in ("by_name", "restart") or turn.has("-all")
    state: State = {} if fresh else {key: _copy(value) for key, value in before.items()}
    for kind in ("price", "rating"):
        if any(item.op.startswith(kind) for item in turn.items):
            _clear(state, kind)
    if turn.act == "cheaper" and not turn.has("sort=", "price<=", "price>=", "price~", "price=", "type="):
        state |= {"sort_by": "price", "sort_order": "asc"}
        state.pop("price_range_lower", None)
    if turn.act in ("replace", "correct") and turn.has(*(f"{kind}=" for kind in PLACES)):
        for kind in PLACES:
            state.pop(kind, None)
    for item in turn.items:
        _apply(state, item, shown)
    return {key: value for key, value in state.items() if value not in (None, [], {}, "")}


def needs_search(before: State, turn: TurnAct, after: State) -> bool:
    """Whether the turn asks the database: the wishes changed, or more of the same is wanted."""
    if not after or turn.has("prev"):
        return False
    return after != before or turn.act in SEARCHING


def _says_something(item: Item) -> bool:
    """Whether an item has the value that it needs: an amount within its scale, words that are not empty."""
    kind = next((kind for kind in HIGHEST if item.op.startswith(kind)), None)
    if kind is None:
        return item.op in BARE or bool(item.value.strip())
    found = _MAGNITUDE.fullmatch(item.value)
    return found is not None and max(float(found[1]), float(found[2] or 0)) <= HIGHEST[kind]


def _copy(value: Any) -> Any:
    return (
        list(value)
        if isinstance(value, list)
        else {k: list(v) for k, v in value.items()}
        if isinstance(value, dict)
        else value
    )


def _clear(state: State, kind: str) -> None:
    for end in ("lower", "upper"):
        state.pop(f"{kind}_range_{end}", None)


def _apply(state: State, item: Item, shown: Sequence[str]) -> None:
    """Put one item into the state, which is changed in place."""
    op, value = item.op, item.value
    if op in (ADD, DROP, EXCLUDE):
        _facility(state, op, value)
    elif op == "type=":
        state["type"] = value
        _lift(state, "type")
    elif op == "!type=":
        _leave(state, "type", value)
        if state.get("type") == value:
            state.pop("type")
    elif op in ("!name=", "!#"):
        _exclude_name(state, value if op == "!name=" else named(value, shown))
    elif op in ("name=", "address=", "subway=", "near="):
        key = op[:-1]
        state[key] = place(key, value)[:LONGEST]
    elif op == "sort=":
        state["sort_by"], state["sort_order"] = value.rsplit("_", 1)
    elif op == "up":
        _one_class_up(state)
    elif op.startswith(("price", "rating")):
        _bound(state, op, value)
    elif op.startswith("-"):
        _drop(state, op[1:])


def _facility(state: State, op: str, value: str) -> None:
    facility, held = facility_of(value), state.setdefault("facilities", [])
    if op == EXCLUDE:
        _leave(state, "facilities", *([facility] if isinstance(facility, str) else facility))
    else:
        _allow(state, facility)
    if op == ADD:
        state["facilities"] = _with(held, facility, chosen="/" in value)
    else:
        state["facilities"] = [other for other in held if not _overlap(other, facility)]


def _with(held: list[Any], facility: str | list[str], *, chosen: bool) -> list[Any]:
    """The wishes and one more; of a choice and one of its members what was said last takes the other's place.

    A word for several (泳池) is no new wish where one of them stands; a choice that was `chosen` (健身房或泳池) is.
    """
    names = set(alternatives(facility))
    if not chosen and any(names.issuperset(alternatives(other)) for other in held):
        return held
    left = [other for other in held if not (names < set(alternatives(other)) or names > set(alternatives(other)))]
    return [*left, *([] if facility in left else [facility])][-MOST:]


def _allow(state: State, facility: str | list[str]) -> None:
    """Take a facility from what is excluded: it is wished for, or does not matter any more."""
    left = state.get("exclude") or {}
    if "facilities" in left:
        left["facilities"] = [other for other in left["facilities"] if not _overlap(other, facility)]
        state["exclude"] = {kind: values for kind, values in left.items() if values}


def _overlap(first: str | list[str], second: str | list[str]) -> bool:
    return not set(alternatives(first)).isdisjoint(alternatives(second))


def _leave(state: State, kind: str, *values: str) -> None:
    """Add to what is excluded: hotels that any of the values fits are left out."""
    left = state.setdefault("exclude", {})
    left[kind] = list(dict.fromkeys([*left.get(kind, []), *values]))[-MOST:]


def _lift(state: State, kind: str) -> None:
    """Exclude nothing of a kind any more."""
    (state.get("exclude") or {}).pop(kind, None)


def _exclude_name(state: State, name: str) -> None:
    name = name.strip()[:LONGEST]
    if name:
        _leave(state, "name", name)
        if state.get("name") and (state["name"] in name or name in state["name"]):
            state.pop("name")


def named(which: str, shown: Sequence[str]) -> str:
    """The name of a hotel shown that a value of HOTELS points at; "" where there is none."""
    if which in ("it", "all"):
        which = "1"
    at = len(shown) - 1 if which == "last" else int(which) - 1
    return shown[at] if 0 <= at < len(shown) else ""


def _bound(state: State, op: str, value: str) -> None:
    """A price or rating; a roughly said price is a range of ABOUT on each side."""
    kind, sign = re.match(r"(price|rating)(.*)", op).groups()  # type: ignore[union-attr]
    low, high = (float(number or value) for number in _MAGNITUDE.fullmatch(value).groups())  # type: ignore[union-attr]
    if sign == "~":
        low, high = max(0.0, low - ABOUT), min(high + ABOUT, HIGHEST[kind])
    if sign != "<=":
        state[f"{kind}_range_lower"] = _plain(min(low, high))
    if sign != ">=":
        state[f"{kind}_range_upper"] = _plain(max(low, high))
    lower, upper = state.get(f"{kind}_range_lower"), state.get(f"{kind}_range_upper")
    if lower is not None and upper is not None and lower > upper:
        state[f"{kind}_range_lower"], state[f"{kind}_range_upper"] = upper, lower


def _plain(number: float) -> float | int:
    return int(number) if number.is_integer() else number


def _one_class_up(state: State) -> None:
    """再高档点: the next better type where a type stands, else the dearest first."""
    kind = state.get("type")
    if kind in HOTEL_TYPES and kind != HOTEL_TYPES[0]:
        _apply(state, Item("type=", HOTEL_TYPES[HOTEL_TYPES.index(kind) - 1]), ())
    else:
        state |= {"sort_by": "price", "sort_order": "desc"}


def _drop(state: State, kind: str) -> None:
    if kind in ("price", "rating"):
        _clear(state, kind)
    elif kind == "type":
        state.pop("type", None)
        _lift(state, "type")
    elif kind == "sort":
        state.pop("sort_by", None)
        state.pop("sort_order", None)
    else:
        state.pop(kind, None)
