"""Step 1 of the Data tab: where the conversations come from, and what they hold."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.ui.context import PageContext
from chatbot.ui.data_files import DataFiles, read_upload
from chatbot.ui.data_shared import QUIET, WAIT, needs, table
from chatbot.ui.data_stats import plots
from chatbot.ui.words import language, say, t

WORDS = {
    "corpus.guide": (
        "导入 CrossWOZ（train、val 或 test 的 .json 或 .zip），会自动剪出酒店对话，并按当前酒店库重新查询。没有文件，就下载，或者让程序自己对弈生成。",
        "Bring CrossWOZ (train, val or test, .json or .zip): hotel dialogues are cut out and replayed on the database. No file? Download, or self-play.",
    ),
    "corpus.upload": ("上传 CrossWOZ 或 JSONL", "Upload CrossWOZ or JSONL"),
    "corpus.download": ("下载 CrossWOZ 训练集（13 MB）", "Download CrossWOZ train (13 MB)"),
    "corpus.n": ("自对弈段数", "Self-play dialogues"),
    "corpus.play": ("生成", "Generate"),
    "corpus.empty": ("还没有语料。", "There is no corpus yet."),
    "corpus.kept": ("{n} 段对话", "{n} conversations"),
    "corpus.found": (
        "{dialogues} 个对话里找到 {segments} 个酒店片段，保留 {kept} 段，{turns} 轮。",
        "{segments} hotel segments in {dialogues} dialogues; {kept} kept, {turns} turns.",
    ),
    "corpus.drops": ("没有保留", "Dropped"),
    "corpus.repairs": ("修正", "Repaired"),
    "corpus.done": ("导入了 {n} 段对话。", "{n} conversations are in."),
}


def build(context: PageContext) -> list[Any]:
    """Lay the step out; returns the events after which the counts have changed."""
    handlers = CorpusHandlers(context)
    gr.Markdown(t("corpus.guide"), elem_classes="quiet")
    with gr.Row(elem_classes="sources"):
        upload = gr.UploadButton(t("corpus.upload"), file_types=[".json", ".zip", ".jsonl"], variant="primary", elem_id="corpus-upload", min_width=180)
        download = gr.Button(t("corpus.download"), min_width=180)
        n = gr.Number(200, label=t("corpus.n"), precision=0, minimum=1, maximum=20_000, min_width=110)
        play = gr.Button(t("corpus.play"), min_width=80, elem_id="corpus-play")
    shown = gr.HTML(padding=False, elem_id="corpus-shown")
    page = Context.root_block
    assert page is not None
    page.load(handlers.show, None, shown, **QUIET)
    done = [
        upload.upload(handlers.upload, upload, shown, **WAIT),
        download.click(handlers.download, None, shown, **WAIT),
        play.click(handlers.play, n, shown, **WAIT),
    ]
    return done


class CorpusHandlers:
    """What step 1's buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    @needs("engineer")
    def upload(self, request: gr.Request, file: str) -> str:
        """Take an uploaded file in."""
        self.files.keep_corpus(*read_upload(Path(file), self.context.default_store))
        return self._told(request)

    @needs("engineer")
    def download(self, request: gr.Request) -> str:
        """Fetch CrossWOZ's training dialogues and take them in."""
        from chatbot.corpus.download import SOURCES
        from chatbot.hotels.download import download

        path = download(SOURCES["train"], self.context.settings.folder("downloads"))
        self.files.keep_corpus(*read_upload(path, self.context.default_store))
        return self._told(request)

    @needs("engineer")
    def play(self, request: gr.Request, n: float) -> str:
        """Make conversations by self-play."""
        from chatbot.corpus.selfplay import selfplay

        self.files.keep_corpus(list(selfplay(self.context.default_store, int(n), seed=1, spoken=0.0)), {})
        return self._told(request)

    def show(self, request: gr.Request) -> str:
        """What the corpus holds."""
        if not self.context.may(request, "annotator"):
            return ""
        conversations = self.files.read_corpus()
        if not conversations:
            return f'<p class="empty">{say(request, "corpus.empty")}</p>'
        return self._report(request) + plots({"stats.before": conversations}, request)

    def _told(self, request: gr.Request) -> str:
        gr.Info(say(request, "corpus.done", n=f"{len(self.files.read_corpus()):,}"))
        return self.show(request)

    def _report(self, request: gr.Request) -> str:
        report = self.files.read_report()
        if not report:
            return f"<p>{say(request, 'corpus.kept', n=f'{len(self.files.read_corpus()):,}')}</p>"
        tables = "".join(
            f"<details><summary>{say(request, f'corpus.{kind}')} {sum(report[kind].values()):,}</summary>{table(_reasons(report[kind], request))}</details>"
            for kind in ("drops", "repairs")
        )
        return f'<p class="lead">{escape(say(request, "corpus.found", **report))}</p><div class="folds">{tables}</div>'


def _reasons(counts: dict[str, int], who: Any) -> dict[str, int]:
    """Reasons in words."""
    from chatbot.corpus.crosswoz import REASONS

    side = 0 if language(who) == "zh" else 1
    return {REASONS.get(key, (key, key))[side]: n for key, n in counts.items()}
