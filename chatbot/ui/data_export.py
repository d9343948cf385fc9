"""Step 4 of the Data tab: 8:1:1 by source without leaks, and files that other trainers read."""

from html import escape
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.ui.context import PageContext
from chatbot.ui.data_files import DataFiles, make_export, make_split
from chatbot.ui.data_shared import QUIET, WAIT, needs, table
from chatbot.ui.data_stats import plots
from chatbot.ui.words import say, t

WORDS = {
    "export.guide": (
        "按来源对话 8:1:1 划分，同一来源和近似重复的对话只在一边。划分后可以直接到“微调”里选用，也可以导出给别的工具。",
        "Split 8:1:1 by source dialogue; one source and its near-duplicates stay on one side. Choose the result in Fine-tune, or export it for other tools.",
    ),
    "export.with_corpus": ("包括原语料", "Include the corpus itself"),
    "export.seed": ("随机种子", "Seed"),
    "export.split": ("划分", "Split"),
    "export.form": ("导出格式", "Format"),
    "export.export": ("导出", "Export"),
    "export.file": ("下载", "Download"),
    "export.ready": ("可以用于划分：语料 {corpus} 段，通过审核 {approved} 段。", "Ready to split: {corpus} of the corpus, {approved} approved."),
    "export.leaks": (
        "泄漏检查：同源 {sources}，近似重复 {near_duplicates}（都应为 0）",
        "Leaks: same source {sources}, near-duplicates {near_duplicates} (both must be 0)",
    ),
}
FORMS = ("jsonl", "parquet", "openai", "llama-factory", "chatglm3", "llama2")


def build(context: PageContext) -> list[Any]:
    """Lay the step out; returns the events after which the counts have changed."""
    handlers = ExportHandlers(context)
    gr.Markdown(t("export.guide"), elem_classes="quiet")
    with gr.Row(elem_classes="sources"):
        with_corpus = gr.Checkbox(True, label=t("export.with_corpus"), min_width=140)
        seed = gr.Number(0, label=t("export.seed"), precision=0, min_width=90)
        split = gr.Button(t("export.split"), variant="primary", elem_id="split", min_width=90)
        form = gr.Dropdown(list(FORMS), value="jsonl", label=t("export.form"), min_width=140)
        export = gr.Button(t("export.export"), elem_id="export", min_width=90)
    shown = gr.HTML(padding=False, elem_id="split-shown")
    file = gr.File(label=t("export.file"), visible=False, interactive=False, elem_id="export-file")
    page = Context.root_block
    assert page is not None
    page.load(handlers.ready, None, shown, **QUIET)
    done = split.click(handlers.split, [seed, with_corpus], shown, **WAIT)
    export.click(handlers.export, form, file, **WAIT)
    return [done]


class ExportHandlers:
    """What step 4's buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def ready(self, request: gr.Request) -> str:
        """What could be split."""
        if not self.context.may(request, "annotator"):
            return ""
        counts = self.files.counts()
        corpus = len(self.files.read_corpus())
        return f'<p class="quiet">{say(request, "export.ready", corpus=f"{corpus:,}", approved=f"{counts.approve + counts.edit:,}")}</p>'

    @needs("engineer")
    def split(self, request: gr.Request, seed: float, with_corpus: bool) -> str:
        """Split, and say how many lie where and what leaks."""
        leaks = make_split(self.files, int(seed or 0), with_corpus=with_corpus)
        told = say(request, "export.leaks", **leaks)
        state = "good" if not any(leaks.values()) else "bad"
        corpus, approved = self.files.read_corpus(), self.files.approved()
        charts = plots({"stats.before": corpus, "stats.after": [*corpus, *approved]}, request)
        return f'{table(self.files.sides())}<p class="lead {state}">{escape(told)}</p>{charts}'

    @needs("engineer")
    def export(self, request: gr.Request, form: str) -> Any:
        """Write the split in another form as a zip."""
        return gr.update(value=str(make_export(self.files, form, self.context.default_store)), visible=True)
