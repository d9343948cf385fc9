"""Step 1 of the Data tab: where the conversations come from, and what they hold."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import DownloadError
from chatbot.core.messages import Conversation
from chatbot.ui.data.files import DataFiles, read_upload
from chatbot.ui.data.shared import choice_box, say_done, time_ago, wire_slow_step
from chatbot.ui.data.statistics import plots
from chatbot.ui.i18n.translate import in_language, label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.forms import QUIET
from chatbot.ui.shell.html import empty, facts, para, quiet

PARTS = ("train", "val", "test")


def build(context: PageContext) -> list[Any]:
    """Lay the step out; returns the events after which the counts have changed."""
    handlers = CorpusHandlers(context)
    with gr.Row(elem_classes="choices"):
        with choice_box("corpus.upload"):
            upload = gr.UploadButton(
                label("corpus.upload"),
                file_types=[".json", ".zip", ".jsonl"],
                variant="primary",
                elem_id="corpus-upload",
            )
        with choice_box("corpus.download"), gr.Row(elem_classes="inline"):
            part = gr.Dropdown(
                list(PARTS), value="train", label=label("corpus.part"), min_width=130, elem_id="corpus-part"
            )
            download = gr.Button(label("corpus.download"), min_width=80, elem_id="corpus-download")
        with choice_box("corpus.play"), gr.Row(elem_classes="inline"):
            n = gr.Number(200, label=label("corpus.n"), precision=0, minimum=1, maximum=20_000, min_width=100)
            play = gr.Button(label("corpus.play"), min_width=80, elem_id="corpus-play")
    shown = gr.HTML(padding=False, elem_id="corpus-shown")
    page = Context.root_block
    assert page is not None
    page.load(handlers.choices, None, part, **QUIET)
    page.load(handlers.show, None, shown, **QUIET)
    return [
        wire_slow_step(upload.upload, handlers.upload, upload, shown, busy=handlers.busy, back=handlers.show),
        wire_slow_step(download.click, handlers.download, part, shown, busy=handlers.busy, back=handlers.show),
        wire_slow_step(play.click, handlers.play, n, shown, busy=handlers.busy, back=handlers.show),
    ]


class CorpusHandlers:
    """What step 1's buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def choices(self, request: gr.Request) -> Any:
        """The parts of CrossWOZ in the person's language."""
        return gr.update(choices=[(translate(request, f"corpus.{part}"), part) for part in PARTS])

    def busy(self, request: gr.Request) -> str:
        """What goes on while a file is taken in."""
        return para("empty busy", translate(request, "corpus.busy"))

    @needs("engineer")
    def upload(self, request: gr.Request, file: str) -> str:
        """Take an uploaded file in."""
        return self._keep(request, *read_upload(Path(file), self.context.default_store), Path(file).name)

    @needs("engineer")
    def download(self, request: gr.Request, part: str) -> str:
        """Fetch one part of CrossWOZ and take it in."""
        from chatbot.corpus.crosswoz.download import SOURCES
        from chatbot.hotels.download import download

        try:
            path = download(SOURCES[part], self.context.settings.folder("downloads"))
        except DownloadError as error:
            raise gr.Error(
                translate(request, "corpus.no_download", url=SOURCES[part].url), duration=None, print_exception=False
            ) from error
        return self._keep(request, *read_upload(path, self.context.default_store), path.name)

    @needs("engineer")
    def play(self, request: gr.Request, n: float) -> str:
        """Make conversations by self-play."""
        from chatbot.corpus.selfplay.generate import selfplay

        return self._keep(
            request, list(selfplay(self.context.default_store, int(n or 1), seed=1, colloquial=0.0)), {}, ""
        )

    def show(self, request: gr.Request) -> str:
        """What the corpus holds."""
        if not self.context.may(request, "annotator"):
            return ""
        conversations = self.files.read_corpus()
        if not conversations:
            return empty(translate(request, "corpus.empty"))
        return self._report(request, conversations) + plots({"stats.before": conversations}, request)

    def _keep(self, request: gr.Request, conversations: list[Conversation], report: dict[str, Any], name: str) -> str:
        self.files.keep_corpus(conversations, report | {"name": name})
        say_done(request, "corpus.done", n=f"{len(conversations):,}")
        return self.show(request)

    def _report(self, request: gr.Request, conversations: list[Conversation]) -> str:
        report = self.files.read_report()
        turns = sum(m.role == "user" for c in conversations for m in c.messages)
        lead = (
            translate(request, "corpus.found", **report)
            if "kept" in report
            else translate(request, "corpus.kept", n=f"{len(conversations):,}", turns=f"{turns:,}")
        )
        name = escape(report.get("name") or translate(request, "corpus.self"))
        origin = translate(request, "corpus.from", name=name, when=time_ago(self.files.corpus.stat().st_mtime, request))
        tables = "".join(
            f"<details><summary>{translate(request, f'corpus.{kind}')} {sum(report[kind].values()):,}</summary>{facts(_reasons(report[kind], request))}</details>"
            for kind in ("drops", "repairs")
            if report.get(kind)
        )
        return para("lead", escape(lead)) + quiet(origin) + f'<div class="folds">{tables}</div>'


def _reasons(counts: dict[str, int], who: Any) -> dict[str, int]:
    """Reasons in words."""
    from chatbot.corpus.crosswoz.extract import REASONS

    return {in_language(who, REASONS.get(key, (key, key))): n for key, n in counts.items()}
