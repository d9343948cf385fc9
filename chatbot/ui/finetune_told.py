"""How a run of the Fine-tune tab stands, in words: its state, what it has gained, what the guard did, what was merged, and what to do next."""

from html import escape
from typing import Any

from chatbot.jobs import ACTIVE, Job, list_jobs
from chatbot.training.guard import blamed
from chatbot.training.record import read_record
from chatbot.ui.errors import last_error
from chatbot.ui.finetune_runs import merged
from chatbot.ui.words import say

WORDS = {
    "finetune.state.queued": ("排队中，等另一个训练结束", "Waiting for another run to end"),
    "finetune.state.running": ("正在训练", "Training"),
    "finetune.state.stopping": ("正在保存并停止", "Saving and stopping"),
    "finetune.state.done": ("训练完成，已出现在“对话”和“评测”的模型列表里", "Done; it is now among the models of Chat and Evaluate"),
    "finetune.state.failed": ("没有成功", "Did not succeed"),
    "finetune.state.gave_up": (
        "守护停止了训练；之前最好的适配器保留了下来，可以使用",
        "The guard ended the run; the best adapter so far is kept and can be used",
    ),
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
    "finetune.gained": (
        "留出对话上的槽位 F1：训练前 {before:.2f}，现在 {after:.2f}（{gain:+.2f}）",
        "Slot F1 on held-out conversations: {before:.2f} before, {after:.2f} now ({gain:+.2f})",
    ),
    "finetune.no_gain": (
        "比训练前没有进步：多训练几步，或换一种方法、学习率",
        "No better than before the run: train longer, or try another method or learning rate",
    ),
    "finetune.blame.data": (
        "多次出在这些对话上：{names}。请检查或删掉它们再训练",
        "It happened again and again at these conversations: {names}. Check or remove them and train again",
    ),
    "finetune.blame.rate": (
        "每次出在不同的地方：把学习率调低，或把每批行数调大",
        "It happened in different places: lower the learning rate or raise the rows a batch",
    ),
    "finetune.merge.running": ("正在合并导出", "Merging"),
    "finetune.merge.failed": ("合并没有成功：{reason}", "Merging failed: {reason}"),
    "finetune.merge.done": ("已合并为完整模型（safetensors）：{path}", "Merged into a whole model (safetensors): {path}"),
    "finetune.walk.title": ("第一次来？走一遍只要几分钟", "New here? The walk takes minutes"),
    "finetune.walk.choose": (
        "什么都不用改：基座、数据、方法和“试一下”都选好了。基座没听过口语说法，数据里有",
        "Change nothing: all is chosen. The base has not heard colloquial words; the data has them",
    ),
    "finetune.walk.look": (
        "点“先看一看”：绿色的字是模型要学着写的，其余只是看",
        "Press “Look first”: green is what it learns to write, the rest it only reads",
    ),
    "finetune.walk.train": ("点“开始训练”，看槽位 F1 从第 0 步（基座）往上走", "Press “Start” and watch slot F1 climb from step 0, which is the base"),
    "finetune.walk.try": (
        "到“对话”选「{name}」，说“想找能打麻将的经济型酒店”，再和基座对比",
        "In Chat choose “{name}”, say “想找能打麻将的经济型酒店”, and compare it with the base",
    ),
    "finetune.walk.new": ("新训练的模型", "the new model"),
}
SHOWN = 6
"""Conversations that are named where the data is blamed."""


def status(job: Job, who: Any) -> str:
    """How a run stands, in a sentence, with a bar where it runs and what a person should know below."""
    state, events = job.state, list(job.events())
    last = next((e for e in reversed(events) if e.get("event") in ("log", "eval")), None)
    end: dict[str, Any] = next((e for e in reversed(events) if e.get("event") == "end"), {})
    kind = "gave_up" if state == "failed" and end.get("verdict") else state
    parts = [say(who, f"finetune.state.{kind}")] if last or state not in ACTIVE or state == "queued" else [say(who, "finetune.preparing")]
    share = 0.0
    if last and state in ACTIVE:
        share = last["step"] / max(1, last["max_steps"])
        parts += [say(who, "finetune.step", step=last["step"], total=last["max_steps"]), *_left(events, who)]
    bar = f'<div class="progress"><i style="width:{share:.0%}"></i></div>' if state in ACTIVE else ""
    failure = last_error(job, who) if kind == "failed" else ""
    notes = [*_guard(events, kind, who), *([failure] if failure else [])]
    after = _gain(job, events, state, who) + "".join(_note(note) for note in notes) + _merge(job, who)
    return f'<p class="state {kind}">{escape(" · ".join(parts))}</p>{bar}{after}'


def _note(text: str, kind: str = "") -> str:
    return f'<p class="note {kind}">{escape(text)}</p>'


def _gain(job: Job, events: list[dict[str, Any]], state: str, who: Any) -> str:
    """Slot F1 of the bare base and of the adapter that is kept, or of the best one so far, as a note; "" where neither was measured."""
    scores = [(e["step"], e["eval_slot_f1"]) for e in events if isinstance(e.get("eval_slot_f1"), int | float)]
    before = next((score for step, score in scores if step == 0), None)
    later = [score for step, score in scores if step]
    kept = read_record(job.folder / "adapter").get("best", {}).get("slot_f1")
    if before is None or not later:
        return ""
    after = kept if isinstance(kept, float) and state not in ACTIVE else max(later)
    told = _note(say(who, "finetune.gained", before=before, after=after, gain=after - before), "good" if after > before else "")
    return told + (_note(say(who, "finetune.no_gain")) if after <= before and state not in ACTIVE else "")


def _guard(events: list[dict[str, Any]], kind: str, who: Any) -> list[str]:
    """What the guard did, and whom it blames where it gave up."""
    rollbacks = [e for e in events if e.get("event") == "rollback"]
    notes = [say(who, "finetune.rollback", step=e["step"], back=e["back_to"], rate=e["learning_rate"]) for e in rollbacks]
    if kind != "gave_up" or len(rollbacks) < 2:
        return notes
    same = blamed([e.get("conversations", []) for e in rollbacks])
    names = "、".join(same[:SHOWN]) + (" …" if len(same) > SHOWN else "")
    return [*notes, say(who, "finetune.blame.data", names=names) if same else say(who, "finetune.blame.rate")]


def _merge(job: Job, who: Any) -> str:
    """How the newest merge of this run's adapter stands."""
    merge = next((other for other in list_jobs(job.folder.parent, "merge") if other.config.get("adapter") == job.id), None)
    if merge is None:
        return ""
    if merge.state in ACTIVE:
        return _note(say(who, "finetune.merge.running"))
    if merge.state == "done":
        return _note(say(who, "finetune.merge.done", path=merged(job)), "good")
    return _note(say(who, "finetune.merge.failed", reason=last_error(merge, who) or merge.state))


def _left(events: list[dict[str, Any]], who: Any) -> list[str]:
    seconds = next((e["seconds_left"] for e in reversed(events) if "seconds_left" in e), None)
    return [] if seconds is None else [say(who, "finetune.left", time=duration(seconds, who))]


def duration(seconds: float, who: Any) -> str:
    """Seconds in words; below five minutes a half one counts."""
    if seconds < 90:
        return say(who, "finetune.seconds", n=round(seconds))
    minutes = seconds / 60
    return say(who, "finetune.minutes", n=round(minutes) if minutes >= 5 else f"{round(2 * minutes) / 2:g}")


def walk(job: Job | None, who: Any) -> str:
    """Four steps for a newcomer; the one that comes next is marked."""
    at = 1 if job is None else 3 if job.state == "done" else 2
    name = job.id if job is not None and job.state == "done" else say(who, "finetune.walk.new")
    steps = [say(who, f"finetune.walk.{step}", name=name) for step in ("choose", "look", "train", "try")]
    marks = ["past" if k < at else "now" if k == at else "" for k in range(len(steps))]
    items = "".join(f'<li class="{mark}">{escape(text)}</li>' for mark, text in zip(marks, steps, strict=True))
    return f'<details class="walk" {"" if job else "open"}><summary>{say(who, "finetune.walk.title")}</summary><ol>{items}</ol></details>'
