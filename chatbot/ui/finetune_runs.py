"""Runs of the Fine-tune tab: start, stop and resume them as jobs, and say in words and curves how they stand."""

import re
import sys
import time
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.jobs import ACTIVE, FOLDER_MARK, Job, list_jobs, start
from chatbot.settings import Settings
from chatbot.training.config import FinetuneConfig
from chatbot.ui.finetune_curves import Point, chart
from chatbot.ui.words import say

WORDS = {
    "finetune.state.queued": ("排队中，等另一个训练结束", "Waiting for another run to end"),
    "finetune.state.running": ("正在训练", "Training"),
    "finetune.state.stopping": ("正在保存并停止", "Saving and stopping"),
    "finetune.state.done": ("训练完成，已出现在“对话”和“评测”的模型列表里", "Done; it is now among the models of Chat and Evaluate"),
    "finetune.state.failed": ("没有成功", "Did not succeed"),
    "finetune.state.stopped": ("已停止，可以继续", "Stopped; can be resumed"),
    "finetune.state.died": ("进程意外结束，可以从上一个检查点继续", "The process ended unexpectedly; resume from the last checkpoint"),
    "finetune.preparing": ("正在准备：读数据、装入模型", "Preparing: reading data, loading the model"),
    "finetune.left": ("还要约 {time}", "about {time} left"),
    "finetune.minutes": ("{n} 分钟", "{n} min"),
    "finetune.seconds": ("{n} 秒", "{n} s"),
    "finetune.step": ("第 {step} / {total} 步", "step {step} of {total}"),
    "finetune.rollback": (
        "第 {step} 步损失异常，已退回第 {back} 步，学习率降为 {rate:g}",
        "The loss exploded at step {step}; back to step {back}, learning rate now {rate:g}",
    ),
    "finetune.c.loss": ("损失", "Loss"),
    "finetune.c.train": ("训练", "training"),
    "finetune.c.held": ("留出集", "held out"),
    "finetune.c.quality": ("留出集上的生成", "Generated on held-out data"),
    "finetune.c.slot_f1": ("槽位 F1", "slot F1"),
    "finetune.c.call_exact": ("调用完全正确", "exact call"),
    "finetune.c.act_accuracy": ("该查就查", "call or reply"),
    "finetune.c.learning_rate": ("学习率", "Learning rate"),
    "finetune.c.grad_norm": ("梯度范数", "Gradient norm"),
    "finetune.c.tokens_per_second": ("词元/秒", "Tokens a second"),
    "finetune.runs.none": ("还没有训练。左边选好，点“开始训练”。", "No runs yet. Choose on the left and press Start."),
    "finetune.runs.pick": ("勾选两个训练来比较", "Tick two runs to compare them"),
    "finetune.runs.same": ("两次训练的设置相同", "Both runs have the same settings"),
    "finetune.runs.setting": ("设置", "Setting"),
}
QUALITY = ("slot_f1", "call_exact", "act_accuracy")
KIND = "finetune"


def root(settings: Settings) -> Path:
    """The folder of all jobs."""
    return settings.folder("jobs")


def launch(settings: Settings, fields: dict[str, Any]) -> Job:
    """Start a run as a job of its own.

    Raises:
        InputError: a field is missing or out of range.
    """
    for name in ("base", "data"):
        if not fields.get(name):
            raise InputError(f"no {name} was chosen", remedy="Choose one on the left.")
    config = FinetuneConfig(**{**fields, "out": Path(FOLDER_MARK) / "adapter"})
    given = {name: value for name, value in config.model_dump(mode="json").items() if value is not None}
    argv = [sys.executable, "-m", "chatbot", KIND, "--job", FOLDER_MARK, "--hotels", str(settings.hotels), *_flags(given)]
    name = f"{time.strftime('%m%d-%H%M%S')}-{config.method}-{re.sub(r'[^A-Za-z0-9_.-]', '', config.data.stem)[:24]}"
    return start(KIND, given, argv, root(settings), resource="trainer", name=name)


def _flags(given: dict[str, Any]) -> Iterable[str]:
    for name, value in given.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            yield f"--{flag}" if value else f"--no-{flag}"
        else:
            yield from (f"--{flag}", str(value))


def jobs(settings: Settings) -> list[Job]:
    """All runs, newest first."""
    return list_jobs(root(settings), KIND)


def find(settings: Settings, name: str | None) -> Job:
    """A run by its name.

    Raises:
        InputError: none is chosen, or it is not a run's name.
    """
    found = next((job for job in jobs(settings) if job.id == name), None)
    if found is None:
        raise InputError("no run is chosen", value=name, remedy="Choose a run from the list.")
    return found


def line(job: Job, key: str) -> list[Point]:
    """One figure over the steps; a step that was done again after a roll-back counts as it was the last time."""
    return sorted({e["step"]: (e["step"], e[key]) for e in job.events() if isinstance(e.get(key), int | float)}.values())


def curves(job: Job, who: Any) -> str:
    """All charts of one run."""
    loss = {say(who, "finetune.c.train"): line(job, "loss"), say(who, "finetune.c.held"): line(job, "eval_loss")}
    charts = [chart(say(who, "finetune.c.loss"), {name: points for name, points in loss.items() if points})]
    quality = {say(who, f"finetune.c.{name}"): line(job, f"eval_{name}") for name in QUALITY}
    charts.append(chart(say(who, "finetune.c.quality"), {name: points for name, points in quality.items() if points}))
    charts += [chart(say(who, f"finetune.c.{name}"), {name: line(job, name)}) for name in ("learning_rate", "grad_norm", "tokens_per_second")]
    return f'<div class="curves">{"".join(charts)}</div>'


def status(job: Job, who: Any) -> str:
    """How a run stands, in a sentence, with a bar where it runs."""
    state, events = job.state, list(job.events())
    last = next((e for e in reversed(events) if e.get("event") in ("log", "eval")), None)
    parts = [say(who, f"finetune.state.{state}")] if last or state not in ACTIVE or state == "queued" else [say(who, "finetune.preparing")]
    share = 0.0
    if last and state in ACTIVE:
        share = last["step"] / max(1, last["max_steps"])
        parts += [say(who, "finetune.step", step=last["step"], total=last["max_steps"]), *_left(events, who)]
    notes = [_rollback(e, who) for e in events if e.get("event") == "rollback"]
    if state == "failed":
        notes.append(next((text for text in reversed(job.log_tail(30).splitlines()) if text.startswith("error:")), "").removeprefix("error:"))
    bar = f'<div class="progress"><i style="width:{share:.0%}"></i></div>' if state in ACTIVE else ""
    return f'<p class="state {state}">{escape(" · ".join(parts))}</p>{bar}' + "".join(f'<p class="note">{escape(note)}</p>' for note in notes if note)


def _left(events: list[dict[str, Any]], who: Any) -> list[str]:
    seconds = next((e["seconds_left"] for e in reversed(events) if "seconds_left" in e), None)
    if seconds is None:
        return []
    return [say(who, "finetune.left", time=duration(seconds, who))]


def duration(seconds: float, who: Any) -> str:
    """Seconds in words."""
    if seconds < 90:
        return say(who, "finetune.seconds", n=round(seconds))
    return say(who, "finetune.minutes", n=round(seconds / 60))


def _rollback(event: dict[str, Any], who: Any) -> str:
    return say(who, "finetune.rollback", step=event["step"], back=event["back_to"], rate=event["learning_rate"])


def compare(chosen: list[Job], who: Any) -> str:
    """Curves of several runs over one another, and only those settings in which they differ."""
    if len(chosen) < 2:
        return f'<p class="quiet">{say(who, "finetune.runs.pick")}</p>'
    keys = (("loss", "finetune.c.loss"), ("eval_slot_f1", "finetune.c.slot_f1"), ("eval_loss", "finetune.c.held"))
    charts = "".join(chart(say(who, title), {job.id: line(job, key) for job in chosen}) for key, title in keys)
    return f'<div class="curves">{charts}</div>{_differences(chosen, who)}'


def _differences(chosen: list[Job], who: Any) -> str:
    configs = [job.config for job in chosen]
    names = [name for name in FinetuneConfig.model_fields if name != "out" and len({str(config.get(name)) for config in configs}) > 1]
    if not names:
        return f'<p class="quiet">{say(who, "finetune.runs.same")}</p>'
    head = "".join(f"<th>{escape(job.id)}</th>" for job in chosen)
    rows = "".join(f"<tr><th>{name}</th>{_cells(name, configs)}</tr>" for name in names)
    return f'<table class="differences"><tr><th>{say(who, "finetune.runs.setting")}</th>{head}</tr>{rows}</table>'


def _cells(name: str, configs: list[dict[str, Any]]) -> str:
    return "".join(f"<td>{escape(str(config.get(name, '—')))}</td>" for config in configs)
