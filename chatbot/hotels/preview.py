"""What a hotel file would give, before it replaces anything: fields found, keys not used, names that repeat, values that are none."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chatbot.core.errors import HotelFileError, InputError
from chatbot.core.files import UTF8, Part, check_values, decode, parts
from chatbot.core.sheets import is_sheet, read_sheet
from chatbot.hotels.fields import ASIDE, HIGHEST, LISTS, NAME, OTHER_NAMES, RATING, Wrong, meant, value_of
from chatbot.hotels.records import Hotel

_LIKELY = ("hotel", "酒店")
"""In an archive, a file of such a name is looked into first: those of attractions and restaurants have the same form."""
Entry = tuple[str, dict[str, Any]]
"""A name, "" where it stands among the fields, and the fields."""


@dataclass(frozen=True)
class Choices:
    """What a person decides about a file.

    Attributes:
        encoding: of its text; None to recognise it.
        renamed: keys of the file that are taken for our fields; None for all that are offered.
        ten_points: ratings go to ten and are halved.
    """

    encoding: str | None = None
    renamed: Mapping[str, str] | None = None
    ten_points: bool = False


@dataclass(frozen=True)
class Problem:
    """A value that cannot be used; the field is then unknown. Without a field the whole entry is left out."""

    entry: int
    name: str
    field: str
    value: str
    out_of_range: bool = False


@dataclass(frozen=True)
class HotelPreview:
    """What a file would give.

    Attributes:
        entries: in the file.
        hotels: that can be used.
        found: our field → in how many hotels it is known.
        offered: key of the file → our field that it may be taken for.
        keys: key that is offered or not used → in how many entries it stands.
        unused: keys that nothing is taken from.
        repeated: name → how many entries share it; they stay hotels of their own.
        problems: values and entries that cannot be used.
        split: our field → in how many hotels its list was one text that was split.
        encoding: of the text.
        looks_ten: whether ratings seem to go to ten.
        file: the member of an archive that the hotels are in; "" for a file of its own.
        passed_over: the other members.
        begins: the first names: by them one sees whether the text was read right.
    """

    entries: int
    hotels: int
    found: Mapping[str, int]
    offered: Mapping[str, str]
    keys: Mapping[str, int]
    unused: tuple[str, ...]
    repeated: Mapping[str, int]
    problems: tuple[Problem, ...]
    split: Mapping[str, int]
    encoding: str
    looks_ten: bool
    begins: tuple[str, ...]
    file: str = ""
    passed_over: tuple[str, ...] = ()

    @property
    def doubtful_encoding(self) -> str:
        """The encoding where it is not UTF-8; "" otherwise."""
        return "" if self.encoding == UTF8 else self.encoding

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        problems = [
            {"entry": p.entry, "name": p.name, "field": p.field, "value": p.value, "out_of_range": p.out_of_range}
            for p in self.problems
        ]
        return {
            "entries": self.entries,
            "hotels": self.hotels,
            "encoding": self.encoding,
            "file": self.file,
            "passed_over": list(self.passed_over),
            "found": dict(self.found),
            "taken_for": dict(self.offered),
            "unused": {key: self.keys[key] for key in self.unused},
            "repeated": dict(self.repeated),
            "split": dict(self.split),
            "problems": problems,
            "ratings_to_ten": self.looks_ten,
        }


@dataclass(frozen=True)
class HotelReading:
    """A hotel file as it was read."""

    preview: HotelPreview
    hotels: list[Hotel]


@dataclass
class _Reader:
    """Entries become hotels one by one; what was met on the way is kept."""

    choices: Choices
    hotels: list[Hotel] = field(default_factory=list)
    offered: dict[str, str] = field(default_factory=dict)
    keys: Counter[str] = field(default_factory=Counter)
    used: set[str] = field(default_factory=set)
    split: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    highest: float = 0.0

    def add(self, number: int, entry: Entry | None, raw: object) -> None:
        if entry is None:
            self.problems.append(Problem(number, "", "", str(raw)[:60]))
            return
        ours = self._ours(entry)
        name = str(ours.get(NAME) or "")
        values = {field: self._value(number, name, field, value) for field, value in ours.items()}
        self._keep(number, name, {field: value for field, value in values.items() if value is not None})

    def _ours(self, entry: Entry) -> dict[str, Any]:
        """The fields under our names; of two keys for one field the first that is not blank counts."""
        name, fields = entry
        out: dict[str, Any] = {NAME: name} if name else {}
        out |= {key: value for key, value in fields.items() if key in OTHER_NAMES and value not in (None, "", [])}
        for key, value in fields.items():
            if key in OTHER_NAMES or key in ASIDE:
                continue
            self.keys[key] += 1
            if proposed := meant(key):
                self.offered.setdefault(key, proposed)
            taken = proposed if self.choices.renamed is None else self.choices.renamed.get(key, "")
            if taken in OTHER_NAMES and taken not in out:
                self.used.add(key)
                out |= {taken: value} if value not in (None, "", []) else {}
        return out

    def _value(self, number: int, name: str, field: str, value: Any) -> Any:
        found = value_of(field, value, ten_points=self.choices.ten_points)
        if field == RATING and isinstance(raw := value_of("价格", value), float):
            self.highest = max(self.highest, raw)
        if isinstance(found, Wrong):
            self.problems.append(Problem(number, name, field, str(value)[:60], found.out_of_range))
            return None
        self.split[field] += field in LISTS and isinstance(value, str) and found is not None
        return found

    def _keep(self, number: int, name: str, values: dict[str, Any]) -> None:
        try:
            self.hotels.append(Hotel.model_validate(values))
        except ValidationError as error:
            bad = str(error.errors()[0]["loc"][0])
            if bad == NAME or bad not in values:
                self.problems.append(Problem(number, name, "", str(values)[:60]))
                return
            self.problems.append(Problem(number, name, bad, str(values[bad])[:60]))
            self._keep(number, name, {field: value for field, value in values.items() if field != bad})

    def preview(self, entries: int, encoding: str) -> HotelPreview:
        known = [hotel.model_dump(by_alias=True) for hotel in self.hotels]
        names = Counter(hotel.name for hotel in self.hotels)
        return HotelPreview(
            entries=entries,
            hotels=len(self.hotels),
            found={field: sum(one[field] not in (None, "", []) for one in known) for field in OTHER_NAMES},
            offered=self.offered,
            keys=self.keys,
            unused=tuple(key for key in self.keys if key not in self.used),
            repeated={name: n for name, n in names.items() if n > 1},
            problems=tuple(self.problems),
            split=+self.split,
            encoding=encoding,
            looks_ten=HIGHEST < self.highest <= 2 * HIGHEST,
            begins=tuple(hotel.name for hotel in self.hotels[:3]),
        )


def read_hotel_file(path: Path, choices: Choices | None = None) -> HotelReading:
    """Read a hotel file of any form: JSON like CrossWOZ's, a list of objects, name → fields, CSV or Excel; packed or not.

    Raises:
        InputError: it cannot be read at all, or holds no hotels.
    """
    choices = choices or Choices()
    members = sorted(parts(path), key=lambda part: not any(word in part.name.lower() for word in _LIKELY))
    for part in members:
        try:
            rows, encoding = _rows(part, choices.encoding)
        except InputError:
            if part.packed:
                continue
            raise
        reader = _Reader(choices)
        for number, (entry, raw) in enumerate(rows, 1):
            reader.add(number, entry, raw)
        if reader.hotels:
            preview = reader.preview(len(rows), encoding)
            if part.packed:
                others = tuple(other.name for other in members if other is not part)
                preview = replace(preview, file=part.name, passed_over=others)
            return HotelReading(preview, reader.hotels)
    raise HotelFileError("hotels.none_found", path=Path(path))


def _rows(part: Part, encoding: str | None) -> tuple[list[tuple[Entry | None, object]], str]:
    if is_sheet(part):
        sheet = read_sheet(part, encoding)
        return [(("", dict(cells)), cells) for _, cells in sheet.rows], sheet.encoding
    text, used = decode(part, encoding)
    check_values(text)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise HotelFileError("hotels.unreadable", value=error, path=Path(part.name)) from error
    if isinstance(found, dict):
        found = [[name, fields] for name, fields in found.items()] if _is_table(found) else [found]
    if not isinstance(found, list) or not found:
        raise HotelFileError("hotels.no_list", path=Path(part.name))
    return [(_entry(raw), raw) for raw in found], used


def _is_table(found: dict[str, Any]) -> bool:
    return bool(found) and all(isinstance(fields, dict) for fields in found.values())


def _entry(raw: object) -> Entry | None:
    """A pair of name and fields, or an object with its name among them."""
    if isinstance(raw, dict):
        return "", raw
    if isinstance(raw, list) and len(raw) == 2 and isinstance(raw[0], str) and isinstance(raw[1], dict):
        return raw[0], raw[1]
    return None


def confirmed(reading: HotelReading, choices: Choices, path: Path) -> list[Hotel]:
    """The hotels of a reading whose encoding nobody has to be asked about any more.

    Raises:
        InputError: the encoding was recognised and not confirmed.
    """
    if reading.preview.doubtful_encoding and not choices.encoding:
        raise InputError("hotels.encoding", path=path, encoding=reading.preview.encoding.upper())
    return reading.hotels
