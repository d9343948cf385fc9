"""Reads data/phrases: utterance frames, facility wordings, unknown wishes, replies and whole dialogues; a tenth is kept apart."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from chatbot.core.errors import InputError
from chatbot.core.settings import DATA

PHRASES = DATA / "phrases"
FORMS = ("np", "vp", "need")
"""A facility as a noun phrase, as a predicate of the hotel, as a clause out of the speaker's life."""
Part = Literal["train", "kept", "all"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Bank:
    """Lines of the phrase bank by kind; docs/data-format.md shows one of each."""

    frames: list[Row]
    wordings: list[Row]
    wishes: list[Row]
    replies: list[Row]
    dialogues: list[Row]


def is_kept(text: str) -> bool:
    """Whether a line belongs to the tenth that no training sees: by the hash of its text, so that it never moves."""
    return int(hashlib.sha1(("own" + text).encode()).hexdigest(), 16) % 10 == 0


@lru_cache(maxsize=4)
def read_bank(folder: Path = PHRASES, part: Part = "all") -> Bank:
    """The bank's lines, those kept apart or the others, or all; replies are never kept apart.

    Raises:
        InputError: a file holds a line that is no JSON object, or the folder holds no bank.
    """

    def rows(kind: str) -> list[Row]:
        return [row for row in _rows(folder, kind) if part == "all" or is_kept(_key(row)) == (part == "kept")]

    frames = rows("utterances")
    if not frames:
        raise InputError("corpus.no_bank", value=folder)
    return Bank(frames, rows("facilities"), rows("wishes"), list(_rows(folder, "replies")), rows("dialogues"))


@lru_cache(maxsize=4)
def read_replies(folder: Path = PHRASES) -> tuple[Row, ...]:
    """The bank's replies alone, which a chat needs at once; reading the rest takes a second."""
    return tuple(_rows(folder, "replies"))


def _key(row: Row) -> str:
    return str(row["text"] if "text" in row else row["turns"][0]["user"])


def _rows(folder: Path, kind: str) -> Iterator[Row]:
    for path in sorted(Path(folder).glob(f"*.{kind}.jsonl")):
        yield from _lines(path, path.read_text(encoding="utf-8").splitlines())


def _lines(path: Path, lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError("corpus.bank_line", path=path, number=number, value=line) from error
        english = row.get("lang") == "en" or path.name.startswith("en")
        yield row | {"lang": "en" if english else row.get("lang", "zh")}
