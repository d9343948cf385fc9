"""Every error that a user can meet, as one tree: what went wrong, with which value, and what to do about it.

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
└── AccessError          something that the caller's role may not do
"""


class WorkbenchError(Exception):
    """Base of all errors that are shown to people; `str()` is one complete message.

    Args:
        what: what went wrong, naming the file, flag or field.
        value: the offending value, quoted and shortened in the message.
        remedy: what the reader can do next.
    """

    def __init__(self, what: str, *, value: object = None, remedy: str = "") -> None:
        self.what, self.value, self.remedy = what, value, remedy
        shown = "" if value is None else f": {str(value)[:200]!r}"
        super().__init__(f"{what}{shown}" + (f". {remedy}" if remedy else ""))


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
        self, what: str, *, value: object = None, remedy: str = "", entry: int = 0, name: str = "", field: str = ""
    ) -> None:
        self.entry, self.name, self.field = entry, name, field
        super().__init__(what, value=value, remedy=remedy)


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


class AccessError(WorkbenchError):
    """Something that the caller's role may not do."""
