"""Step 4 of the Data tab: 8:1:1 by source without leaks, and files that other trainers read."""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.ui.data import worth_panel
from chatbot.ui.data.files import CARD, DataFiles, make_export, make_split
from chatbot.ui.data.shared import choice_box, wire_slow_step
from chatbot.ui.data.statistics import plots
from chatbot.ui.i18n.translate import in_language, label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.forms import QUIET
from chatbot.ui.shell.html import empty, para, quiet

FORMS = {
    "jsonl": ("对话 JSONL（本项目）", "conversation JSONL (this project)"),
    "parquet": ("Parquet（Hugging Face datasets）", "Parquet (Hugging Face datasets)"),
    "openai": ("OpenAI 微调 JSONL", "OpenAI fine-tuning JSONL"),
    "llama-factory": ("LLaMA-Factory ShareGPT", "LLaMA-Factory ShareGPT"),
    "chatglm3": ("ChatGLM3 工具格式", "ChatGLM3 tool form"),
    "llama2": ("Llama 2 纯文本", "Llama 2 text"),
}


def build(context: PageContext, opened: Sequence[Any]) -> list[Any]:
    """Lay the step out; returns the events after which the counts have changed.

    Args:
        opened: the events of the step being opened, e.g. a button's `click`: steps before it may have changed what can be split.
    """
    handlers = ExportHandlers(context)
    with gr.Row(elem_classes="choices"):
        with choice_box("export.split"), gr.Row(elem_classes="inline"):
            with_corpus = gr.Checkbox(True, label=label("export.with_corpus"), min_width=120)
            seed = gr.Number(0, label=label("export.seed"), precision=0, min_width=80)
            split = gr.Button(label("export.split"), variant="primary", elem_id="split", min_width=80)
        with choice_box("export.export"), gr.Row(elem_classes="inline"):
            form = gr.Dropdown(
                list(FORMS), value="jsonl", label=label("export.form"), min_width=190, elem_id="export-form"
            )
            export = gr.Button(label("export.export"), elem_id="export", min_width=80)
    file = gr.File(label=label("export.file"), visible=False, interactive=False, elem_id="export-file")
    with gr.Accordion(label("export.card"), open=False, visible=False, elem_id="export-card") as fold:
        card = gr.Markdown()
    shown = gr.HTML(padding=False, elem_id="split-shown")
    worth_panel.build(context)
    page = Context.root_block
    assert page is not None
    page.load(handlers.forms, None, form, **QUIET)
    gr.on([page.load, *opened], handlers.open, None, [shown, split, export], **QUIET)
    done = wire_slow_step(
        split.click, handlers.split, [seed, with_corpus], shown, busy=handlers.busy, back=handlers.show
    )
    done.then(handlers.can, None, [split, export], **QUIET)
    export.click(handlers.export, form, [file, fold, card], api_visibility="private")
    return [done]


class ExportHandlers:
    """What step 4's buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def forms(self, request: gr.Request) -> Any:
        """The formats in the person's language."""
        return gr.update(choices=[(in_language(request, names), form) for form, names in FORMS.items()])

    def open(self, request: gr.Request) -> list[Any]:
        """The whole step as the files stand."""
        return [self.show(request), *self.can()]

    def show(self, request: gr.Request) -> str:
        """The split as it stands, or what could be split."""
        if not self.context.may(request, "annotator"):
            return ""
        corpus, counts = self.files.read_corpus(), self.files.counts()
        approved = counts.approve + counts.edit
        if not corpus and not approved:
            return empty(translate(request, "export.empty"))
        ready = quiet(translate(request, "export.ready", corpus=f"{len(corpus):,}", approved=f"{approved:,}"))
        charts = plots({"stats.before": corpus, "stats.after": [*corpus, *self.files.approved()]}, request)
        return self._sides(request) + ready + charts

    def can(self) -> list[Any]:
        """Which of splitting and exporting can be pressed; splitting is no longer what comes next once it is done."""
        counts, done = self.files.counts(), bool(self.files.sides())
        ready = self.files.corpus_size() > 0 or counts.approve + counts.edit > 0
        return [gr.update(interactive=ready, variant="secondary" if done else "primary"), gr.update(interactive=done)]

    def busy(self, request: gr.Request) -> str:
        """What goes on while a corpus is split."""
        return para("empty busy", translate(request, "export.busy"))

    @needs("engineer")
    def split(self, request: gr.Request, seed: float, with_corpus: bool) -> str:
        """Split, and say how many lie where and what leaks."""
        make_split(self.files, int(seed or 0), with_corpus=with_corpus)
        return self.show(request)

    @needs("engineer")
    def export(self, request: gr.Request, form: str) -> list[Any]:
        """Write the split in another form as a zip, and show its data card."""
        archive = make_export(self.files, form, self.context.default_store)
        card = (archive.with_suffix("") / CARD).read_text(encoding="utf-8")
        return [gr.update(value=str(archive), visible=True), gr.update(visible=True), card]

    def _sides(self, request: gr.Request) -> str:
        sides, found = self.files.sides(), self.files.split_report()
        if not sides or not found:
            return empty(translate(request, "export.first"))
        tiles = "".join(
            f"<div><b>{n:,}</b><span>{translate(request, f'export.{side}')}</span></div>" for side, n in sides.items()
        )
        leaking = any(found["leaks"].values())
        told = translate(request, "export.leaks", **found["leaks"]) + translate(
            request, "export.leaking" if leaking else "export.clean"
        )
        diverse = translate(request, "export.diversity", **found)
        lead = para("lead bad" if leaking else "lead good", escape(told))
        return f'<div class="tiles">{tiles}</div>{lead}{quiet(escape(diverse))}'
