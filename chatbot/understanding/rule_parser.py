"""An independent parser: recovers hotel wishes from Chinese words by alias lexicon and amounts, to check what was annotated."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from chatbot.hotels.facilities import ALIASES_FILE, FACILITIES, simplify
from chatbot.understanding.amounts import amounts
from chatbot.understanding.normalise import characters, normalise

TYPES = {
    "豪华型": "豪华|奢华|顶级",
    "高档型": "高档|高端|档次高|上档次|有档次",
    "舒适型": "舒适|舒服",
    "经济型": "经济|实惠|平价",
}
DROPPED = r"不用(?!钱|花)|算了$|去掉|不要了|无所谓|不限|不考虑|不看|也行$|随便|都行|取消"


def _open(upper: float | None) -> float | None:
    """No rating is above 5, so that bound says nothing."""
    return None if upper == 5 else upper


@dataclass(frozen=True)
class Band:
    """A range of prices (CNY) or ratings (0–5), bounds inclusive; `about` marks a number that the speaker left open."""

    lower: float | None
    upper: float | None
    about: bool = False

    def fits(self, lower: float | None, upper: float | None) -> bool:
        """Whether annotated bounds say the same."""
        if self.about and self.lower is not None and self.upper is not None:
            middle = (self.lower + self.upper) / 2
            return (
                (lower is None or lower <= middle)
                and (upper is None or middle <= upper)
                and (lower, upper) != (None, None)
            )
        return (self.lower, _open(self.upper)) == (lower, _open(upper))


@dataclass(frozen=True)
class ParsedSlots:
    """What the words ask for; each facility mention is a set of canonical names any of which may be meant."""

    types: frozenset[str] = frozenset()
    facilities: tuple[frozenset[str], ...] = ()
    prices: tuple[Band, ...] = ()
    ratings: tuple[Band, ...] = ()

    def arguments(self) -> dict[str, Any]:
        """The wishes as arguments of search_hotels; the first of several where only one can stand."""
        out: dict[str, Any] = {"type": min(self.types)} if len(self.types) == 1 else {}
        if self.facilities:
            out["facilities"] = [min(names) for names in self.facilities]
        for field, bands in (("price_range", self.prices), ("rating_range", self.ratings)):
            if bands and bands[0].lower is not None:
                out[f"{field}_lower"] = bands[0].lower
            if bands and bands[0].upper is not None:
                out[f"{field}_upper"] = bands[0].upper
        return out


def bands(text: str) -> tuple[tuple[Band, ...], tuple[Band, ...]]:
    """Prices in CNY and ratings that a text says; repetitions once."""
    prices: list[Band] = []
    ratings: list[Band] = []
    for amount in amounts(text):
        loose = amount.how == "about" or (amount.how == "exact" and amount.kind == "price")
        if amount.currency == "CNY":
            (prices if amount.kind == "price" else ratings).append(Band(amount.lower, amount.upper, about=loose))
    return tuple(dict.fromkeys(prices)), tuple(dict.fromkeys(ratings))


@cache
def _aliases() -> tuple[tuple[str, frozenset[str]], ...]:
    """Every spoken alias in its core form with the facilities it can mean (none for look-alikes), longest first."""
    table: dict[str, set[str]] = {}
    for name, aliases in json.loads(ALIASES_FILE.read_text(encoding="utf-8")).items():
        for alias in (name, *aliases) if name else aliases:
            core = simplify(alias)
            if len(core) > 1:
                table.setdefault(core, set()).update([name] if name else [])
    return tuple(sorted(((a, frozenset(n)) for a, n in table.items()), key=lambda item: (-len(item[0]), item[0])))


def clauses(text: str) -> list[str]:
    """The parts of an utterance that wish for something; parts that give a wish up (不用早餐了) are left out."""
    parts = re.split(r"[，。！？；、,!?;]|以及|并且|而且|还要|还有|同时", text)
    return [part for part in parts if part and not re.search(DROPPED, part)]


def facilities(text: str) -> tuple[frozenset[str], ...]:
    """The facilities that a text mentions; of overlapping aliases the longest counts."""
    found: list[frozenset[str]] = []
    for clause in clauses(text):
        plain = [name for name in FACILITIES if name in clause]
        found += [
            frozenset([name])
            for name in plain
            if not any(name != other and name in other for other in plain) and frozenset([name]) not in found
        ]
        core = simplify(re.sub("|".join(map(re.escape, sorted(plain, key=len, reverse=True))) or "$^", "\n", clause))
        for alias, names in _aliases():
            if alias in core:
                core = core.replace(alias, "\n")
                found += [names] if names and names not in found else []
    return tuple(found)


def parse_slots(text: str, names: Iterable[str] = ()) -> ParsedSlots:
    """What an utterance asks for.

    Args:
        text: the user's words.
        names: hotel names that may occur in it; their digits and words (7天, 舒适酒店) are no wishes.
    """
    text = characters(text)
    for name in sorted(map(characters, names), key=len, reverse=True):
        text = text.replace(name, "\n")
    text = normalise(text)
    prices, ratings = bands(text)
    types = frozenset(t for t, words in TYPES.items() if re.search(words, text))
    return ParsedSlots(types, facilities(text), prices, ratings)
