"""Text of many hotels, found in milliseconds: records and an FTS5 index of character pairs in an in-memory SQLite database."""

import json
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from chatbot.hotels import names, places
from chatbot.hotels.records import Hotel

Rows = NDArray[np.int32]
"""Positions of hotels in the store, ascending."""
NONE: Rows = np.empty(0, np.int32)
NONE.flags.writeable = False

_SCHEMA = """
CREATE TABLE hotel (id INTEGER PRIMARY KEY, name TEXT, bare TEXT, record TEXT);
CREATE VIRTUAL TABLE words USING fts5 (name, address, subway, around, content='', tokenize='unicode61');
"""
APART = " x "
"""A token between two places, so that no phrase runs from the end of one into the next."""
_INDEXES = "CREATE INDEX by_name ON hotel (name); CREATE INDEX by_bare ON hotel (bare);"


class TextIndex:
    """Hotels by position, by name and by keyword. Safe to use from several threads."""

    def __init__(self, hotels: Iterable[Hotel]) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._names: list[str] = []
        self._seen: Counter[str] = Counter()
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")
        for row, hotel in enumerate(hotels):
            self._add(row, hotel)
        self._db.execute("COMMIT")
        self._db.executescript(_INDEXES)

    def _add(self, row: int, hotel: Hotel) -> None:
        name = names.without_city(names.normal_name(hotel.name))
        self._names.append(name)
        self._seen.update(names.grams(name))
        self._db.execute("INSERT INTO hotel VALUES (?, ?, ?, ?)", (row, hotel.name, name, hotel.model_dump_json()))
        columns = [
            " ".join(names.grams(text))
            for text in (name, names.normal_text(hotel.address), names.normal_text(hotel.subway))
        ]
        around = APART.join(
            " ".join(names.grams(names.normal_text(t))) for t in (hotel.name, *hotel.nearby_attractions)
        )
        self._db.execute(
            "INSERT INTO words (rowid, name, address, subway, around) VALUES (?, ?, ?, ?, ?)", (row, *columns, around)
        )

    def __len__(self) -> int:
        return len(self._names)

    def _all(self, sql: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def records(self, rows: Iterable[int]) -> list[dict[str, Any]]:
        """The records at these positions, each a fresh dict."""
        return [json.loads(self._all("SELECT record FROM hotel WHERE id = ?", int(row))[0][0]) for row in rows]

    def get(self, name: str) -> dict[str, Any] | None:
        """The record with this full name, the first where there are several."""
        found = self._all("SELECT record FROM hotel WHERE name = ? ORDER BY id LIMIT 1", name.strip())
        return json.loads(found[0][0]) if found else None

    def _match(self, expression: str) -> Rows:
        joined = self._all("SELECT group_concat(rowid) FROM words WHERE words MATCH ?", expression)[0][0]
        return np.fromstring(joined, np.int32, sep=",") if joined else NONE

    def keyword(self, column: str, words: str) -> Rows:
        """Hotels whose address or subway holds every one of the words."""
        keys = [names.normal_text(word) for word in words.split()]
        if not all(len(key) > 1 for key in keys):
            return NONE
        return self._there(words, self._match(f"{column} : ({' AND '.join(map(_phrase, keys))})"))

    def at_station(self, words: str) -> Rows:
        """Hotels at a station; at a railway station also those that have it in their name: their own field names a metro stop.

        Where records write 东四地铁站, 东四 is not 东四十条.
        """
        station = places.station(words)
        whole = self._there(station, self._match(f"subway : {_phrase(names.normal_text(station + '地铁站'))}"))
        found = whole if len(whole) else self.keyword("subway", station)
        named = [_phrase(names.normal_name(name)) for name in places.railway_names(words)]
        return np.union1d(found, self._match(f"name : ({' OR '.join(named)})")).astype(np.int32) if named else found

    def placed(self, words: str) -> Rows:
        """Hotels whose address, station or name holds the words: 双井 is said of all of them."""
        key = names.normal_text(words)
        if len(key) < 2:
            return NONE
        named = f"name : {_phrase(names.normal_name(words))}"
        return self._there(words, self._match(f"({named}) OR ({{address subway}} : {_phrase(key)})"))

    def near(self, words: str) -> Rows:
        """Hotels that have a place among their attractions, or in their name, address or station."""
        said = [key for spelling in places.spellings(words) if len(key := names.normal_text(spelling)) > 1]
        found = self._match(f"{{around address subway}} : ({' OR '.join(map(_phrase, said))})") if said else NONE
        return self._there(words, found)

    def _there(self, words: str, found: Rows) -> Rows:
        """Of the rows that hold a place's words those that do not owe it to another place's name alone."""
        others = places.others_with(words)
        if not others or not len(found):
            return found
        holders = self._match(" OR ".join(_phrase(names.normal_text(other)) for other in others))
        suspects = np.intersect1d(found, holders)
        another = re.compile("|".join(map(re.escape, sorted(others, key=len, reverse=True))))
        core = places.spellings(words)[0]

        def holds(record: dict[str, Any]) -> bool:
            texts = (record["name"], record["address"], record["subway"], *record["nearby_attractions"])
            spots = [text for text in texts if core in text]
            return not spots or any(core in another.sub("", text) for text in spots)

        elsewhere = [row for row, record in zip(suspects, self.records(suspects), strict=True) if not holds(record)]
        return np.setdiff1d(found, elsewhere).astype(np.int32)

    def named(self, words: str) -> Rows:
        """Hotels that the words name: in full, as a piece of the name, as an abbreviation, with small typos; the first of these that finds any."""
        said = names.without_city(names.normal_name(words))
        exact = self._all("SELECT id FROM hotel WHERE bare = ? ORDER BY id", said)
        if exact:
            return np.array(exact, np.int32).ravel()
        wanted = names.name_parts(said)
        if not wanted:
            return NONE
        rows = self._piece(said)
        if not len(rows):
            rows = self._abbreviation(wanted, in_full=words.strip().startswith("北京"))
        return rows if len(rows) else self._typo(said)

    def mentioned(self, words: str) -> str:
        """The longest stretch of the words that is a hotel's name, in full or its front up to 酒店, 宾馆 and the like; "" for none."""
        ends = [match.end() for match in names.ENDS.finditer(words)]
        spans = ((start, end) for end in ends for start in range(max(0, end - 40), end - 2) if words[start].isalnum())
        for start, end in sorted(spans, key=lambda span: span[0] - span[1]):
            if self._is_front(words[start:end]):
                branch = names.BRANCH.match(words, end)
                return words[start : branch.end() if branch and len(self.named(words[start : branch.end()])) else end]
        return ""

    def _is_front(self, said: str) -> bool:
        if self.get(said):
            return True
        front = names.without_city(names.normal_name(said))
        telling = "".join(names.name_parts(front))
        return len(telling) > 1 and bool(
            self._all("SELECT 1 FROM hotel WHERE bare >= ? AND bare < ? LIMIT 1", front, front + "\U0010ffff")
        )

    def _holding(self, grams: Iterable[str]) -> Rows:
        """Hotels whose names hold the two rarest of these pairs: few enough to look at each."""
        rarest = sorted(set(grams), key=lambda gram: self._seen[gram])[:2]
        return self._match(f"name : ({' AND '.join(map(_phrase, rarest))})") if self._seen[rarest[0]] else NONE

    def _piece(self, said: str) -> Rows:
        rows = self._keep(self._holding(names.grams(said)), lambda name: said in name)
        front = self._keep(rows, lambda name: name.startswith(said))
        return front if len(front) else rows

    def _abbreviation(self, wanted: tuple[str, ...], in_full: bool) -> Rows:
        rows = self._holding(gram for part in wanted for gram in (names.grams(part)[0], names.grams(part)[-1]))
        return self._keep(rows, lambda name: names.abbreviates(wanted, name, in_full))

    def _typo(self, said: str) -> Rows:
        """A slip breaks one of these pairs at most, so one of the rarest `slips + 1` stands in the name that was meant."""
        pairs = sorted(set(names.grams(said)[::2]), key=lambda gram: self._seen[gram])[: names.allowed_typos(said) + 1]
        rows = self._match(f"name : ({' OR '.join(map(_phrase, pairs))})")
        candidates = [self._names[row] for row in rows]
        near = process.extract(said, candidates, scorer=OSA.distance, score_cutoff=names.allowed_typos(said), limit=20)
        meant = [(distance, at) for name, distance, at in near if names.is_typo_of(said, name)]
        return np.sort(rows[[at for distance, at in meant if distance == meant[0][0]]])

    def _keep(self, rows: Rows, wanted: Callable[[str], bool]) -> Rows:
        return rows[[wanted(self._names[row]) for row in rows]] if len(rows) else rows


def _phrase(text: str) -> str:
    """An FTS5 phrase for a normal text; its characters are letters and digits only, so nothing in it is syntax."""
    return f'"{" ".join(names.grams(text))}"'
