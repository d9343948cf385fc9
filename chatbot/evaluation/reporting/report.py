"""One file to hand over: what was measured, on what, how sure it is, and what good and bad turns look like."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.core.messages import Conversation, Message
from chatbot.evaluation.metrics.metrics import HEADLINE, METRICS
from chatbot.evaluation.predictions import Prediction
from chatbot.evaluation.reporting import labels
from chatbot.evaluation.reporting.compare import Case, cases
from chatbot.evaluation.reporting.plots import legend, metric_chart, slot_chart
from chatbot.evaluation.reporting.tells import FEWEST, Told, tests, told
from chatbot.evaluation.study import Study

if TYPE_CHECKING:
    from jinja2 import Environment

EXAMPLES = 5


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=lambda name: bool(name and ".html" in name),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def answer_line(call: dict[str, Any] | None, reply: str | None) -> str:
    """A call or a reply as one line of text."""
    if call is not None:
        return f"search_hotels({json.dumps(call, ensure_ascii=False)})"
    return "（无法解析 unparseable）" if reply is None else reply


def message_line(message: Message) -> str:
    """A message of a context as one line of text."""
    if message.role == "tool":
        names = "、".join(str(record.get("name", "")) for record in message.records)
        return f"查询结果：{names or '无'}"
    return answer_line(message.call.arguments, None) if message.call else message.content


def example(row: Prediction, conversations: dict[str, Conversation], kinds: Sequence[str] = ()) -> dict[str, Any]:
    """One turn for people: the last messages before it, what the data says, what the model wrote."""
    found = conversations.get(row.id)
    before = found.messages[max(0, row.turn - 6) : row.turn] if found else []
    return {
        "id": row.id,
        "turn": row.turn,
        "kinds": [labels.label(labels.KINDS, kind) for kind in kinds],
        "context": [{"role": m.role, "text": message_line(m)} for m in before],
        "gold": answer_line(row.gold_call, row.gold_reply),
        "predicted": answer_line(row.predicted_call, row.predicted_reply),
        "draft": answer_line(row.bare.predicted_call, row.bare.predicted_reply) if differs(row) else "",
        "ungrounded": list(row.ungrounded),
    }


def differs(row: Prediction) -> bool:
    """Whether the chatbot's checks changed what its model had written."""
    return (row.predicted_call, row.predicted_reply) != (row.bare.predicted_call, row.bare.predicted_reply)


def _spread(found: Sequence[Any], count: int = EXAMPLES) -> list[Any]:
    """A few entries from all over a list."""
    return [found[i * len(found) // count] for i in range(count)] if len(found) > count else list(found)


def examples(study: Study, position: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Good and bad turns of one model; the good ones are calls that it got right and, where there is one, the baseline got wrong."""
    conversations = {conversation.id: conversation for conversation in study.conversations}
    rows = study.rows(position)
    wrong = cases(rows, study.conversations)
    failed = {(case.row.id, case.row.turn) for case in wrong}
    baseline = (
        {(case.row.id, case.row.turn) for case in cases(study.rows(0), study.conversations)} if position else failed
    )
    right = [row for row in rows if row.gold_call is not None and (row.id, row.turn) not in failed]
    better = [row for row in right if (row.id, row.turn) in baseline] or right
    return [example(row, conversations) for row in _spread(better)], [
        _bad(case, conversations) for case in _spread(wrong)
    ]


def _bad(case: Case, conversations: dict[str, Conversation]) -> dict[str, Any]:
    return example(case.row, conversations, case.kinds)


def metric_rows(
    figures: Sequence[dict[str, Any]], names: Sequence[str], pairs: Sequence[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """A table's rows: each model's value and interval, and what each but the first tells against that one."""
    changes = told(pairs, figures[0]["counts"]["dialogues"])
    return [
        {
            "name": labels.label(labels.METRICS, name),
            "key": name,
            "cells": [
                {
                    "value": labels.figure_text(name, f[name]),
                    "interval": labels.interval_text(name, f["intervals"].get(name)),
                }
                for f in figures
            ]
            + [_change(found.get(name)) for found in changes.values()],
        }
        for name in names
    ]


def _change(found: Told | None) -> dict[str, Any]:
    if found is None:
        return {"value": "—", "interval": ""}
    return {
        "value": f"{found.change}（{found.bounds}）",
        "interval": found.words,
        "best": found.judged == "better",
    }


def heads(models: Sequence[str], pairs: Sequence[dict[str, Any]]) -> list[str]:
    """The columns of such a table."""
    return [*models, *(f"{models[pair['second']]} 比 {models[0]}" for pair in pairs if pair["first"] == 0)]


def verdicts(models: Sequence[str], pairs: Sequence[dict[str, Any]], dialogues: int) -> list[str]:
    """One sentence a comparison with the first model, for a reader who reads nothing else."""
    out = []
    for second, changes in told(pairs, dialogues).items():
        name = next((name for name in ("slot_f1", "act_accuracy") if name in changes), None)
        if name:
            found, title = changes[name], labels.label(labels.METRICS, name)
            change = f"{found.change} 个百分点（95% 区间 {found.bounds.replace(' – ', ' 到 ')}）"
            out.append(f"{models[second]} 相对 {models[0]}：{title} {change}，{found.words}。")
    return out


def highlights(figure: dict[str, Any]) -> list[dict[str, str]]:
    """The few figures of one model that say most, each with what it means."""
    every = figure | (figure.get("simulation") or {})
    bounds = figure["intervals"] | (figure.get("simulation") or {}).get("intervals", {})
    names = labels.METRICS | labels.SIMULATION
    return [
        {
            "name": labels.label(names, key),
            "value": labels.figure_text(key, every[key]),
            "interval": labels.interval_text(key, bounds.get(key)),
            "means": means[0],
        }
        for key, means in labels.EXPLAINED.items()
        if every.get(key) is not None
    ]


def simulation_rows(figures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The simulated user's table; [] where none was asked for."""
    if not any(f.get("simulation") for f in figures):
        return []
    found = [f.get("simulation") or {} for f in figures]
    names = [name for name in labels.SIMULATION if any(name in s for s in found)]
    return [
        {
            "name": labels.label(labels.SIMULATION, name),
            "cells": [
                {
                    "value": labels.figure_text(name, s.get(name)),
                    "interval": labels.interval_text(name, s.get("intervals", {}).get(name)),
                }
                for s in found
            ],
        }
        for name in names
    ]


def culprit_rows(figures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whose fault the simulated user's failures were, a column a model; [] where that was not recorded."""
    return [
        {
            "name": " ".join(labels.CULPRITS[name]),
            "cells": [
                {"value": ((f.get("simulation") or {}).get("culprits") or {}).get(name, 0), "interval": ""}
                for f in figures
            ],
        }
        for name in labels.entries_present(labels.CULPRITS, figures, "culprits")
    ]


def phenomenon_rows(figures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """How much of each kind of wording was understood, a column a model; [] where that was not recorded."""
    out = []
    for name in labels.entries_present(labels.PHENOMENA, figures, "phenomena"):
        found = [((f.get("simulation") or {}).get("phenomena") or {}).get(name) for f in figures]
        cells = [dict(zip(("value", "interval"), labels.share_text(share), strict=True)) for share in found]
        out.append({"name": " ".join(labels.PHENOMENA[name]), "cells": cells})
    return out


def failures(found: dict[str, int]) -> dict[str, int]:
    """Reasons why simulated users gave up, in words."""
    out = {}
    for reason, count in found.items():
        what, _, fact = reason.partition(": ")
        out[labels.label(labels.REASONS, what) + (f"（{labels.label(labels.FACTS, fact)}）" if fact else "")] = count
    return out


def content(
    study: Study, votes: Sequence[dict[str, Any]] = (), feedback: dict[str, int] | None = None
) -> dict[str, Any]:
    """Everything that a report shows, as plain data for the templates."""
    figures, result, bare = study.figures, study.result, study.bare
    last, count = len(figures) - 1, figures[0]["counts"]["dialogues"]
    good, bad = examples(study, last)
    return {
        "models": study.models,
        "whole": bare is not None,
        "highlights": highlights(figures[last]),
        "few": count < FEWEST,
        "tests": tests(result["pairs"]),
        "heads": heads(study.models, result["pairs"]),
        "verdicts": verdicts(study.models, result["pairs"], count),
        "bare_verdicts": verdicts(study.models, bare["pairs"], count) if bare else [],
        "bare": metric_rows(bare["figures"], HEADLINE, bare["pairs"]) if bare else [],
        "counts": figures[0]["counts"],
        "headline": metric_rows(figures, HEADLINE, result["pairs"]),
        "others": metric_rows(figures, [name for name in METRICS if name not in HEADLINE]),
        "simulation": simulation_rows(figures),
        "culprits": culprit_rows(figures),
        "phenomena": phenomenon_rows(figures),
        "failures": [(f["model"], failures((f.get("simulation") or {}).get("failures", {}))) for f in figures],
        "charts": {
            "legend": legend(study.models),
            "metrics": metric_chart(figures, HEADLINE),
            "slots": slot_chart(figures),
        },
        "confusion": [c | {"slot": labels.label(labels.SLOTS, c["slot"])} for c in figures[last]["confusion"][:15]],
        "good": good,
        "bad": bad,
        "votes": list(votes),
        "feedback": feedback or {},
        "costs": [(f["model"], f.get("seconds"), f.get("cost")) for f in figures],
        **{name: result[name] for name in ("data", "hotels", "versions", "made")},
    }


def html_report(study: Study, votes: Sequence[dict[str, Any]] = (), feedback: dict[str, int] | None = None) -> str:
    """The report as one HTML file with nothing outside it; every text from data or models is escaped."""
    return _templates().get_template("report.html.jinja").render(content(study, votes, feedback))


def markdown_report(study: Study, votes: Sequence[dict[str, Any]] = (), feedback: dict[str, int] | None = None) -> str:
    """The same as Markdown, without the plots."""
    return _templates().get_template("report.md.jinja").render(content(study, votes, feedback))


def write_reports(
    study: Study, out: Path, votes: Sequence[dict[str, Any]] = (), feedback: dict[str, int] | None = None
) -> tuple[Path, Path]:
    """Write `out` (.html) and the Markdown beside it; returns both paths."""
    out.parent.mkdir(parents=True, exist_ok=True)
    page, text = out.with_suffix(".html"), out.with_suffix(".md")
    page.write_text(html_report(study, votes, feedback), encoding="utf-8")
    text.write_text(markdown_report(study, votes, feedback), encoding="utf-8")
    return page, text
