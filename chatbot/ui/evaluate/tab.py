"""The Evaluate tab: choose models and data, see what is better and how sure that is, and open every turn that went wrong."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.evaluation.reporting import labels
from chatbot.ui.evaluate import promotion
from chatbot.ui.evaluate.blind_vote import build_vote
from chatbot.ui.evaluate.form import CaseFilter, StudyForm
from chatbot.ui.evaluate.handlers import EvaluateHandlers
from chatbot.ui.i18n.translate import label
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET, WAIT, Fields
from chatbot.ui.shell.pace import keep_looking


@dataclass(frozen=True)
class Form:
    """What is chosen before a start; hidden from people who may not start anything."""

    group: gr.Column
    models: gr.Dropdown
    data: gr.Dropdown
    upload: gr.UploadButton
    goals: gr.Number
    limit: gr.Number
    start: gr.Button

    @property
    def fields(self) -> Fields[StudyForm]:
        """What a start reads."""
        named = {"models": self.models, "data": self.data, "goals": self.goals, "limit": self.limit}
        return Fields(StudyForm, named)


@dataclass(frozen=True)
class View:
    """What shows a study; `drawn` remembers which one stands there, so that a look in between draws nothing anew."""

    study: gr.Dropdown
    stop: gr.Button
    resume: gr.Button
    report: gr.DownloadButton
    markdown: gr.DownloadButton
    status: gr.HTML
    results: gr.HTML
    drawn: gr.State

    @property
    def outputs(self) -> list[gr.components.Component]:
        """In the order of what `follow` returns, before the filters."""
        return [self.study, self.status, self.stop, self.resume, self.drawn, self.results, self.report, self.markdown]


def build(context: PageContext) -> gr.Dropdown:
    """Lay the tab out and wire it; returns the field of its models, which the Fine-tune tab hands over to."""
    form, view = _form(), _view()
    with gr.Accordion(label("evaluate.errors"), open=True, visible=False) as errors:
        with gr.Row():
            filters = _filters()
        cases = gr.HTML(padding=False, elem_id="cases")
    promotion.build(context, view.study, view.drawn)
    handlers = EvaluateHandlers(context)
    _wire_filters(handlers, view, filters, cases)
    _wire(handlers, form, view, [errors, filters["model"], filters["operation"]])
    _load(handlers, form, [filters["kind"], filters["slot"], build_vote(context)])
    return form.models


def _form() -> Form:
    with gr.Column(visible=False) as group:
        with gr.Row():
            models = gr.Dropdown(
                [],
                label=label("evaluate.models"),
                info=label("evaluate.models_info"),
                multiselect=True,
                max_choices=3,
                scale=4,
                elem_id="eval-models",
                min_width=260,
            )
            data = gr.Dropdown(
                [],
                label=label("evaluate.data"),
                info=label("evaluate.data_info"),
                scale=3,
                elem_id="eval-data",
                min_width=200,
            )
            goals, limit = (_count(name) for name in ("goals", "limit"))
        with gr.Row():
            start = gr.Button(
                label("evaluate.start"), variant="primary", min_width=180, scale=0, size="md", elem_id="eval-start"
            )
            upload = gr.UploadButton(
                label("evaluate.upload"),
                file_types=[".jsonl", ".json", ".zip", ".gz", ".parquet"],
                min_width=180,
                scale=0,
                size="md",
            )
    return Form(group, models, data, upload, goals, limit, start)


def _count(name: str) -> gr.Number:
    return gr.Number(
        0,
        label=label(f"evaluate.{name}"),
        info=label(f"evaluate.{name}_info"),
        precision=0,
        minimum=0,
        maximum=1000 if name == "goals" else None,
        scale=2,
        min_width=150,
        elem_id=f"eval-{name}",
    )


def _view() -> View:
    with gr.Row(elem_classes="picked"):
        study = gr.Dropdown([], label=label("evaluate.study"), scale=4, elem_id="study", min_width=260)
        stop, resume = (
            gr.Button(label(f"evaluate.{name}"), min_width=80, size="md", visible=False) for name in ("stop", "resume")
        )
        report, markdown = (
            gr.DownloadButton(label(f"evaluate.{name}"), min_width=100, size="md", interactive=False)
            for name in ("report", "markdown")
        )
    status = gr.HTML(padding=False, elem_id="study-status")
    results = gr.HTML(padding=False, elem_id="results", elem_classes="results")
    return View(study, stop, resume, report, markdown, status, results, gr.State(None))


def _filters() -> dict[str, Any]:
    """The filters by the names of CaseFilter."""
    model = gr.Dropdown([], label=label("evaluate.of"), min_width=130)
    kind = gr.Dropdown(
        [(label("evaluate.all_of"), ""), *[(words[0], kind) for kind, words in labels.KINDS.items()]],
        value="",
        label=label("evaluate.kind"),
        min_width=130,
    )
    slot = gr.Dropdown(
        [(label("evaluate.all_of"), ""), *[(words[0], slot) for slot, words in labels.SLOTS.items()]],
        value="",
        label=label("evaluate.of_slot"),
        min_width=110,
    )
    operation = gr.Dropdown(
        [(label("evaluate.all_of"), "")], value="", label=label("evaluate.operation"), min_width=110
    )
    longest = gr.Number(0, label=label("evaluate.longest"), precision=0, minimum=0, min_width=110)
    return {"model": model, "kind": kind, "slot": slot, "operation": operation, "longest": longest}


def _load(handlers: EvaluateHandlers, form: Form, pickers: list[Any]) -> None:
    page, tab = Context.root_block, Context.block
    assert page is not None
    if isinstance(tab, gr.Tab):
        tab.select(handlers.models, None, form.models, **QUIET)
    page.load(handlers.load, None, [form.group, form.models, form.data, *pickers], **QUIET)


def _wire(handlers: EvaluateHandlers, form: Form, view: View, pickers: list[Any]) -> None:
    seen = [view.study, view.drawn], [*view.outputs, *pickers]
    look = keep_looking(handlers.context, handlers.follow, *seen, on=[view.study.input])
    form.upload.upload(handlers.upload, form.upload, form.data, **WAIT)
    chosen = form.fields
    started = form.start.click(chosen.to(handlers.start), chosen.inputs, view.study, **WAIT)
    started.success(*look, **QUIET)
    for name in ("stop", "resume"):
        getattr(view, name).click(getattr(handlers, name), view.study, None, **WAIT).success(*look, **QUIET)


def _wire_filters(handlers: EvaluateHandlers, view: View, filters: dict[str, Any], cases: gr.HTML) -> None:
    wanted = Fields(CaseFilter, {"study": view.study} | filters)
    changed = [view.drawn.change, *[part.change for part in filters.values()]]
    gr.on(changed, wanted.to(handlers.cases), wanted.inputs, cases, **QUIET)
