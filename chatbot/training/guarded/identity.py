"""What a run is: the hashes of its base, its data and what the two become together, so that nothing changes under a run that goes on."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.files import sha256
from chatbot.training.prepared import Prepared

_BASE = ("*.safetensors", "*.bin", "config.json")
BASE = "base "
"""Begins the name of every file of the base."""
RENDERED = "chat template or tokenizer"
"""Names the hash of every token and label: where the files are the same and it is not, these have changed."""


def identity(prepared: Prepared) -> dict[str, str]:
    """SHA-256 of each file by its part in the run, and of the examples as they are trained."""
    config = prepared.config
    base = sorted(path for pattern in _BASE for path in Path(config.base).glob(pattern))
    files = {BASE + path.name: path for path in base} | {f"data {config.data.name}": config.data}
    if config.eval_data:
        files[f"held-out {config.eval_data.name}"] = config.eval_data
    return {name: sha256(path) for name, path in files.items()} | {RENDERED: _rendered(prepared)}


def _rendered(prepared: Prepared) -> str:
    found = hashlib.sha256()
    for example in [*prepared.train, *prepared.held_out]:
        found.update(repr((example.ids, example.labels)).encode())
    return found.hexdigest()


def refuse_changed(out: Path, before: Mapping[str, Any], now: Mapping[str, str]) -> None:
    """Let a run go on only with what it began with.

    Args:
        before: its record; one of an earlier version, which names only its data, is held to that.
        now: from `identity`.

    Raises:
        InputError: something has changed, and what.
    """
    known: dict[str, str] = dict(before.get("identity") or {})
    data = before.get("data") or {}
    if not known and data:
        known = {f"data {data.get('file')}": str(data.get("sha256"))}
    changed = [name for name in known if known[name] != now.get(name)] + [
        name for name in now if known and len(known) > 1 and name not in known
    ]
    if len(changed) > 1 and RENDERED in changed:
        changed.remove(RENDERED)  # it follows from the others
    if changed:
        raise InputError("training.changed", value=out, changed=changed)
