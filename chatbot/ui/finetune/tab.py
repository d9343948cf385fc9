"""The Fine-tune tab: what to train on the left, what it will see and cost beside it, how the runs go below."""

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import gradio as gr
from gradio.context import Context

from chatbot.training.config import PRESETS, FinetuneConfig
from chatbot.ui.finetune import bring, checkpoints, launch, preferences, publish, sharing, sweep
from chatbot.ui.finetune.form import ADVANCED, PLAIN, VARIANTS, FinetuneForm
from chatbot.ui.finetune.handlers import ExampleChoice, FinetuneHandlers
from chatbot.ui.finetune.launch import StartForm
from chatbot.ui.i18n.translate import label
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET, Fields, in_sight
from chatbot.ui.shell.forms import WAIT as SLOW
from chatbot.ui.shell.pace import Look, keep_looking

WAIT: dict[str, Any] = SLOW | {"concurrency_limit": 1}
"""One look, estimate or start at a time: each may load a model's shape and a whole data set."""


@dataclass(frozen=True)
class Form:
    """What is chosen before a start."""

    base: gr.Dropdown
    data: gr.Dropdown
    upload: gr.UploadButton
    method: gr.Radio
    preset: gr.Radio
    advanced: list[gr.components.Component]
    allow_cut: gr.Checkbox
    rest: gr.State
    told: gr.HTML
    look: gr.Button
    estimate: gr.Button
    start: gr.Button

    @property
    def fields(self) -> Fields[FinetuneForm]:
        """What a start reads."""
        named = zip((*PLAIN, *ADVANCED, "rest"), self.filled, strict=True)
        return Fields(FinetuneForm, dict(named))

    @property
    def filled(self) -> list[gr.components.Component]:
        """What a file fills."""
        return [self.base, self.data, self.method, self.allow_cut, *self.advanced, self.rest]


@dataclass(frozen=True)
class View:
    """What is shown before a start."""

    cost: gr.HTML
    shown: gr.HTML
    index: gr.Number


@dataclass(frozen=True)
class Runs:
    """What shows and steers a run; the style sheet hides what is `of-runs` until there is one."""

    run: gr.Dropdown
    stop: gr.Button
    resume: gr.Button
    merge: gr.Button
    walk: gr.HTML
    status: gr.HTML
    curves: gr.HTML
    log: gr.Textbox
    card: gr.Markdown
    sent: publish.Parts
    saved: checkpoints.Parts
    chosen: gr.CheckboxGroup
    compared: gr.HTML

    @property
    def drawn(self) -> list[gr.components.Component]:
        """In the order of what `follow` returns."""
        return [
            self.run,
            self.chosen,
            self.walk,
            self.status,
            self.curves,
            self.log,
            self.card,
            self.saved.listed,
            self.saved.checkpoint,
            self.stop,
            self.resume,
            self.merge,
        ]


def build(context: PageContext) -> gr.Dropdown:
    """Lay the tab out and wire it; returns the field of its data, which the Data tab hands over to."""
    walk = gr.HTML(padding=False, elem_id="walk")
    with gr.Row(elem_classes="tune"):
        with gr.Column(scale=4, min_width=320):
            form = _form()
            asked = launch.build(context, form.fields)
            sharing.build(context, asked, form.filled, form.told)
            sweep.build(context, form.fields)
            bring.build(context, form.base)
            preferences.build(context)
        with gr.Column(scale=6, min_width=320):
            view, runs = _view(), _runs(walk)
            expected = gr.HTML(padding=False, elem_id="expected")
    look = _wire(FinetuneHandlers(context), form, asked, view, runs, expected)
    publish.wire(context, runs.sent, runs.run)
    checkpoints.wire(context, runs.saved, runs.run).success(*look, **QUIET)
    return form.data


def _form() -> Form:
    base = gr.Dropdown(
        [], label=label("finetune.base"), info=label("finetune.base_info"), allow_custom_value=True, elem_id="base"
    )
    data = gr.Dropdown(
        [],
        label=label("finetune.data"),
        info=label("finetune.data_info"),
        allow_custom_value=True,
        elem_id="train-data",
    )
    upload = gr.UploadButton(
        label("finetune.upload"), file_types=[".jsonl", ".json", ".zip", ".gz", ".parquet"], size="sm"
    )
    method = gr.Radio(
        [], label=label("finetune.method"), info=label("finetune.method_info"), elem_classes="methods", elem_id="method"
    )
    preset = gr.Radio([], label=label("finetune.preset"), info=label("finetune.preset_info"), elem_id="preset")
    with gr.Accordion(label("finetune.advanced"), open=False):
        with gr.Row():
            advanced = [_field(name) for name in ADVANCED if name not in VARIANTS]
        gr.Markdown(label("finetune.variants"), elem_classes="quiet")
        for names in (VARIANTS[:-2], VARIANTS[-2:]):  # numbers first, then what is on or off
            with gr.Row():
                advanced += [_field(name) for name in names]
        allow_cut = gr.Checkbox(False, label=label("finetune.allow_cut"), elem_id="allow-cut")
    with gr.Row(elem_classes="actions"):
        look, estimate = (gr.Button(label(f"finetune.{name}"), min_width=80) for name in ("look", "estimate"))
        start = gr.Button(label("finetune.start"), variant="primary", min_width=100, elem_id="start")
    rest, told = gr.State({}), gr.HTML(padding=False, elem_id="rest")
    return Form(base, data, upload, method, preset, advanced, allow_cut, rest, told, look, estimate, start)


def _view() -> View:
    cost = gr.HTML(padding=False, elem_id="cost")
    gr.Markdown(label("finetune.before"), elem_classes=["quiet", "hint"])
    return View(
        cost,
        gr.HTML(padding=False, elem_id="look"),
        gr.Number(1, label=label("finetune.index"), precision=0, minimum=1, visible=False),
    )


def _field(name: str) -> gr.components.Component:
    """The field of the form for a setting of the run, by the setting's type."""
    default, kind = FinetuneConfig.model_fields[name].default, FinetuneConfig.model_fields[name].annotation
    shape: dict[str, Any] = {"label": label(f"finetune.{name}"), "min_width": 130}
    shape["info"] = label(f"finetune.{name}_info")
    if kind is bool:
        return gr.Checkbox(default, elem_id=name, **shape)
    if kind is str:
        return gr.Textbox(default, placeholder="—", elem_id=name, **shape)
    if get_origin(kind) is Literal:
        return gr.Dropdown(list(get_args(kind)), value=default, elem_id=name, **shape)
    shown = PRESETS["try"][1].get(name, default)
    return gr.Number(shown, placeholder="—", **shape)  # without a placeholder an empty one shows, and sends, 0


def _runs(walk: gr.HTML) -> Runs:
    with gr.Row(elem_classes="of-runs"):
        run = gr.Dropdown([], label=label("finetune.run"), scale=4, elem_id="run", min_width=300)
        stop, resume, merge = (
            gr.Button(label(f"finetune.{name}"), min_width=104, size="md", interactive=False)
            for name in ("stop", "resume", "merge")
        )
    status, curves = gr.HTML(padding=False, elem_id="run-status"), gr.HTML(padding=False, elem_id="curves")
    with gr.Column(elem_classes="of-runs"):
        with gr.Accordion(label("finetune.log"), open=False):
            log = gr.Textbox(show_label=False, lines=12, max_lines=12, interactive=False)
        with gr.Accordion(label("finetune.card"), open=False):
            gr.Markdown(label("finetune.export"), elem_classes="quiet")
            card = gr.Markdown(elem_id="adapter-card")
        sent = publish.build()
        saved = checkpoints.build()
        with gr.Accordion(label("finetune.compare"), open=False):
            chosen, compared = gr.CheckboxGroup([], show_label=False), gr.HTML(padding=False)
    return Runs(run, stop, resume, merge, walk, status, curves, log, card, sent, saved, chosen, compared)


def _wire(
    handlers: FinetuneHandlers, form: Form, asked: Fields[StartForm], view: View, runs: Runs, expected: gr.HTML
) -> Look:
    page = Context.root_block
    assert page is not None
    page.load(handlers.load, None, [form.base, form.data, form.method, form.preset, expected], **QUIET)
    look_again = keep_looking(handlers.context, handlers.follow, runs.run, runs.drawn, on=[runs.run.input])
    form.preset.input(handlers.preset, form.preset, [*form.advanced, form.rest, form.told], **QUIET)
    form.upload.upload(handlers.upload, form.upload, form.data, **WAIT)
    chosen = form.fields
    look = Fields(ExampleChoice, {"index": view.index, "chosen": chosen})
    looked = [form.look.click, view.index.submit]
    seen = gr.on(looked, look.to(handlers.look), look.inputs, [view.shown, view.index], **WAIT)
    seen.success(None, None, None, js=in_sight("look"))
    form.estimate.click(chosen.to(handlers.estimate), chosen.inputs, view.cost, **WAIT)
    started = form.start.click(asked.to(handlers.start), asked.inputs, runs.run, **WAIT)
    started.success(handlers.put_away, None, [view.cost, view.shown, view.index], **QUIET)
    started.success(*look_again, **QUIET).then(None, None, None, js=in_sight("run-status"))
    for name in ("stop", "resume", "merge"):
        getattr(runs, name).click(getattr(handlers, name), runs.run, None, **WAIT).success(*look_again, **QUIET)
    runs.chosen.input(handlers.compare, runs.chosen, runs.compared, **QUIET)
    return look_again
