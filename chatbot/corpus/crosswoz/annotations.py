"""Turns what CrossWOZ annotators noted (dialogue acts, wizard's state) into the arguments of a search_hotels call."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chatbot.hotels.query import HOTEL_TYPES

HOTEL = "酒店"
FACILITY_PREFIX = "酒店设施-"
NEARBY_SLOTS = ("周边景点", "周边餐馆", "周边酒店")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
HIGHEST_RATING = 5

Act = tuple[str, str, str, str]


def acts(message: dict[str, Any]) -> list[Act]:
    """A message's dialogue acts as (intent, domain, slot, value)."""
    return [(str(a[0]), str(a[1]), str(a[2]), str(a[3])) for a in message.get("dialog_act", []) if len(a) == 4]


def domains(found: Iterable[Act]) -> set[str]:
    """The domains that acts are about; greetings and thanks belong to none."""
    return {domain for intent, domain, _, _ in found if intent != "General"}


@dataclass
class Wishes:
    """What a user has asked for: one value a slot, any number of facilities."""

    values: dict[str, str] = field(default_factory=dict)
    facilities: list[str] = field(default_factory=list)
    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.values or self.facilities)

    def add(self, later: "Wishes") -> None:
        """Take in what was said later; a later value of a slot stands."""
        self.values |= later.values
        self.facilities += [f for f in later.facilities if f not in self.facilities]


def informed_wishes(found: Iterable[Act]) -> Wishes:
    """The hotel wishes that one utterance states."""
    wishes = Wishes()
    for intent, domain, slot, value in found:
        if (intent, domain) != ("Inform", HOTEL):
            continue
        if slot.startswith(FACILITY_PREFIX) and value == "是":
            wishes.facilities.append(slot.removeprefix(FACILITY_PREFIX))
        elif slot in ("价格", "评分", "酒店类型"):
            wishes.values[slot] = value
        elif slot == "名称":
            wishes.name = value
    return wishes


def requested_slots(found: Iterable[Act]) -> list[str]:
    """The hotel slots that one utterance asks about."""
    return [slot for intent, domain, slot, _ in found if (intent, domain) == ("Request", HOTEL)]


def bounds(value: str, field_name: str) -> dict[str, float]:
    """A band such as 200-300元, 1000元以上, 4.5分以上, 5分 as inclusive bounds; {} where it holds no number."""
    numbers = [float(n) for n in NUMBER.findall(value)]
    if not numbers:
        return {}
    if len(numbers) > 1:
        return {f"{field_name}_lower": min(numbers), f"{field_name}_upper": max(numbers)}
    upper = bool(re.search("以下|以内|不超过", value))
    exact = field_name == "rating_range" and not upper and "以上" not in value
    out = {} if upper else {f"{field_name}_lower": numbers[0]}
    return out | ({f"{field_name}_upper": numbers[0]} if upper or exact else {})


def stray_rating(value: str) -> bool:
    """Wizards typed ratings into the price box (4.5元以上): a price this low is a rating."""
    numbers = [float(n) for n in NUMBER.findall(value)]
    return bool(numbers) and max(numbers) <= HIGHEST_RATING


def arguments(wishes: Wishes, repairs: Counter[str]) -> dict[str, Any]:
    """The call that states the wishes; values that fit no argument are left out and counted."""
    out: dict[str, Any] = {}
    for slot, value in wishes.values.items():
        if slot == "酒店类型":
            kind = next((t for t in HOTEL_TYPES if value.strip().startswith(t[:2])), None)
            new: dict[str, Any] = {"type": kind} if kind else {}
        elif slot == "价格" and stray_rating(value):
            new = bounds(value.replace("元", "分"), "rating_range")
            repairs["stray_value"] += 1
        else:
            new = bounds(value, "price_range" if slot == "价格" else "rating_range")
        repairs["value_left_out"] += not new
        out |= new
    if wishes.facilities:
        out["facilities"] = list(wishes.facilities)
    return out


def agreed_wishes(state: dict[str, Any], said: Wishes, now: Wishes, repairs: Counter[str]) -> Wishes:
    """The wishes that hold after a turn: those in the wizard's state that the user has said in this segment, and all said just now.

    Args:
        state: the wizard's first hotel query of the turn.
        said: everything that the user said in the segment, this turn included.
        now: what the user said in this turn.
        repairs: counts where the state and the words differ.
    """
    out = Wishes()
    for slot, value in said.values.items():
        if state.get(slot) or slot in now.values:
            out.values[slot] = value
            repairs["state_value_corrected"] += bool(state.get(slot)) and state[slot] != value
            repairs["wish_missing_in_state"] += not state.get(slot)
    repairs["carried_wish_dropped"] += sum(
        bool(state.get(slot)) and slot not in said.values for slot in ("价格", "评分", "酒店类型")
    )
    noted = str(state.get("酒店设施") or "").split()
    for facility in said.facilities:
        if facility in now.facilities or any(word in facility or facility in word for word in noted):
            out.facilities.append(facility)
    return out
