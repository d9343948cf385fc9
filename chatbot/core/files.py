"""What a file that somebody brings holds, however it was packed and encoded: bounded, and untrusted until it is read."""

import gzip
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from chatbot.core.errors import InputError

MAX_BYTES = 400_000_000
"""More than this is not unpacked; the largest known file, CrossWOZ's training dialogues, has 100 MB."""
MOST_UNFOLDED = 100_000_000
"""Bytes of a workbook's parts, each of which becomes many objects."""
MOST_MEMBERS = 10_000
"""Files in an archive."""
MOST_VALUES = 20_000_000
"""Values in one JSON text: CrossWOZ's training dialogues have some ten million; each takes up to 60 bytes of memory, however short it is."""
DEEPEST = 2
"""Zips within zips: CrossWOZ's repository as one zip holds train.json.zip."""
UTF8 = "utf-8"
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_HAN = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
_FOREIGN = re.compile("[^\x00-\x7f]")
_SHEET_MARK = "xl/workbook.xml"


@dataclass(frozen=True)
class Part:
    """One file: the one that was brought, or a member of an archive.

    Attributes:
        name: its name, without folder and without .gz.
        content: its bytes, unpacked.
        packed: whether it is one of several in an archive.
    """

    name: str
    content: bytes
    packed: bool = False

    @property
    def stem(self) -> str:
        """The name without its endings (train.json.zip → train)."""
        return self.name.partition(".")[0] or self.name

    @property
    def ending(self) -> str:
        """The last ending in small letters, with its dot."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def is_workbook(self) -> bool:
        """Whether it is an Excel file, which is a zip with a workbook inside."""
        return any(member.filename == _SHEET_MARK for member in _members(self.content))


@dataclass
class _Budget:
    """How many bytes may still be unpacked, of all that a file holds."""

    most: int
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.most

    def spend(self, size: int, name: str) -> None:
        self.left -= size
        if self.left < 0:
            raise InputError("core.file_large", value=name, most=self.most // 1_000_000)


def parts(path: Path) -> Iterator[Part]:
    """What a file holds: itself, or the members of a zip in their order, without what macOS adds; gz and zips in it are unpacked too.

    Raises:
        InputError: it cannot be read, would unpack to more than MAX_BYTES, or holds too many files.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        _Budget(MAX_BYTES).spend(len(content), path.name)
        yield from _unpacked(Part(path.name, content), _Budget(MAX_BYTES), DEEPEST)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise InputError("core.file_unreadable", value=error, path=path) from error


def _unpacked(part: Part, budget: _Budget, depth: int) -> Iterator[Part]:
    if part.content.startswith(b"\x1f\x8b"):
        with gzip.open(io.BytesIO(part.content)) as packed:
            content = packed.read(budget.left + 1)
        budget.spend(len(content), part.name)
        name = part.name[: -len(".gz")] if part.ending == ".gz" else part.name
        yield Part(name, content, part.packed)
    elif part.is_workbook:
        _Budget(MOST_UNFOLDED).spend(sum(member.file_size for member in _members(part.content)), part.name)
        yield part
    elif depth and part.content.startswith(b"PK\x03\x04"):
        yield from _archived(part, budget, depth - 1)
    else:
        yield part


def _archived(part: Part, budget: _Budget, depth: int) -> Iterator[Part]:
    with zipfile.ZipFile(io.BytesIO(part.content)) as archive:
        members = [member for member in archive.infolist() if not member.is_dir() and _is_content(member.filename)]
        if len(members) > MOST_MEMBERS:
            raise InputError("core.file_members", value=part.name, most=MOST_MEMBERS)
        budget.spend(sum(member.file_size for member in members), part.name)
        for member in members:
            inner = Part(PurePosixPath(member.filename).name, archive.read(member), packed=True)
            yield from _unpacked(inner, budget, depth)


def _is_content(name: str) -> bool:
    """Whether a member is somebody's file: not what macOS puts beside each, not hidden."""
    steps = PurePosixPath(name).parts
    return "__MACOSX" not in steps and not any(step.startswith(".") for step in steps)


def _members(content: bytes) -> list[zipfile.ZipInfo]:
    if not content.startswith(b"PK\x03\x04"):
        return []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return []


def check_values(text: str) -> None:
    """Refuse a JSON text of too many values before they become objects.

    Raises:
        InputError: it has more than MOST_VALUES.
    """
    if sum(map(text.count, ",[{")) > MOST_VALUES:
        raise InputError("core.file_values", most=MOST_VALUES // 1_000_000)


def decode(part: Part, encoding: str | None = None) -> tuple[str, str]:
    """A file's text and the encoding that it was read in: the given one, what its first bytes say, UTF-8, or GBK.

    GBK is recognised by what comes out: mostly Chinese. Whoever calls must ask, or say so, before it is used.

    Raises:
        InputError: it is in none of them, or not in the given one.
    """
    content = part.content
    if encoding:
        try:
            return content.decode(encoding), encoding
        except (LookupError, UnicodeError) as error:
            raise InputError("core.encoding_given", value=encoding, name=part.name) from error
    for mark, name in _BOMS:
        if content.startswith(mark):
            return _strictly(part, name), UTF8 if name == "utf-8-sig" else name
    try:
        return content.decode(UTF8), UTF8
    except UnicodeDecodeError:
        text = _strictly(part, "gb18030")
    foreign = len(_FOREIGN.findall(text))
    if "\x00" in text or 2 * len(_HAN.findall(text)) < foreign:
        raise InputError("core.encoding_unknown", value=part.name)
    return text, "gbk"


def _strictly(part: Part, encoding: str) -> str:
    try:
        return part.content.decode(encoding)
    except UnicodeError as error:
        raise InputError("core.encoding_unknown", value=part.name) from error


def sha256(path: Path) -> str:
    """A file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
