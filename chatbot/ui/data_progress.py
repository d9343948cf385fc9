"""How an augmentation stands, in words: a bar, items a minute, time left, money, and what was set aside and why."""

from html import escape
from typing import Any

from chatbot.jobs import Job
from chatbot.ui.data_shared import table
from chatbot.ui.errors import last_error
from chatbot.ui.words import say

WORDS = {
    "augment.running": ("正在增强：{done}/{total}", "Augmenting: {done}/{total}"),
    "augment.stopping": ("正在停下，先写完手上的…", "Stopping after what is under way …"),
    "augment.done": ("完成：{done}/{total}", "Done: {done}/{total}"),
    "augment.stopped": ("已暂停在 {done}/{total}，可以继续", "Paused at {done}/{total}; you can resume"),
    "augment.failed": ("没有完成：{error}", "It could not finish: {error}"),
    "augment.budget": (
        "快到花费上限，停在 {done}/{total}；提高上限后可以再开始，写过的不会再付钱",
        "Stopped near the cap at {done}/{total}; start again with a higher one",
    ),
    "augment.batched": ("批处理已返回 {done}/{total}，可以关掉页面", "the batch has answered {done}/{total}; the page can be closed"),
    "augment.rate": ("{rate} 项/分钟", "{rate} a minute"),
    "augment.eta": ("还要约 {eta}", "about {eta} left"),
    "augment.paid": ("已花 ${paid} / 上限 ${cap}", "${paid} spent, cap ${cap}"),
    "augment.seconds": ("{n} 秒", "{n} s"),
    "augment.minutes": ("{n} 分钟", "{n} min"),
    "augment.aside": ("放在一边 {n} 项", "{n} set aside"),
    "augment.to_review": ("{n} 段送去了第 ③ 步审核。", "{n} went to step ③ for review."),
    "augment.writer": ("由{name}写", "written by {name}"),
}


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
    lead = say(who, f"augment.{key}", done=f"{done:,}", total=f"{total:,}", error=error)
    width = done / total if total else 0
    facts = " · ".join(escape(part) for part in _facts(job, last, who, running=key == "running"))
    waiting = f'<p class="lead good">{say(who, "augment.to_review", n=ended["for_review"])}</p>' if ended.get("for_review") else ""
    bar = f'<div class="meter"><i style="width:{width:.1%}"></i></div>'
    return f'<p class="lead">{escape(lead)}</p>{bar}<p class="quiet">{facts}</p>{waiting}{table(ended.get("reasons", {}))}'


def _facts(job: Job, last: dict[str, Any], who: Any, *, running: bool) -> list[str]:
    config = job.config
    offline = config.get("mode") == "offline"
    out = [say(who, "augment.writer", name=say(who, "augment.offline") if offline else config.get("model"))]
    if running and last:
        out.append(say(who, "augment.rate", rate=f"{last['per_minute']:,.0f}"))
    if running and last.get("eta"):
        eta = last["eta"]
        out.append(say(who, "augment.eta", eta=say(who, "augment.seconds", n=eta) if eta < 90 else say(who, "augment.minutes", n=round(eta / 60))))
    newest = _last(job, "progress", "batch")
    if running and newest.get("kind") == "batch":
        out.append(say(who, "augment.batched", done=newest["done"], total=newest["total"]))
    if last and not offline:
        cap = "—" if last.get("cap") is None else f"{last['cap']:.2f}"
        out.append(say(who, "augment.paid", paid=f"{last['paid']:.3f}", cap=cap))
    if last.get("aside"):
        out.append(say(who, "augment.aside", n=last["aside"]))
    return out
