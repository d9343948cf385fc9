"""What the program is made of, by the lock file and what is installed: a bill of materials in CycloneDX's form."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.files import sha256
from chatbot.core.settings import DATA

ROOT = DATA.parent
LOCK = ROOT / "requirements.lock"
_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.*?))? \\?$")
_HASH = re.compile(r"\s+--hash=sha256:([0-9a-f]{64})(?: \\)?$")
_VIA = re.compile(r"\s+#\s+(?:via )?\s*(?P<name>[A-Za-z0-9._-]+|-r \S+)$")
_PROGRAM = {"type": "application", "bom-ref": "workbench", "name": "hotel-chatbot-workbench"}


@dataclass(frozen=True)
class Locked:
    """A package as the lock file pins it.

    Attributes:
        marker: where it is needed; "" for everywhere.
        hashes: SHA-256 of each file that may be installed for it.
        via: who brings it; "" stands for requirements.txt.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    via: tuple[str, ...]

    @property
    def ref(self) -> str:
        """Its package URL."""
        return f"pkg:pypi/{self.name}@{self.version}"


def plain(name: str) -> str:
    """A package's name in the one spelling that all agree on."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(path: Path = LOCK) -> list[Locked]:
    """All packages of the lock file, in its order.

    Raises:
        InputError: there is no lock file, or a line of it is none.
    """
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    except OSError as error:
        raise InputError("core.lock", value=path) from error
    starts = [number for number, line in enumerate(lines) if not line.startswith(" ")]
    return [_entry(lines[begin:end]) for begin, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _entry(lines: list[str]) -> Locked:
    head = _ENTRY.match(lines[0])
    if head is None:
        raise InputError("core.lock", value=lines[0])
    hashes = tuple(found[1] for line in lines[1:] if (found := _HASH.match(line)))
    via = tuple(found["name"] for line in lines[1:] if (found := _VIA.match(line)))
    brought = tuple("" if name.startswith("-r") else plain(name) for name in via)
    return Locked(plain(head["name"]), head["version"], head["marker"] or "", hashes, brought)


@cache
def packages() -> dict[str, str]:
    """The licence of everything that is installed, by the package's name."""
    return {plain(found.metadata["Name"]): _licence(found) for found in distributions() if found.metadata["Name"]}


def _licence(found: Distribution) -> str:
    """As the metadata says it: an expression, else the classifiers, else the first line of a text."""
    about = found.metadata
    if expression := next(iter(about.get_all("License-Expression") or ()), ""):
        return str(expression)
    classified = [
        name.rpartition(" :: ")[2] for name in about.get_all("Classifier") or () if name.startswith("License")
    ]
    told = next(iter("".join(about.get_all("License") or ()).strip().splitlines()), "")
    return " OR ".join(name for name in classified if name != "OSI Approved") or told[:80]


def bill(path: Path = LOCK) -> dict[str, Any]:
    """The bill of materials; the same for the same lock, models and installation.

    Raises:
        InputError: as `locked`.
    """
    entries = locked(path)
    components = [*map(_package, entries), *_models()]
    name = "\n".join(f"{one['bom-ref']} {one.get('licenses')}" for one in components)
    needs: dict[str, list[str]] = {"workbench": [], **{entry.ref: [] for entry in entries}}
    refs = {entry.name: entry.ref for entry in entries} | {"": "workbench"}
    for entry in entries:
        for who in entry.via:
            if who in refs:
                needs[refs[who]].append(entry.ref)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}",
        "version": 1,
        "metadata": {"component": _PROGRAM | {"licenses": [{"license": {"id": "Apache-2.0"}}]}},
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(set(brought))} for ref, brought in needs.items()],
    }


def _package(entry: Locked) -> dict[str, Any]:
    told = packages().get(entry.name, "")
    out: dict[str, Any] = {
        "type": "library",
        "bom-ref": entry.ref,
        "name": entry.name,
        "version": entry.version,
        "purl": entry.ref,
        "hashes": [{"alg": "SHA-256", "content": content} for content in entry.hashes],
    }
    out |= {"licenses": [{"license": {"name": told}}]} if told else {}
    marker = [{"name": "python:marker", "value": entry.marker}]
    return out | ({"properties": marker} if entry.marker else {})


def _models() -> Iterator[dict[str, Any]]:
    for weights in sorted((DATA / "models").glob("*/model.safetensors")):
        name, digest = weights.parent.name, sha256(weights)
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"model:{name}",
            "name": name,
            "hashes": [{"alg": "SHA-256", "content": digest}],
            "licenses": [{"license": {"id": "Apache-2.0"}}],
        }
