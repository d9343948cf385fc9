"""A new run that goes on from a checkpoint of another: its weights, its optimiser, its step."""

import json
import shutil
from pathlib import Path
from typing import Any

from accelerate import PartialState

from chatbot.core.errors import InputError
from chatbot.core.files import sha256
from chatbot.training.config import FinetuneConfig
from chatbot.training.guarded.identity import BASE
from chatbot.training.run_record import complete_checkpoints, read_record, step_of, write_record

STATE = "trainer_state.json"
SAME = (
    *("method", "rank", "target_rank", "alpha", "rslora", "dora", "modules", "virtual_tokens", "encoder_size"),
    *("loraplus", "weight_decay"),
)
"""What makes the adapter and its optimiser what they are."""


def begin_from(config: FinetuneConfig) -> None:
    """Put `config.start` into a new run's folder as its own first checkpoint, where it is not there already.

    Raises:
        InputError: it is no whole checkpoint of a run, or of one with another base, method or optimiser.
    """
    if config.start is None:
        return
    with PartialState().main_process_first():
        if not complete_checkpoints(config.checkpoints) and "config" not in read_record(config.out):
            _copy(config, config.start)


def refuse_done(config: FinetuneConfig, steps: int) -> None:
    """Raise InputError where a run that goes on from a checkpoint would have nothing left to do."""
    if config.start is not None and step_of(config.start) >= steps:
        raise InputError("training.start_done", value=config.start.name, steps=steps)


def _copy(config: FinetuneConfig, start: Path) -> None:
    if start not in complete_checkpoints(start.parent):
        raise InputError("training.start", value=start)
    record = read_record(start.parent.parent)
    _refuse_other(config, record)
    step = step_of(start)
    part = config.checkpoints / f"{start.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(start, part)
    state = _own(json.loads((part / STATE).read_text(encoding="utf-8")), step, config.checkpoints / start.name)
    (part / STATE).write_text(json.dumps(state, ensure_ascii=False, indent=1), encoding="utf-8")
    write_record(config.out, {"guard": {"start": (record.get("guard") or {}).get("start"), "slowed": 0}})
    part.rename(config.checkpoints / start.name)


def _refuse_other(config: FinetuneConfig, record: dict[str, Any]) -> None:
    before, now = record.get("config") or {}, json.loads(config.model_dump_json())
    defaults = {name: field.default for name, field in FinetuneConfig.model_fields.items()}
    changed = [
        f"{name}: {before.get(name, defaults[name])} → {now[name]}"
        for name in SAME
        if before.get(name, defaults[name]) != now[name]
    ]
    known = {name: found for name, found in (record.get("identity") or {}).items() if name.startswith(BASE)}
    changed += [
        name
        for name, found in known.items()
        if not (file := config.base / name.removeprefix(BASE)).is_file() or sha256(file) != found
    ]
    if changed:
        raise InputError("training.start_other", value=config.start, changed=changed)


def _own(state: dict[str, Any], step: int, place: Path) -> dict[str, Any]:
    """A checkpoint's state as if it were this run's best so far, with its patience begun anew."""
    metric = _metric(state)
    found = [line[metric] for line in state["log_history"] if line["step"] == step and metric in line]
    best = {"best_metric": found[-1], "best_model_checkpoint": str(place), "best_global_step": step} if found else {}
    stopping = (state.get("stateful_callbacks") or {}).get("EarlyStoppingCallback")
    for one in [stopping] if isinstance(stopping, dict) else stopping or []:
        one["attributes"]["early_stopping_patience_counter"] = 0
    return state | best


def _metric(state: dict[str, Any]) -> str:
    """The figure by which the run chose, as its history names it: the generated one where there is one."""
    names = {name for line in state["log_history"] for name in line}
    return "eval_slot_f1" if "eval_slot_f1" in names else "eval_loss"
