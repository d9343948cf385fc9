"""Whether requirements, lock, installation and downloaded files fit each other, asked without a network."""

import base64
import hashlib
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.markers import Marker

from chatbot.core.files import sha256
from chatbot.core.operation.parts import LOCK, ROOT, Locked, locked, plain

_PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")


def audit(
    lock: Path = LOCK,
    requirements: Path = ROOT / "requirements.txt",
    *,
    wheels: Path | None = None,
    files: bool = False,
) -> list[str]:
    """What does not fit, a sentence each; [] where all does.

    Args:
        wheels: a folder of packages as they were downloaded, each of which must be one that the lock names.
        files: whether to hash every installed file against the list that its package brought.

    Raises:
        InputError: there is no lock file, or a line of it is none.
    """
    entries = locked(lock)
    here = {entry.name: entry for entry in entries if not entry.marker or Marker(entry.marker).evaluate()}
    installed = {plain(found.metadata["Name"]): found for found in distributions() if found.metadata["Name"]}
    wrong = [*_pins(entries, requirements), *_installed(here, installed)]
    if wheels is not None:
        wrong += _wheels(entries, wheels)
    if files:
        wrong += [line for name in here if name in installed for line in _files(installed[name])]
    return wrong


def _pins(entries: list[Locked], requirements: Path) -> Iterator[str]:
    versions = {entry.name: entry.version for entry in entries}
    for line in requirements.read_text(encoding="utf-8").splitlines():
        if pin := _PIN.match(line):
            found = versions.get(plain(pin[1]), "nothing")
            if found != pin[2]:
                yield f"{pin[1]}: requirements.txt says {pin[2]}, the lock {found}"
    for entry in entries:
        if not entry.hashes:
            yield f"{entry.name}: the lock has no hash"


def _installed(here: dict[str, Locked], installed: dict[str, Distribution]) -> Iterator[str]:
    for name, entry in here.items():
        found = installed.get(name)
        if found is None:
            yield f"{name}: {entry.version} is locked and not installed"
        elif found.version.partition("+")[0] != entry.version:
            yield f"{name}: {entry.version} is locked, {found.version} is installed"


def _wheels(entries: list[Locked], folder: Path) -> Iterator[str]:
    known = {content for entry in entries for content in entry.hashes}
    for path in sorted(folder.iterdir()):
        if path.name.endswith((".whl", ".tar.gz", ".zip")) and sha256(path) not in known:
            yield f"{path.name}: its SHA-256 is not in the lock"


def _files(found: Distribution) -> Iterator[str]:
    """Files of a package that are not those that it brought; RECORD holds their hashes."""
    for file in found.files or ():
        path = Path(str(file.locate()))
        if file.hash is None or path.suffix == ".pyc":
            continue
        if not path.is_file():
            yield f"{found.metadata['Name']}: {file} is missing"
        elif _digest(path, file.hash.mode) != file.hash.value:
            yield f"{found.metadata['Name']}: {file} was changed"


def _digest(path: Path, mode: str) -> str:
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, mode).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
