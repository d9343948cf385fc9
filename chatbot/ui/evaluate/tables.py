"""Results of a study as HTML: figures with intervals, plots, and the turns that went wrong."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from chatbot.core.messages import Conversation
from chatbot.evaluation.metrics.certainty import FEWEST
from chatbot.evaluation.metrics.metrics import HEADLINE, METRICS
from chatbot.evaluation.reporting import labels
from chatbot.evaluation.reporting.changes import FigureChange, comparison_count, figure_changes
from chatbot.evaluation.reporting.compare import Case
from chatbot.evaluation.reporting.in_words import how_well
from chatbot.evaluation.reporting.plots import legend, metric_chart, slot_chart, slots_note
from chatbot.evaluation.reporting.report import answer_line, differs, message_line
from chatbot.evaluation.study import Study
from chatbot.ui.i18n.translate import language, translate
from chatbot.ui.shell.html import cells, para, quiet, table

SHOWN = 30


def results(study: Study, who: Any) -> str:
    """Everything above the error browser."""
    figures, tongue, bare = study.figures, language(who), study.bare
    counts = figures[0]["counts"]
    base = translate(
        who, "evaluate.base", n=counts["dialogues"], turns=counts["turns"], file=escape(study.result["data"]["file"])
    )
    whole = translate(who, "evaluate.whole" if bare else "evaluate.alone")
    few = para("lift unsure", translate(who, "evaluate.few", n=counts["dialogues"])) if _few(figures) else ""
    parts = [
        _answer(figures, who),
        quiet(f"{base} · {whole}"),
        few,
        *_all_lifts(study, who),
    ]
    parts += [
        metric_table(figures, HEADLINE, study.result["pairs"], who),
        quiet(translate(who, "evaluate.note", tests=comparison_count(study.result["pairs"]))),
    ]
    parts += [
        legend(study.models),
        f'<div class="plots"><div><h3>{translate(who, "evaluate.figures")}</h3>{metric_chart(figures, HEADLINE, tongue)}</div>',
    ]
    parts.append(
        f"<div><h3>{translate(who, 'evaluate.slots')}</h3>{slot_chart(figures, tongue)}"
        f"{quiet(slots_note(figures, tongue))}</div></div>"
    )
    if any(figure.get("simulation") for figure in figures):
        parts += [f"<h3>{translate(who, 'evaluate.simulated')}</h3>", simulation_table(figures, tongue)]
        parts += simulation_details(figures, who)
    if bare:
        alone = metric_table(bare["figures"], HEADLINE, bare["pairs"], who)
        parts.append(_folded(translate(who, "evaluate.bare"), quiet(translate(who, "evaluate.bare_note")) + alone))
    others = metric_table(figures, [name for name in METRICS if name not in HEADLINE], [], who)
    return "".join(
        [
            *parts,
            _folded(translate(who, "evaluate.confusions"), confusions(study, who)),
            _folded(translate(who, "evaluate.others"), others),
        ]
    )


def _answer(figures: Sequence[dict[str, Any]], who: Any) -> str:
    """The answer before the figures: one sentence, and a tile for each figure that says most, before and now."""
    last, tongue = figures[-1], language(who)
    said = next(iter(how_well(last, tongue)), "")
    before = figures[0] | (figures[0].get("simulation") or {}) if len(figures) > 1 else {}
    now = last | (last.get("simulation") or {})
    tiles = "".join(
        f'<div class="tile"><span>{labels.label(labels.METRICS | labels.SIMULATION, name, tongue)}</span>'
        f"<b>{labels.figure_text(name, now[name])}</b>{_before(before.get(name), name, figures[0]['model'], who)}"
        f"<small>{labels.explained(name, tongue)}</small></div>"
        for name in labels.HIGHLIGHTS
        if now.get(name) is not None
    )
    title = translate(who, "evaluate.answer", model=escape(last["model"]), said=escape(said))
    return f'{para("answer", title)}<div class="tiles">{tiles}</div>'


def awaited(who: Any) -> str:
    """What a study that is under way will say, before there is a number."""
    tongue = language(who)
    tiles = "".join(
        f'<div class="tile waits"><span>{labels.label(labels.METRICS, name, tongue)}</span><b aria-hidden="true">…</b>'
        f"<small>{labels.explained(name, tongue)}</small></div>"
        for name in labels.HIGHLIGHTS
        if name in labels.METRICS
    )
    return f'{quiet(translate(who, "evaluate.awaited"))}<div class="tiles">{tiles}</div>'


def _before(value: float | None, name: str, model: str, who: Any) -> str:
    if value is None:
        return ""
    return f"<em>{translate(who, 'evaluate.before', value=labels.figure_text(name, value), model=escape(model))}</em>"


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>{body}</details>"


def _few(figures: Sequence[dict[str, Any]]) -> bool:
    return int(figures[0]["counts"]["dialogues"]) < FEWEST


def _all_lifts(study: Study, who: Any) -> list[str]:
    """The sentences of the whole chatbot and of the model alone; one for both where they say the same."""
    whole, alone = translate(who, "evaluate.whole"), translate(who, "evaluate.alone")
    figures, bare = study.figures, study.bare
    if not bare:
        return _lifts(figures, study.result["pairs"], alone, who)
    if _lifts(figures, study.result["pairs"], "", who) == _lifts(figures, bare["pairs"], "", who):
        return _lifts(figures, bare["pairs"], translate(who, "evaluate.both_alike"), who)
    return _lifts(figures, study.result["pairs"], whole, who) + _lifts(figures, bare["pairs"], alone, who)


def _lifts(figures: Sequence[dict[str, Any]], pairs: Sequence[dict[str, Any]], scope: str, who: Any) -> list[str]:
    """What the others gain on the first model, a sentence each."""
    out = []
    for second, changes in figure_changes(pairs, figures[0]["counts"]["dialogues"]).items():
        name = next((name for name in ("slot_f1", "act_accuracy") if name in changes), None)
        if name is None:
            continue
        found, metric = changes[name], labels.label(labels.METRICS, name, language(who))
        models = {"model": escape(figures[second]["model"]), "first": escape(figures[0]["model"])}
        low, high = found.edges
        lift = translate(
            who, "evaluate.lift", scope=scope, metric=metric, change=found.change, low=low, high=high, **models
        )
        style = "lift" if found.judged == "better" and not _few(figures) else "lift unsure"
        out.append(para(style, lift + _tells(found, who) + translate(who, "evaluate.period")))
    return out


def _tells(found: FigureChange, who: Any) -> str:
    return translate(who, f"evaluate.tells.{found.judged}", least=found.least)


def _table(models: Sequence[str], rows: Sequence[tuple[str, Sequence[tuple[str, str, str]]]]) -> str:
    """A row a figure, a column a model; cells are (value, what stands small below it, better, worse or nothing)."""
    lines = (
        cells([name], "th") + "".join(_cell(*figure, of=of) for of, figure in zip(models, found, strict=True))
        for name, found in rows
    )
    return figures_table(("", *map(escape, models)), lines)


def figures_table(head: Iterable[str], rows: Iterable[str]) -> str:
    """A table of figures that scrolls inside itself where it is too wide."""
    return f'<div class="wide">{table("figures", head, rows)}</div>'


def explained(name: str, means: str) -> str:
    """The name of a figure and, small below it, what it says in plain words; neither holds markup."""
    return f"{escape(name)}<small>{escape(means)}</small>" if means else escape(name)


def _cell(value: str, small: str, judged: str, of: str) -> str:
    style = f' class="{judged}"' if judged in ("better", "worse") else ""
    return f'<td{style} data-of="{escape(of)}">{value}<small>{small}</small></td>'


def metric_table(
    figures: Sequence[dict[str, Any]], names: Sequence[str], pairs: Sequence[dict[str, Any]], who: Any
) -> str:
    """Figures of all models side by side, and behind them what each tells against the first."""
    changes, tongue = figure_changes(pairs, figures[0]["counts"]["dialogues"]), language(who)
    models = [figure["model"] for figure in figures]
    heads = [translate(who, "evaluate.against", model=models[at], first=models[0]) for at in changes]
    rows = []
    for name in names:
        mine = [
            (labels.figure_text(name, f[name]), labels.interval_text(name, f["intervals"].get(name)), "")
            for f in figures
        ]
        mine += [_change(found.get(name), who) for found in changes.values()]
        rows.append((explained(labels.label(labels.METRICS, name, tongue), labels.explained(name, tongue)), mine))
    return _table([*models, *heads], rows)


def _change(found: FigureChange | None, who: Any) -> tuple[str, str, str]:
    if found is None:
        return "—", "", ""
    return f"{found.change} ({found.bounds})", _tells(found, who), found.judged


def simulation_table(figures: Sequence[dict[str, Any]], tongue: str) -> str:
    """What the simulated user got of each model."""
    found = [figure.get("simulation") or {} for figure in figures]
    rows = [
        (
            explained(labels.label(labels.SIMULATION, name, tongue), labels.explained(name, tongue)),
            [
                (
                    labels.figure_text(name, s.get(name)),
                    labels.interval_text(name, s.get("intervals", {}).get(name)),
                    "",
                )
                for s in found
            ],
        )
        for name in labels.SIMULATION
        if any(name in s for s in found)
    ]
    return _table([figure["model"] for figure in figures], rows)


def simulation_details(figures: Sequence[dict[str, Any]], who: Any) -> list[str]:
    """Whose fault the failures were, and what was understood; nothing for studies from before these were told apart."""
    found = [figure.get("simulation") or {} for figure in figures]
    models, tongue = [figure["model"] for figure in figures], language(who)
    out = []
    if names := labels.entries_present(labels.CULPRITS, figures, "culprits"):
        rows = [
            (
                labels.label(labels.CULPRITS, name, tongue),
                [(str((s.get("culprits") or {}).get(name, 0)), "", "") for s in found],
            )
            for name in names
        ]
        out += [f"<h4>{translate(who, 'evaluate.culprits')}</h4>", _table(models, rows)]
    if names := labels.entries_present(labels.PHENOMENA, figures, "phenomena"):
        rows = [
            (
                labels.label(labels.PHENOMENA, name, tongue),
                [(*labels.share_text((s.get("phenomena") or {}).get(name)), "") for s in found],
            )
            for name in names
        ]
        out += [f"<h4>{translate(who, 'evaluate.phenomena')}</h4>", _table(models, rows)]
    return out


def confusions(study: Study, who: Any) -> str:
    """Which value the last model took for which."""
    found = study.result["models"][-1]["confusion"][:15]
    head = (translate(who, f"evaluate.{name}") for name in ("slot", "should", "was", "times"))
    rows = (
        (labels.label(labels.SLOTS, c["slot"], language(who)), c["gold"], c["predicted"], str(c["count"]))
        for c in found
    )
    return figures_table(head, (cells(map(escape, row)) for row in rows))


def case_list(found: Sequence[Case], conversations: Sequence[Conversation], who: Any) -> str:
    """Wrong turns, each folded; opened it shows its whole context."""
    if not found:
        return quiet(translate(who, "evaluate.no_cases"))
    origin = {conversation.id: conversation for conversation in conversations}
    shown = "".join(_case(case, origin.get(case.row.id), who) for case in found[:SHOWN])
    return quiet(translate(who, "evaluate.cases", n=len(found), shown=min(SHOWN, len(found)))) + shown


def _case(case: Case, conversation: Conversation | None, who: Any) -> str:
    before = conversation.messages[: case.row.turn] if conversation else []
    asked = next((m.content for m in reversed(before) if m.role == "user"), case.row.id)
    tags = "".join(f"<mark>{labels.label(labels.KINDS, kind, language(who))}</mark>" for kind in case.kinds)
    lines = "".join(f"<p><b>{translate(who, f'evaluate.{m.role}')}</b> {escape(message_line(m))}</p>" for m in before)
    answers = [
        ("gold", answer_line(case.row.gold_call, case.row.gold_reply)),
        ("model", answer_line(case.row.predicted_call, case.row.predicted_reply)),
    ]
    answers += (
        [("draft", answer_line(case.row.bare.predicted_call, case.row.bare.predicted_reply))]
        if differs(case.row)
        else []
    )
    answers += [("false", "，".join(case.row.ungrounded))] if case.row.ungrounded else []
    ends = "".join(para(name, f"<b>{translate(who, f'evaluate.{name}')}</b> {escape(text)}") for name, text in answers)
    return f'<details class="case"><summary>{escape(asked[:60])} {tags}</summary>{lines}{ends}</details>'
