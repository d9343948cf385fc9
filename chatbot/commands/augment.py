"""`augment`: ChatGPT (or the project's own tables) rewrites and extends conversations; what the Data tab starts as a job."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from chatbot.corpus.augmentation.config import AugmentConfig

_FIELDS = AugmentConfig.model_fields


def _option(name: str, *flags: str) -> Any:
    return typer.Option(f"--{name.replace('_', '-')}", *flags, help=_FIELDS[name].description)


def _default(name: str) -> Any:
    return _FIELDS[name].default


class Console:
    """Shows progress on stderr, and keeps it in the job's folder where there is one."""

    def __init__(self, writer: Any = None) -> None:
        self._writer = writer

    def event(self, **fields: Any) -> None:
        """One report."""
        if self._writer:
            self._writer.event(**fields)
        if fields["kind"] in ("progress", "batch"):
            print(
                f"\r{fields['done']}/{fields['total']} {fields.get('per_minute', '')}/min ${fields.get('paid', 0):.4f}",
                end="",
                file=sys.stderr,
                flush=True,
            )

    def should_stop(self) -> bool:
        """Whether the job was asked to stop."""
        return bool(self._writer and self._writer.should_stop())


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
    ear: Annotated[str, _option("ear")] = _default("ear"),
    prompts: Annotated[Path | None, _option("prompts")] = None,
    cache: Annotated[Path | None, _option("cache")] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="only say what it would take")] = False,
    review: Annotated[bool, typer.Option("--review", help="also put the results up for review")] = False,
    job: Annotated[Path | None, typer.Option("--job", hidden=True)] = None,
) -> None:
    """Rewrite facilities in spoken language, add follow-up questions, write new dialogues by name and by price cap."""
    given = {key: value for key, value in locals().items() if key in _FIELDS} | {
        "operations": tuple(operations.split(","))
    }
    from chatbot.corpus.augmentation.run import config_of, run_augment, say_estimate

    config, watch = config_of(given, job), Console(_writer(job))
    figures = say_estimate(config) if estimate else run_augment(config, watch, review or job is not None)
    print(json.dumps(figures, ensure_ascii=False, indent=2))


def _writer(job: Path | None) -> Any:
    from chatbot.core.jobs import JobWriter

    return JobWriter(job) if job else None


def register(app: typer.Typer) -> None:
    """Add the commands of this topic."""
    app.command()(augment)
