"""The wishes of a dialogue state in words: what was asked for, what was given up, what was dropped, which conditions hold."""

from collections.abc import Sequence
from typing import Any

from chatbot.dialogue.replies.facts import State
from chatbot.dialogue.replies.wording import Voice, number
from chatbot.hotels.facilities import OR, alternatives
from chatbot.understanding.turn_act import Item, TurnAct, facility_of, facility_value

_DROPPED = {
    "-type": ("类型", "the class"), "-price": ("价格", "the price limit"), "-rating": ("评分", "the rating"),
    "-name": ("店名", "the name"), "-address": ("区域", "the area"), "-subway": ("地铁站", "the station"),
    "-near": ("景点", "the sight"), "-sort": ("排序", "the order"), "-facilities": ("设施", "the facilities"),
    "-exclude": ("先前的排除", "what you ruled out"), "-all": ("前面的要求", "everything before"),
}  # fmt: skip


def described(state: State, voice: Voice) -> str:
    """The state but for its order, as a list of wishes: 朝阳区、500元以内、有健身房、不要经济型; "" where it is empty or a name alone."""
    keys = ("name", "address", "subway", "near", "type", "price", "rating")
    words = [words for key in keys if (words := wish(key, state, voice))]
    held = [voice.facility(value) for value in values(state.get("facilities"))]
    excluded = _excluded(state.get("exclude") or {}, voice)
    if state.get("name") and len(words) + len(held) + len(excluded) == 1:
        return ""
    if voice.english:
        last = [f"without {' or '.join(excluded)}"] if excluded else []
        return ", ".join([*words, *([f"with {voice.joined(held)}"] if held else []), *last])
    return "、".join([*words, *(f"有{name}" for name in held), *excluded])


def _excluded(exclude: State, voice: Voice) -> list[str]:
    """What was ruled out, in words: classes, names, facilities; in Chinese each with its denial."""
    kinds = [voice.value("type", kind) for kind in exclude.get("type") or ()]
    names = list(exclude.get("name") or ())
    held = [voice.facility(value) for value in values(exclude.get("facilities"))]
    if voice.english:
        return [*kinds, *names, *held]
    return [
        *(f"不是{kind}" for kind in kinds),
        *(f"名字不带“{name}”" for name in names),
        *(f"没有{name}" for name in held),
    ]


def values(facilities: Any) -> list[str]:
    """Facilities of a state as values of act lines: names, groups, choices."""
    entries = facilities if isinstance(facilities, list | tuple) else []
    return [
        facility_value(f)
        for f in entries
        if isinstance(f, str) or (isinstance(f, list | tuple) and all(isinstance(x, str) for x in f))
    ]


def wish(key: str, state: State, voice: Voice) -> str:
    """One wish of the state in words: "address", "price" (both bounds), "type" …; "" where it is not there."""
    if key in ("price", "rating"):
        return _bounds(key, state.get(f"{key}_range_lower"), state.get(f"{key}_range_upper"), voice.english)
    said = str(state.get(key) or "")
    if not said:
        return ""
    if key == "type":
        return voice.value("type", said)
    if key == "address":
        return voice.district(said)
    if key == "subway":
        said = said.removesuffix("站")
    shape = {
        "subway": ("{}站附近", "near {}"),
        "near": ("{}附近", "near {}"),
        "name": ("名字像“{}”", 'a name like "{}"'),
    }
    return shape.get(key, ("{}", "{}"))[voice.english].format(said)


def _bounds(kind: str, lower: Any, upper: Any, english: bool) -> str:
    low, high = (number(x) if isinstance(x, int | float) and not isinstance(x, bool) else "" for x in (lower, upper))
    if not (low or high):
        return ""
    if english:
        unit = " yuan" if kind == "price" else ""
        text = f"{low} to {high}{unit}" if low and high else f"up to {high}{unit}" if high else f"{low}{unit} or more"
        return text if kind == "price" else f"rated {text}"
    unit = "元" if kind == "price" else "分"
    return f"{low}到{high}{unit}" if low and high else f"{high}{unit}以内" if high else f"{low}{unit}以上"


def given_up(relaxed: Sequence[str], state: State, voice: Voice) -> str:
    """What a search gave up, facilities first, since a denial must stand close before them."""
    facilities, others = _lost(relaxed, state, voice)
    joined = [*facilities, *(_given(kind, said, voice) for kind, said in others.items())]
    return voice.joined(joined) if voice.english else "和".join(joined)


def loosened(relaxed: Sequence[str], state: State, voice: Voice) -> str:
    """What a search did without, as a clause: 超过300元也算上、不要求温泉; leaving out the price (up to 300 yuan)."""
    if voice.english:
        return f"leaving out {given_up(relaxed, state, voice)}"
    facilities, others = _lost(relaxed, state, voice)
    out = [f"不要求{facility}" for facility in facilities]
    for kind, said in others.items():
        out.append((_beyond(kind, said) if kind in ("price", "rating") else f"不限{said}") if said else "少一个条件")
    return "、".join(out)


def _beyond(kind: str, said: str) -> str:
    """A bound that was given up, as what is counted in: 600元以上 → 不到600元的也算上."""
    subject = "评分" if kind == "rating" else ""
    for ending, past in (("以上", "不到"), ("以内", "超过")):
        if said.endswith(ending):
            return f"{subject}{past}{said.removesuffix(ending)}的也算上"
    return f"{subject}不在{said}的也算上"


def _lost(relaxed: Sequence[str], state: State, voice: Voice) -> tuple[list[str], dict[str, str]]:
    """What a search gave up: facilities in words; kind → wish in words of the rest, "" where the state does not hold it."""
    facilities = [voice.facility(_value(entry)) for entry in relaxed if entry.startswith("facilities:")]
    kinds = dict.fromkeys(entry.partition("_range")[0] for entry in relaxed if not entry.startswith("facilities:"))
    return facilities, {kind: wish(kind, _bound_of(kind, relaxed, state), voice) for kind in kinds}


def without(relaxed: Sequence[str], state: State) -> State:
    """The state without what a search gave up."""
    lost = {_value(entry) for entry in relaxed if entry.startswith("facilities:")}
    kept = {key: value for key, value in state.items() if key not in relaxed}
    facilities = [f for f in state.get("facilities") or () if _value(f"facilities:{f}") not in lost]
    return {key: value for key, value in kept.items() if key != "facilities"} | (
        {"facilities": facilities} if facilities else {}
    )


def _given(kind: str, said: str, voice: Voice) -> str:
    """A wish that was given up as a noun phrase."""
    if not said:
        return _DROPPED.get(f"-{kind}", ("这个条件", "one of your wishes"))[voice.english]
    shapes = {
        "price": "the price ({})",
        "rating": "the rating ({})",
        "type": "the class ({})",
        "address": "the area ({})",
        "subway": "the station ({})",
    }
    plain = said.removeprefix("rated ").removeprefix("near ") if kind in shapes else said
    return shapes.get(kind, "{}").format(plain) if voice.english else said


def _bound_of(kind: str, relaxed: Sequence[str], state: State) -> State:
    """The state with only those bounds of a kind that were given up."""
    kept = {f"{kind}_range_{end}" for end in ("lower", "upper")} - set(relaxed)
    return {key: value for key, value in state.items() if key not in kept}


def _value(entry: str) -> str:
    """facilities:室内游泳池/室外游泳池 → 泳池; a list printed as Python does is read too."""
    words = entry.partition(":")[2].strip("[]()").replace("'", "").replace('"', "").replace(OR, "/")
    return facility_value([word.strip() for word in words.replace(",", "/").split("/") if word.strip()])


def dropped(item: Item, voice: Voice) -> str:
    """What an item other than of a facility drops, in words; "" where it drops nothing."""
    return _DROPPED[item.op][voice.english] if item.op in _DROPPED else ""


def facilities_dropped(turn: TurnAct, before: State) -> tuple[list[str], list[str]]:
    """The facilities that a turn drops: those that were wished for, and those that were excluded; one of a choice that is wished for now is not gone."""
    chosen = {name for value in turn.values("+") for name in alternatives(facility_of(value))}
    gone = [value for value in turn.values("-") if not chosen.issuperset(alternatives(facility_of(value)))]
    left_out = {*(before.get("exclude") or {}).get("facilities", ())}
    let_in = [value for value in gone if left_out.intersection(alternatives(facility_of(value)))]
    return [value for value in gone if value not in let_in], let_in


def conditions(state: State) -> frozenset[str]:
    """The bank's conditions that a state meets: price_set, facilities_many …"""
    facilities = values(state.get("facilities"))
    found = {
        "price_set": state.get("price_range_upper") is not None,
        "price_lower_set": state.get("price_range_lower") is not None and state.get("price_range_upper") is None,
        "rating_set": state.get("rating_range_lower") is not None,
        "district_set": bool(state.get("address")),
        "facilities_set": bool(facilities),
        "facility_set": len(facilities) == 1,
        "facilities_many": len(facilities) > 1,
        "exclude_set": bool(state.get("exclude")),
        **{f"{key}_set": bool(state.get(key)) for key in ("name", "type", "subway", "near")},
    }
    return frozenset(name for name, holds in found.items() if holds)
