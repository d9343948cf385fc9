"""The Fine-tune tab: what to train on the left, what it will see and cost beside it, how the runs go below."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.training.config import PRESETS, FinetuneConfig
from chatbot.ui.context import PageContext
from chatbot.ui.finetune_handlers import ADVANCED, FinetuneHandlers
from chatbot.ui.words import t

WORDS = {
    "finetune.base": ("基座模型", "Base model"),
    "finetune.base_info": ("列表里的，或本机的一个文件夹", "One of the list, or a folder on this machine"),
    "finetune.data": ("训练数据", "Training data"),
    "finetune.data_info": ("随附的、从“数据”导出的，或上传", "Shipped, exported from Data, or uploaded"),
    "finetune.upload": ("上传 JSONL", "Upload JSONL"),
    "finetune.method": ("方法", "Method"),
    "finetune.preset": ("力度", "Effort"),
    "finetune.advanced": ("更多设置", "Advanced"),
    "finetune.look": ("先看一看", "Look first"),
    "finetune.estimate": ("估算", "Estimate"),
    "finetune.start": ("开始训练", "Start"),
    "finetune.index": ("看第几例", "Example number"),
    "finetune.before": (
        "“先看一看”：模型看到的每个词元、哪些要学、怎样打包。“估算”：内存放不放得下、要多久。第一次要等训练库装入。",
        "“Look first” shows each token, what is learned and how rows are packed. “Estimate”: memory and time. The first time loads the libraries.",
    ),
    "finetune.run": ("训练记录", "Runs"),
    "finetune.stop": ("保存并停止", "Save and stop"),
    "finetune.resume": ("继续", "Resume"),
    "finetune.merge": ("合并导出", "Merge and export"),
    "finetune.log": ("日志", "Log"),
    "finetune.card": ("适配器卡片与导出", "Adapter card and export"),
    "finetune.export": (
        "“合并导出”把适配器并入基座，存成 safetensors，任何推理引擎都能用。要 GGUF：Llama 2 的合并模型用 llama.cpp 的 convert_hf_to_gguf.py 转换；"
        "hotel-mini 的分词器 llama.cpp 读不了，用 safetensors。",
        "“Merge and export” folds the adapter into its base as safetensors, for any engine. For GGUF convert a merged Llama 2 with llama.cpp's "
        "convert_hf_to_gguf.py; llama.cpp cannot read hotel-mini's tokenizer: use the safetensors.",
    ),
    "finetune.compare": ("比较两次训练", "Compare runs"),
    "finetune.epochs": ("训练轮数", "Epochs"),
    "finetune.max_steps": ("最多步数（空 = 不限）", "Steps at most (empty = no limit)"),
    "finetune.learning_rate": ("学习率（空 = 按方法）", "Learning rate (empty = the method's)"),
    "finetune.batch_size": ("每批行数", "Rows a batch"),
    "finetune.accumulation": ("梯度累积", "Gradient accumulation"),
    "finetune.max_length": ("每行词元数", "Tokens a row"),
    "finetune.rank": ("LoRA 秩", "LoRA rank"),
    "finetune.alpha": ("LoRA 缩放", "LoRA scale"),
    "finetune.target_rank": ("AdaLoRA 目标秩", "AdaLoRA target rank"),
    "finetune.virtual_tokens": ("虚拟词数", "Virtual tokens"),
    "finetune.eval_every": ("每几步评测", "Steps between checkpoints"),
    "finetune.eval_limit": ("每次生成几段", "Conversations generated each time"),
    "finetune.patience": ("几次无进步就停", "Patience (checkpoints)"),
    "finetune.seed": ("随机种子", "Seed"),
}
EVERY = 2.0
"""Seconds between two looks at the run."""
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
WAIT: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal", "concurrency_limit": 1}


@dataclass(frozen=True)
class Form:
    """What is chosen before a start."""

    base: gr.Dropdown
    data: gr.Dropdown
    upload: gr.UploadButton
    method: gr.Radio
    preset: gr.Radio
    advanced: list[gr.Number]
    look: gr.Button
    estimate: gr.Button
    start: gr.Button

    @property
    def fields(self) -> list[gr.components.Component]:
        """In the order of the handlers' arguments."""
        return [self.base, self.data, self.method, *self.advanced]


@dataclass(frozen=True)
class View:
    """What is shown before a start."""

    cost: gr.HTML
    shown: gr.HTML
    index: gr.Number


@dataclass(frozen=True)
class Runs:
    """What shows and steers a run."""

    run: gr.Dropdown
    stop: gr.Button
    resume: gr.Button
    merge: gr.Button
    walk: gr.HTML
    status: gr.HTML
    curves: gr.HTML
    log: gr.Textbox
    card: gr.Markdown
    chosen: gr.CheckboxGroup
    compared: gr.HTML

    @property
    def drawn(self) -> list[gr.components.Component]:
        """In the order of what `follow` returns."""
        return [self.run, self.chosen, self.walk, self.status, self.curves, self.log, self.card, self.stop, self.resume, self.merge]


def build(context: PageContext) -> None:
    """Lay the tab out and wire it."""
    gr.HTML(f"<style>{Path(__file__).with_name('finetune.css').read_text(encoding='utf-8')}</style>", padding=False)
    walk = gr.HTML(padding=False, elem_id="walk")
    with gr.Row(elem_classes="tune"):
        with gr.Column(scale=4, min_width=320):
            form = _form()
        with gr.Column(scale=6, min_width=320):
            view = _view()
    _wire(FinetuneHandlers(context), form, view, _runs(walk))


def _form() -> Form:
    base = gr.Dropdown([], label=t("finetune.base"), info=t("finetune.base_info"), allow_custom_value=True, elem_id="base")
    data = gr.Dropdown([], label=t("finetune.data"), info=t("finetune.data_info"), allow_custom_value=True, elem_id="train-data")
    upload = gr.UploadButton(t("finetune.upload"), file_types=[".jsonl"], size="sm")
    method = gr.Radio([], label=t("finetune.method"), elem_classes="methods", elem_id="method")
    preset = gr.Radio([], label=t("finetune.preset"), elem_id="preset")
    with gr.Accordion(t("finetune.advanced"), open=False), gr.Row():
        advanced = [_number(name) for name in ADVANCED]
    with gr.Row():
        look, estimate = (gr.Button(t(f"finetune.{name}"), min_width=80) for name in ("look", "estimate"))
        start = gr.Button(t("finetune.start"), variant="primary", min_width=100, elem_id="start")
    return Form(base, data, upload, method, preset, advanced, look, estimate, start)


def _view() -> View:
    cost = gr.HTML(padding=False, elem_id="cost")
    gr.Markdown(t("finetune.before"), elem_classes=["quiet", "hint"])
    return View(cost, gr.HTML(padding=False, elem_id="look"), gr.Number(1, label=t("finetune.index"), precision=0, minimum=1, visible=False))


def _number(name: str) -> gr.Number:
    default = PRESETS["try"][1].get(name, FinetuneConfig.model_fields[name].default)
    return gr.Number(default, label=t(f"finetune.{name}"), placeholder="—", min_width=130)  # without a placeholder an empty one shows, and sends, 0


def _runs(walk: gr.HTML) -> Runs:
    with gr.Row():
        run = gr.Dropdown([], label=t("finetune.run"), scale=4, elem_id="run")
        stop, resume, merge = (gr.Button(t(f"finetune.{name}"), min_width=90, interactive=False) for name in ("stop", "resume", "merge"))
    status, curves = gr.HTML(padding=False, elem_id="run-status"), gr.HTML(padding=False, elem_id="curves")
    with gr.Accordion(t("finetune.log"), open=False):
        log = gr.Textbox(show_label=False, lines=12, max_lines=12, interactive=False)
    with gr.Accordion(t("finetune.card"), open=False):
        gr.Markdown(t("finetune.export"), elem_classes="quiet")
        card = gr.Markdown(elem_id="adapter-card")
    with gr.Accordion(t("finetune.compare"), open=False):
        chosen, compared = gr.CheckboxGroup([], show_label=False), gr.HTML(padding=False)
    return Runs(run, stop, resume, merge, walk, status, curves, log, card, chosen, compared)


def _wire(handlers: FinetuneHandlers, form: Form, view: View, runs: Runs) -> None:
    page, timer = Context.root_block, gr.Timer(EVERY)
    assert page is not None
    page.load(handlers.load, None, [form.base, form.data, form.method, form.preset], **QUIET)
    gr.on([page.load, timer.tick, runs.run.input], handlers.follow, runs.run, runs.drawn, **QUIET)
    form.preset.input(handlers.preset, form.preset, form.advanced, **QUIET)
    form.upload.upload(handlers.upload, form.upload, form.data, **WAIT)
    gr.on([form.look.click, view.index.submit], handlers.look, [view.index, *form.fields], [view.shown, view.index], **WAIT)
    form.estimate.click(handlers.estimate, form.fields, view.cost, **WAIT)
    form.start.click(handlers.start, form.fields, runs.run, **WAIT).success(handlers.follow, runs.run, runs.drawn, **QUIET)
    for name in ("stop", "resume", "merge"):
        getattr(runs, name).click(getattr(handlers, name), runs.run, None, **WAIT).success(handlers.follow, runs.run, runs.drawn, **QUIET)
    runs.chosen.input(handlers.compare, runs.chosen, runs.compared, **QUIET)
