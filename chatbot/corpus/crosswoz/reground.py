"""Makes a human reply say what the records say: other hotel, other phone, other price, or the whole sentence from templates."""

import random
import re
from collections.abc import Iterable, Sequence
from typing import Any

from chatbot.corpus.crosswoz.annotations import FACILITY_PREFIX, HOTEL, Act
from chatbot.corpus.selfplay import replies
from chatbot.hotels.facilities import canonical

Record = dict[str, Any]

FIELDS = {
    "电话": "phone",
    "地址": "address",
    "价格": "price",
    "评分": "rating",
    "酒店类型": "type",
    "周边景点": "nearby_attractions",
    "周边餐馆": "nearby_restaurants",
    "酒店设施": "facilities",
    "名称": "name",
}
LISTS = ("周边景点", "周边餐馆")
UNITS = re.compile(r"(?:元|分|块)$")
SEPARATORS = r"[、，,；;\s和与以及还有或者跟]*"
MIN_NAME = 2
RELAXED = {
    "name": "名称",
    "type": "酒店类型",
    "facilities": "设施",
    "price_range": "价格",
    "rating_range": "评分",
    "address": "地址",
    "subway": "地铁",
}


POINTER = re.compile(r"(?:这|该|那)(?:家|个|间)?酒店|它|他家|她家")
QUESTION = re.compile(r"(?:吗|么|没|不|嘛|呢|？|\?|。|！)+$")


class Places:
    """The hotels, attractions and restaurants of a database: names that a reply may only use where its records hold them."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.names = {
            n
            for r in records
            for n in (r["name"], *r["nearby_attractions"], *r["nearby_restaurants"])
            if len(n) > MIN_NAME
        }

    def foreign(self, text: str, records: Iterable[Record]) -> list[str]:
        """The names in the text that none of the records holds."""
        held = {
            n for r in records for n in (r["name"], r["address"], *r["nearby_attractions"], *r["nearby_restaurants"])
        }
        for name in sorted(held, key=len, reverse=True):
            text = text.replace(name, "")
        return [name for name in self.names if name in text]

    def longest(self, text: str) -> str:
        """The longest name in the text, "" where it holds none."""
        return max((name for name in self.names if name in text), key=len, default="")


def asks_of_hand(text: str) -> bool:
    """Whether the words ask something of the hotel in hand (这个酒店有暖气吗) and do not search anew."""
    return bool(POINTER.search(text) and QUESTION.search(text)) and "哪" not in text


def value_text(value: object) -> str:
    """A record's value as words: whole numbers without a point, lists joined; "" for nothing."""
    if value is None:
        return ""
    if isinstance(value, float | int):
        return f"{value:g}"
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def mismatch(original: Record, record: Record) -> float:
    """How much of what was said about one hotel would have to change for another: unknown or known values first, then facilities."""
    gaps = sum(bool(record[field]) != bool(original[field]) for field in FIELDS.values())
    other_type = bool(record["type"] != original["type"])
    return gaps + other_type + len(set(record["facilities"]) ^ set(original["facilities"])) / 10


def hotels_named(acts: Sequence[Act], text: str) -> list[str]:
    """The hotels that a reply names, in the order of its words."""
    names = {
        value
        for intent, domain, slot, value in acts
        if intent in ("Inform", "Recommend") and domain == HOTEL and slot == "名称"
    }
    return sorted(names, key=lambda name: (text.find(name) < 0, text.find(name), name))


def stated_facts(acts: Sequence[Act]) -> dict[str, list[str]]:
    """What a reply says about the hotel in hand: slot → values, names left out."""
    out: dict[str, list[str]] = {}
    for intent, domain, slot, value in acts:
        if intent == "Inform" and domain == HOTEL and slot != "名称":
            out.setdefault(slot, []).append(value)
    return out


def has_facility(record: Record, facility: str) -> bool:
    """Whether the hotel offers a facility, by its canonical name."""
    return bool(canonical([facility]) & canonical(record["facilities"]))


def agrees_with_record(slot: str, values: Sequence[str], record: Record) -> bool:
    """Whether the record says what the reply says of this slot."""
    if slot.startswith(FACILITY_PREFIX):
        return all((value == "是") == has_facility(record, slot.removeprefix(FACILITY_PREFIX)) for value in values)
    truth = record.get(FIELDS.get(slot, ""))
    if isinstance(truth, list):
        return set(values) <= set(truth)
    return [UNITS.sub("", v) for v in values] == [value_text(truth)]


def replace_values(text: str, slot: str, values: Sequence[str], record: Record) -> str | None:
    """The text with a slot's values replaced by the record's; None where that cannot be done in place."""
    new = value_text(record.get(FIELDS.get(slot, "")))
    if slot.startswith(FACILITY_PREFIX) or not new:
        return None
    if slot in LISTS:
        any_value = "|".join(re.escape(v) for v in sorted(values, key=len, reverse=True))
        span = re.compile(f"(?:{any_value})(?:{SEPARATORS}(?:{any_value}))*")
        return span.sub(lambda _: new, text, count=1) if span.search(text) else None
    old = UNITS.sub("", values[0])
    pattern = (
        re.compile(rf"(?<![\d.-]){re.escape(old)}(?![\d.-]|\d)")
        if re.fullmatch(r"[\d.]+", old)
        else re.compile(re.escape(old))
    )
    return pattern.sub(lambda _: new, text) if len(values) == 1 and pattern.search(text) else None


def restate(text: str, acts: Sequence[Act], record: Record) -> str | None:
    """A reply about one hotel with every fact of the record's; None where a template has to say it."""
    out: str | None = text
    for slot, values in stated_facts(acts).items():
        if out is not None and not agrees_with_record(slot, values, record):
            out = replace_values(out, slot, values, record)
    return out


def answer(slot: str, record: Record, rng: random.Random) -> str:
    """One sentence that answers a question about one slot from the record."""
    name = record["name"]
    if slot.startswith(FACILITY_PREFIX):
        facility = slot.removeprefix(FACILITY_PREFIX)
        return rng.choice(replies.YES if has_facility(record, facility) else replies.NO).format(name=name, x=facility)
    field = FIELDS.get(slot, "name")
    known = {key: value_text(value) for key, value in record.items()}
    if field == "name":
        return f"这家酒店是{name}。"
    return rng.choice(replies.ANSWER[field] if known[field] else replies.UNKNOWN[field]).format(**known)


def answers(slots: Sequence[str], record: Record, rng: random.Random) -> str:
    """The answers to all slots asked about, in one reply."""
    return "".join(answer(slot, record, rng) for slot in dict.fromkeys(slots))


def recommend(records: Sequence[Record], relaxed: Sequence[str], rng: random.Random) -> str:
    """A reply that offers the hotels, names what was relaxed, or says that there is none."""
    if not records:
        return rng.choice(replies.NOTHING)
    names = [r["name"] for r in records]
    listed = names[0] if len(names) == 1 else "、".join(names[:-1]) + "和" + names[-1]
    if relaxed:
        gave = "、".join(
            dict.fromkeys(next((zh for key, zh in RELAXED.items() if part.startswith(key)), part) for part in relaxed)
        )
        return f"抱歉，没有完全符合的酒店，放宽{gave}的要求后有{listed}，您看可以吗？"
    return rng.choice(("为您推荐{}。", "您可以看看{}。", "{}符合您的要求。")).format(listed)
