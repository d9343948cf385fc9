"""`finetune` and `estimate`: the Fine-tune tab on the command line; options are made from a configuration's fields."""

import inspect
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from chatbot.core.console import Console
from chatbot.core.errors import InputError, TrainingError
from chatbot.core.events import JobWriter, Progress, Reporter
from chatbot.core.kinds import Kind, execute
from chatbot.core.settings import settings
from chatbot.training.config import RESOURCE, FinetuneConfig

RESULT = ("steps", "best", "before", "checkpoint", "seconds")
"""What a run's record says of its end."""
AS_JSON = Annotated[bool, typer.Option("--json", help="one JSON object")]


def with_options(
    config: type[BaseModel],
    run: Callable[..., None],
    without: tuple[str, ...] = (),
    read: Callable[[Path], dict[str, Any]] | None = None,
) -> Callable[..., None]:
    """Give a function one option for every field of a configuration, so that names, types, defaults and help are written once.

    Args:
        config: the configuration's model.
        run: called with `config` and its own options, which are keyword-only.
        without: fields that this command does not ask for; they become "." in the configuration.
        read: gives the fields in a file; the command then takes `--config FILE`, and what is said beside it wins.
    """
    fields = {name: field for name, field in config.model_fields.items() if name not in without}
    own = {name: parameter for name, parameter in inspect.signature(run).parameters.items() if name != "config"}

    def command(**given: Any) -> None:
        extra = {name: given.pop(name) for name in own}
        if read is not None:
            given = _with_file(given, read)
        run(config=_config(config, given | dict.fromkeys(without, Path())), **extra)

    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=Annotated[field.annotation, _option(field)],
            default=field.default if not field.is_required() else ... if read is None else None,
        )
        for name, field in fields.items()
    ]
    if read is not None:
        parameters += [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
            for name, kind, default in (("context", typer.Context, inspect.Parameter.empty), ("file", FILE, None))
        ]
    parameters += own.values()
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    command.__doc__ = run.__doc__
    return command


def _option(field: FieldInfo) -> Any:
    """A field as an option; a shipped file is said to be one, for its path is another on every machine."""
    shipped = isinstance(field.default, Path)
    return typer.Option(
        help=f"{field.description} [default: the shipped one]" if shipped else field.description,
        show_default=not shipped,
    )


FILE = Annotated[
    Path | None,
    typer.Option("--config", help="file with options, or a run's run.json; options beside it win over what it says"),
]


def _with_file(given: dict[str, Any], read: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """What a file says, and over it what was said on the command line."""
    context, file = given.pop("context"), given.pop("file")
    said = {name for name in given if context.get_parameter_source(name).name not in ("DEFAULT", "DEFAULT_MAP")}
    if missing := [name for name in ("base", "data", "out") if name in given and name not in said and not file]:
        raise InputError("commands.missing", option="--" + missing[0])
    found = read(file) if file else {}
    return given | found | {name: given[name] for name in said}


def _config(model: type[BaseModel], fields: dict[str, Any]) -> BaseModel:
    """The configuration; a base may be given by the name of the shipped one or of a brought model too."""
    base = fields.get("base")
    if base and not Path(base).exists():
        named = settings().base if str(base) == settings().base.name else settings().workspace / "models" / base
        fields = fields | ({"base": named} if named.is_dir() else {})
    try:
        return model(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = "--" + str(first["loc"][0]).replace("_", "-")
        raise InputError("commands.option", value=first["input"], option=name, reason=first["msg"]) from error


def run_finetune(config: FinetuneConfig, reporter: Reporter) -> dict[str, Any]:
    """Train an adapter; the same configuration goes on where it was cut off."""
    from chatbot.evaluation.checkpoints import evaluators
    from chatbot.training.finetune import finetune as train
    from chatbot.training.run_record import read_record

    config.out.mkdir(parents=True, exist_ok=True)
    if os.environ.get("RANK", "0") == "0":
        reporter.event(Progress(done=0, total=0, what="prepare"))
    out = train(config, reporter, evaluators(settings().hotels, reporter=reporter))
    record = read_record(out)
    if record.get("verdict"):
        raise TrainingError(
            "training.gave_up", verdict=record["verdict"].rstrip("."), checkpoint=record["checkpoint"], out=out
        )
    return {"adapter": str(out), **{name: record.get(name) for name in RESULT}}


FINETUNE = Kind("finetune", FinetuneConfig, run_finetune, resource=RESOURCE)
KINDS = (FINETUNE,)


def finetune(
    config: FinetuneConfig,
    *,
    save_config: Annotated[
        Path | None,
        typer.Option("--save-config", help="write these options to a file for --config, and do nothing else"),
    ] = None,
    job: Annotated[
        Path | None, typer.Option("--job", help="folder for events and the stop mark, where a page follows the run")
    ] = None,
) -> None:
    """Train an adapter; the same command on the same folder goes on where it was cut off."""
    if save_config:
        from chatbot.training.options.config_file import save_config as write

        return write(config, save_config)
    config.out.mkdir(parents=True, exist_ok=True)
    with _claimed(job):
        result = execute(FINETUNE, config, Console(JobWriter(job or config.out)))
    told = {name: result[name] for name in ("adapter", "steps", "best")}
    typer.echo(json.dumps(told, ensure_ascii=False))


def _claimed(job: Path | None) -> AbstractContextManager[None]:
    """The machine's trainer, which a page's job holds already, and so does the first of several processes."""
    from chatbot.core.jobs import claim

    if job or os.environ.get("LOCAL_RANK", "0") != "0":
        return nullcontext()
    return claim(settings().folder("jobs"), RESOURCE)


def estimate(config: FinetuneConfig, *, as_json: AS_JSON = False) -> None:
    """Say before the start what a run will need: parameters, memory by part, tokens, time, and whether it fits this machine."""
    from dataclasses import asdict

    from chatbot.evaluation.checkpoints import evaluators
    from chatbot.training.estimate import estimate as reckon
    from chatbot.training.fitted.timing import SAMPLE

    console = Console()
    console.event(Progress(done=0, total=0, what="the data is read, and a few steps are timed"))
    with console.alive():
        found = reckon(config, evaluator_of=evaluators(settings().hotels, SAMPLE))
    typer.echo(json.dumps(asdict(found) | {"peak": found.peak}, ensure_ascii=False) if as_json else found.table())


def checkpoints(
    run: Annotated[Path, typer.Argument(help="the --out of a run, or the folder of a page's job")],
    *,
    as_json: AS_JSON = False,
) -> None:
    """List a run's checkpoints with what they scored; `finetune --start` goes on from any that is kept."""
    from chatbot.training.guarded.checkpoint_list import SHOWN, scored_checkpoints
    from chatbot.training.run_record import figure_text

    found = scored_checkpoints(run if (run / "checkpoints").is_dir() else run / "adapter")
    if not found:
        raise InputError("training.no_checkpoints", value=run)
    if as_json:
        told = [{"step": s.step, **s.figures, "kept": s.kept and str(s.kept), "best": s.best} for s in found]
        return typer.echo(json.dumps(told, ensure_ascii=False))
    for scored in found:
        figures = "  ".join(f"{name} {figure_text(scored.figures, name)}" for name in SHOWN if name in scored.figures)
        typer.echo(f"{'*' if scored.best else ' '} {scored.step:6}  {figures or '—'}  {scored.kept or '(not kept)'}")


def read_options(path: Path) -> dict[str, Any]:
    """The fields in a configuration's file."""
    from chatbot.training.options.config_file import load_config

    return load_config(path)


def register(app: typer.Typer) -> None:
    """Add the commands of this topic."""
    app.command("finetune")(with_options(FinetuneConfig, finetune, read=read_options))
    app.command("estimate")(with_options(FinetuneConfig, estimate, without=("out",), read=read_options))
    app.command()(checkpoints)
