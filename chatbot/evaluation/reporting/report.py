"""One file to hand over: what was measured, on what, how sure it is, and what good and bad turns look like."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.core.messages import Conversation, Message
from chatbot.evaluation.metrics.metrics import HEADLINE, METRICS
from chatbot.evaluation.predictions import Prediction
from chatbot.evaluation.reporting import labels
from chatbot.evaluation.reporting.compare import cases
from chatbot.evaluation.reporting.headings import headings
from chatbot.evaluation.reporting.in_words import in_words
from chatbot.evaluation.reporting.plots import legend, metric_chart, slot_chart
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


def example(
    row: Prediction, conversations: dict[str, Conversation], kinds: Sequence[str] = (), language: str = "zh"
) -> dict[str, Any]:
    """One turn for people: the last messages before it, what the data says, what the model wrote."""
    found = conversations.get(row.id)
    before = found.messages[max(0, row.turn - 6) : row.turn] if found else []
    return {
        "id": row.id,
        "turn": row.turn,
        "kinds": [labels.label(labels.KINDS, kind, language) for kind in kinds],
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


def examples(study: Study, position: int, language: str = "zh") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
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
        example(case.row, conversations, case.kinds, language) for case in _spread(wrong)
    ]


def metric_rows(
    figures: Sequence[dict[str, Any]], names: Sequence[str], best: dict[str, int | None], language: str = "zh"
) -> list[dict[str, Any]]:
    """A table's rows: name, and for each model its value, its interval, and whether it is significantly the best."""
    return [
        {
            "name": labels.label(labels.METRICS, name, language),
            "key": name,
            "cells": [
                {
                    "value": labels.figure_text(name, f[name]),
                    "interval": labels.interval_text(name, f["intervals"].get(name)),
                    "best": best.get(name) == i,
                }
                for i, f in enumerate(figures)
            ],
        }
        for name in names
    ]


VERDICT = {
    "text": ("{second} 相对 {first}：{name} {change} 个百分点（95% 区间 {low} 到 {high}，{p}），{sure}。",
             "{second} against {first}: {name} {change} points (95% {low} to {high}, {p}), {sure}."),
    "same": ("没有差别", "no difference"),
    "sure": ("差别显著", "a significant difference"),
    "unsure": ("差别可能只是偶然", "which may be chance"),
}  # fmt: skip


def verdicts(models: Sequence[str], pairs: Sequence[dict[str, Any]], language: str = "zh") -> list[str]:
    """One sentence a comparison with the first model, for a reader who reads nothing else."""
    out = []
    for pair in pairs:
        name = next((name for name in ("slot_f1", "act_accuracy") if pair["metrics"].get(name)), None)
        if pair["first"] != 0 or name is None:
            continue
        found = pair["metrics"][name]
        low, high, change = (f"{100 * edge:+.1f}" for edge in (*found["interval"], found["difference"]))
        kind = "same" if found["interval"] == [0, 0] else "sure" if found["significant"] else "unsure"
        told = {"first": models[0], "second": models[pair["second"]], "change": change, "low": low, "high": high}
        told |= {"name": labels.label(labels.METRICS, name, language), "sure": labels.label(VERDICT, kind, language)}
        told["p"] = "p < 0.001" if found["p"] < 0.001 else f"p = {found['p']:.3f}"
        out.append(labels.label(VERDICT, "text", language).format(**told))
    return out


def highlights(figure: dict[str, Any], language: str = "zh") -> list[dict[str, str]]:
    """The few figures of one model that say most, each with what it means."""
    every = figure | (figure.get("simulation") or {})
    names = labels.METRICS | labels.SIMULATION
    return [
        {
            "name": labels.label(names, key, language),
            "value": labels.figure_text(key, every[key]),
            "means": labels.label(labels.EXPLAINED, key, language),
        }
        for key in labels.EXPLAINED
        if every.get(key) is not None
    ]


def simulation_rows(figures: Sequence[dict[str, Any]], language: str = "zh") -> list[dict[str, Any]]:
    """The simulated user's table; [] where none was asked for."""
    if not any(f.get("simulation") for f in figures):
        return []
    found = [f.get("simulation") or {} for f in figures]
    names = [name for name in labels.SIMULATION if any(name in s for s in found)]
    return [
        {
            "name": labels.label(labels.SIMULATION, name, language),
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


def culprit_rows(figures: Sequence[dict[str, Any]], language: str = "") -> list[dict[str, Any]]:
    """Whose fault the simulated user's failures were, a column a model; [] where that was not recorded."""
    return [
        {
            "name": _named(labels.CULPRITS, name, language),
            "cells": [
                {"value": ((f.get("simulation") or {}).get("culprits") or {}).get(name, 0), "interval": ""}
                for f in figures
            ],
        }
        for name in labels.entries_present(labels.CULPRITS, figures, "culprits")
    ]


def phenomenon_rows(figures: Sequence[dict[str, Any]], language: str = "") -> list[dict[str, Any]]:
    """How much of each kind of wording was understood, a column a model; [] where that was not recorded."""
    out = []
    for name in labels.entries_present(labels.PHENOMENA, figures, "phenomena"):
        found = [((f.get("simulation") or {}).get("phenomena") or {}).get(name) for f in figures]
        cells = [dict(zip(("value", "interval"), labels.share_text(share), strict=True)) for share in found]
        out.append({"name": _named(labels.PHENOMENA, name, language), "cells": cells})
    return out


def _named(table: Mapping[str, tuple[str, str]], name: str, language: str) -> str:
    """A name in one language, or in both where none is asked for."""
    return labels.label(table, name, language) if language else " ".join(table[name])


def failures(found: dict[str, int], language: str = "zh") -> dict[str, int]:
    """Reasons why simulated users gave up, in words."""
    out = {}
    for reason, count in found.items():
        what, _, fact = reason.partition(": ")
        about = f"（{labels.label(labels.FACTS, fact, language)}）" if fact else ""
        out[labels.label(labels.REASONS, what, language) + about] = count
    return out


def content(
    study: Study,
    votes: Sequence[dict[str, Any]] = (),
    feedback: dict[str, int] | None = None,
    language: str = "zh",
) -> dict[str, Any]:
    """Everything that a report shows in one language, as plain data for the templates."""
    figures, result, bare = study.figures, study.result, study.bare
    last = len(figures) - 1
    good, bad = examples(study, last, language)
    others = [name for name in METRICS if name not in HEADLINE]
    gave_up = [(f["model"], (f.get("simulation") or {}).get("failures", {})) for f in figures]
    return {
        "language": language,
        "words": in_words(study, language),
        "models": study.models,
        "whole": bare is not None,
        "highlights": highlights(figures[last], language),
        "verdicts": verdicts(study.models, result["pairs"], language),
        "bare_verdicts": verdicts(study.models, bare["pairs"], language) if bare else [],
        "bare": metric_rows(bare["figures"], HEADLINE, bare["best"], language) if bare else [],
        "counts": figures[0]["counts"],
        "headline": metric_rows(figures, HEADLINE, result["best"], language),
        "others": metric_rows(figures, others, {}, language),
        "simulation": simulation_rows(figures, language),
        "culprits": culprit_rows(figures, language),
        "phenomena": phenomenon_rows(figures, language),
        "failures": [(model, failures(found, language)) for model, found in gave_up],
        "charts": {
            "legend": legend(study.models),
            "metrics": metric_chart(figures, HEADLINE, language),
            "slots": slot_chart(figures, language),
        },
        "confusion": [
            c | {"slot": labels.label(labels.SLOTS, c["slot"], language)} for c in figures[last]["confusion"][:15]
        ],
        "good": good,
        "bad": bad,
        "votes": list(votes),
        "feedback": feedback or {},
        "costs": [(f["model"], f.get("seconds"), f.get("cost")) for f in figures],
        **{name: result[name] for name in ("data", "hotels", "versions", "made")},
    }


def html_report(
    study: Study,
    votes: Sequence[dict[str, Any]] = (),
    feedback: dict[str, int] | None = None,
    language: str = "zh",
) -> str:
    """The report as one HTML file with nothing outside it, in both languages; `language` is shown first.

    Every text from data or models is escaped.
    """
    both = [(content(study, votes, feedback, each), headings(each)) for each in ("zh", "en")]
    return _templates().get_template("report.html.jinja").render(versions=both, chosen=language)


def markdown_report(study: Study, votes: Sequence[dict[str, Any]] = (), feedback: dict[str, int] | None = None) -> str:
    """The same as Markdown, without the plots."""
    return _templates().get_template("report.md.jinja").render(content(study, votes, feedback))


def write_reports(
    study: Study,
    out: Path,
    votes: Sequence[dict[str, Any]] = (),
    feedback: dict[str, int] | None = None,
    language: str = "zh",
) -> tuple[Path, Path]:
    """Write `out` (.html) and the Markdown beside it; returns both paths."""
    out.parent.mkdir(parents=True, exist_ok=True)
    page, text = out.with_suffix(".html"), out.with_suffix(".md")
    page.write_text(html_report(study, votes, feedback, language), encoding="utf-8")
    text.write_text(markdown_report(study, votes, feedback), encoding="utf-8")
    return page, text
