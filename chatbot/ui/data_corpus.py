"""Step 1 of the Data tab: where the conversations come from, and what they hold."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.errors import DownloadError
from chatbot.messages import Conversation
from chatbot.ui.context import PageContext
from chatbot.ui.data_files import DataFiles, read_upload
from chatbot.ui.data_shared import QUIET, ago, choice, inform, slowly, table
from chatbot.ui.data_stats import plots
from chatbot.ui.errors import needs
from chatbot.ui.words import language, say, t

WORDS = {
    "corpus.upload.head": ("上传文件", "Upload a file"),
    "corpus.upload.text": (
        "CrossWOZ 的 train、val 或 test（.json 或 .zip），自动剪出酒店对话并按当前酒店库重新查询；也收 .jsonl 对话。",
        "CrossWOZ's train, val or test (.json or .zip): hotel dialogues are cut out and replayed on the database in use. Also conversations as .jsonl.",
    ),
    "corpus.upload": ("选择文件…", "Choose a file…"),
    "corpus.download.head": ("从网上下载", "Download"),
    "corpus.download.text": (
        "从 CrossWOZ 的仓库取，断了能续传，按 SHA-256 核对。",
        "From CrossWOZ's repository; goes on where it broke off, checked by SHA-256.",
    ),
    "corpus.download": ("下载", "Download"),
    "corpus.no_download": (
        "下载没有成功：连不上网络，或者文件和登记的 SHA-256 不同。请在能上网的电脑上打开 {url} ，把文件拷过来，用“上传文件”导入。",
        "The download did not work: no network, or a file with another SHA-256. Fetch {url} where there is a network, copy the file here and upload it.",
    ),
    "corpus.play.head": ("自己生成", "Self-play"),
    "corpus.play.text": ("模拟用户和当前酒店库对话，不用任何文件。", "A simulated user talks to the database in use; no file is needed."),
    "corpus.play": ("生成", "Generate"),
    "corpus.train": ("训练集 train（13 MB）", "train (13 MB)"),
    "corpus.val": ("验证集 val", "val"),
    "corpus.test": ("测试集 test", "test"),
    "corpus.part": ("哪一份", "Which part"),
    "corpus.n": ("生成几段", "How many"),
    "corpus.empty": ("还没有语料。从上面三种来源里选一种开始。", "There is no corpus yet. Begin with one of the three sources above."),
    "corpus.busy": (
        "正在读取、剪出酒店对话并逐条重新查询，大文件要一两分钟…",
        "Reading, cutting hotel dialogues out and replaying each search; a large file takes a minute or two…",
    ),
    "corpus.kept": ("{n} 段对话，{turns} 轮", "{n} conversations, {turns} turns"),
    "corpus.from": ("来自 {name} · {when} · 再导入会替换它", "from {name} · {when} · another import replaces it"),
    "corpus.self": ("自己生成", "self-play"),
    "corpus.found": (
        "{dialogues} 个对话里找到 {segments} 个酒店片段，保留 {kept} 段，{turns} 轮。",
        "{segments} hotel segments in {dialogues} dialogues; {kept} kept, {turns} turns.",
    ),
    "corpus.drops": ("没有保留", "Dropped"),
    "corpus.repairs": ("修正", "Repaired"),
    "corpus.done": ("导入了 {n} 段对话。", "{n} conversations are in."),
}
PARTS = ("train", "val", "test")


def build(context: PageContext) -> list[Any]:
    """Lay the step out; returns the events after which the counts have changed."""
    handlers = CorpusHandlers(context)
    with gr.Row(elem_classes="choices"):
        with choice("corpus.upload"):
            upload = gr.UploadButton(t("corpus.upload"), file_types=[".json", ".zip", ".jsonl"], variant="primary", elem_id="corpus-upload")
        with choice("corpus.download"), gr.Row(elem_classes="inline"):
            part = gr.Dropdown(list(PARTS), value="train", label=t("corpus.part"), min_width=130, elem_id="corpus-part")
            download = gr.Button(t("corpus.download"), min_width=80, elem_id="corpus-download")
        with choice("corpus.play"), gr.Row(elem_classes="inline"):
            n = gr.Number(200, label=t("corpus.n"), precision=0, minimum=1, maximum=20_000, min_width=100)
            play = gr.Button(t("corpus.play"), min_width=80, elem_id="corpus-play")
    shown = gr.HTML(padding=False, elem_id="corpus-shown")
    page = Context.root_block
    assert page is not None
    page.load(handlers.choices, None, part, **QUIET)
    page.load(handlers.show, None, shown, **QUIET)
    return [
        slowly(upload.upload, handlers.upload, upload, shown, busy=handlers.busy, back=handlers.show),
        slowly(download.click, handlers.download, part, shown, busy=handlers.busy, back=handlers.show),
        slowly(play.click, handlers.play, n, shown, busy=handlers.busy, back=handlers.show),
    ]


class CorpusHandlers:
    """What step 1's buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def choices(self, request: gr.Request) -> Any:
        """The parts of CrossWOZ in the person's language."""
        return gr.update(choices=[(say(request, f"corpus.{part}"), part) for part in PARTS])

    def busy(self, request: gr.Request) -> str:
        """What goes on while a file is taken in."""
        return f'<p class="empty busy">{say(request, "corpus.busy")}</p>'

    @needs("engineer")
    def upload(self, request: gr.Request, file: str) -> str:
        """Take an uploaded file in."""
        return self._keep(request, *read_upload(Path(file), self.context.default_store), Path(file).name)

    @needs("engineer")
    def download(self, request: gr.Request, part: str) -> str:
        """Fetch one part of CrossWOZ and take it in."""
        from chatbot.corpus.download import SOURCES
        from chatbot.hotels.download import download

        try:
            path = download(SOURCES[part], self.context.settings.folder("downloads"))
        except DownloadError as error:
            raise gr.Error(say(request, "corpus.no_download", url=SOURCES[part].url), duration=None, print_exception=False) from error
        return self._keep(request, *read_upload(path, self.context.default_store), path.name)

    @needs("engineer")
    def play(self, request: gr.Request, n: float) -> str:
        """Make conversations by self-play."""
        from chatbot.corpus.selfplay import selfplay

        return self._keep(request, list(selfplay(self.context.default_store, int(n or 1), seed=1, spoken=0.0)), {}, "")

    def show(self, request: gr.Request) -> str:
        """What the corpus holds."""
        if not self.context.may(request, "annotator"):
            return ""
        conversations = self.files.read_corpus()
        if not conversations:
            return f'<p class="empty">{say(request, "corpus.empty")}</p>'
        return self._report(request, conversations) + plots({"stats.before": conversations}, request)

    def _keep(self, request: gr.Request, conversations: list[Conversation], report: dict[str, Any], name: str) -> str:
        self.files.keep_corpus(conversations, report | {"name": name})
        inform(request, "corpus.done", n=f"{len(conversations):,}")
        return self.show(request)

    def _report(self, request: gr.Request, conversations: list[Conversation]) -> str:
        report = self.files.read_report()
        turns = sum(m.role == "user" for c in conversations for m in c.messages)
        lead = say(request, "corpus.found", **report) if "kept" in report else say(request, "corpus.kept", n=f"{len(conversations):,}", turns=f"{turns:,}")
        name = escape(report.get("name") or say(request, "corpus.self"))
        origin = say(request, "corpus.from", name=name, when=ago(self.files.corpus.stat().st_mtime, request))
        tables = "".join(
            f"<details><summary>{say(request, f'corpus.{kind}')} {sum(report[kind].values()):,}</summary>{table(_reasons(report[kind], request))}</details>"
            for kind in ("drops", "repairs")
            if report.get(kind)
        )
        return f'<p class="lead">{escape(lead)}</p><p class="quiet">{origin}</p><div class="folds">{tables}</div>'


def _reasons(counts: dict[str, int], who: Any) -> dict[str, int]:
    """Reasons in words."""
    from chatbot.corpus.crosswoz import REASONS

    side = 0 if language(who) == "zh" else 1
    return {REASONS.get(key, (key, key))[side]: n for key, n in counts.items()}
