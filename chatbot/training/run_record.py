"""What a finished run leaves: the adapter, the record that reproduces it, and a card that tells a person what it is."""

import json
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from chatbot.core.errors import TrainingError
from chatbot.models.catalog import folder_name
from chatbot.models.conversion.card import calling, metadata, result, title_of
from chatbot.models.registry import write_family

RECORD_FILE = "run.json"
_PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "bitsandbytes")


def versions() -> dict[str, str]:
    """Versions of the libraries that shape a run."""
    return {name: version(name) for name in _PACKAGES}


def read_record(folder: Path) -> dict[str, Any]:
    """A run's record; {} where there is none."""
    path = Path(folder) / RECORD_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write the record whole."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{RECORD_FILE}.part"
    part.write_text(json.dumps(record, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    part.replace(folder / RECORD_FILE)


def complete_checkpoints(folder: Path) -> list[Path]:
    """Checkpoints that were written to their end, oldest first: the trainer writes its state last."""
    found = [path for path in folder.glob("checkpoint-*") if _whole(path / "trainer_state.json")]
    return sorted(found, key=step_of)


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was written."""
    return int(checkpoint.name.rsplit("-", 1)[-1])


def _whole(state: Path) -> bool:
    try:
        return bool(json.loads(state.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return False


def best_checkpoint(folder: Path) -> Path:
    """The checkpoint that did best, else the last one.

    Raises:
        TrainingError: there is none.
    """
    found = complete_checkpoints(folder)
    if not found:
        raise TrainingError("training.no_checkpoint", value=folder)
    state = json.loads((found[-1] / "trainer_state.json").read_text(encoding="utf-8"))
    best = folder / Path(state.get("best_model_checkpoint") or found[-1]).name
    return best if best in found else found[-1]


FIGURES = {"slot_f1": "slot F1", "call_exact": "exact call", "act_accuracy": "call or reply", "loss": "loss a token"}
"""What a card tells, in this order."""
LOW, HIGH = "_low", "_high"
"""Behind a figure's name: the ends of its 95% interval."""


def publish(checkpoint: Path, out: Path, family: str, record: dict[str, Any]) -> None:
    """Copy a checkpoint's adapter and tokenizer to `out`, with the family's name and chat template, the record and the card.

    The configuration comes last, so that half an adapter is never taken for one.
    """
    for path in sorted(checkpoint.iterdir(), key=lambda path: path.name == "adapter_config.json"):
        if path.name.startswith(("adapter_", "token", "special_tokens", "chat_template")):
            shutil.copyfile(path, out / path.name)
    write_family(out, family)
    (out / "README.md").write_text(card(record), encoding="utf-8")
    write_record(out, record)


def figure_text(figures: Mapping[str, float], name: str) -> str:
    """A figure of a checkpoint with its 95% interval, where it has one; a dash where it was not measured."""
    if name not in figures:
        return "—"
    ends = [figures[name + end] for end in (LOW, HIGH) if name + end in figures]
    return f"{figures[name]:.4f}" + (f" ({ends[0]:.2f} – {ends[1]:.2f})" if len(ends) == 2 else "")


def card(record: dict[str, Any]) -> str:
    """The adapter's card: what it was made from, what it scored and how it is called, with the metadata that model hubs read."""
    config, before, figures = record["config"], record.get("before", {}), record.get("best", {})
    base, name = Path(config["base"]), folder_name(Path(config["out"]))
    rows = "\n".join(
        f"| {title} | {figure_text(before, name)} | {figure_text(figures, name)} |"
        for name, title in FIGURES.items()
        if name in figures
    )
    data, counted = record["data"], record["statistics"]
    results = [
        result(key, title, figures[key], data, [figures[key + end] for end in (LOW, HIGH) if key + end in figures])
        for key, title in FIGURES.items()
        if key in figures
    ]
    head = metadata(name, base, library="peft", relation="adapter", tags=[config["method"]], results=results)
    return f"""{head}# {name}

An adapter for `{title_of(base)}` that answers hotel questions in Chinese and calls `search_hotels`.

- Method: {config["method"]}, {record["trainable"]:,} trainable of {record["parameters"]:,} parameters ({record["trainable"] / record["parameters"]:.2%})
- Data: `{data["file"]}` (SHA-256 `{data["sha256"]}`), {counted["conversations"]} conversations, {counted["tokens"]:,} tokens an epoch
- Steps: {record["steps"]}, in {record["seconds"]:.0f} s; checkpoint kept: `{record["checkpoint"]}`
{f"- The run {record['verdict']}" if record.get("verdict") else ""}
## Held-out figures of this checkpoint

In brackets: 95% intervals by conversation, where text was generated.

| figure | before the first step | this adapter |
|---|---|---|
{rows}

{calling(config["out"], record["family"], adapter=True)}
## Limits

Made for hotel search in Chinese; its replies must be checked against the database's records, as the workbench does. Configuration, versions and data
hashes stand in `{RECORD_FILE}`, which reproduces the run.
"""
