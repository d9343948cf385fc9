"""How an augmentation stands, in words: a bar, what is under way, time left, money, its batches, and what was not used and why."""

import time
from collections.abc import Sequence
from html import escape
from typing import Any

from chatbot.core.events import Progress
from chatbot.core.jobs import Job
from chatbot.ui.data.runs.standing import Standing
from chatbot.ui.data.shared import time_ago
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.errors import last_error
from chatbot.ui.shell.html import cells, facts, para, progress, quiet, table

QUIET_FOR = 20.0
"""Seconds without a word from the run's process after which the page says so."""


def status(job: Job, who: Any, batches: Sequence[dict[str, Any]] = ()) -> str:
    """One run as its panel."""
    now = Standing.of(job)
    known = " · ".join(escape(part) for part in _facts(now, who))
    n = now.result.get("for_review")
    waiting = para("lead good", translate(who, "augment.to_review", n=n)) if n else ""
    return (
        para("lead", escape(_lead(now, who)))
        + progress(now.share)
        + quiet(known)
        + batch_table(batches, who)
        + waiting
        + facts(now.result.get("reasons", {}))
    )


def _lead(now: Standing, who: Any) -> str:
    """The run's state as one sentence."""
    counts = {"done": f"{now.done:,}", "total": f"{now.total:,}"}
    state = {"died": "stopped"}.get(now.state, now.state)
    if state == "running" and not now.total:
        state = "preparing"
    elif state == "running" and now.done == now.total:
        state = "closing"
    error = last_error(now.job, who) if state == "failed" else ""
    return translate(who, f"augment.{state}", error=error, **counts)


def _facts(now: Standing, who: Any) -> list[str]:
    config, running = now.job.config, now.state == "running"
    offline = config.get("mode") == "offline"
    out = [translate(who, "augment.writer", name=translate(who, "augment.offline") if offline else config.get("model"))]
    if running and now.now:
        out += _pace(now, now.now, who)
    if now.now and not offline:
        out += _money(now.now, who)
    if now.aside:
        out.append(translate(who, "augment.aside", n=now.aside))
    return out


def _pace(now: Standing, at: Progress, who: Any) -> list[str]:
    if now.batch:
        return [translate(who, "augment.batched", done=now.batch.done, total=now.batch.total)]
    if time.time() - at.time > QUIET_FOR:
        return [translate(who, "augment.silent", time=duration(time.time() - at.time, who))]
    out = [translate(who, "augment.rate", rate=f"{at.per_minute:,.0f}")] if at.per_minute is not None else []
    if at.eta is None:
        return [*out, translate(who, "augment.no_eta")]
    return [*out, translate(who, "augment.rough" if at.rough else "augment.eta", eta=duration(at.eta, who))]


def _money(at: Progress, who: Any) -> list[str]:
    cap = "—" if at.cap is None else f"{at.cap:.2f}"
    out = [translate(who, "augment.cost", cost=f"{at.cost:.3f}")] if at.cost is not None else []
    out.append(translate(who, "augment.paid", paid=f"{at.paid or 0:.3f}", cap=cap))
    return [*out, translate(who, "augment.at_risk", money=f"{at.at_risk:.3f}")] if at.at_risk else out


def duration(seconds: float, who: Any) -> str:
    """A length of time as people say it."""
    n = round(seconds)
    if n < 90:
        return translate(who, "augment.seconds", n=n)
    if n < 90 * 60:
        return translate(who, "augment.minutes", n=round(n / 60))
    return translate(who, "augment.hours", n=f"{n / 3600:.1f}")


def batch_table(batches: Sequence[dict[str, Any]], who: Any) -> str:
    """Each batch: how it ended, what it brought, and what it really cost; "" where there are none."""
    heads = (translate(who, f"batch.{name}") for name in ("sent", "state", "answered", "cost", "note"))
    return table("facts", heads, [_batch(row, who) for row in batches]) if batches else ""


def _batch(row: dict[str, Any], who: Any) -> str:
    status = "open" if row["state"] == "open" else row["status"] or "unknown"
    known = status in ("open", "completed", "failed", "expired", "cancelled", "torn")
    told = translate(who, f"batch.{status if known else 'unknown'}")
    cost = "" if row["cost"] is None else f"${row['cost']:.4f}"
    answered = f"{row['answered'] or 0:,}/{row['sent'] or 0:,}"
    return cells([time_ago(row["at"], who), told, answered, cost, escape(row["note"] or "")])
