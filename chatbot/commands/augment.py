"""`augment`: ChatGPT (or the project's own tables) rewrites and extends conversations; what the Data tab starts as a job."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from chatbot.core.console import Console
from chatbot.core.events import JobWriter, Reporter
from chatbot.core.kinds import Kind, execute, read_config
from chatbot.corpus.augmentation.config import AugmentConfig

_FIELDS = AugmentConfig.model_fields


def _option(name: str, *flags: str) -> Any:
    return typer.Option(f"--{name.replace('_', '-')}", *flags, help=_FIELDS[name].description)


def _default(name: str) -> Any:
    return _FIELDS[name].default


def run(config: AugmentConfig, reporter: Reporter) -> dict[str, Any]:
    """Rewrite and extend conversations, and put them up for review."""
    from chatbot.corpus.augmentation.run import run_augment

    return run_augment(config, reporter)


AUGMENT = Kind("augment", AugmentConfig, run, resource="augment")
KINDS = (AUGMENT,)


def augment(
    *,
    corpus: Annotated[Path | None, typer.Argument(help=_FIELDS["corpus"].description)] = None,
    out: Annotated[Path | None, _option("out")] = None,
    hotels: Annotated[Path | None, _option("hotels")] = None,
    operations: Annotated[str, _option("operations")] = ",".join(_default("operations")),
    followup_share: Annotated[float, _option("followup_share", "--p")] = _default("followup_share"),
    new: Annotated[int, _option("new")] = _default("new"),
    seed: Annotated[int, _option("seed")] = _default("seed"),
    mode: Annotated[str, _option("mode")] = _default("mode"),
    model: Annotated[str, _option("model")] = _default("model"),
    base_url: Annotated[str | None, _option("base_url")] = None,
    temperature: Annotated[float, _option("temperature")] = _default("temperature"),
    cap: Annotated[float | None, _option("cap")] = _default("cap"),
    price_in: Annotated[float | None, _option("price_in")] = None,
    price_out: Annotated[float | None, _option("price_out")] = None,
    concurrency: Annotated[int, _option("concurrency")] = _default("concurrency"),
    timeout: Annotated[float, _option("timeout")] = _default("timeout"),
    store_answers: Annotated[bool, typer.Option(help=_FIELDS["store_answers"].description)] = _default("store_answers"),
    second_parser: Annotated[str, _option("second_parser", "--ear")] = _default("second_parser"),
    prompts: Annotated[Path | None, _option("prompts")] = None,
    name: Annotated[str, _option("name")] = _default("name"),
    cache: Annotated[Path | None, _option("cache")] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="only say what it would take")] = False,
    review: Annotated[bool, typer.Option("--review", help=_FIELDS["review"].description)] = False,
    job: Annotated[Path | None, typer.Option("--job", hidden=True)] = None,
) -> None:
    """Rewrite facilities in spoken language, add follow-up questions, write new dialogues by name and by price cap."""
    given = {key: value for key, value in locals().items() if key in _FIELDS} | {
        "operations": tuple(operations.split(","))
    }
    from chatbot.corpus.augmentation.run import config_of, estimate_cost

    config = read_config(AUGMENT, job) if job else config_of(given)
    reporter = Console(JobWriter(job) if job else None)
    figures = estimate_cost(config) if estimate else execute(AUGMENT, config, reporter)
    print(json.dumps(figures, ensure_ascii=False, indent=2))


def register(app: typer.Typer) -> None:
    """Add the commands of this topic."""
    app.command()(augment)
