"""How an augmentation stands, in words: a bar, items a minute, time left, money, and what was set aside and why."""

from html import escape
from typing import Any

from chatbot.core.jobs import Job
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.errors import last_error
from chatbot.ui.shell.html import facts, para, progress, quiet


def last_progress(job: Job) -> dict[str, Any]:
    """The newest progress report; {} before the first."""
    return _last(job, "progress")


def result(job: Job) -> dict[str, Any]:
    """What the job reported at its end; {} before."""
    return _last(job, "result")


def _last(job: Job, *kinds: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for event in job.events():
        found = event if event.get("kind") in kinds else found
    return found


def status(job: Job, who: Any) -> str:
    """A bar, items a minute, time left, money, and what was set aside and why."""
    last, ended, state = last_progress(job), result(job), job.state
    done, total = last.get("done", 0), last.get("total", 0)
    key = {"queued": "running", "died": "stopped"}.get(state, state)
    key = "budget" if key == "done" and ended.get("state") == "budget" else key
    error = last_error(job, who) if key == "failed" else ""
    lead = translate(who, f"augment.{key}", done=f"{done:,}", total=f"{total:,}", error=error)
    width = done / total if total else 0
    known = " · ".join(escape(part) for part in _facts(job, last, who, running=key == "running"))
    n = ended.get("for_review")
    waiting = para("lead good", translate(who, "augment.to_review", n=n)) if n else ""
    return para("lead", escape(lead)) + progress(width) + quiet(known) + waiting + facts(ended.get("reasons", {}))


def _facts(job: Job, last: dict[str, Any], who: Any, *, running: bool) -> list[str]:
    config = job.config
    offline = config.get("mode") == "offline"
    out = [translate(who, "augment.writer", name=translate(who, "augment.offline") if offline else config.get("model"))]
    if running and last:
        out.append(translate(who, "augment.rate", rate=f"{last['per_minute']:,.0f}"))
    if running and last.get("eta"):
        eta = last["eta"]
        out.append(
            translate(
                who,
                "augment.eta",
                eta=translate(who, "augment.seconds", n=eta)
                if eta < 90
                else translate(who, "augment.minutes", n=round(eta / 60)),
            )
        )
    newest = _last(job, "progress", "batch")
    if running and newest.get("kind") == "batch":
        out.append(translate(who, "augment.batched", done=newest["done"], total=newest["total"]))
    if last and not offline:
        cap = "—" if last.get("cap") is None else f"{last['cap']:.2f}"
        out.append(translate(who, "augment.paid", paid=f"{last['paid']:.3f}", cap=cap))
    if last.get("aside"):
        out.append(translate(who, "augment.aside", n=last["aside"]))
    return out
