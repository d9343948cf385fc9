"""One file to hand over: what was measured, on what, how sure it is, and what good and bad turns look like."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.core.messages import Conversation, Message
from chatbot.evaluation.metrics.metrics import HEADLINE, METRICS
from chatbot.evaluation.predictions import Prediction
from chatbot.evaluation.reporting import labels, rows
from chatbot.evaluation.reporting.changes import comparison_count, heads, verdicts
from chatbot.evaluation.reporting.compare import cases
from chatbot.evaluation.reporting.headings import headings
from chatbot.evaluation.reporting.in_words import in_words
from chatbot.evaluation.reporting.plots import legend, metric_chart, slot_chart, slots_note
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
    """Good and bad turns of one model; good are right calls, where there are any those that the baseline got wrong."""
    conversations = {conversation.id: conversation for conversation in study.conversations}
    answers = study.rows(position)
    wrong = cases(answers, study.conversations)
    failed = {(case.row.id, case.row.turn) for case in wrong}
    baseline = (
        {(case.row.id, case.row.turn) for case in cases(study.rows(0), study.conversations)} if position else failed
    )
    right = [row for row in answers if row.gold_call is not None and (row.id, row.turn) not in failed]
    better = [row for row in right if (row.id, row.turn) in baseline] or right
    return [example(row, conversations) for row in _spread(better)], [
        example(case.row, conversations, case.kinds, language) for case in _spread(wrong)
    ]


def content(
    study: Study,
    votes: Sequence[dict[str, Any]] = (),
    feedback: dict[str, int] | None = None,
    language: str = "zh",
) -> dict[str, Any]:
    """Everything that a report shows in one language, as plain data for the templates."""
    figures, result, bare = study.figures, study.result, study.bare
    last, count = len(figures) - 1, figures[0]["counts"]["dialogues"]
    good, bad = examples(study, last, language)
    others = [name for name in METRICS if name not in HEADLINE]
    gave_up = [(f["model"], (f.get("simulation") or {}).get("failures", {})) for f in figures]
    return {
        "language": language,
        "words": in_words(study, language),
        "models": study.models,
        "whole": bare is not None,
        "highlights": rows.highlights(figures[last], language),
        "tests": comparison_count(result["pairs"]),
        "heads": heads(study.models, result["pairs"], language),
        "verdicts": verdicts(study.models, result["pairs"], count, language),
        "bare_verdicts": verdicts(study.models, bare["pairs"], count, language) if bare else [],
        "bare": rows.metric_rows(bare["figures"], HEADLINE, bare["pairs"], language) if bare else [],
        "counts": figures[0]["counts"],
        "headline": rows.metric_rows(figures, HEADLINE, result["pairs"], language),
        "others": rows.metric_rows(figures, others, (), language),
        "simulation": rows.simulation_rows(figures, language),
        "culprits": rows.culprit_rows(figures, language),
        "phenomena": rows.phenomenon_rows(figures, language),
        "failures": [(model, rows.failures(found, language)) for model, found in gave_up],
        "charts": {
            "legend": legend(study.models),
            "metrics": metric_chart(figures, HEADLINE, language),
            "slots": slot_chart(figures, language),
        },
        "slots_note": slots_note(figures, language),
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
    return _templates().get_template("report.md.jinja").render(content(study, votes, feedback), t=headings("zh"))


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
