"""One model on one file, as `evaluate` does it: measured, written with what it was measured on and with, and told in a short table."""

import json
import platform
import time
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from chatbot.core.files import sha256
from chatbot.core.settings import settings
from chatbot.corpus.reading.reader import read_conversations
from chatbot.dialogue.agent import Agent
from chatbot.evaluation.metrics.metrics import METRICS
from chatbot.evaluation.predictions import write_predictions
from chatbot.evaluation.runner import Progress, run_evaluation
from chatbot.hotels.store import HotelStore
from chatbot.models.backends import numerics_of
from chatbot.models.catalog import open_model
from chatbot.understanding.call_verifier import verifier


def evaluate_file(
    data: Path,
    hotels: Path | None,
    model: str,
    out: Path,
    predictions: Path | None = None,
    *,
    limit: int | None = None,
    verify: str = "rules",
    progress: Progress | None = None,
) -> str:
    """What the `evaluate` command does: read, measure, write the report (and the predictions); returns a short table to read.

    Args:
        verify: what looks at the model's drafts: "rules", or "none" for the model alone.

    Raises:
        WorkbenchError: the data, the database or the model cannot be used.
    """
    hotels = hotels or settings().hotels
    started, store, opened = time.monotonic(), HotelStore.load(hotels), open_model(model)
    agent = None if verify == "none" else Agent(opened, store, verifier(verify))
    report = run_evaluation(read_conversations(data)[:limit], opened, store, progress, agent)
    told = {"model": model, "numerics": numerics_of(opened), "seconds": round(time.monotonic() - started, 1)}
    return write_report(report | told, data, hotels, out, predictions)


def write_report(report: dict[str, Any], data: Path, hotels: Path, out: Path, predictions: Path | None = None) -> str:
    """Write what `run_evaluation` gave: the figures with what they were measured on, the predictions apart; returns `summary`."""
    figures = {key: value for key, value in report.items() if key != "predictions"} | provenance(data, hotels)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
    if predictions:
        write_predictions(predictions, report["predictions"])
    return summary(figures)


def provenance(data: Path, hotels: Path) -> dict[str, Any]:
    """What the figures were measured on and with: file names, hashes, versions."""
    versions = {"python": platform.python_version()}
    for package in ("torch", "transformers", "peft", "sacrebleu"):
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    files = {name: {"file": path.name, "sha256": sha256(path)} for name, path in (("data", data), ("hotels", hotels))}
    return {**files, "versions": versions, "made": datetime.now(UTC).isoformat(timespec="seconds")}


def summary(report: dict[str, Any]) -> str:
    """The figures as lines of text: name, value, 95% interval; beside them the model alone and the rules alone."""
    lines = []
    for name in METRICS:
        others = [
            f"   {who} alone {_figure(found, name)}"
            for who, key in (("model", "bare"), ("rules", "rules"))
            if (found := report.get(key))
        ]
        lines.append(f"{name:30} {_figure(report, name)}{''.join(others)}")
    counts = report["counts"]
    return "\n".join([*lines, f"{counts['dialogues']} dialogues, {counts['turns']} turns of the {report['measured']}"])


def _figure(report: dict[str, Any], name: str) -> str:
    value, bounds = report[name], report["intervals"][name]
    return f"{'—':26}" if value is None else f"{value:8.4f}  [{bounds[0]:.4f}, {bounds[1]:.4f}]"
