"""`compare-methods` and `sweep`: several runs on the same data as one table, over the methods or over one or two settings."""

import json
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict, Field

from chatbot.commands.training import read_options, with_options
from chatbot.core.console import Console
from chatbot.core.events import JobWriter, Note, Progress, Reporter, Stopped
from chatbot.core.jobs import FOLDER_MARK, claim
from chatbot.core.kinds import Kind, execute
from chatbot.core.settings import settings
from chatbot.evaluation.sweep import SweepConfig, read_over
from chatbot.training.config import PRESETS, RESOURCE, FinetuneConfig
from chatbot.training.methods import METHODS

HEAD = """| method | slot F1 [95 %] | exact call [95 %] | trainable parameters | share | training time | peak memory |
|---|---|---|---|---|---|---|"""
FIGURES = ("slot_f1", "call_exact")


class CompareConfig(BaseModel):
    """All methods on the same data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: Path = Field(description="folder of the base model")
    data: Path = Field(description="training conversations, JSONL")
    test: Path = Field(description="held-out conversations, JSONL")
    out: Path = Field(
        Path(FOLDER_MARK), description="folder for the adapters; what was finished there before is not done again"
    )
    table: Path | None = Field(None, description="also write the table there, as Markdown, after every method")
    max_steps: int = Field(
        PRESETS["try"][1]["max_steps"], ge=1, description="steps of each method; all else is the preset “try”"
    )
    limit: int = Field(52, ge=1, description="held-out conversations that are scored")
    hotels: Path | None = Field(None, description="hotel database in CrossWOZ's form [default: the shipped one]")


def run(config: CompareConfig, reporter: Reporter) -> dict[str, Any]:
    """Train and score one method after another; a stop ends it before the next one."""
    base, out = config.base, config.out
    scoring = (config.test, config.limit, config.hotels)
    rows = [_row("base, untrained", _scored(out / "base", base, None, *scoring), {})]
    for number, name in enumerate(METHODS):
        reporter.event(Progress(done=number, total=len(METHODS), what=name))
        if reporter.should_stop():
            raise Stopped
        cost = _trained(name, base, config.data, out / name, config.max_steps)
        rows.append(_row(name, _scored(out / name, base, out / name / "adapter", *scoring), cost))
        reporter.event(Note(text=rows[-1]))
        if config.table:
            config.table.write_text(
                f"# The six methods on the same data\n\n{_note(config)}\n\n" + "\n".join([HEAD, *rows, ""]), "utf-8"
            )
    reporter.event(Progress(done=len(METHODS), total=len(METHODS)))
    return {"table": "\n".join([HEAD, *rows])}


def _note(config: CompareConfig) -> str:
    return (
        f"`python -m chatbot compare-methods` on {config.data.name}, {config.max_steps} steps each, "
        f"scored on {config.limit} conversations of {config.test.name}, the model alone."
    )


COMPARE = Kind("compare-methods", CompareConfig, run, resource=RESOURCE)


def run_sweep(config: SweepConfig, reporter: Reporter) -> dict[str, Any]:
    """Train at every combination of one or two settings."""
    from chatbot.evaluation.sweep import sweep as work

    return work(config, settings().hotels, reporter)


SWEEP = Kind("sweep", SweepConfig, run_sweep, resource=RESOURCE)
KINDS = (COMPARE, SWEEP)


def sweep(
    config: FinetuneConfig,
    *,
    over: Annotated[list[str], typer.Option("--over", help="setting=value,value,…; once or twice")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Train at every combination of one or two settings, and print a table; --out holds the runs, and a cut-off sweep goes on.

    Example: sweep --base B --data D --out S --max-steps 60 --over learning-rate=1e-3,4e-3 --over rank=8,16
    """
    shared = config.model_dump(mode="json", exclude={"out"})
    swept = SweepConfig(run=shared, over=read_over(over), out=config.out)
    config.out.mkdir(parents=True, exist_ok=True)
    with claim(settings().folder("jobs"), RESOURCE):
        found = execute(SWEEP, swept, Console(JobWriter(config.out)))
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else found.get("table", ""))


def compare_methods(
    *,
    base: Annotated[Path, typer.Option("--base", help="folder of the base model")],
    data: Annotated[Path, typer.Option("--data", help="training conversations, JSONL")],
    test: Annotated[Path, typer.Option("--test", help="held-out conversations, JSONL")],
    out: Annotated[
        Path, typer.Option("--out", help="folder for the adapters; what was finished there before is not done again")
    ],
    table: Annotated[
        Path | None, typer.Option("--table", help="also write the table there, as Markdown, after every method")
    ] = None,
    max_steps: Annotated[
        int, typer.Option("--max-steps", min=1, help="steps of each method; all else is the preset “try”")
    ] = PRESETS["try"][1]["max_steps"],
    limit: Annotated[int, typer.Option("--limit", min=1, help="held-out conversations that are scored")] = 52,
    hotels: Annotated[
        Path | None, typer.Option("--hotels", help="hotel database in CrossWOZ's form [default: the shipped one]")
    ] = None,
) -> None:
    """Train all six methods on the same data, each in a process of its own, and print what they score and cost; a cut-off run goes on where it was."""
    config = CompareConfig(
        base=base, data=data, test=test, out=out, table=table, max_steps=max_steps, limit=limit, hotels=hotels
    )
    typer.echo(execute(COMPARE, config, Console())["table"])


def _trained(name: str, base: Path, data: Path, folder: Path, max_steps: int) -> dict[str, Any]:
    """Run `finetune` in a child, whose peak memory the kernel counts; a run that was cut off goes on, one of other settings starts anew."""
    from chatbot.core.errors import TrainingError
    from chatbot.training.run_record import read_record

    adapter, kept = folder / "adapter", folder / "cost.json"
    options = {field.replace("_", "-"): value for field, value in PRESETS["try"][1].items()}
    options |= {
        "base": base,
        "data": data,
        "out": adapter,
        "method": name,
        "max-steps": max_steps,
        "eval-limit": 0,
        "eval-share": 0,
    }
    options["eval-every"] = max_steps
    asked = {key: str(value) for key, value in options.items()}
    asked |= {"files": _files(base, data), "cpu_dtype": settings().cpu_dtype}
    if _read(folder / "asked.json") != asked:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    if not kept.exists():
        peak = _run(
            [
                sys.executable,
                "-m",
                "chatbot",
                "finetune",
                *(part for key, value in options.items() for part in (f"--{key}", str(value))),
            ]
        )
        if peak is None:
            raise TrainingError("commands.untrained", value=folder, name=name)
        record = read_record(adapter)
        kept.write_text(
            json.dumps(
                {key: record[key] for key in ("trainable", "parameters", "seconds", "verdict")} | {"peak_mib": peak}
            ),
            encoding="utf-8",
        )
    return _read(kept)


def _run(argv: list[str]) -> float | None:
    """Run a command; the most memory that it took, in MiB, or None where it failed."""
    import os

    child = os.spawnv(os.P_NOWAIT, argv[0], argv)
    _, status, used = os.wait4(child, 0)
    return None if status else used.ru_maxrss / 1024


def _scored(
    folder: Path, base: Path, adapter: Path | None, test: Path, limit: int, hotels: Path | None
) -> dict[str, Any]:
    """The figures on the held-out conversations, with their intervals; kept beside the adapter."""
    kept, asked = folder / "score.json", {"files": _files(base, test), "limit": limit, "hotels": str(hotels)}
    asked |= {"cpu_dtype": settings().cpu_dtype}
    found = _read(kept)
    if {key: found.get(key) for key in asked} == asked:
        return found
    from chatbot.corpus.reading.reader import read_conversations
    from chatbot.evaluation.runner import run_evaluation
    from chatbot.hotels.store import HotelStore
    from chatbot.models.local import LocalModel

    report = run_evaluation(
        read_conversations(test)[:limit], LocalModel.load(base, adapter), HotelStore.load(hotels or settings().hotels)
    )
    found = asked | {name: [report[name], *(report["intervals"].get(name) or (None, None))] for name in FIGURES}
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def _files(base: Path, data: Path) -> str:
    """What the base's weights and a data set are by name, size and time: other files under the same names are another comparison."""
    return "; ".join(
        f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}"
        for path in [*sorted(base.glob("*.safetensors")), data]
    )


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _figure(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.3f}" + (f" [{low:.3f}, {high:.3f}]" if low is not None else "")


def _row(name: str, scored: dict[str, Any], cost: dict[str, Any]) -> str:
    figures = " | ".join(_figure(*scored[figure]) for figure in FIGURES)
    if not cost:
        return f"| {name} | {figures} | — | — | — | — |"
    share = cost["trainable"] / cost["parameters"]
    told = f"{name} (gave up)" if cost["verdict"] else name
    return f"| {told} | {figures} | {cost['trainable']:,} | {share:.2%} | {cost['seconds']:.0f} s | {cost['peak_mib']:.0f} MiB |"


def register(app: typer.Typer) -> None:
    """Add the command of this topic."""
    app.command("compare-methods")(compare_methods)
    app.command("sweep")(with_options(FinetuneConfig, sweep, read=read_options))
