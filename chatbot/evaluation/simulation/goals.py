"""What a simulated user wants to achieve: constraints and questions drawn from a database, and whether a hotel or a reply meets them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from chatbot.hotels import places
from chatbot.hotels.facilities import FACILITIES, fulfilling
from chatbot.hotels.query import HOTEL_TYPES
from chatbot.hotels.store import HotelStore

Record = dict[str, Any]
Part = dict[str, Any]
"""One constraint as arguments of search_hotels: a type, a price range, a rating, one facility, or a name."""

DENIAL = re.compile(r"没|不(?!错|过|仅|但|客气|远|用|少)|无|未|暂缺|抱歉")
DISTRICT = re.compile(r"(?:北京市?)?([\u4e00-\u9fff]{2,3}区)")
CONFUSED = re.compile(r"[没不](?:太|大|怎么)?(?:听|看)?(?:明白|懂|清楚)您?|您是(?:想)?问")
"""A reply that asks back answers nothing."""
KINDS = ("type", "price", "rating", "facilities", "place")
ASKED = (
    *("phone", "address", "price", "rating", "subway", "nearby_attractions", "nearby_restaurants"),
    *("type", "facilities"),
)
HOW = ("impossible", "replace", "correct", "drop")
"""Why a user's wishes change: no hotel meets them, another mind, a slip of the tongue, or one wish that is given up."""
UNKNOWN_SHARE = 0.15
"""How many goals hold a wish that no record answers."""


@dataclass(frozen=True)
class Goal:
    """What one dialogue is about.

    Attributes:
        parts: the constraints that the user starts with.
        requests: what the user wants to know of the hotel: a record's field, or ("has", facility).
        change: constraints that take the place of `parts` later on.
        impossible: `parts` match no hotel, and the user changes to `change` when told so; otherwise the user changes
            its mind after the first offer.
        how: one of HOW, "" where nothing changes (or in goals kept before there were several ways).
        wish: something that no record answers, by its name in the phrase bank; "" for none.
    """

    parts: tuple[Part, ...]
    requests: tuple[tuple[str, str], ...]
    change: tuple[Part, ...] = ()
    impossible: bool = False
    how: str = ""
    wish: str = ""

    @classmethod
    def read(cls, plain: dict[str, Any]) -> "Goal":
        """A goal that was kept as plain data (`asdict`, then JSON)."""
        return cls(
            tuple(plain["parts"]),
            tuple((field, x) for field, x in plain["requests"]),
            tuple(plain["change"]),
            bool(plain["impossible"]),
            str(plain.get("how") or ""),
            str(plain.get("wish") or ""),
        )


def satisfies(record: Record, parts: Sequence[Part]) -> bool:
    """Whether a hotel meets every constraint; an unknown price or rating meets none."""
    return all(_holds(record, key, value) for part in parts for key, value in part.items())


def _holds(record: Record, key: str, value: Any) -> bool:
    if key == "facilities":
        return all(_offers(record, facility) for facility in value)
    if key in ("name", "type"):
        return bool(record[key] == value)
    if key in ("address", "subway", "near"):
        return _lies(record, key, value)
    field, _, side = key.partition("_range_")
    known = record[field]
    return known is not None and (known >= value if side == "lower" else known <= value)


def _lies(record: Record, key: str, words: str) -> bool:
    if key == "near":
        around = (record["name"], record["address"], record["subway"], *record["nearby_attractions"])
        return any(spelling in text for spelling in places.spellings(words) for text in around)
    wanted = places.address(words) if key == "address" else [places.station(words)]
    return all(word in record[key] for word in wanted)


def _offers(record: Record, facility: str) -> bool:
    return not fulfilling(facility).isdisjoint(record["facilities"])


def delivered(reply: str, record: Record, request: tuple[str, str]) -> bool:
    """Whether a reply gives the requested fact as the database has it; what the database lacks must be said to be missing."""
    field, wanted = request
    if CONFUSED.search(reply):
        return False
    if field == "has":
        about = "。".join(s for s in re.split(r"[。！？；\n]", reply) if wanted in s) or reply
        return bool(DENIAL.search(about.replace(wanted, "").replace(record["name"], ""))) != _offers(record, wanted)
    truth = record[field]
    if truth in (None, "", []):
        return bool(DENIAL.search(reply))
    if field in ("price", "rating"):
        return any(float(number) == float(truth) for number in re.findall(r"\d+(?:\.\d+)?", reply))
    if isinstance(truth, list):
        return any(entry in reply for entry in truth)
    said = re.sub(r"\s", "", reply)
    return any(
        re.sub(r"\s", "", option) in said
        for option in (re.split(r"[,，;；]", truth) if field == "phone" else [truth])
        if option.strip()
    )


def _price(record: Record, rng: Random) -> Part | None:
    price = record["price"]
    if price is None:
        return None
    low = int(price // 100 * 100)
    form = rng.choice(("most", "most", "between", "least"))
    if form == "most":
        return {"price_range_upper": int(-(-price // 50) * 50 + rng.choice((0, 50)))}
    return (
        {"price_range_lower": max(low, 50)}
        if form == "least" and low
        else {"price_range_lower": low, "price_range_upper": low + rng.choice((100, 200))}
    )


def _rating(record: Record, rng: Random) -> Part | None:
    options = [
        bound
        for bound in (3.5, 3.8, 4, 4.2, 4.4, 4.5, 4.6, 4.7)
        if record["rating"] is not None and bound <= record["rating"]
    ]
    return {"rating_range_lower": rng.choice(options)} if options else None


def _facility(record: Record, rng: Random) -> Part | None:
    known = sorted(set(record["facilities"]) & set(FACILITIES))
    return {"facilities": [rng.choice(known)]} if known else None


def _place(record: Record, rng: Random) -> Part | None:
    """The district, the station, or a sight of a hotel."""
    district = DISTRICT.match(record["address"])
    station, stop, _ = record["subway"].partition("地铁站")
    sights = [sight for sight in record["nearby_attractions"] if re.fullmatch(r"[\u4e00-\u9fff]{3,8}", sight)]
    options: list[Part] = [{"address": district[1]}] if district else []
    options += [{"subway": station}] if stop and re.fullmatch(r"[\u4e00-\u9fff]{2,6}", station) else []
    options += [{"near": rng.choice(sights)}] if sights else []
    return rng.choice(options) if options else None


_DRAW: dict[str, Callable[[Record, Random], Part | None]] = {
    "type": lambda record, rng: {"type": record["type"]} if record["type"] in HOTEL_TYPES else None,
    "price": _price,
    "rating": _rating,
    "facilities": _facility,
    "place": _place,
}


def _parts(record: Record, rng: Random) -> tuple[Part, ...]:
    """One to three constraints that the hotel meets, of different kinds but for a second facility."""
    kinds = rng.sample(KINDS, rng.choice((1, 2, 2, 3)))
    kinds += ["facilities"] if "facilities" in kinds and rng.random() < 0.3 else []
    parts: list[Part] = []
    for kind in kinds:
        part = _DRAW[kind](record, rng)
        parts += [part] if part is not None and part not in parts else []
    return tuple(parts)


def _requests(rng: Random) -> tuple[tuple[str, str], ...]:
    fields = rng.sample([*ASKED, "has"], rng.choice((1, 1, 2, 3)))
    return tuple((field, rng.choice(sorted(FACILITIES)) if field == "has" else "") for field in fields)


def _impossible(goal: Goal, records: Sequence[Record], rng: Random) -> Goal | None:
    """The same goal with a price that no hotel of the kind has, and the cheapest possible one to fall back to."""
    others = tuple(part for part in goal.parts if not any(key.startswith("price") for key in part))
    prices = [record["price"] for record in records if record["price"] is not None and satisfies(record, others)]
    least = min(prices, default=0)
    if not others or least < 80:
        return None
    wish, possible = int((least - 1) // 10 * 10), int(-(-least // 50) * 50 + rng.choice((0, 50)))
    change = (*others, {"price_range_upper": possible})
    return replace(goal, parts=(*others, {"price_range_upper": wish}), change=change, impossible=True, how="impossible")


def _other_wish(goal: Goal, records: Sequence[Record], rng: Random, how: str) -> Goal | None:
    """The same goal with one constraint that is replaced or corrected later by another that can be met as well."""
    index = rng.randrange(len(goal.parts))
    old = goal.parts[index]
    kept = goal.parts[:index] + goal.parts[index + 1 :]
    fitting = [record for record in records if satisfies(record, kept) and not satisfies(record, goal.parts)]
    part = _DRAW[_kind(old)](rng.choice(fitting), rng) if fitting else None
    fits = part and part.keys() >= old.keys() and part not in goal.parts
    return replace(goal, change=(*kept, part), how=how) if part and fits else None


def _kind(part: Part) -> str:
    key = next(iter(part)).partition("_range_")[0]
    return "place" if key in ("address", "subway", "near") else key


def _given_up(goal: Goal, rng: Random) -> Goal | None:
    """The same goal with one constraint that does not matter later."""
    if len(goal.parts) < 2:
        return None
    index = rng.randrange(len(goal.parts))
    return replace(goal, change=goal.parts[:index] + goal.parts[index + 1 :], how="drop")


def _changing(goal: Goal, records: Sequence[Record], rng: Random, how: str) -> Goal | None:
    """The goal with a change of its wishes; None where it allows none."""
    if how == "impossible":
        return _impossible(goal, records, rng)
    return _given_up(goal, rng) if how == "drop" else _other_wish(goal, records, rng, how)


def draw_goal(records: Sequence[Record], rng: Random, wishes: Sequence[str] = ()) -> Goal:
    """One goal that can be reached: by name, plain, or with one of the changes of HOW; some with one of `wishes`."""
    while True:
        record = rng.choice(records)
        kind = rng.choice(("name", *HOW, "plain", "plain", "plain"))
        if kind == "name":
            return Goal(({"name": record["name"]},), _requests(rng))
        if parts := _parts(record, rng):
            wish = rng.choice(wishes) if wishes and rng.random() < UNKNOWN_SHARE else ""
            goal = Goal(parts, _requests(rng), wish=wish)
            changing = goal if kind == "plain" else _changing(goal, records, rng, kind)
            if changing:
                return changing


def draw_goals(store: HotelStore, n: int, seed: int = 0, wishes: Sequence[str] = ()) -> list[Goal]:
    """`n` goals on a database; the seed's namespace is the evaluation's own, so no training dialogue starts from the same draw."""
    records = [hotel.record() for hotel in store.hotels]
    return [draw_goal(records, Random(f"evaluation goal {seed} {number}"), wishes) for number in range(n)]
