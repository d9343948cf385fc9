"""Every error that a user can meet, as one tree: a code and fields as data; the sentences stand in `error_texts.json`.

WorkbenchError
├── InputError           a file, an upload or a typed value that cannot be used
│   ├── QueryError       arguments of a search_hotels call that do not validate
│   └── HotelFileError   a hotel file that is none, or holds an entry that is none
├── ModelError           a model folder or a model's output that cannot be used
│   ├── CallParseError   generated text that is not a call in the family's format
│   └── BackendError     an endpoint that cannot be reached or answers nonsense
├── TrainingError        training that cannot start or has failed for good
├── JobError             a job folder that is busy, broken or missing
├── BudgetError          a step that would cost more than the cap
├── DownloadError        a download that failed or whose checksum differs
├── StorageError         what the machine refuses: a full disk, a folder that cannot be written
└── AccessError          something that the caller's role may not do
"""

import json
import warnings
from collections.abc import Callable, Collection, Mapping
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from zipfile import BadZipFile

Language = Literal["zh", "en"]
SHOWN = 200
"""Characters of a value that a message quotes."""
_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (FileNotFoundError, "cause.missing"),
    (IsADirectoryError, "cause.folder"),
    (PermissionError, "cause.forbidden"),
    (UnicodeError, "cause.encoding"),
    (json.JSONDecodeError, "cause.json"),
    (RecursionError, "cause.nesting"),
    (BadZipFile, "cause.zip"),
)


@cache
def error_texts() -> Mapping[str, Any]:
    """The sentences: code → language → what, and remedy except where the code is a mere cause."""
    return MappingProxyType(json.loads(Path(__file__).with_name("error_texts.json").read_text(encoding="utf-8")))


def _sentences(code: str, language: Language, fields: Mapping[str, str]) -> tuple[str, str]:
    """What went wrong and the remedy; the bare code where the table lacks them, with a warning, which fails in tests."""
    try:
        row = error_texts()[code][language]
        return row["what"].format(**fields), row.get("remedy", "").format(**fields)
    except (LookupError, ValueError) as error:
        warnings.warn(f"error_texts.json cannot say {code!r} with {sorted(fields)}: {error!r}", stacklevel=3)
        return code, ""


def _filling(field: object, comma: str, say: Callable[[object], str]) -> str:
    """A field as it stands in a sentence: a tuple, a list or the keys of a mapping one after another."""
    if isinstance(field, Collection) and not isinstance(field, str):
        return comma.join(map(say, field))
    return say(field)


def _raw(value: object) -> str:
    """A value for a terminal; an error that is the reason of another goes into its sentence without a stop."""
    return str(value).rstrip(".") if isinstance(value, WorkbenchError) else str(value)


def _plain(value: object, language: Language) -> str:
    """A value for a person: no path, and of what Python and the system call an error what it means."""
    if isinstance(value, Path):
        return value.name or str(value)
    if isinstance(value, WorkbenchError):
        return value.text(language).rstrip("。.")
    if isinstance(value, Exception):
        cause = next((code for kind, code in _CAUSES if isinstance(value, kind)), None)
        known = _sentences(cause, language, {})[0] if cause else getattr(value, "strerror", None)
        return known or str(value)
    return str(value)


class WorkbenchError(Exception):
    """Base of all errors that are shown to people; `str()` is one complete English message for a terminal or a log.

    Args:
        code: names the sentences in `error_texts.json`, as room.topic.
        value: the offending value, quoted and shortened behind the sentence.
        fields: what fills the sentences' marks.
    """

    def __init__(self, code: str, /, *, value: object = None, **fields: object) -> None:
        self.code, self.value, self.fields = code, value, fields
        told = {name: _filling(field, ", ", _raw) for name, field in fields.items()}
        self.what, self.remedy = _sentences(code, "en", told)
        shown = "" if value is None else f": {str(value)[:SHOWN]!r}"
        super().__init__(f"{self.what}{shown}" + (f". {self.remedy}" if self.remedy else ""))

    def text(self, language: Language) -> str:
        """The message for a person at the page: files by their names, and why one cannot be read in plain words."""
        comma, colon, stop = (", ", ": ", ". ") if language == "en" else ("、", "：", "。")
        say = partial(_plain, language=language)
        told = {name: _filling(field, comma, say) for name, field in self.fields.items()}
        what, remedy = _sentences(self.code, language, told)
        value = "" if self.value is None else say(self.value)[:SHOWN]
        return what + (f"{colon}{value}" if value else "") + (f"{stop}{remedy}" if remedy else "")


class InputError(WorkbenchError):
    """A file, an upload or a typed value that cannot be used."""


class QueryError(InputError):
    """Arguments of a search_hotels call that do not validate."""


class HotelFileError(InputError):
    """A hotel file that cannot be read, or one entry of it that is no hotel.

    Args:
        entry: the number of the entry, counted from 1; 0 where the whole file is meant.
        name: the hotel's name as far as it is known, and `field` the field that is wrong; "" where there is none.
    """

    def __init__(
        self, code: str, /, *, value: object = None, entry: int = 0, name: str = "", field: str = "", **fields: object
    ) -> None:
        self.entry, self.name, self.field = entry, name, field
        super().__init__(code, value=value, entry=entry, name=name, field=field, **fields)


class ModelError(WorkbenchError):
    """A model folder or a model's output that cannot be used."""


class CallParseError(ModelError):
    """Generated text that is not a call in the family's format."""


class BackendError(ModelError):
    """An endpoint that cannot be reached or answers nonsense."""


class TrainingError(WorkbenchError):
    """Training that cannot start or has failed for good."""


class JobError(WorkbenchError):
    """A job folder that is busy, broken or missing."""


class BudgetError(WorkbenchError):
    """A step that would cost more than the cap."""


class DownloadError(WorkbenchError):
    """A download that failed or whose checksum differs."""


class StorageError(WorkbenchError):
    """What the machine refuses: a full disk, a folder that cannot be written."""


class AccessError(WorkbenchError):
    """Something that the caller's role may not do."""
