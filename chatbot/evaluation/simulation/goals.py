"""What a simulated user wants to achieve: constraints and questions drawn from a database, and whether a hotel or a reply meets them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from chatbot.evaluation.simulation import wording
from chatbot.hotels.store import HotelStore

Record = dict[str, Any]
Part = dict[str, Any]
"""One constraint as arguments of search_hotels: a type, a price range, a rating, one facility, or a name."""

DENIAL = re.compile(r"没|不(?!错|过|仅|但|客气|远|用|少)|无|未|暂缺|抱歉")
KINDS = ("type", "price", "rating", "facilities")


@dataclass(frozen=True)
class Goal:
    """What one dialogue is about.

    Attributes:
        parts: the constraints that the user starts with.
        requests: what the user wants to know of the hotel: a record's field, or ("has", facility).
        change: constraints that take the place of `parts` later on.
        impossible: `parts` match no hotel, and the user changes to `change` when told so; otherwise the user changes
            its mind after the first offer.
    """

    parts: tuple[Part, ...]
    requests: tuple[tuple[str, str], ...]
    change: tuple[Part, ...] = ()
    impossible: bool = False

    @classmethod
    def read(cls, plain: dict[str, Any]) -> "Goal":
        """A goal that was kept as plain data (`asdict`, then JSON)."""
        return cls(
            tuple(plain["parts"]),
            tuple((field, x) for field, x in plain["requests"]),
            tuple(plain["change"]),
            bool(plain["impossible"]),
        )


def satisfies(record: Record, parts: Sequence[Part]) -> bool:
    """Whether a hotel meets every constraint; an unknown price or rating meets none."""
    return all(_holds(record, key, value) for part in parts for key, value in part.items())


def _holds(record: Record, key: str, value: Any) -> bool:
    if key == "facilities":
        return all(_offers(record, facility) for facility in value)
    if key in ("name", "type"):
        return bool(record[key] == value)
    field, _, side = key.partition("_range_")
    known = record[field]
    return known is not None and (known >= value if side == "lower" else known <= value)


def _offers(record: Record, facility: str) -> bool:
    """Free breakfast is breakfast; all other names mean only themselves."""
    return facility in record["facilities"] or (facility == "早餐服务" and "早餐服务免费" in record["facilities"])


def delivered(reply: str, record: Record, request: tuple[str, str]) -> bool:
    """Whether a reply gives the requested fact as the database has it; what the database lacks must be said to be missing."""
    field, wanted = request
    if field == "has":
        return bool(DENIAL.search(reply.replace(wanted, "").replace(record["name"], ""))) != _offers(record, wanted)
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
    known = sorted(set(record["facilities"]) & wording.FACILITY.keys())
    return {"facilities": [rng.choice(known)]} if known else None


_DRAW: dict[str, Callable[[Record, Random], Part | None]] = {
    "type": lambda record, rng: {"type": record["type"]} if record["type"] in wording.TYPE else None,
    "price": _price,
    "rating": _rating,
    "facilities": _facility,
}


def _parts(record: Record, rng: Random) -> tuple[Part, ...]:
    """One to three constraints of different kinds that the hotel meets."""
    drawn = (_DRAW[kind](record, rng) for kind in rng.sample(KINDS, rng.choice((1, 2, 2, 3))))
    return tuple(part for part in drawn if part is not None)


def _requests(rng: Random) -> tuple[tuple[str, str], ...]:
    fields = rng.sample([*wording.ASK, "has"], rng.choice((1, 1, 2, 3)))
    return tuple((field, rng.choice(sorted(wording.FACILITY)) if field == "has" else "") for field in fields)


def _impossible(goal: Goal, records: Sequence[Record], rng: Random) -> Goal | None:
    """The same goal with a price that no hotel of the kind has, and the cheapest possible one to fall back to."""
    others = tuple(part for part in goal.parts if not any(key.startswith("price") for key in part))
    prices = [record["price"] for record in records if record["price"] is not None and satisfies(record, others)]
    least = min(prices, default=0)
    if not others or least < 80:
        return None
    wish, possible = int((least - 1) // 10 * 10), int(-(-least // 50) * 50 + rng.choice((0, 50)))
    return replace(
        goal,
        parts=(*others, {"price_range_upper": wish}),
        change=(*others, {"price_range_upper": possible}),
        impossible=True,
    )


def _change_of_mind(goal: Goal, records: Sequence[Record], rng: Random) -> Goal | None:
    """The same goal with one constraint that is replaced later by another that can be met as well."""
    index = rng.randrange(len(goal.parts))
    kind = next(iter(goal.parts[index])).partition("_range_")[0]
    kept = goal.parts[:index] + goal.parts[index + 1 :]
    fitting = [record for record in records if satisfies(record, kept) and not satisfies(record, goal.parts)]
    part = _DRAW[kind](rng.choice(fitting), rng) if fitting and kind != "facilities" else None
    return (
        replace(goal, change=(*kept, part))
        if part and part.keys() >= goal.parts[index].keys() and part != goal.parts[index]
        else None
    )


def draw_goal(records: Sequence[Record], rng: Random) -> Goal:
    """One goal that can be reached: about one in six by name, one in six first impossible, one in six with a change of mind."""
    while True:
        record = rng.choice(records)
        kind = rng.choice(("name", "impossible", "change", "plain", "plain", "plain"))
        if kind == "name":
            return Goal(({"name": record["name"]},), _requests(rng))
        if parts := _parts(record, rng):
            goal: Goal | None = Goal(parts, _requests(rng))
            if goal and kind == "impossible":
                goal = _impossible(goal, records, rng)
            elif goal and kind == "change":
                goal = _change_of_mind(goal, records, rng)
            if goal:
                return goal


def draw_goals(store: HotelStore, n: int, seed: int = 0) -> list[Goal]:
    """`n` goals on a database; the seed's namespace is the evaluation's own, so no training dialogue starts from the same draw."""
    records = [hotel.record() for hotel in store.hotels]
    return [draw_goal(records, Random(f"evaluation goal {seed} {number}")) for number in range(n)]
