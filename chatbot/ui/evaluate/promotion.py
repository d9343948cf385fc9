"""“Make it the default” on the Evaluate tab: what the gate says, the button, the signature, and the way back."""

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import InputError, WorkbenchError
from chatbot.evaluation.gate import WHOLE, Check, Outcome, Ruling
from chatbot.evaluation.promotion import go_back, promote, promotions, ruling
from chatbot.evaluation.reporting import labels
from chatbot.models.catalog import default_model, same_model
from chatbot.ui.evaluate import runs
from chatbot.ui.evaluate.tables import explained, figures_table
from chatbot.ui.i18n.translate import label, language, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.forms import QUIET, WAIT, Fields
from chatbot.ui.shell.html import cells, para, quiet

SHOWN = 5
"""Promotions that are listed, the newest first."""
OUTCOMES: tuple[Outcome, ...] = ("worse", "too_few", "not_measured", "passed")
"""In the order in which they are shown."""
FIGURES = ("present", "new", "difference", "conversations")
"""What stands in a row of the gate's table behind the figure's name."""


@dataclass(frozen=True)
class PromotionForm:
    """A model of a study, and a signature where the gate refuses it."""

    study: str | None
    model: str | None
    name: str | None
    reason: str | None


def build(context: PageContext, study: gr.Dropdown, drawn: gr.State) -> None:
    """Lay it out and wire it; `drawn` changes when another study is shown."""
    handlers, page = PromotionHandlers(context), Context.root_block
    assert page is not None
    with gr.Accordion(label("promote.title"), open=False, visible=False, elem_id="promotion") as group:
        present = gr.HTML(padding=False, elem_id="default-model")
        with gr.Row():
            model = gr.Dropdown([], label=label("promote.model"), min_width=200, elem_id="promote-model")
            go = gr.Button(label("promote.go"), variant="primary", min_width=120, elem_id="promote")
            back = gr.Button(label("promote.back"), min_width=120, elem_id="promote-back")
        ruled = gr.HTML(padding=False, elem_id="gate")
        gr.Markdown(label("promote.sign"), elem_classes="quiet")
        with gr.Row():
            name = gr.Textbox(label=label("promote.name"), max_length=100, min_width=140)
            reason = gr.Textbox(label=label("promote.reason"), max_length=500, min_width=240, scale=2)
    form = Fields(PromotionForm, {"study": study, "model": model, "name": name, "reason": reason})
    gr.on([page.load, drawn.change], handlers.load, study, [group, present, model, ruled], **QUIET)
    model.input(form.to(handlers.show), form.inputs, ruled, **QUIET)
    done = [go.click(form.to(handlers.go), form.inputs, None, **WAIT), back.click(handlers.back, None, None, **WAIT)]
    for event in done:
        event.success(handlers.load, study, [group, present, model, ruled], **QUIET)


class PromotionHandlers:
    """What the buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def load(self, name: str | None, request: gr.Request) -> list[Any]:
        """The present default, and the models of the study that could follow it; what the gate says of the last one."""
        if not self.context.may(request, "engineer"):
            return [gr.skip()] * 4
        settings = self.context.settings
        studies = [one for _, one in runs.choices(settings, demo=self.context.demo)]
        if name not in studies:  # the picker may not stand on the page yet; it will show the newest
            name = next(iter(studies), None)
        study, now = runs.study(settings, name), default_model(settings)
        measured = [figure["model"] for figure in study.result["models"]] if study else []
        offered = {model.id for model in self.context.models(request)}
        others = [
            (labels.model_name(model), model)
            for model in measured
            if not same_model(model, now) and any(same_model(model, one) for one in offered)
        ]
        chosen = others[-1][1] if others else None
        picked = gr.update(choices=others, value=chosen)
        told = self.show(request, PromotionForm(name, chosen, "", "")) if chosen else ""
        shown = study is not None or bool(promotions(settings.workspace))
        return [gr.update(visible=shown), present_html(settings, request), picked, told]

    @needs("engineer")
    def show(self, request: gr.Request, asked: PromotionForm) -> str:
        """What the gate says of a model, or why it says nothing."""
        study = runs.study(self.context.settings, asked.study)
        if study is None or not asked.model:
            return ""
        try:
            return ruling_html(ruling(study, asked.model, self.context.settings), request)
        except WorkbenchError as error:
            return quiet(escape(error.text(language(request))))

    @needs("engineer")
    def go(self, request: gr.Request, asked: PromotionForm) -> None:
        """Make it the default; who is logged in signs by that name."""
        study = runs.study(self.context.settings, asked.study)
        if study is None or not asked.model:
            raise InputError("ui.no_study_chosen")
        self.context.check_offered(request, asked.model)
        by = getattr(request, "username", None) or asked.name or ""
        promote(study, asked.model, self.context.settings, by=by, reason=asked.reason or "")
        gr.Info(translate(request, "promote.done"))

    @needs("engineer")
    def back(self, request: gr.Request) -> None:
        """To the default before."""
        go_back(self.context.settings, by=getattr(request, "username", None) or "")
        gr.Info(translate(request, "promote.done"))


def present_html(settings: Any, who: Any) -> str:
    """The default as it is, and how it came to be."""
    lines = [translate(who, "promote.now", model=labels.model_name(default_model(settings)))]
    for one in reversed(promotions(settings.workspace)[-SHOWN:]):
        how = "back" if one.back else "passed" if one.passed else "signed"
        names = {"before": labels.model_name(one.before), "model": labels.model_name(one.model)}
        lines.append(translate(who, f"promote.was.{how}", **names, by=one.by or "—", reason=one.reason))
    return para("", escape(lines[0])) + "".join(quiet(escape(line)) for line in lines[1:])


def ruling_html(found: Ruling, who: Any) -> str:
    """Whether the gate lets the model through, and before all else a table of what got worse."""
    groups = [(outcome, [check for check in found.checks if check.outcome == outcome]) for outcome in OUTCOMES]
    counts = {outcome: len(checks) for outcome, checks in groups}
    told = translate(who, "promote.passes" if found.passed else "promote.refused")
    if not found.passed:
        unsure = counts["too_few"] + counts["not_measured"]
        told += translate(who, "promote.stands", worse=counts["worse"], unsure=unsure)
    shown = "".join(_checks(outcome, checks, who) for outcome, checks in groups if checks)
    return para("lift" if found.passed else "lift unsure", escape(told)) + shown


def _checks(outcome: Outcome, checks: list[Check], who: Any) -> str:
    """The figures of one outcome; those that stand against nothing are folded away."""
    head = [translate(who, f"promote.{name}") for name in ("figure", *FIGURES)]
    title = escape(f"{translate(who, f'promote.outcome.{outcome}')} ({len(checks)})")
    body = figures_table(head, (_row(check, who) for check in checks))
    if outcome == "passed":
        return f"<details><summary>{title}</summary>{body}</details>"
    return f'<h4 class="outcome {outcome}">{title}</h4>{body}'


def _row(check: Check, who: Any) -> str:
    names = labels.METRICS | labels.PHENOMENA | {WHOLE: (translate(who, "promote.whole"),) * 2}
    said = labels.explained(check.name, language(who))
    if check.suite == "phenomena":
        said = translate(who, "promote.worded")
    told = "—"
    if check.difference is not None and check.interval is not None:
        low, high = (f"{100 * edge:+.1f}" for edge in check.interval)
        told = f"{100 * check.difference:+.1f}<small>{low} – {high}</small>"
    reached = [labels.figure_text(check.name, value) for value in (check.present, check.new)]
    name = explained(labels.label(names, check.name, language(who)), said)
    heads = [translate(who, f"promote.{name}") for name in FIGURES]
    values = zip(heads, [*reached, told, str(check.n)], strict=True)
    return cells([name], "th") + "".join(f'<td data-of="{escape(of)}">{value}</td>' for of, value in values)
