"""The act line of a turn whose states before and after are known: how written dialogues and recorded calls become training data."""

import re
from collections.abc import Iterable
from typing import Any

from chatbot.understanding.dialogue_state import PLACES, State, next_state
from chatbot.understanding.places import said_in_english
from chatbot.understanding.turn_act import ADD, DROP, EXCLUDE, Item, TurnAct, facility_value

_KEPT_ENDS = re.compile(r"(区|地铁站|站|附近)$")


def derive_act(before: State, after: State, words: str, act: str | None = None, extra: Iterable[Item] = ()) -> TurnAct:
    """The act line that leads from one state to the other.

    Args:
        before: the state that stood.
        after: the state after the turn.
        words: the utterance, its amounts as digits; copied values are given as they stand in it.
        act: the kind of act where it is known; else "request" from nothing, "restart" to nothing, "refine" otherwise.
        extra: items that no state shows (questions, unknown wishes, the hotel that is meant).
    """
    act = act or ("request" if not before else "restart" if not after else "refine")
    if before == after:
        return TurnAct(act, tuple(extra))
    if act in ("by_name", "restart"):
        before = {}
    if act == "cheaper" and next_state(before, TurnAct("cheaper")) == after:
        return TurnAct(act, tuple(extra))
    if act == "better" and next_state(before, TurnAct("better", (Item("up"),))) == after:
        return TurnAct(act, (Item("up"), *extra))
    items = [*_type(before, after), *_facilities(before, after), *_amounts(before, after, words)]
    items += [
        *_texts(_moved(before, after, act), after, words),
        *_sort(before, after),
        *_excluded(before, after, words),
    ]
    return TurnAct(act, (*items, *extra))


def _moved(before: State, after: State, act: str) -> State:
    """What stands before places are compared: a place that replaces or corrects another clears all of them by itself."""
    fresh = any(after.get(kind) not in (None, before.get(kind)) for kind in PLACES)
    if act not in ("replace", "correct") or not fresh:
        return before
    return {key: value for key, value in before.items() if key not in PLACES}


def _type(before: State, after: State) -> list[Item]:
    lifted = (before.get("exclude") or {}).get("type") and not (after.get("exclude") or {}).get("type")
    if before.get("type") == after.get("type"):
        return [Item("-type")] if lifted and not after.get("type") else []
    return [Item("type=", after["type"])] if after.get("type") else _unless_excluded("type", before, after)


def _unless_excluded(kind: str, before: State, after: State) -> list[Item]:
    """A wish that went: dropped by an item of its own, or by its exclusion."""
    gone = before.get(kind)
    return [] if gone in ((after.get("exclude") or {}).get(kind) or ()) else [Item(f"-{kind}")]


def _facilities(before: State, after: State) -> list[Item]:
    old, new = (list(state.get("facilities") or ()) for state in (before, after))
    gone, come = [f for f in old if f not in new], [f for f in new if f not in old]
    left = (after.get("exclude") or {}).get("facilities") or ()
    lifted = (before.get("exclude") or {}).get("facilities") or ()
    gone = [f for f in gone if f not in left] + [f for f in lifted if f not in left and f not in come]
    if len(gone) > 1 and not new:
        return [Item("-facilities")]
    return [Item(DROP, facility_value(f)) for f in gone] + [Item(ADD, facility_value(f)) for f in come]


def _amounts(before: State, after: State, words: str) -> list[Item]:
    out: list[Item] = []
    for kind in ("price", "rating"):
        old, new = ((s.get(f"{kind}_range_lower"), s.get(f"{kind}_range_upper")) for s in (before, after))
        if old == new:
            continue
        lower, upper = new
        if lower is None and upper is None:
            out.append(Item(f"-{kind}"))
        elif lower is not None and upper is not None:
            out.append(_range(kind, lower, upper, words))
        else:
            out.append(Item(f"{kind}<=", f"{upper:g}") if lower is None else Item(f"{kind}>=", f"{lower:g}"))
    return out


def _range(kind: str, lower: float, upper: float, words: str) -> Item:
    middle = (lower + upper) / 2
    said = set(re.findall(r"\d+(?:\.\d+)?", words))
    if kind == "price" and f"{middle:g}" in said and not {f"{lower:g}", f"{upper:g}"} <= said:
        return Item("price~", f"{middle:g}")
    return Item(f"{kind}=", f"{lower:g}..{upper:g}" if lower != upper else f"{lower:g}")


def _texts(before: State, after: State, words: str) -> list[Item]:
    out: list[Item] = []
    for key in ("name", "address", "subway", "near"):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if new:
            out.append(Item(f"{key}=", as_said(str(new), words)))
        elif old not in ((after.get("exclude") or {}).get(key) or ()):
            out.append(Item(f"-{key}"))
    return out


def as_said(value: str, words: str) -> str:
    """A value of the state as the words have it (朝阳区 where 朝阳 was said); as it is where they have neither."""
    core = _KEPT_ENDS.sub("", value)
    if value in words:
        return value
    return core if len(core) > 1 and core in words else said_in_english(value, words) or value


def _sort(before: State, after: State) -> list[Item]:
    old, new = ((s.get("sort_by"), s.get("sort_order")) for s in (before, after))
    if old == new:
        return []
    return [Item("sort=", f"{new[0]}_{new[1]}")] if new[0] else [Item("-sort")]


def _excluded(before: State, after: State, words: str) -> list[Item]:
    old: dict[str, Any] = before.get("exclude") or {}
    new: dict[str, Any] = after.get("exclude") or {}
    if old.get("name") and not new:
        return [Item("-exclude")]
    out = [Item("!type=", kind) for kind in new.get("type") or () if kind not in (old.get("type") or ())]
    names = [name for name in new.get("name") or () if name not in (old.get("name") or ())]
    out += [Item("!name=", as_said(name, words)) for name in names]
    fresh = [f for f in new.get("facilities") or () if f not in (old.get("facilities") or ())]
    return out + [Item(EXCLUDE, facility_value(f)) for f in fresh]
