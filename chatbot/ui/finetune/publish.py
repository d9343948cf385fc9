"""“Send to a model hub” on the Fine-tune tab: a dry run lists every file of a run's adapter or merged model; only what was listed is sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import InputError
from chatbot.core.events import Done, last
from chatbot.core.jobs import ACTIVE, Job, start_task
from chatbot.core.settings import Settings
from chatbot.models.conversion.push import Push, plan
from chatbot.ui.finetune import runs
from chatbot.ui.finetune.job_panel import until_ended
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import last_error, needs
from chatbot.ui.shell.forms import QUIET, WAIT, Fields
from chatbot.ui.shell.html import cells, note, para, quiet, table

KIND = "push-model"
WHAT = ("adapter", "merged")


@dataclass(frozen=True)
class PublishForm:
    """What of which run goes where; `seen` is the fingerprint of the list that was looked at."""

    run: str | None
    what: str | None
    repo: str | None
    public: bool = False
    seen: str = ""

    def folder(self, settings: Settings) -> Path:
        """What would be sent.

        Raises:
            InputError: no run is chosen.
        """
        job = runs.find(settings, self.run)
        return runs.merged(job) if self.what == "merged" else job.folder / "adapter"


@dataclass(frozen=True)
class Parts:
    """The components of the step."""

    what: gr.Radio
    repo: gr.Textbox
    public: gr.Checkbox
    look: gr.Button
    send: gr.Button
    seen: gr.State
    job: gr.State
    told: gr.HTML


def build() -> Parts:
    """Lay it out."""
    with gr.Accordion(label("publish.title"), open=False, elem_id="publish"):
        gr.Markdown(label("publish.says"), elem_classes="quiet")
        with gr.Row():
            what = gr.Radio([*WHAT], value=WHAT[0], label=label("publish.what"), min_width=150)
            repo = gr.Textbox(
                label=label("publish.repo"), placeholder="my-team/hotel-lora", min_width=180, elem_id="publish-repo"
            )
        public = gr.Checkbox(False, label=label("publish.public"))
        with gr.Row():
            look = gr.Button(label("publish.look"), min_width=120, size="sm", elem_id="publish-look")
            send = gr.Button(label("publish.send"), min_width=90, size="sm", interactive=False, elem_id="publish-send")
        return Parts(
            what, repo, public, look, send, gr.State(""), gr.State(""), gr.HTML(padding=False, elem_id="publish-told")
        )


def wire(context: PageContext, parts: Parts, run: gr.Dropdown) -> None:
    """What the buttons do; whatever changes after a list was looked at asks for another look."""
    handlers = PublishHandlers(context)
    named = {"run": run, "what": parts.what, "repo": parts.repo, "public": parts.public, "seen": parts.seen}
    asked = Fields(PublishForm, named)
    listed = [parts.told, parts.seen, parts.send]
    parts.look.click(asked.to(handlers.look), asked.inputs, listed, **WAIT)
    started = parts.send.click(asked.to(handlers.send), asked.inputs, [parts.job, parts.send], **WAIT)
    started.success(handlers.follow, parts.job, parts.told, **QUIET)
    gr.on([run.change, parts.what.input, parts.repo.input], handlers.forget, None, listed, **QUIET)
    page = Context.root_block
    assert page is not None
    page.load(handlers.load, None, parts.what, **QUIET)


class PublishHandlers:
    """What the buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def load(self, request: gr.Request) -> Any:
        """What can be sent, in the person's language."""
        return gr.update(choices=[(translate(request, f"publish.{name}"), name) for name in WHAT], value=WHAT[0])

    @needs("engineer")
    def look(self, request: gr.Request, asked: PublishForm) -> list[Any]:
        """The dry run: every file, and from now on that list can be sent."""
        what = plan(asked.folder(self.context.settings), (asked.repo or "").strip())
        return [listed_html(what, request), what.fingerprint, gr.update(interactive=True)]

    @needs("engineer")
    def send(self, request: gr.Request, asked: PublishForm) -> list[Any]:
        """Send what was listed, as a job of its own."""
        settings = self.context.settings
        if not asked.seen:
            raise InputError("models.push_changed", value=asked.repo)
        fields = {"folder": str(asked.folder(settings).resolve()), "repo": (asked.repo or "").strip()}
        job = start_task(KIND, fields | {"private": not asked.public, "seen": asked.seen}, settings.folder("jobs"))
        return [job.id, gr.update(interactive=False)]

    def forget(self) -> list[Any]:
        """Take the list away."""
        return ["", "", gr.update(interactive=False)]

    def follow(self, name: str, request: gr.Request) -> Iterator[str]:
        """How it goes, once a second until it has ended."""
        yield from until_ended(self.context, KIND, name, standing_html, request)


def standing_html(job: Job, who: Any) -> str:
    """How a push stands, and how it ended."""
    if job.state in ACTIVE:
        return para("state running", escape(translate(who, "publish.sending", repo=job.config.get("repo"))))
    end = last(list(job.events()), Done)
    if job.state != "done" or end is None:
        return note(translate(who, "publish.failed", reason=last_error(job, who) or job.state))
    return note(translate(who, "publish.sent", url=end.result.get("url")), "good")


def listed_html(what: Push, who: Any) -> str:
    """The dry run as a table."""
    size = sum(file.bytes for file in what.files) / 2**20
    licence = what.licence or translate(who, "publish.no_licence")
    told = translate(who, "publish.listed", n=len(what.files), repo=what.repo, size=f"{size:,.1f}", licence=licence)
    head = [translate(who, f"publish.column.{name}") for name in ("name", "bytes", "sha256")]
    rows = (
        cells(
            [
                escape(file.name) + (quiet(translate(who, "publish.changed")) if file.told is not None else ""),
                f"{file.bytes:,}",
                f"<code>{file.sha256[:12]}</code>",
            ]
        )
        for file in what.files
    )
    left = quiet(escape(translate(who, "publish.left", names="、".join(what.left)))) if what.left else ""
    return para("", escape(told)) + table("differences", head, rows) + left
