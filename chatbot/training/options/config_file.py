"""A run's configuration as a file and as a command line, to be kept, sent on and done again."""

import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chatbot.core.errors import InputError
from chatbot.training.config import FinetuneConfig
from chatbot.training.options.fitting import option

KIND = "finetune"
MOST = 100_000
"""Bytes of a file that is read; ours have a thousand."""


def changed(config: FinetuneConfig) -> dict[str, Any]:
    """The fields that differ from the defaults, as plain data."""
    plain = config.model_dump(mode="json")
    defaults = {name: field.get_default() for name, field in FinetuneConfig.model_fields.items()}
    return {name: value for name, value in plain.items() if value != defaults[name]}


def save_config(config: FinetuneConfig, path: Path) -> None:
    """Write what differs from the defaults; in a folder of its own as `config.json`, `run` takes it too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"kind": KIND, **changed(config)}, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def load_config(path: Path) -> dict[str, Any]:
    """The fields in a configuration file, or in the record (`run.json`) of a run that was.

    Raises:
        InputError: it is no such file, or a field is unknown or does not fit.
    """
    try:
        with Path(path).open("rb") as file:
            found = json.loads(file.read(MOST))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("training.config_file", value=error, file=Path(path).name) from error
    fields = found.get("config", found) if isinstance(found, dict) else None
    if not isinstance(fields, dict) or fields.get("kind", KIND) != KIND:
        raise InputError("training.config_file", value=str(found)[:80], file=Path(path).name)
    fields = {name: value for name, value in fields.items() if name != "kind"}
    checked_config({"base": ".", "data": ".", "out": "."} | fields)
    return fields


def checked_config(fields: dict[str, Any]) -> FinetuneConfig:
    """The configuration of these fields.

    Raises:
        InputError: one is unknown, missing or does not fit.
    """
    try:
        return FinetuneConfig.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise InputError("training.config_field", value=first["input"], field=name, reason=first["msg"]) from error


def command_line(config: FinetuneConfig) -> str:
    """The command that does the same; paths below the current folder are written from there."""
    words = ["python", "-m", "chatbot", "finetune"]
    for name in changed(config):
        words += _words(name, getattr(config, name))
    return shlex.join(words)


def from_here(path: Path) -> Path:
    """A path below the current folder as it is written there; any other as it is."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _words(name: str, value: Any) -> Iterable[str]:
    if isinstance(value, bool):
        return [option(name) if value else option(f"no_{name}")]
    if isinstance(value, Path):
        value = from_here(value)
    return [option(name), f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)]
