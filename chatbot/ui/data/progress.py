"""How an augmentation stands, in words: a bar, items a minute, time left, money, and what was set aside and why."""

from html import escape
from typing import Any

from chatbot.core.events import Done, Event, Progress, last
from chatbot.core.jobs import Job
from chatbot.corpus.augmentation.config import BATCH
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.errors import last_error
from chatbot.ui.shell.html import facts, para, progress, quiet


def last_progress(job: Job) -> Progress | None:
    """The newest progress of the tasks; None before the first."""
    return last([event for event in job.events() if not _waits(event)], Progress)


def result(job: Job) -> dict[str, Any]:
    """What the job reported at its end; {} before."""
    ended = last(list(job.events()), Done)
    return ended.result if ended else {}


def _waits(event: Event | None) -> bool:
    return isinstance(event, Progress) and event.what == BATCH


def status(job: Job, who: Any) -> str:
    """A bar, items a minute, time left, money, and what was set aside and why."""
    now, ended, state = last_progress(job), result(job), job.state
    done, total = (now.done, now.total) if now else (0, 0)
    key = {"queued": "running", "died": "stopped"}.get(state, state)
    key = "budget" if key == "done" and ended.get("state") == "budget" else key
    error = last_error(job, who) if key == "failed" else ""
    lead = translate(who, f"augment.{key}", done=f"{done:,}", total=f"{total:,}", error=error)
    width = done / total if total else 0
    known = " · ".join(escape(part) for part in _facts(job, now, who, running=key == "running"))
    n = ended.get("for_review")
    waiting = para("lead good", translate(who, "augment.to_review", n=n)) if n else ""
    return para("lead", escape(lead)) + progress(width) + quiet(known) + waiting + facts(ended.get("reasons", {}))


def _facts(job: Job, now: Progress | None, who: Any, *, running: bool) -> list[str]:
    config = job.config
    offline = config.get("mode") == "offline"
    out = [translate(who, "augment.writer", name=translate(who, "augment.offline") if offline else config.get("model"))]
    if running and now and now.per_minute is not None:
        out.append(translate(who, "augment.rate", rate=f"{now.per_minute:,.0f}"))
    if running and now and now.eta:
        eta = round(now.eta)
        out.append(
            translate(
                who,
                "augment.eta",
                eta=translate(who, "augment.seconds", n=eta)
                if eta < 90
                else translate(who, "augment.minutes", n=round(eta / 60)),
            )
        )
    newest = last(list(job.events()), Progress)
    if running and newest and _waits(newest):
        out.append(translate(who, "augment.batched", done=newest.done, total=newest.total))
    if now and not offline:
        cap = "—" if now.cap is None else f"{now.cap:.2f}"
        out.append(translate(who, "augment.paid", paid=f"{now.paid or 0:.3f}", cap=cap))
    if now and now.aside:
        out.append(translate(who, "augment.aside", n=now.aside))
    return out
