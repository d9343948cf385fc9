"""The hotel database that search_hotels runs against: any file in CrossWOZ's form, searched in memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, overload

import numpy as np

from chatbot.hotels import places
from chatbot.hotels.facilities import alternatives, fulfilling, match_facility, wish_text
from chatbot.hotels.index import NONE, Rows, TextIndex
from chatbot.hotels.query import HOTEL_TYPES, Exclusion, HotelQuery
from chatbot.hotels.records import Hotel, read_hotels
from chatbot.hotels.relax import Mask, other_way, relax
from chatbot.hotels.search_result import SearchResult

_NEEDED = ("facilities:残疾人设施", "name")
"""The most important wishes, the last above all: who sits in a wheelchair cannot do without, who names a hotel wants that one."""
PAGE = 3
"""Hotels that are shown at once where nothing else is asked for."""
FAR_ABOVE = 1.5
"""Times the price asked for: dearer hotels at a place are passed over for cheaper ones of its district."""


class HotelStore:
    """Hotels as columns (numpy) for bounds and sets, and as text (SQLite FTS5) for names and keywords. Immutable and thread-safe."""

    def __init__(self, hotels: Iterable[Hotel]) -> None:
        columns = _Columns()
        self._text = TextIndex(columns.watch(hotels))
        self._price, self._rating = np.array(columns.price, float), np.array(columns.rating, float)
        self._rare = {key: np.array(rows, np.int32) for key, rows in columns.sets.items()}
        self._frequent = {key: self._mask(rows) for key, rows in self._rare.items() if 64 * len(rows) >= len(self)}
        self._orders = _orders(self._price, self._rating)

    @classmethod
    def load(cls, path: Path) -> "HotelStore":
        """Load a file in the form of CrossWOZ's hotel_db.json.

        Raises:
            InputError: naming the entry that does not validate.
        """
        return cls(read_hotels(Path(path)))

    def __len__(self) -> int:
        return len(self._text)

    @property
    def hotels(self) -> Sequence[Hotel]:
        """All hotels in the file's order, read as they are asked for."""
        return _Hotels(self._text)

    def get(self, name: str) -> dict[str, Any] | None:
        """The record of the hotel with this full name."""
        return self._text.get(name)

    def mentioned(self, words: str) -> str:
        """The hotel of this database that an utterance names, as it stands there; "" for none."""
        return self._text.mentioned(words)

    def search(self, query: HotelQuery, limit: int = PAGE, offset: int = 0) -> SearchResult:
        """Hotels that meet the whole query, or as much of it as any hotel meets.

        Without `sort_by` the best rated come first, the cheaper one of two equally rated, and before all that the class that
        is nearest to one that had to be given up. A query of nothing but an
        unknown name finds nothing; any other query is relaxed until something is found, as docs/semantics.md says:
        a place that has to be given up is widened to those next to it, else to its district, or the nearest one, where that is known; and it
        is given up before a price that its own hotels are far above.
        What the query excludes is never shown.

        Args:
            query: the wishes.
            limit: how many hotels at most.
            offset: how many to pass over: the next page begins where the last one ended.
        """
        wishes = self._wishes(query)
        exclude = query.exclude or Exclusion()
        allowed = self._allowed(exclude)
        found = reduce(np.logical_and, wishes.values(), allowed)
        given_up: list[str] = []
        instead, unlisted = None, ""
        if not found.any() and wishes.keys() - {"name"} and allowed.any():
            positions, found = relax(list(wishes.values()), allowed if query.exclude else None)
            given_up = [list(wishes)[at] for at in positions]
            if given_up == ["price_range_upper"]:
                given_up, found = self._cheaper_beside(query, wishes, allowed, found)
            instead = other_way(wishes, given_up, allowed)
            homes = (district for _, district in _districts(query, given_up))
            unlisted = next((home for home in homes if not self._set("district", home).any()), "")
            found = self._closest(query, given_up, found)
        total = int(np.count_nonzero(found))
        rows = _first(found, self._order(query, given_up), min(offset + limit, total), total)[offset:]
        return SearchResult(
            self._text.records(rows), given_up[::-1], self._unknown(query, exclude), total, offset, instead, unlisted
        )

    def _cheaper_beside(
        self, query: HotelQuery, wishes: dict[str, Mask], allowed: Mask, found: Mask
    ) -> tuple[list[str], Mask]:
        """What is given up, and found: where a place has only hotels far above the price, those of its district that keep to it."""
        upper = query.price_range_upper or 0
        if not (self._price[found] <= FAR_ABOVE * upper).any():
            for field, district in _districts(query, wishes):
                others = (mask for name, mask in wishes.items() if name != field)
                if (beside := reduce(np.logical_and, others, allowed & self._set("district", district))).any():
                    return [field], beside
        return ["price_range_upper"], found

    def _closest(self, query: HotelQuery, given_up: Sequence[str], found: Mask) -> Mask:
        """Of what was found without its place, that next to it, else in its own district, or in the nearest one that has some."""
        for field in (field for field in places.FIELDS if field in given_up):
            if (beside := self._beside(getattr(query, field), found)).any():
                return beside
        for _, district in _districts(query, given_up):
            for near in places.nearest_districts(district):
                if (closer := found & self._set("district", near)).any():
                    return closer
        return found

    def _beside(self, place: str, found: Mask) -> Mask:
        """Of the hotels found those at the places next to one, going no farther than makes a page."""
        beside = np.zeros(len(self), bool)
        for name in places.neighbours(place):
            beside |= found & self._mask(self._text.placed(name))
            if np.count_nonzero(beside) >= PAGE:
                break
        return beside

    def _order(self, query: HotelQuery, given_up: Sequence[str]) -> Rows:
        """Positions as the query wants them; where its class was given up and no order asked for, the nearest class first."""
        order = self._orders[_sorting(query, given_up)]
        if query.sort_by or "type" not in given_up or query.type not in HOTEL_TYPES:
            return order
        distance = np.full(len(self), len(HOTEL_TYPES), np.int8)
        for at, kind in enumerate(HOTEL_TYPES):
            distance[self._rare.get(("type", kind), NONE)] = abs(at - HOTEL_TYPES.index(query.type))
        return order[np.argsort(distance[order], kind="stable")]

    def _wishes(self, query: HotelQuery) -> dict[str, Mask]:
        """A mask for each wish, the least important first: people give up a pool before the part of town that they must be in."""
        facilities = {wish_text(wish): self._facilities(alternatives(wish)) for wish in query.facilities}
        bounds: dict[str, Callable[[float], Mask]] = {
            "rating_range_upper": lambda bound: self._rating <= bound,
            "price_range_lower": lambda bound: self._price >= bound,
            "rating_range_lower": lambda bound: self._rating >= bound,
            "price_range_upper": lambda bound: self._price <= bound,
        }
        texts: dict[str, Callable[[str], Mask]] = {
            "type": lambda words: self._set("type", words),
            "near": lambda words: self._mask(self._text.near(words)),
            "subway": lambda words: self._mask(self._text.at_station(words)),
            "address": self._address,
            "name": lambda words: self._mask(self._text.named(words)),
        }
        wishes = {f"facilities:{words}": mask for words, mask in reversed(facilities.items()) if mask is not None}
        for field, condition in (bounds | texts).items():
            value = getattr(query, field)
            if value is not None:
                wishes[field] = condition(value)
        for wish in (wish for wish in _NEEDED if wish in wishes):
            wishes[wish] = wishes.pop(wish)
        return wishes

    def _allowed(self, exclude: Exclusion) -> Mask:
        """The hotels that are not ruled out."""
        masks = [self._set("type", kind) for kind in exclude.type]
        masks += [self._mask(self._text.named(name)) for name in exclude.name]
        masks += [mask] if (mask := self._facilities(exclude.facilities)) is not None else []
        return ~reduce(np.logical_or, masks, np.zeros(len(self), bool))

    def _facilities(self, words: Iterable[str]) -> Mask | None:
        """Hotels with any facility that any of the words may mean, or with one that holds it; None where none of them means anything."""
        meant = {more for word in words for name in self._meant(word) for more in fulfilling(name)}
        return reduce(np.logical_or, (self._set("facility", name) for name in meant)) if meant else None

    def _meant(self, word: str) -> frozenset[str]:
        return match_facility(word) or frozenset([word] if ("facility", word) in self._rare else [])

    def _unknown(self, query: HotelQuery, exclude: Exclusion) -> list[str]:
        """The facility words that mean nothing here, each once."""
        words = [word for wish in (*query.facilities, *exclude.facilities) for word in alternatives(wish)]
        return [word for word in dict.fromkeys(words) if not self._meant(word)]

    def _address(self, words: str) -> Mask:
        """Hotels whose address, station or name holds each of the words; a district is a set of its own, as it may hold half of all."""
        found = np.ones(len(self), bool)
        for word in places.address(words):
            district = next((name for name in (word, f"{word}区") if ("district", name) in self._rare), None)
            found &= self._mask(self._text.placed(word)) if district is None else self._set("district", district)
        return found

    def _set(self, kind: str, name: str) -> Mask:
        """Frequent sets are kept as masks; rare ones are not, as a mask for each of many rare words would not fit into memory."""
        key = (kind, name)
        return self._frequent[key] if key in self._frequent else self._mask(self._rare.get(key, NONE))

    def _mask(self, rows: Rows) -> Mask:
        mask = np.zeros(len(self), bool)
        mask[rows] = True
        return mask


class _Columns:
    """Collects the columns while hotels stream by, so that they are held nowhere twice."""

    def __init__(self) -> None:
        self.price: list[float | None] = []
        self.rating: list[float | None] = []
        self.sets: dict[tuple[str, str], list[int]] = {}

    def watch(self, hotels: Iterable[Hotel]) -> Iterator[Hotel]:
        for row, hotel in enumerate(hotels):
            self.price.append(hotel.price)
            self.rating.append(hotel.rating)
            keys = [
                ("type", hotel.type),
                ("district", places.district_in(hotel.address)),
                *(("facility", name) for name in hotel.facilities),
            ]
            for key in keys:
                self.sets.setdefault(key, []).append(row)
            yield hotel


class _Hotels(Sequence[Hotel]):
    """Hotels by position, made from their records when asked for."""

    def __init__(self, text: TextIndex) -> None:
        self._text = text

    def __len__(self) -> int:
        return len(self._text)

    @overload
    def __getitem__(self, at: int) -> Hotel: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Hotel]: ...
    def __getitem__(self, at: int | slice) -> Hotel | Sequence[Hotel]:
        rows = range(len(self))[at]
        if isinstance(rows, range):
            return [self[row] for row in rows]
        return Hotel.model_validate(self._text.records([rows])[0])


def _orders(price: np.ndarray, rating: np.ndarray) -> dict[tuple[str, str], Rows]:
    """Positions in each order that can be asked for; unknown values come last in all of them."""
    keys = {("price", "asc"): price, ("price", "desc"): -price, ("rating", "asc"): rating, ("rating", "desc"): -rating}
    ties = {"price": -rating, "rating": price}
    return {way: np.lexsort((ties[way[0]], key)).astype(np.int32) for way, key in keys.items()}


def _first(found: Mask, order: Rows, limit: int, total: int) -> Rows:
    """The first `limit` of the `total` hotels found, in order, looking no further than needed."""
    reach = 2 * limit * len(order) // max(total, 1)
    while len(rows := (some := order[:reach])[found[some]]) < limit:
        reach *= 2
    return rows[:limit]


def _districts(query: HotelQuery, among: Iterable[str]) -> list[tuple[str, str]]:
    """The places of a query, of these arguments, whose district is known: (argument, district)."""
    found = ((field, places.district_of(getattr(query, field))) for field in places.FIELDS if field in among)
    return [(field, district) for field, district in found if district]


def _sorting(query: HotelQuery, given_up: Sequence[str]) -> tuple[str, str]:
    """The order asked for; else the nearest first where a price bound was given up; else the best rated first."""
    if query.sort_by:
        return query.sort_by, query.sort_order or ("asc" if query.sort_by == "price" else "desc")
    if "price_range_upper" in given_up:
        return "price", "asc"
    return ("price", "desc") if "price_range_lower" in given_up else ("rating", "desc")
