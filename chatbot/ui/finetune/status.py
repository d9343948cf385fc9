"""How a run of the Fine-tune tab stands, in words: its state, what it has gained, what the guard did, what was merged, and what to do next."""

from html import escape
from typing import Any

from chatbot.core.events import GAVE_UP, Done, Event, Failed, Metrics, Progress, Rollback, last
from chatbot.core.jobs import ACTIVE, Job
from chatbot.training.loss_guard import blamed
from chatbot.training.run_record import HIGH, LOW, read_record
from chatbot.ui.finetune.runs import merge_of, merged
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.errors import last_error
from chatbot.ui.shell.html import note, para, progress

SHOWN = 6
"""Conversations that are named where the data is blamed."""


def status(job: Job, who: Any) -> str:
    """How a run stands, in a sentence, with a bar where it runs and what a person should know below."""
    state, events = job.state, list(job.events())
    point, end = last(events, Metrics), last(events, Done, Failed)
    kind = "gave_up" if state == "failed" and isinstance(end, Failed) and end.code == GAVE_UP else state
    parts = (
        [translate(who, f"finetune.state.{kind}")]
        if point or state != "running"
        else [translate(who, "finetune.preparing")]
    )
    parts += _doing(events, who) if state in ACTIVE else []
    share = 0.0
    if point and point.max_steps and state in ACTIVE:
        share = point.step / point.max_steps
        parts += [translate(who, "finetune.step", step=point.step, total=point.max_steps), *_left(events, who)]
    elif state in ACTIVE and (now := _under_way(events)) and now.total:
        share = now.done / now.total
    bar = progress(share) if state in ACTIVE else ""
    failure = last_error(job, who) if kind == "failed" else ""
    notes = [*_guard(events, kind, who), *([failure] if failure else [])]
    after = _gain(job, events, state, who) + "".join(map(note, notes)) + _merge(job, who)
    return para(f"state {kind}", escape(" · ".join(parts))) + bar + after


def _gain(job: Job, events: list[Event], state: str, who: Any) -> str:
    """Slot F1 of the bare base and of the adapter that is kept, or of the best one so far, as a note; "" where neither was measured."""
    points = [(e.step, e.figures.get("eval_slot_f1")) for e in events if isinstance(e, Metrics)]
    scores = [(step, score) for step, score in points if score is not None]
    before = next((score for step, score in scores if step == 0), None)
    later = [score for step, score in scores if step]
    kept = read_record(job.folder / "adapter").get("best", {}).get("slot_f1")
    if before is None or not later:
        return ""
    after = kept if isinstance(kept, float) and state not in ACTIVE else max(later)
    told = note(
        translate(who, "finetune.gained", before=before, after=after, gain=round(after, 2) - round(before, 2)),
        "good" if after > before else "",
    )
    if after > before and _overlap(events, after):
        return told + note(translate(who, "finetune.overlap"))
    return told + (note(translate(who, "finetune.no_gain")) if after <= before and state not in ACTIVE else "")


def _overlap(events: list[Event], after: float) -> bool:
    """Whether the bare base's 95% interval reaches into that of a later score; False where there are none."""
    points = [e for e in events if isinstance(e, Metrics)]
    high = next((e.figures.get(f"eval_slot_f1{HIGH}") for e in points if e.step == 0), None)
    low = next(
        (e.figures.get(f"eval_slot_f1{LOW}") for e in points if e.step and e.figures.get("eval_slot_f1") == after), None
    )
    return high is not None and low is not None and high >= low


def _guard(events: list[Event], kind: str, who: Any) -> list[str]:
    """What the guard did, and whom it blames where it gave up."""
    rollbacks = [e for e in events if isinstance(e, Rollback)]
    notes = [translate(who, "finetune.rollback", step=e.step, back=e.back_to, rate=e.learning_rate) for e in rollbacks]
    if kind != "gave_up" or len(rollbacks) < 2:
        return notes
    same = blamed(rollbacks)
    names = "、".join(same[:SHOWN]) + (" …" if len(same) > SHOWN else "")
    return [
        *notes,
        translate(who, "finetune.blame.data", names=names) if same else translate(who, "finetune.blame.rate"),
    ]


def _merge(job: Job, who: Any) -> str:
    """How the newest merge of this run's adapter stands."""
    merge = merge_of(job)
    if merge is None:
        return ""
    if merge.state in ACTIVE:
        return note(translate(who, "finetune.merge.running"))
    if merge.state == "done":
        return note(translate(who, "finetune.merge.done", path=merged(job)), "good")
    return note(translate(who, "finetune.merge.failed", reason=last_error(merge, who) or merge.state))


def _under_way(events: list[Event]) -> Progress | None:
    now = events[-1] if events else None
    return now if isinstance(now, Progress) else None


def _doing(events: list[Event], who: Any) -> list[str]:
    """What is under way that takes long and moves no step."""
    now = _under_way(events)
    if now is None or not now.what:
        return []
    return [translate(who, f"finetune.doing.{now.what}", done=now.done, total=now.total)]


def _left(events: list[Event], who: Any) -> list[str]:
    told = (e.seconds_left for e in reversed(events) if isinstance(e, Metrics))
    seconds = next((seconds for seconds in told if seconds is not None), None)
    return [] if seconds is None else [translate(who, "finetune.left", time=duration(seconds, who))]


def duration(seconds: float, who: Any) -> str:
    """Seconds in words; below five minutes a half one counts, and a clock that was set back takes none."""
    seconds = max(0.0, seconds)
    if seconds < 90:
        return translate(who, "finetune.seconds", n=round(seconds))
    minutes = seconds / 60
    return translate(who, "finetune.minutes", n=round(minutes) if minutes >= 5 else f"{round(2 * minutes) / 2:g}")


def next_steps(job: Job | None, who: Any) -> str:
    """Four steps for a newcomer; the one that comes next is marked."""
    at = 3 if job is not None and job.state == "done" else 2
    name = job.id if job is not None and job.state == "done" else translate(who, "finetune.walk.new")
    steps = [translate(who, f"finetune.walk.{step}", name=name) for step in ("choose", "look", "train", "try")]
    marks = ["past" if k < at else "now" if k == at else "" for k in range(len(steps))]
    items = "".join(f'<li class="{mark}">{escape(text)}</li>' for mark, text in zip(marks, steps, strict=True))
    return f'<details class="walk" {"" if job else "open"}><summary>{translate(who, "finetune.walk.title")}</summary><ol>{items}</ol></details>'
