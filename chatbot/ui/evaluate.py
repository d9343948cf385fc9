"""The Evaluate tab: choose models and data, see what is better and how sure that is, and open every turn that went wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.evaluation import labels
from chatbot.ui.context import PageContext
from chatbot.ui.evaluate_handlers import EvaluateHandlers
from chatbot.ui.evaluate_vote import build_vote
from chatbot.ui.words import t

WORDS = {
    "evaluate.models": ("模型（最多三个，第一个是对照）", "Models (up to three; the first is the baseline)"),
    "evaluate.data": ("测试数据", "Test data"),
    "evaluate.upload": ("上传 JSONL", "Upload JSONL"),
    "evaluate.goals": ("模拟用户的目标数（0 = 不用）", "Goals of the simulated user (0 = none)"),
    "evaluate.limit": ("最多几段对话（0 = 全部）", "Dialogues at most (0 = all)"),
    "evaluate.start": ("开始评测", "Start"),
    "evaluate.stop": ("停止", "Stop"),
    "evaluate.resume": ("继续", "Resume"),
    "evaluate.study": ("评测结果", "Results"),
    "evaluate.report": ("下载报告", "Report"),
    "evaluate.markdown": ("Markdown", "Markdown"),
    "evaluate.errors": ("错在哪里", "Where it fails"),
    "evaluate.of": ("哪个模型", "Model"),
    "evaluate.kind": ("哪种错误", "Kind of error"),
    "evaluate.of_slot": ("哪个条件", "Condition"),
    "evaluate.operation": ("数据来历", "Augmentation"),
    "evaluate.longest": ("前几条消息内（0 = 不限）", "Within the first messages (0 = any)"),
}
EVERY = 2.0
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
WAIT: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}


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


def build(context: PageContext) -> None:
    """Lay the tab out and wire it."""
    gr.HTML(f"<style>{Path(__file__).with_name('evaluate.css').read_text(encoding='utf-8')}</style>", padding=False)
    form, view = _form(), _view()
    with gr.Accordion(t("evaluate.errors"), open=True, visible=False) as errors:
        with gr.Row():
            filters = _filters()
        cases = gr.HTML(padding=False, elem_id="cases")
    handlers = EvaluateHandlers(context)
    _wire_filters(handlers, view, filters, cases)
    _wire(handlers, form, view, [errors, filters[0], filters[3]])
    _load(handlers, form, [filters[1], filters[2], build_vote(context)])


def _form() -> Form:
    with gr.Column(visible=False) as group:
        with gr.Row():
            models = gr.Dropdown([], label=t("evaluate.models"), multiselect=True, max_choices=3, scale=4, elem_id="eval-models", min_width=260)
            data = gr.Dropdown([], label=t("evaluate.data"), scale=3, elem_id="eval-data", min_width=200)
            goals = gr.Number(0, label=t("evaluate.goals"), precision=0, minimum=0, maximum=1000, scale=2, min_width=150)
            limit = gr.Number(0, label=t("evaluate.limit"), precision=0, minimum=0, scale=2, min_width=150, elem_id="eval-limit")
        with gr.Row():
            start = gr.Button(t("evaluate.start"), variant="primary", min_width=180, scale=0, size="md", elem_id="eval-start")
            upload = gr.UploadButton(t("evaluate.upload"), file_types=[".jsonl"], min_width=140, scale=0, size="md")
    return Form(group, models, data, upload, goals, limit, start)


def _view() -> View:
    with gr.Row(elem_classes="picked"):
        study = gr.Dropdown([], label=t("evaluate.study"), scale=4, elem_id="study", min_width=260)
        stop, resume = (gr.Button(t(f"evaluate.{name}"), min_width=80, size="md", visible=False) for name in ("stop", "resume"))
        report, markdown = (gr.DownloadButton(t(f"evaluate.{name}"), min_width=100, size="md", interactive=False) for name in ("report", "markdown"))
    status = gr.HTML(padding=False, elem_id="study-status")
    results = gr.HTML(padding=False, elem_id="results", elem_classes="results")
    return View(study, stop, resume, report, markdown, status, results, gr.State(None))


def _filters() -> list[Any]:
    model = gr.Dropdown([], label=t("evaluate.of"), min_width=130)
    kind = gr.Dropdown([("—", ""), *[(words[0], kind) for kind, words in labels.KINDS.items()]], value="", label=t("evaluate.kind"), min_width=130)
    slot = gr.Dropdown([("—", ""), *[(words[0], slot) for slot, words in labels.SLOTS.items()]], value="", label=t("evaluate.of_slot"), min_width=110)
    operation = gr.Dropdown([("—", "")], value="", label=t("evaluate.operation"), min_width=110)
    longest = gr.Number(0, label=t("evaluate.longest"), precision=0, minimum=0, min_width=110)
    return [model, kind, slot, operation, longest]


def _load(handlers: EvaluateHandlers, form: Form, pickers: list[Any]) -> None:
    page, tab = Context.root_block, Context.block
    assert page is not None
    if isinstance(tab, gr.Tab):
        tab.select(handlers.models, None, form.models, **QUIET)
    page.load(handlers.load, None, [form.group, form.models, form.data, *pickers], **QUIET)


def _wire(handlers: EvaluateHandlers, form: Form, view: View, pickers: list[Any]) -> None:
    page, timer = Context.root_block, gr.Timer(EVERY)
    assert page is not None
    followed = [view.study, view.drawn], [*view.outputs, *pickers]
    gr.on([page.load, timer.tick, view.study.input], handlers.follow, *followed, **QUIET)
    form.upload.upload(handlers.upload, form.upload, form.data, **WAIT)
    fields = [form.models, form.data, form.goals, form.limit]
    form.start.click(handlers.start, fields, view.study, **WAIT).success(handlers.follow, *followed, **QUIET)
    for name in ("stop", "resume"):
        getattr(view, name).click(getattr(handlers, name), view.study, None, **WAIT).success(handlers.follow, *followed, **QUIET)


def _wire_filters(handlers: EvaluateHandlers, view: View, filters: list[Any], cases: gr.HTML) -> None:
    gr.on([view.drawn.change, *[f.change for f in filters]], handlers.cases, [view.study, *filters], cases, **QUIET)
