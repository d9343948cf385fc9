"""What will be read of a file, in which form and encoding, and what is left out and why: shown before anything is taken in."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from chatbot.core.errors import InputError, Language
from chatbot.core.files import UTF8
from chatbot.core.messages import Conversation

MIXED, CROSSWOZ, SHEET = "mixed", "crosswoz", "sheet"
SHOWN_LINES = 5


@dataclass(frozen=True)
class LeftOut:
    """A line that is not taken in; the error's code is the reason. Line 0 means the whole file."""

    line: int
    reason: InputError
    file: str = ""


@dataclass(frozen=True)
class Preview:
    """What a file gives.

    Attributes:
        form: one of FORMS, alpaca, crosswoz or sheet; "mixed" for several; "" where nothing was recognised.
        encoding: of the text; anything but UTF-8 was recognised by its content and should be asked about.
        read: conversations, or dialogues of CrossWOZ.
        left_out: what is not among them.
        columns: of a sheet: header → what it is taken for, "" for a column that is not used.
    """

    form: str
    encoding: str
    read: int
    left_out: tuple[LeftOut, ...] = ()
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def doubtful_encoding(self) -> str:
        """The encoding where it is not UTF-8; "" otherwise."""
        return "" if self.encoding == UTF8 else self.encoding

    @property
    def malformed(self) -> int:
        """How many dialogues of CrossWOZ are left out because their annotations are broken."""
        return sum(one.reason.code == "reading.malformed" for one in self.left_out)

    def reasons(self) -> dict[str, list[LeftOut]]:
        """What is left out by the reason's code, in order of first appearance."""
        out: dict[str, list[LeftOut]] = defaultdict(list)
        for one in self.left_out:
            out[one.reason.code].append(one)
        return dict(out)

    def to_dict(self, language: Language = "en") -> dict[str, Any]:
        """As plain data, each reason with how many lines it holds for, the first of them, and what it says of the first."""
        left = {
            code: {"lines": len(found), "first": places(found), "says": found[0].reason.text(language)}
            for code, found in self.reasons().items()
        }
        out = {"form": self.form, "encoding": self.encoding, "read": self.read, "left_out": left}
        return out | ({"columns": dict(self.columns)} if self.columns else {})


def places(found: list[LeftOut]) -> list[str]:
    """Where the first lines stand: 12, or train.jsonl:12 in an archive; the file's name alone for all of it."""
    return [":".join(filter(None, [one.file, str(one.line) if one.line else ""])) or "-" for one in found[:SHOWN_LINES]]


@dataclass(frozen=True)
class Reading:
    """A file as it was read.

    Attributes:
        conversations: those that are whole.
        sheets: conversations of sheets, whose calls have no result yet.
        dialogues: of CrossWOZ: id → its messages and their annotations.
    """

    preview: Preview
    conversations: list[Conversation]
    sheets: list[Conversation] = field(default_factory=list)
    dialogues: dict[str, Any] = field(default_factory=dict)

    @property
    def needs_hotels(self) -> bool:
        """Whether its searches have still to be run on a hotel database."""
        return bool(self.dialogues or self.sheets) or self.preview.form in (CROSSWOZ, SHEET)
