"""Step 4 of the Data tab: 8:1:1 by source without leaks, and files that other trainers read."""

from html import escape
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.ui.context import PageContext
from chatbot.ui.data_files import CARD, DataFiles, make_export, make_split
from chatbot.ui.data_shared import QUIET, choice, slowly
from chatbot.ui.data_stats import plots
from chatbot.ui.errors import needs
from chatbot.ui.words import language, say, t

WORDS = {
    "export.split.head": ("划分 8:1:1", "Split 8:1:1"),
    "export.split.text": (
        "同一来源和近似重复的对话只在一边。划分后可以直接到“微调”里选用。",
        "One source and its near-duplicates stay on one side. The result can be chosen in Fine-tune.",
    ),
    "export.with_corpus": ("包括原语料", "Include the corpus itself"),
    "export.seed": ("随机种子", "Seed"),
    "export.split": ("划分", "Split"),
    "export.export.head": ("导出给别的工具", "Export for other tools"),
    "export.export.text": ("每份都附数据卡和审核记录。", "Each comes with a data card and the audit trail."),
    "export.form": ("格式", "Format"),
    "export.export": ("导出", "Export"),
    "export.file": ("下载", "Download"),
    "export.card": ("数据卡", "Data card"),
    "export.empty": ("还没有可以划分的对话。先在第 ① 步导入语料。", "There is nothing to split yet. Bring a corpus in step ①."),
    "export.ready": ("可以用于划分：语料 {corpus} 段，通过审核 {approved} 段。", "Ready to split: {corpus} of the corpus, {approved} approved."),
    "export.first": ("还没有划分。先点“划分”，再导出。", "Not split yet. Split first, then export."),
    "export.busy": ("正在找近似重复、划分并检查泄漏…", "Looking for near-duplicates, splitting, checking for leaks…"),
    "export.train": ("训练", "Training"),
    "export.val": ("验证", "Validation"),
    "export.test": ("测试", "Test"),
    "export.leaks": ("泄漏检查：同源 {sources}，近似重复 {near_duplicates}", "Leaks: same source {sources}, near-duplicates {near_duplicates}"),
    "export.clean": ("，没有泄漏", "; none"),
    "export.leaking": ("，两项都必须为 0，请换个种子再划分", "; both must be 0: split again with another seed"),
    "export.diversity": (
        "用户用语的多样性：distinct-2 {distinct_2}，self-BLEU {self_bleu}",
        "Diversity of the users' words: distinct-2 {distinct_2}, self-BLEU {self_bleu}",
    ),
}
FORMS = {
    "jsonl": ("对话 JSONL（本项目）", "conversation JSONL (this project)"),
    "parquet": ("Parquet（Hugging Face datasets）", "Parquet (Hugging Face datasets)"),
    "openai": ("OpenAI 微调 JSONL", "OpenAI fine-tuning JSONL"),
    "llama-factory": ("LLaMA-Factory ShareGPT", "LLaMA-Factory ShareGPT"),
    "chatglm3": ("ChatGLM3 工具格式", "ChatGLM3 tool form"),
    "llama2": ("Llama 2 纯文本", "Llama 2 text"),
}


def build(context: PageContext) -> list[Any]:
    """Lay the step out; returns the events after which the counts have changed."""
    handlers = ExportHandlers(context)
    with gr.Row(elem_classes="choices"):
        with choice("export.split"), gr.Row(elem_classes="inline"):
            with_corpus = gr.Checkbox(True, label=t("export.with_corpus"), min_width=120)
            seed = gr.Number(0, label=t("export.seed"), precision=0, min_width=80)
            split = gr.Button(t("export.split"), variant="primary", elem_id="split", min_width=80)
        with choice("export.export"), gr.Row(elem_classes="inline"):
            form = gr.Dropdown(list(FORMS), value="jsonl", label=t("export.form"), min_width=190, elem_id="export-form")
            export = gr.Button(t("export.export"), elem_id="export", min_width=80)
    file = gr.File(label=t("export.file"), visible=False, interactive=False, elem_id="export-file")
    with gr.Accordion(t("export.card"), open=False, visible=False, elem_id="export-card") as fold:
        card = gr.Markdown()
    shown = gr.HTML(padding=False, elem_id="split-shown")
    page = Context.root_block
    assert page is not None
    page.load(handlers.forms, None, form, **QUIET)
    page.load(handlers.show, None, shown, **QUIET)
    done = slowly(split.click, handlers.split, [seed, with_corpus], shown, busy=handlers.busy, back=handlers.show)
    export.click(handlers.export, form, [file, fold, card], api_visibility="private")
    return [done]


class ExportHandlers:
    """What step 4's buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def forms(self, request: gr.Request) -> Any:
        """The formats in the person's language."""
        side = 0 if language(request) == "zh" else 1
        return gr.update(choices=[(names[side], form) for form, names in FORMS.items()])

    def show(self, request: gr.Request) -> str:
        """The split as it stands, or what could be split."""
        if not self.context.may(request, "annotator"):
            return ""
        corpus, counts = self.files.read_corpus(), self.files.counts()
        approved = counts.approve + counts.edit
        if not corpus and not approved:
            return f'<p class="empty">{say(request, "export.empty")}</p>'
        ready = f'<p class="quiet">{say(request, "export.ready", corpus=f"{len(corpus):,}", approved=f"{approved:,}")}</p>'
        charts = plots({"stats.before": corpus, "stats.after": [*corpus, *self.files.approved()]}, request)
        return self._sides(request) + ready + charts

    def busy(self, request: gr.Request) -> str:
        """What goes on while a corpus is split."""
        return f'<p class="empty busy">{say(request, "export.busy")}</p>'

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
            return f'<p class="empty">{say(request, "export.first")}</p>'
        tiles = "".join(f"<div><b>{n:,}</b><span>{say(request, f'export.{side}')}</span></div>" for side, n in sides.items())
        leaking = any(found["leaks"].values())
        told = say(request, "export.leaks", **found["leaks"]) + say(request, "export.leaking" if leaking else "export.clean")
        diverse = say(request, "export.diversity", **found)
        return f'<div class="tiles">{tiles}</div><p class="lead {"bad" if leaking else "good"}">{escape(told)}</p><p class="quiet">{escape(diverse)}</p>'
