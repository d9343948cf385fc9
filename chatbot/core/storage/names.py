"""Names and paths that somebody else chose: a name becomes one that every system can hold, a path must lie where it may."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from chatbot.core.errors import InputError
from chatbot.core.settings import DATA, Settings

LONGEST = 50
"""Characters of a name: four bytes each and an ending still fit into the 255 bytes that file systems give a name."""
_FORBIDDEN = re.compile(r'[<>:"|?*\s]+')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
"""What Windows takes for a device, whatever ending follows."""


def safe_stem(name: str, other: str = "file") -> str:
    """The name of a file as it may stand in a folder of ours, without folders and endings; `other` where nothing is left of it."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    seen = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    stem = _FORBIDDEN.sub("_", seen.lstrip(". ").partition(".")[0]).strip("_ ")[:LONGEST]
    return f"_{stem}" if _DEVICES.fullmatch(stem) else stem or other


def open_folders(settings: Settings) -> tuple[Path, ...]:
    """What the page may read: the workspace, what ships with the project, the models that are set, and what the installation allows besides."""
    return settings.workspace, DATA, settings.base, settings.tuned, *settings.allowed_folders


def inside(path: str | Path, folders: Iterable[Path]) -> Path:
    """A path, absolute and without links, that lies in one of some folders.

    Raises:
        InputError: it lies in none of them, whatever links and `..` it is made of, or is no path at all.
    """
    try:
        found = Path(path).resolve()
        lies = any(found.is_relative_to(folder.resolve()) for folder in folders)
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, a loop of links, a name that is too long
        raise InputError("core.outside", value=str(path)) from error
    if not lies:
        raise InputError("core.outside", value=str(path))
    return found
