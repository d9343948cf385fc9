"""`compare-methods`: all six methods on the same data, as the table of the documentation, made anew by one command."""

import resource
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from chatbot.training.methods import METHODS

HEAD = "| method | slot F1 | exact call | trainable parameters | share | training time | peak memory |\n|---|---|---|---|---|---|---|"


def compare_methods(
    *,
    base: Annotated[Path, typer.Option("--base", help="folder of the base model")],
    data: Annotated[Path, typer.Option("--data", help="training conversations, JSONL")],
    test: Annotated[Path, typer.Option("--test", help="held-out conversations, JSONL")],
    out: Annotated[Path, typer.Option("--out", help="folder for the adapters; finished ones are not trained again")],
    table: Annotated[Path | None, typer.Option("--table", help="also write the table there, as Markdown")] = None,
    max_steps: Annotated[int, typer.Option("--max-steps", min=1, help="steps of each method")] = 60,
    limit: Annotated[int, typer.Option("--limit", min=1, help="held-out conversations that are scored")] = 40,
    hotels: Annotated[Path | None, typer.Option("--hotels", help="hotel database in CrossWOZ's form [default: the shipped one]")] = None,
) -> None:
    """Train all six methods on the same data, each in a process of its own, and print what they score and cost."""
    rows = [_row("base, untrained", _score(base, None, test, limit, hotels), {})]
    for name in METHODS:
        record = _train(name, base, data, out / name, max_steps)
        rows.append(_row(name, _score(base, out / name, test, limit, hotels), record))
        typer.echo(rows[-1], err=True)
    text = "\n".join([HEAD, *rows])
    typer.echo(text)
    if table:
        note = f"`python -m chatbot compare-methods` on {data.name}, {max_steps} steps each, scored on {limit} conversations of {test.name}."
        table.write_text(f"# The six methods on the same data\n\n{note}\n\n{text}\n", encoding="utf-8")


def _train(name: str, base: Path, data: Path, out: Path, max_steps: int) -> dict[str, Any]:
    """Run `finetune` in a child, whose peak memory the kernel counts; returns its record."""
    import os

    from chatbot.errors import TrainingError
    from chatbot.training.record import read_record

    if not (out / "adapter_config.json").is_file():
        argv = [sys.executable, "-m", "chatbot", "finetune", "--base", str(base), "--data", str(data), "--out", str(out), "--method", name]
        started = time.monotonic()
        child = os.spawnv(os.P_NOWAIT, sys.executable, [*argv, "--max-steps", str(max_steps), "--eval-limit", "0", "--eval-every", str(max_steps)])
        _, status, used = os.wait4(child, 0)
        if status:
            raise TrainingError(f"{name} could not be trained", value=out, remedy="See the messages above.")
        (out / "cost.json").write_text(_cost(used, time.monotonic() - started), encoding="utf-8")
    import json

    return read_record(out) | json.loads((out / "cost.json").read_text(encoding="utf-8"))


def _cost(used: resource.struct_rusage, seconds: float) -> str:
    import json

    return json.dumps({"peak_mib": used.ru_maxrss / 1024, "process_seconds": seconds})


def _score(base: Path, adapter: Path | None, test: Path, limit: int, hotels: Path | None) -> dict[str, Any]:
    from chatbot.corpus.lab import read_any
    from chatbot.evaluation.runner import run_evaluation
    from chatbot.hotels.store import HotelStore
    from chatbot.models.local import LocalModel
    from chatbot.settings import settings

    return run_evaluation(read_any(test)[:limit], LocalModel.load(base, adapter), HotelStore.load(hotels or settings().hotels))


def _row(name: str, scored: dict[str, Any], record: dict[str, Any]) -> str:
    figures = f"| {name} | {scored['slot_f1'] or 0:.3f} | {scored['call_exact'] or 0:.3f} |"
    if not record:
        return f"{figures} — | — | — | — |"
    share = record["trainable"] / record["parameters"]
    return f"{figures} {record['trainable']:,} | {share:.2%} | {record['seconds']:.0f} s | {record['peak_mib']:.0f} MiB |"


def register(app: typer.Typer) -> None:
    """Add the command of this topic."""
    app.command("compare-methods")(compare_methods)
