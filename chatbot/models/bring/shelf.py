"""The brought models of a workspace: listed, checked by their hashes, renamed and removed."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError, ModelError
from chatbot.core.files import sha256
from chatbot.core.settings import Settings
from chatbot.models.folder import read_json
from chatbot.models.registry import FAMILY_FILE

BROUGHT = "brought"
"""What `workbench.json` of a brought model says beside its family: where it came from, what was found, and the hash of every file."""
PART = ".part"
_NAME = re.compile(r"[\w][\w.+-]{0,63}")
_ADAPTERS = "**/adapter_config.json"


@dataclass(frozen=True)
class Brought:
    """One brought model.

    Attributes:
        title: its family as people call it.
        template: "own" or "offered".
        limits: names of the checks that it did not pass and that only limit it.
    """

    name: str
    folder: Path
    title: str
    source: str
    template: str
    parameters: int
    bytes: int
    limits: tuple[str, ...]


def shelf(settings: Settings) -> Path:
    """Where the workspace's models lie."""
    return settings.folder("models")


def checked_name(name: str) -> str:
    """A name that can be a folder's.

    Raises:
        InputError: it can't.
    """
    if not _NAME.fullmatch(name) or name.endswith(PART):
        raise InputError("models.bring_name", value=name)
    return name


def record(folder: Path) -> dict[str, Any]:
    """What is known of a brought model; {} of any other."""
    found = read_json(folder / FAMILY_FILE).get(BROUGHT)
    return found if isinstance(found, dict) else {}


def keep_record(folder: Path, found: dict[str, Any]) -> None:
    """Write it beside the family."""
    saved = read_json(folder / FAMILY_FILE) | {BROUGHT: found}
    (folder / FAMILY_FILE).write_text(json.dumps(saved, ensure_ascii=False, indent=1), encoding="utf-8")


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the record itself."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != FAMILY_FILE)
    return {path.name: sha256(path) for path in files}


def brought_models(settings: Settings) -> list[Brought]:
    """All of them, by name."""
    folders = sorted(path.parent for path in shelf(settings).glob(f"*/{FAMILY_FILE}"))
    return [_brought(folder, found) for folder in folders if (found := record(folder))]


def _brought(folder: Path, found: dict[str, Any]) -> Brought:
    checks = [check for check in found.get("checks", []) if isinstance(check, dict)]
    return Brought(
        name=folder.name,
        folder=folder,
        title=str(found.get("title", "")),
        source=str(found.get("source", "")),
        template=str(found.get("template", "own")),
        parameters=int(found.get("parameters", 0)),
        bytes=sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
        limits=tuple(str(check.get("name")) for check in checks if not check.get("passed")),
    )


def find(settings: Settings, name: str) -> Path:
    """The folder of a brought model.

    Raises:
        InputError: there is none of that name; the choices are named.
    """
    known = {model.name: model.folder for model in brought_models(settings)}
    if name not in known:
        raise InputError("models.bring_unknown", value=name, choices=known or ("—",))
    return known[name]


def changed(settings: Settings, name: str) -> list[str]:
    """Files that are no longer those that were brought: changed, missing or new; raises what `find` raises."""
    folder = find(settings, name)
    before, now = dict(record(folder).get("files") or {}), hashes(folder)
    return sorted(file for file in before.keys() | now.keys() if before.get(file) != now.get(file))


def rename(settings: Settings, name: str, new: str) -> Path:
    """Give a brought model another name.

    Raises:
        InputError: there is none of that name, or the new one can't be used or is taken.
        ModelError: adapters were trained on it, which would no longer find it.
    """
    folder, target = find(settings, name), shelf(settings) / checked_name(new)
    if target.exists():
        raise InputError("models.bring_taken", value=new)
    _refuse_orphans(settings, folder)
    return folder.rename(target)


def remove(settings: Settings, name: str) -> None:
    """Delete a brought model's folder; what it was brought from stays. Raises what `rename` raises."""
    folder = find(settings, name)
    _refuse_orphans(settings, folder)
    shutil.rmtree(folder)


def _refuse_orphans(settings: Settings, folder: Path) -> None:
    """Adapters name their base by its folder."""
    named = [
        path.parent.parent.name if path.parent.name == "adapter" else path.parent.name
        for path in settings.workspace.glob(_ADAPTERS)
        if "checkpoints" not in path.parts
        and Path(str(read_json(path).get("base_model_name_or_path") or "")).resolve() == folder.resolve()
    ]
    if named:
        raise ModelError("models.bring_needed", value=folder, adapters=sorted(named)[:5])
