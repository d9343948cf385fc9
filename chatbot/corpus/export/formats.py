"""Writes the sides of a split in the forms that other trainers read; what is written comes back equal, or nothing is written."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation
from chatbot.corpus.reading import parquet
from chatbot.corpus.reading.forms import FORMS as ROWS
from chatbot.corpus.reading.forms import write_row
from chatbot.corpus.reading.reader import SIDECAR
from chatbot.corpus.reading.rest import KEY
from chatbot.corpus.reading.turns import Row, dumps

Sides = dict[str, list[Conversation]]
Written = dict[str, list[tuple[Row, Row]]]
"""Side → each conversation's row, and what the form has no place for."""
PARQUET = "parquet"


def _lines(path: Path, rows: Iterable[Row]) -> None:
    path.write_text("".join(dumps(row) + "\n" for row in rows), encoding="utf-8")


def _whole(row: Row, rest: Row) -> Row:
    return row | {KEY: dumps(rest)} if rest else row


def _jsonl(folder: Path, sides: Written) -> None:
    for name, rows in sides.items():
        _lines(folder / f"{name}.jsonl", (_whole(row, rest) for row, rest in rows))


def _openai(folder: Path, sides: Written) -> None:
    """OpenAI's validator refuses fields that it does not know, so that the rest stands in a file of its own."""
    for name, rows in sides.items():
        _lines(folder / f"{name}.jsonl", (row for row, _ in rows))
        _lines(folder / f"{name}{SIDECAR}", (rest for _, rest in rows))


def _llama_factory(folder: Path, sides: Written) -> None:
    """One JSON file a side and the dataset_info.json that registers them."""
    columns = {"messages": "conversations", "tools": "tools", "system": "system"}
    info = {
        f"hotel_{name}": {"file_name": f"hotel_{name}.json", "formatting": "sharegpt", "columns": columns}
        for name in sides
    }
    for name, rows in sides.items():
        (folder / f"hotel_{name}.json").write_text(
            json.dumps([_whole(row, rest) for row, rest in rows], ensure_ascii=False, indent=1), encoding="utf-8"
        )
    (folder / "dataset_info.json").write_text(json.dumps(info, ensure_ascii=False, indent=2), encoding="utf-8")


Writer = Callable[[Path, Written], None]
_FILES: Mapping[str, Writer] = MappingProxyType({"openai": _openai, "llama-factory": _llama_factory})
"""How the rows of a form become files, where that is not one file of lines a side."""
FORMATS = (PARQUET, *ROWS)


def _rows(sides: Sides, form: str) -> Written:
    return {
        name: [_row(conversation, form, f"{name}:{number}") for number, conversation in enumerate(conversations, 1)]
        for name, conversations in sides.items()
    }


def _row(conversation: Conversation, form: str, place: str) -> tuple[Row, Row]:
    try:
        return write_row(conversation, form)
    except InputError as error:
        raise InputError("corpus.not_exported", place=place, reason=error) from error


def export(sides: Sides, form: str, folder: Path) -> list[Path]:
    """Write the sides of a split in one form; returns the files.

    Raises:
        InputError: the form is not known, or cannot hold a conversation; then nothing is written.
    """
    if form not in FORMATS:
        raise InputError("corpus.format", value=form, choices=FORMATS)
    rows = {} if form == PARQUET else _rows(sides, form)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if form == PARQUET:
        for name, conversations in sides.items():
            parquet.write(folder / f"{name}.parquet", conversations)
    else:
        _FILES.get(form, _jsonl)(folder, rows)
    return sorted(path for path in folder.iterdir() if path.is_file())
