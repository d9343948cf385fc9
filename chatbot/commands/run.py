"""`run`: any long task from its folder's `config.json`, which is also how the page starts its jobs."""

import json
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer

from chatbot.commands import (
    augment,
    compare_methods,
    evaluation,
    models,
    models_brought,
    pretrain,
    review,
    training,
)
from chatbot.core.console import Console
from chatbot.core.errors import InputError
from chatbot.core.events import JobWriter
from chatbot.core.jobs import claim, in_foreground, supervised
from chatbot.core.kinds import Kind, execute, kind_name, read_config
from chatbot.core.settings import settings

_ROOMS = (augment, compare_methods, evaluation, models, models_brought, pretrain, review, training)
KINDS = MappingProxyType({kind.name: kind for module in _ROOMS for kind in module.KINDS})
"""Every kind of long task by its name."""


def run(
    folder: Annotated[Path, typer.Argument(help="holds config.json: a kind and its fields; run again to go on")],
) -> None:
    """Run a long task as the folder's config.json says.

    Its kind is finetune, pretrain, augment, evaluate, study, simulate, compare-methods, sweep, prefer, add-model, push-model,
    merge, export-gguf, doubt or worth.
    """
    kind = kind_of(folder)
    config = read_config(kind, folder)
    with in_foreground(folder, kind.name), _claimed(kind, folder):
        result = execute(kind, config, Console(JobWriter(folder)))
    typer.echo(json.dumps(result, ensure_ascii=False, indent=2))


def kind_of(folder: Path) -> Kind[Any]:
    """The kind of task that a folder asks for.

    Raises:
        InputError: there is no configuration, or no such kind.
    """
    name = kind_name(folder)
    if name not in KINDS:
        raise InputError("core.unknown_kind", value=name, choices=KINDS)
    found: Kind[Any] = KINDS[name]
    return found


def _claimed(kind: Kind[Any], folder: Path) -> AbstractContextManager[None]:
    """What the task needs of this machine for itself, unless a supervisor or the first of several processes holds it."""
    if kind.resource is None or supervised(folder) or os.environ.get("LOCAL_RANK", "0") != "0":
        return nullcontext()
    return claim(settings().folder("jobs"), kind.resource)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)
