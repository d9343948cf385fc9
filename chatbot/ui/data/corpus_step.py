"""Step 1 of the Data tab: where the conversations come from, and what they hold."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import DownloadError, InputError
from chatbot.core.messages import Conversation
from chatbot.ui.data.corpus_preview import preview_html
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.shared import choice_box, say_done, time_ago, wire_slow_step
from chatbot.ui.data.statistics import plots
from chatbot.ui.i18n.translate import in_language, label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import in_words, needs
from chatbot.ui.shell.forms import QUIET, WAIT
from chatbot.ui.shell.html import empty, facts, para, quiet

PARTS = ("train", "val", "test")
FILES = (".json", ".jsonl", ".zip", ".gz", ".csv", ".tsv", ".xlsx", ".parquet")
MAPPED = ("user", "reply", "dialogue")
"""Columns of a sheet that are asked for; the others are known by the headers of the template."""
HIDDEN = (gr.update(visible=False),) * len(MAPPED)


def build(context: PageContext) -> list[Any]:
    """Lay the step out; returns the events after which the counts have changed."""
    handlers = CorpusHandlers(context)
    with gr.Row(elem_classes="choices"):
        with choice_box("corpus.upload"):
            upload = gr.UploadButton(
                label("corpus.upload"),
                file_types=list(FILES),
                variant="primary",
                elem_id="corpus-upload",
            )
            gr.DownloadButton(
                label("corpus.template"), value=_template(), size="sm", variant="secondary", elem_id="corpus-template"
            )
        with choice_box("corpus.download"), gr.Row(elem_classes="inline"):
            part = gr.Dropdown(
                list(PARTS), value="train", label=label("corpus.part"), min_width=130, elem_id="corpus-part"
            )
            download = gr.Button(label("corpus.download"), min_width=80, elem_id="corpus-download")
        with choice_box("corpus.play"), gr.Row(elem_classes="inline"):
            n = gr.Number(200, label=label("corpus.n"), precision=0, minimum=1, maximum=20_000, min_width=100)
            play = gr.Button(label("corpus.play"), min_width=80, elem_id="corpus-play")
    look = _preview(handlers, upload)
    shown = gr.HTML(padding=False, elem_id="corpus-shown")
    page = Context.root_block
    assert page is not None
    page.load(handlers.choices, None, part, **QUIET)
    page.load(handlers.show, None, shown, **QUIET)
    taken = wire_slow_step(look.take.click, handlers.take, look.given, shown, busy=handlers.busy, back=handlers.show)
    taken.success(handlers.close, None, look.panel, **QUIET)
    return [
        taken,
        wire_slow_step(download.click, handlers.download, part, shown, busy=handlers.busy, back=handlers.show),
        wire_slow_step(play.click, handlers.play, n, shown, busy=handlers.busy, back=handlers.show),
    ]


@dataclass(frozen=True)
class Look:
    """The box between a file and its import: what it gives, which column is which, yes or no."""

    panel: gr.Column
    shown: gr.HTML
    take: gr.Button
    file: gr.State
    columns: list[gr.Dropdown]

    @property
    def given(self) -> list[Any]:
        """What the handlers read: the file, and the columns as they were chosen."""
        return [self.file, *self.columns]

    @property
    def drawn(self) -> list[Any]:
        """What a preview changes."""
        return [self.panel, self.shown, self.take, self.file, *self.columns]


def _preview(handlers: "CorpusHandlers", upload: gr.UploadButton) -> Look:
    """Lay the box out, hidden until a file is brought."""
    with gr.Column(visible=False, elem_classes="choice", elem_id="corpus-preview") as panel:
        shown = gr.HTML(padding=False)
        with gr.Row(elem_classes="inline"):
            columns = [
                gr.Dropdown([], label=label(f"column.{field}"), visible=False, min_width=150) for field in MAPPED
            ]
        with gr.Row(elem_classes="inline"):
            take = gr.Button(label("corpus.take"), variant="primary", elem_id="corpus-take", min_width=80)
            leave = gr.Button(label("corpus.leave"), elem_id="corpus-leave", min_width=80)
    look = Look(panel, shown, take, gr.State(""), columns)
    upload.upload(handlers.look, upload, look.drawn, **WAIT)
    gr.on([column.input for column in columns], handlers.look, look.given, look.drawn, **WAIT)
    leave.click(handlers.close, None, panel, **QUIET)
    return look


def _template() -> str:
    """The sheet to fill in, as a file outside the workspace (which the page may not serve)."""
    from chatbot.corpus.reading.sheet import template

    path = Path(tempfile.mkdtemp(prefix="template-")) / "dialogues.xlsx"
    path.write_bytes(template())
    return str(path)


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
    def look(self, request: gr.Request, file: str, *columns: str) -> list[Any]:
        """What a file would give; nothing is taken in yet."""
        from chatbot.corpus.reading.reader import read

        name = Path(file).name
        try:
            reading = read(Path(file), columns=dict(zip(MAPPED, columns, strict=False)))
        except InputError as error:
            told = translate(request, "error.failed", error=in_words(error, request))
            return [gr.update(visible=True), para("lead bad", escape(told)), gr.update(visible=False), "", *HIDDEN]
        found = reading.preview
        choices = [
            gr.update(visible=bool(found.columns), choices=["", *found.columns], value=_header(found.columns, field))
            for field in MAPPED
        ]
        can = gr.update(visible=bool(found.read))
        return [gr.update(visible=True), preview_html(reading, name, request), can, file, *choices]

    @needs("engineer")
    def take(self, request: gr.Request, file: str, *columns: str) -> str:
        """Take in what the preview showed."""
        from chatbot.corpus.reading.reader import read
        from chatbot.corpus.reading.replay import taken_in

        reading = read(Path(file), columns=dict(zip(MAPPED, columns, strict=False)))
        return self._keep(request, *taken_in(reading, self.context.default_store), Path(file).name)

    def close(self) -> Any:
        """Put the preview away."""
        return gr.update(visible=False)

    @needs("engineer")
    def download(self, request: gr.Request, part: str) -> str:
        """Fetch one part of CrossWOZ and take it in."""
        from chatbot.corpus.crosswoz.download import SOURCES
        from chatbot.corpus.reading.reader import read
        from chatbot.corpus.reading.replay import taken_in
        from chatbot.hotels.download import download

        try:
            path = download(SOURCES[part], self.context.settings.folder("downloads"))
        except DownloadError as error:
            raise gr.Error(
                translate(request, "corpus.no_download", url=SOURCES[part].url), duration=None, print_exception=False
            ) from error
        return self._keep(request, *taken_in(read(path), self.context.default_store), path.name)

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


def _header(columns: Mapping[str, str], field: str) -> str:
    """The column that is taken for a field; "" for none."""
    return next((name for name, taken in columns.items() if taken == field), "")
