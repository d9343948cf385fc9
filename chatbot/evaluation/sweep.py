"""A sweep: the same run at every combination of one or two settings, as a table that says which of them the figures can tell apart."""

import gc
import json
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from chatbot.core.errors import InputError, TrainingError
from chatbot.core.events import Event, JobWriter, Note, Progress, Reporter, Stopped
from chatbot.training.config import FinetuneConfig
from chatbot.training.options.config_file import checked_config
from chatbot.training.options.fitting import refuse_unfit
from chatbot.training.run_record import FIGURES, HIGH, LOW, figure_text, read_record

MOST_SETTINGS, MOST_RUNS = 2, 24
FIXED = ("base", "data", "out", "eval_data", "eval_share", "eval_limit", "hotels", "start")
"""What must be the same in all runs, or their figures could not be compared."""
ROW = "swept.json"
"""In a run's folder once it has ended by itself: its row of the table."""


class SweepConfig(BaseModel):
    """Which run, and what changes in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: dict[str, Any] = Field(description="settings of a fine-tuning that all runs share")
    over: dict[str, list[Any]] = Field(description="setting → the values that it takes in turn")
    out: Path = Field(description="folder of the runs, each in one of its own")


def read_over(texts: Sequence[str]) -> dict[str, list[Any]]:
    """`NAME=VALUE,VALUE` as a person types it.

    Raises:
        InputError: it is not of that form, or a setting stands twice.
    """
    out: dict[str, list[Any]] = {}
    for text in texts:
        name, _, values = text.partition("=")
        field = name.strip().removeprefix("--").replace("-", "_")
        found = [value.strip() for value in values.split(",") if value.strip()]
        if not found or not field or field in out:
            raise InputError("training.sweep_over", value=text)
        out[field] = found
    return out


def runs(config: SweepConfig) -> dict[str, FinetuneConfig]:
    """Every run by its name, which is what is special about it.

    Raises:
        InputError: a setting can't be swept or is unknown, a value does not fit, or there are too many runs.
    """
    allowed = [name for name in FinetuneConfig.model_fields if name not in FIXED]
    if unknown := [name for name in config.over if name not in allowed]:
        raise InputError("training.sweep_setting", value=unknown[0], choices=allowed)
    count = len(list(product(*config.over.values())))
    if not 1 <= len(config.over) <= MOST_SETTINGS or not 1 < count <= MOST_RUNS:
        raise InputError("training.sweep_size", value=count, runs=count, settings=MOST_SETTINGS, most=MOST_RUNS)
    return dict(_made(config, values) for values in product(*config.over.values()))


def _made(config: SweepConfig, values: tuple[Any, ...]) -> tuple[str, FinetuneConfig]:
    own = dict(zip(config.over, values, strict=True))
    name = ",".join(f"{setting}={value}" for setting, value in own.items())
    made = checked_config(config.run | own | {"out": config.out / name})
    refuse_unfit(made)
    return name, made


class _Within:
    """Keeps a run's own events in its folder, and tells of its steps where the sweep is watched."""

    def __init__(self, outer: Reporter, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._outer, self._own = outer, JobWriter(folder)

    def event(self, event: Event) -> None:
        self._own.event(event)
        if not isinstance(event, Progress):
            self._outer.event(event)

    def should_stop(self) -> bool:
        return self._outer.should_stop()


def sweep(config: SweepConfig, hotels: Path, reporter: Reporter) -> dict[str, Any]:
    """Train every run that has not ended yet, one after another; gives the rows and the table.

    Raises:
        InputError: as `runs` and the training do.
        Stopped: it was asked to stop; what was trained stays, and a run that was cut off goes on.
    """
    planned, rows = runs(config), []
    for done, (name, one) in enumerate(planned.items()):
        reporter.event(Progress(done=done, total=len(planned), what=name))
        rows.append(_kept(one.out) or _trained(one, {s: getattr(one, s) for s in config.over}, hotels, reporter))
        reporter.event(Note(text=f"{name}: {_told(rows[-1])}"))
        gc.collect()  # else two models would lie in memory
    reporter.event(Progress(done=len(planned), total=len(planned)))
    return {"rows": ordered(rows), "table": "\n".join(table(rows))}


def _kept(folder: Path) -> dict[str, Any] | None:
    path = folder / ROW
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _trained(config: FinetuneConfig, settings: dict[str, Any], hotels: Path, reporter: Reporter) -> dict[str, Any]:
    from chatbot.evaluation.checkpoints import evaluators
    from chatbot.training.finetune import finetune

    within = _Within(reporter, config.out)
    verdict = ""
    try:
        finetune(config, within, evaluators(hotels, reporter=within))
    except TrainingError as error:
        verdict = error.text("en")
    if reporter.should_stop():
        raise Stopped
    record = read_record(config.out)
    row = {
        "settings": settings,
        "figures": record.get("best") or {},
        "steps": record.get("steps"),
        "seconds": record.get("seconds"),
        "verdict": verdict or record.get("verdict") or "",
        "adapter": str(config.out),
    }
    (config.out / ROW).write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    return row


def ordered(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Best first, by slot F1 where it was measured and by the held-out loss elsewhere; each says whether the best is surely better.

    `apart` is False where the 95% intervals overlap, and None without intervals.
    """
    found = sorted(rows, key=_rank)
    return [row | {"apart": _apart(found[0], row)} for row in found]


def _rank(row: dict[str, Any]) -> tuple[float, float]:
    figures = row["figures"]
    return -float(figures.get("slot_f1", -1)), float(figures.get("loss", float("inf")))


def _apart(best: dict[str, Any], row: dict[str, Any]) -> bool | None:
    ends = (best["figures"].get("slot_f1" + LOW), row["figures"].get("slot_f1" + HIGH))
    return None if None in ends else ends[0] > ends[1]


def table(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The rows as Markdown, best first."""
    found = ordered(rows)
    names = list(found[0]["settings"])
    head = ["", *names, *FIGURES.values(), "steps", "seconds"]
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for place, row in enumerate(found):
        mark = "*" if place == 0 else "~" if row["apart"] is False else ""
        figures = [figure_text(row["figures"], name) for name in FIGURES]
        end = [row["verdict"]] if row["verdict"] else []
        cells = [mark, *(str(row["settings"][name]) for name in names), *figures, str(row["steps"] or "—")]
        seconds = "—" if row["seconds"] is None else f"{row['seconds']:.0f}"
        yield f"| {' | '.join([*cells, '; '.join([seconds, *end])])} |"
    yield ""
    yield "`*` the best; `~` its interval and the best one's overlap: these conversations are too few to tell them apart."


def _told(row: dict[str, Any]) -> str:
    figures = ", ".join(f"{title} {figure_text(row['figures'], name)}" for name, title in FIGURES.items())
    return f"{figures}{'; ' + row['verdict'] if row['verdict'] else ''}"
