"""Runs of the Fine-tune tab: start and find them as jobs, draw their curves, and lay two of them over each other."""

import re
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.events import Metrics
from chatbot.core.jobs import FOLDER_MARK, Job, list_jobs, start_task
from chatbot.core.settings import Settings
from chatbot.training.config import RESOURCE, FinetuneConfig
from chatbot.training.guarded.checkpoint_list import scored_checkpoints
from chatbot.ui.charts.curves import Point, chart
from chatbot.ui.finetune.form import FinetuneForm
from chatbot.ui.finetune.launch import ALONE, LaunchForm
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.html import cells, quiet, table

QUALITY = ("slot_f1", "call_exact", "act_accuracy")
DIAGNOSIS = ("learning_rate", "grad_norm", "tokens_per_second")
KIND = "finetune"


def root(settings: Settings) -> Path:
    """The folder of all jobs."""
    return settings.folder("jobs")


def launch(settings: Settings, chosen: FinetuneForm, how: LaunchForm = ALONE) -> Job:
    """Start a run as a job of its own.

    Raises:
        InputError: a field is missing or out of range, a path lies where the page may not read, or it can't be spread as asked.
    """
    config = (
        chosen.within(settings).config(Path(FOLDER_MARK) / "adapter").model_copy(update={"hotels": settings.hotels})
    )
    spread = how.spread(settings)
    if spread:
        import torch

        spread.refuse_unfit(config.method, torch.cuda.device_count())
    called = re.sub(r"[^A-Za-z0-9_.-]", "", config.data.stem)[:24]
    return _start(settings, config, called, spread.words() if spread else ())


def go_on(settings: Settings, job: Job, checkpoint: Path, steps: int) -> Job:
    """Start a new run that goes on from a checkpoint of another for so many steps more.

    Raises:
        InputError: the checkpoint is not there any more.
    """
    kept = {found.kept: found.step for found in scored_checkpoints(job.folder / "adapter")}
    if checkpoint not in kept:
        raise InputError("training.start", value=checkpoint)
    fields = job.config | {"start": checkpoint, "out": Path(FOLDER_MARK) / "adapter"}
    fields["max_steps"] = kept[checkpoint] + steps
    config = FinetuneConfig.model_validate({name: value for name, value in fields.items() if name != "kind"})
    return _start(settings, config, f"from-{kept[checkpoint]}")


def _start(settings: Settings, config: FinetuneConfig, called: str, through: Sequence[str] = ()) -> Job:
    given = {name: value for name, value in config.model_dump(mode="json").items() if value is not None}
    name = f"{time.strftime('%m%d-%H%M%S')}-{config.method}-{called}"
    return start_task(KIND, given, root(settings), through=through, resource=RESOURCE, name=name)


def jobs(settings: Settings) -> list[Job]:
    """All runs, newest first."""
    return list_jobs(root(settings), KIND)


def merged(job: Job) -> Path:
    """The folder of a run's merged model."""
    return job.folder.parent.parent / "models" / f"{job.id}-merged"


def merge(settings: Settings, job: Job) -> Job:
    """Fold a run's adapter into its base, as a job of its own."""
    settings.folder("models")
    config = {"base": job.config["base"], "adapter": str(job.folder / "adapter"), "out": str(merged(job))}
    return start_task("merge", config, root(settings))


def merge_of(job: Job) -> Job | None:
    """The newest merge of a run's adapter; of an earlier version's, the configuration says the run's name."""
    named = (job.id, str(job.folder / "adapter"))
    return next(
        (other for other in list_jobs(job.folder.parent, "merge") if other.config.get("adapter") in named), None
    )


def find(settings: Settings, name: str | None) -> Job:
    """A run by its name.

    Raises:
        InputError: none is chosen, or it is not a run's name.
    """
    found = next((job for job in jobs(settings) if job.id == name), None)
    if found is None:
        raise InputError("ui.no_run", value=name)
    return found


def adapter_card(job: Job) -> str:
    """The card of a run's adapter without its metadata; "" before there is one."""
    path = job.folder / "adapter" / "README.md"
    return path.read_text(encoding="utf-8").split("---", 2)[-1].strip() if path.is_file() else ""


def line(job: Job, key: str) -> list[Point]:
    """One figure over the steps; a step that was done again after a roll-back counts as it was the last time."""
    points = ((e.step, e.figures.get(key)) for e in job.events() if isinstance(e, Metrics))
    return sorted({step: (step, figure) for step, figure in points if figure is not None}.values())


def curves(job: Job, who: Any) -> str:
    """All charts of one run."""
    loss = {
        translate(who, "finetune.c.train"): line(job, "loss"),
        translate(who, "finetune.c.held"): line(job, "eval_loss"),
    }
    quality = {translate(who, f"finetune.c.{name}"): line(job, f"eval_{name}") for name in QUALITY}
    main = [("quality", quality, True), ("loss", loss, False)]
    charts = [
        chart(
            translate(who, f"finetune.c.{name}"),
            {key: points for key, points in found.items() if points},
            shares=of_one,
        )
        for name, found, of_one in main
    ]
    others = "".join(chart(translate(who, f"finetune.c.{name}"), {name: line(job, name)}) for name in DIAGNOSIS)
    head = f"<h4>{translate(who, 'finetune.diagnosis')}</h4>" if others else ""
    return f'<div class="curves">{"".join(charts)}</div>{head}<div class="curves small">{others}</div>'


def compare(chosen: list[Job], who: Any) -> str:
    """Curves of several runs over one another, and only those settings in which they differ."""
    if len(chosen) < 2:
        return quiet(translate(who, "finetune.runs.pick"))
    keys = (("loss", "finetune.c.loss"), ("eval_slot_f1", "finetune.c.slot_f1"), ("eval_loss", "finetune.c.held"))
    charts = "".join(
        chart(translate(who, title), {job.id: line(job, key) for job in chosen}, shares=key == "eval_slot_f1")
        for key, title in keys
    )
    return f'<div class="curves">{charts}</div>{_differences(chosen, who)}'


def _differences(chosen: list[Job], who: Any) -> str:
    configs = [job.config for job in chosen]
    names = [
        name
        for name in FinetuneConfig.model_fields
        if name != "out" and len({str(config.get(name)) for config in configs}) > 1
    ]
    if not names:
        return quiet(translate(who, "finetune.runs.same"))
    head = [translate(who, "finetune.runs.setting"), *(escape(job.id) for job in chosen)]
    values = {name: (escape(str(config.get(name, "—"))) for config in configs) for name in names}
    return table("differences", head, (cells([name], "th") + cells(found) for name, found in values.items()))
