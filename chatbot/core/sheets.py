"""Tables that people fill in, CSV or Excel, as rows of texts: what Excel saves in any of its ways."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zipfile import BadZipFile

from chatbot.core.errors import InputError
from chatbot.core.files import UTF8, Part, decode

DELIMITERS = ",\t;，"
MOST_COLUMNS = 200
MOST_ROWS = 200_000


@dataclass(frozen=True)
class Sheet:
    """A table: the texts of its header, and its rows by their number in the file, as header → text; blank rows are left out."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    encoding: str = UTF8


def is_sheet(part: Part) -> bool:
    """Whether a file is a table by its content (Excel) or its name (CSV)."""
    return part.is_workbook or part.ending in (".csv", ".tsv")


def read_sheet(part: Part, encoding: str | None = None) -> Sheet:
    """The table of a CSV file, or of the first sheet of an Excel file, whose first row that is not blank names the columns.

    Raises:
        InputError: it is no such file, or holds no header.
    """
    if part.is_workbook:
        return _sheet(part, _cells(part), UTF8)
    text, found = decode(part, encoding)
    return _sheet(part, _lines(part, text), found)


def write_sheet(rows: Iterable[Sequence[object]], widths: Sequence[int] = ()) -> bytes:
    """An Excel file of one sheet, its first row bold and kept in sight."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    page = book.active
    for row in rows:
        page.append(list(row))
    for cell in page[1]:
        cell.font = Font(bold=True)
    for number, width in enumerate(widths, 1):
        page.column_dimensions[get_column_letter(number)].width = width
    page.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(part: Part, lines: Iterator[tuple[int, list[str]]], encoding: str) -> Sheet:
    filled = ((number, cells) for number, cells in lines if any(cells))
    _, names = next(filled, (0, []))
    header = tuple(name for name in names if name)
    if not header or len(set(header)) < len(header):
        raise InputError("core.sheet_header", value=part.name)
    rows = (
        (number, {name: cell for name, cell in zip(names, cells, strict=False) if name}) for number, cells in filled
    )
    return Sheet(header, tuple(rows), encoding)


def _lines(part: Part, text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV text with the number of the line where each begins."""
    first = text.lstrip("\ufeff").partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=max(DELIMITERS, key=first.count), strict=True
    )
    begins = 1
    try:
        for number, cells in enumerate(reader, 1):
            if number > MOST_ROWS:
                raise InputError("core.sheet_rows", value=part.name, most=MOST_ROWS)
            yield begins, [cell.strip() for cell in cells[:MOST_COLUMNS]]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InputError("core.sheet_unreadable", name=part.name, number=begins) from error


def _cells(part: Part) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet of an Excel file."""
    from openpyxl import load_workbook

    number = 1
    try:
        book = load_workbook(io.BytesIO(part.content), read_only=True, data_only=True)
        for number, row in enumerate(book.worksheets[0].iter_rows(max_col=MOST_COLUMNS, values_only=True), 1):
            if number > MOST_ROWS:
                raise InputError("core.sheet_rows", value=part.name, most=MOST_ROWS)
            yield number, [_text(value) for value in row]
        book.close()
    except (BadZipFile, LookupError, ValueError, TypeError, OSError, SyntaxError) as error:
        raise InputError("core.sheet_unreadable", name=part.name, number=number) from error


def _text(value: Any) -> str:
    """A cell as a person sees it: whole numbers without a point."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return "" if value is None else str(value).strip()
