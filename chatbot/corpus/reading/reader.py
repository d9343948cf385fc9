"""The one reader of conversations: whatever form, packing and encoding, first as a preview, then strictly for all commands."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.files import UTF8, Part, decode, parts
from chatbot.core.messages import Conversation
from chatbot.core.sheets import is_sheet, read_sheet
from chatbot.corpus.reading import crosswoz, parquet, sheet
from chatbot.corpus.reading.forms import read_row, recognised
from chatbot.corpus.reading.lines import Entry, entries
from chatbot.corpus.reading.preview import CROSSWOZ, MIXED, SHEET, LeftOut, Preview, Reading
from chatbot.corpus.reading.rest import restored

SIDECAR = ".workbench.jsonl"
"""Ends the name of a file that holds what the rows of its neighbour have no place for."""
ASIDE = ("reading.passed_over", "reading.hotels")
"""Reasons that a file of an archive is passed over and nothing is missing."""
ENDINGS = (".json", ".jsonl", ".csv", ".tsv", ".xlsx", ".parquet", ".txt", "")


@dataclass
class _Found:
    """What has been read so far."""

    encoding: str | None
    chosen: Mapping[str, str] | None
    used: str = UTF8
    forms: dict[str, None] = field(default_factory=dict)
    conversations: list[Conversation] = field(default_factory=list)
    sheets: list[Conversation] = field(default_factory=list)
    dialogues: dict[str, Any] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)

    def leave_out(self, part: Part, line: int, reason: InputError) -> None:
        self.left_out.append(LeftOut(line, reason, part.name if part.packed else ""))

    def text(self, part: Part) -> str:
        text, used = decode(part, self.encoding)
        self.used = self.used if used == UTF8 else used
        return text

    def reading(self) -> Reading:
        form = next(iter(self.forms), "") if len(self.forms) < 2 else MIXED
        read = len(self.conversations) + len(self.sheets) + len(self.dialogues)
        preview = Preview(form, self.used, read, tuple(self.left_out), self.columns)
        return Reading(preview, self.conversations, self.sheets, self.dialogues)


def read(path: Path, encoding: str | None = None, columns: Mapping[str, str] | None = None) -> Reading:
    """Read what can be read of a file, and say what cannot.

    Args:
        encoding: of its text; None to recognise it.
        columns: of a sheet: field → header; what is not named is recognised.

    Raises:
        InputError: the file as a whole cannot be read.
    """
    path = Path(path)
    whole = list(parts(path))
    rests = {part.name: part for part in whole if part.name.endswith(SIDECAR)}
    beside = path.with_name(path.stem + SIDECAR)
    if beside.is_file() and beside != path:
        rests[beside.name] = Part(beside.name, beside.read_bytes())
    found = _Found(encoding, columns)
    for part in whole:
        if not (part.packed and part.name in rests):
            _read_part(part, found, rests.get(f"{part.stem}{SIDECAR}"))
    return found.reading()


def _read_part(part: Part, found: _Found, rest: Part | None) -> None:
    if part.packed and (part.ending not in ENDINGS or part.name == "dataset_info.json"):
        return found.leave_out(part, 0, InputError("reading.passed_over"))
    try:
        if is_sheet(part):
            return _read_sheet(part, found)
        if part.content.startswith(parquet.MARK):
            return _read_rows(part, parquet.rows(part), found, None)
        text = found.text(part)
        if text.lstrip()[:1] not in ("[", "{", ""):
            raise InputError("reading.no_form", value=text.strip()[:40])
        _read_text(part, text, found, rest)
    except InputError as error:
        if not part.packed:
            raise
        found.leave_out(part, 0, error)
    return None


def _read_text(part: Part, text: str, found: _Found, rest: Part | None) -> None:
    rows = list(entries(text))
    first = rows[0][1] if rows else None
    if len(rows) == 1 and crosswoz.fits(first):
        assert isinstance(first, dict)
        return _read_dialogues(part, first, found)
    if isinstance(first, list) and len(first) == 2 and isinstance(first[1], dict):
        raise InputError("reading.hotels")
    return _read_rows(part, rows, found, rest)


def _read_rows(part: Part, rows: Iterable[Entry], found: _Found, rest: Part | None) -> None:
    """Entries of any JSON form; in an archive, a file of which no entry has a known form is passed over as a whole."""
    rows = list(rows)
    forms, wrong = dict[int, str](), dict[int, InputError]()
    for at, (_, row) in enumerate(rows):
        try:
            forms[at] = recognised(_sound(row))
        except InputError as error:
            wrong[at] = error
    if part.packed and rows and not forms:
        return found.leave_out(part, 0, InputError("reading.passed_over"))
    rests = _rests(rest, len(rows), found)
    for at, (line, row) in enumerate(rows):
        try:
            if at in wrong:
                raise wrong[at]
            found.forms[forms[at]] = None
            assert isinstance(row, dict)
            made = read_row(row, forms[at], f"{part.stem}-{at + 1}")
            found.conversations.append(restored(made, rests[at]) if rests else made)
        except InputError as error:
            found.leave_out(part, line, error)
    return None


def _sound(row: object) -> object:
    if isinstance(row, InputError):
        raise row
    return row


def _rests(rest: Part | None, rows: int, found: _Found) -> list[Any]:
    """What stands beside the rows, where it is as many lines."""
    if rest is None:
        return []
    lines = [row for _, row in entries(found.text(rest))]
    return lines if len(lines) == rows else []


def _read_dialogues(part: Part, value: dict[str, Any], found: _Found) -> None:
    found.forms[CROSSWOZ] = None
    for key, dialogue in crosswoz.dialogues(value):
        if isinstance(dialogue, InputError):
            found.leave_out(part, 0, dialogue)
        else:
            found.dialogues[key if key not in found.dialogues else f"{part.stem}-{key}"] = dialogue


def _read_sheet(part: Part, found: _Found) -> None:
    table = read_sheet(part, found.encoding)
    found.used = found.used if table.encoding == UTF8 else table.encoding
    columns = sheet.recognised(table.header, found.chosen)
    found.columns |= columns
    found.forms[SHEET] = None
    if missing := [sheet.COLUMNS[name][0] for name in sheet.NEEDED if name not in columns.values()]:
        return found.leave_out(part, 1, InputError("reading.sheet_columns", missing=missing, header=table.header))
    for number, made in sheet.conversations(table, columns, part.stem):
        if isinstance(made, InputError):
            found.leave_out(part, number, made)
        else:
            found.sheets.append(made)
    return None


def read_conversations(path: Path) -> list[Conversation]:
    """All conversations of a file, for those who need them whole: nothing is left out, nothing is guessed.

    Raises:
        InputError: it cannot be read; a line does not fit (the first is named); it is not UTF-8; its searches have not been run.
    """
    reading = read(path)
    if reading.needs_hotels:
        raise InputError("reading.needs_hotels", path=path, form=reading.preview.form)
    refuse(reading, Path(path))
    return reading.conversations


def refuse(reading: Reading, path: Path) -> None:
    """Take a file whole or not at all.

    Raises:
        InputError: a line is left out, or the encoding is not UTF-8.
    """
    preview = reading.preview
    if preview.doubtful_encoding:
        raise InputError("reading.encoding", path=path, encoding=preview.encoding.upper())
    wrong = list(_missing(preview))
    if not preview.read and preview.left_out and not wrong:
        raise InputError("reading.nothing", path=path)
    if wrong:
        first = wrong[0]
        place = f"{path}:{first.file}" if first.file else path
        raise InputError("reading.line", path=place, number=first.line, all=len(wrong), reason=first.reason)


def _missing(preview: Preview) -> Iterator[LeftOut]:
    return (one for one in preview.left_out if one.reason.code not in ASIDE)
