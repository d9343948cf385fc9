"""“Bring a model” on the Fine-tune tab: a folder, a GGUF file or a hub's name becomes a base that can be chosen, checked before anybody trains it."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import InputError
from chatbot.core.events import Done, Progress, last
from chatbot.core.jobs import ACTIVE, Job, start_task
from chatbot.core.settings import Settings
from chatbot.models.bring.shelf import Brought, brought_models, changed, remove, rename
from chatbot.models.bring.source import kind_of
from chatbot.ui.finetune.job_panel import job_of, until_ended
from chatbot.ui.finetune.preview import bases
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import last_error, needs
from chatbot.ui.shell.forms import QUIET, WAIT, Fields
from chatbot.ui.shell.html import cells, note, para, progress, quiet, table

KIND = "add-model"
TEMPLATES = ("auto", "own", "offered")


@dataclass(frozen=True)
class BringForm:
    """What is brought, and under which name and template."""

    source: str | None
    name: str | None
    template: str | None


@dataclass(frozen=True)
class ShelfForm:
    """A brought model and, where it gets another name, that one."""

    chosen: str | None
    new: str | None


class BringHandlers:
    """The handlers; they hold nothing but the page's context."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    @property
    def settings(self) -> Settings:
        """The page's settings."""
        return self.context.settings

    def load(self, request: gr.Request) -> Any:
        """The templates' names in the person's language."""
        return gr.update(
            choices=[(translate(request, f"bring.template.{key}"), key) for key in TEMPLATES], value="auto"
        )

    @needs("engineer")
    def start(self, request: gr.Request, form: BringForm) -> str:
        """Begin, as a job of its own; gives the job's name."""
        if not (form.source or "").strip():
            raise InputError("ui.no_source")
        kind_of((form.source or "").strip())  # what is no model is told at once
        fields = {"source": form.source, "name": form.name or "", "template": form.template or "auto"}
        return start_task(
            KIND, fields | {"workspace": str(self.settings.workspace.resolve())}, self.settings.folder("jobs")
        ).id

    def follow(self, name: str, request: gr.Request) -> Iterator[str]:
        """How it goes, once a second until it has ended."""
        yield from until_ended(self.context, KIND, name, standing_html, request)

    def uploaded(self, path: str) -> str:
        """An uploaded GGUF file is the source."""
        return path

    def refresh(self, request: gr.Request) -> list[Any]:
        """The list, the names in it, and the bases that can be chosen; a newly brought one is chosen."""
        if not self.context.may(request, "engineer"):
            return [gr.skip()] * 2
        found = brought_models(self.settings)
        return [shelf_table(found, request), gr.update(choices=[model.name for model in found])]

    def choose(self, name: str, request: gr.Request) -> Any:
        """Choose the model that was just brought as the base."""
        job = job_of(self.context, KIND, name)
        end = last(list(job.events()), Done) if job is not None else None
        if end is None or "folder" not in end.result:
            return gr.skip()
        return gr.update(choices=bases(self.settings), value=end.result["folder"])

    @needs("engineer")
    def verify(self, request: gr.Request, form: ShelfForm) -> str:
        """Compare the files with their hashes."""
        files = changed(self.settings, form.chosen or "")
        if not files:
            return note(translate(request, "bring.unchanged", name=form.chosen), "good")
        return note(translate(request, "bring.changed", name=form.chosen, files="、".join(files)))

    @needs("engineer")
    def rename(self, request: gr.Request, form: ShelfForm) -> str:
        """Give it another name."""
        return note(
            translate(request, "bring.renamed", name=rename(self.settings, form.chosen or "", form.new or "").name)
        )

    @needs("engineer")
    def remove(self, request: gr.Request, form: ShelfForm) -> str:
        """Delete it."""
        remove(self.settings, form.chosen or "")
        return note(translate(request, "bring.removed", name=form.chosen))


def standing_html(job: Job, who: Any) -> str:
    """How a model that is brought stands, and at the end what was tried on it."""
    state, events = job.state, list(job.events())
    if state in ACTIVE:
        at = last(events, Progress)
        step = translate(who, f"bring.step.{at.what}") if at else translate(who, "bring.step.start")
        return para("state running", escape(step)) + progress(at.done / at.total if at else 0.0)
    end = last(events, Done)
    if state != "done" or end is None:
        return note(translate(who, "bring.failed", reason=last_error(job, who) or state))
    return _result(end.result, who)


def _result(result: dict[str, Any], who: Any) -> str:
    name, title = str(result.get("name")), str(result.get("title"))
    head = note(translate(who, "bring.done", name=name, title=title), "good")
    template = quiet(escape(translate(who, f"bring.template.{result.get('template', 'own')}.told")))
    rows = [
        cells(
            [
                "✓" if check["passed"] else "△",
                escape(translate(who, f"bring.check.{check['name']}")),
                "" if check["passed"] and check["name"] not in ("loads", "memory") else escape(str(check["detail"])),
            ]
        )
        for check in result.get("checks", [])
    ]
    return head + template + table("checks", (), rows)


def shelf_table(found: list[Brought], who: Any) -> str:
    """The brought models as a table."""
    if not found:
        return quiet(translate(who, "bring.none"))
    head = [
        translate(who, f"bring.column.{name}") for name in ("name", "family", "size", "template", "source", "limits")
    ]
    return table("shelf", head, (_line(model, who) for model in found))


def _line(model: Brought, who: Any) -> str:
    limits = "、".join(translate(who, f"bring.check.{name}") for name in model.limits)
    size = f"{model.parameters / 1e6:,.0f}M · {model.bytes / 2**20:,.0f} MiB"
    template = translate(who, f"bring.template.{model.template}")
    shown = [model.name, model.title, size, template, Path(model.source).name, limits or "—"]
    return cells([escape(text) for text in shown])


def build(context: PageContext, base: gr.Dropdown) -> None:
    """Lay the step out and wire it; what is brought is put into `base`."""
    handlers = BringHandlers(context)
    with gr.Accordion(label("bring.title"), open=False, elem_id="bring"):
        gr.Markdown(label("bring.says"), elem_classes="quiet")
        source = gr.Textbox(label=label("bring.source"), placeholder="/…/model.gguf", elem_id="bring-source")
        upload = gr.UploadButton(label("bring.upload"), file_types=[".gguf"], size="sm")
        with gr.Row():
            name = gr.Textbox(label=label("bring.name"), min_width=130)
            template = gr.Dropdown([*TEMPLATES], value="auto", label=label("bring.whose"), min_width=130)
        button = gr.Button(label("bring.start"), elem_id="bring-start")
        job, state = gr.State(""), gr.HTML(padding=False, elem_id="bring-state")
        shelf, chosen, new, buttons = _shelf()
    fields = Fields(BringForm, {"source": source, "name": name, "template": template})
    upload.upload(handlers.uploaded, upload, source, **QUIET)
    started = button.click(fields.to(handlers.start), fields.inputs, job, **WAIT)
    ended = started.success(handlers.follow, job, state, **QUIET)
    ended.then(handlers.choose, job, base, **QUIET).then(handlers.refresh, None, [shelf, chosen], **QUIET)
    kept = Fields(ShelfForm, {"chosen": chosen, "new": new})
    for key, pressed in buttons.items():
        done = pressed.click(kept.to(getattr(handlers, key)), kept.inputs, state, **WAIT)
        done.success(handlers.refresh, None, [shelf, chosen], **QUIET)
    page = Context.root_block
    assert page is not None
    page.load(handlers.load, None, template, **QUIET)
    page.load(handlers.refresh, None, [shelf, chosen], **QUIET)


def _shelf() -> tuple[gr.HTML, gr.Dropdown, gr.Textbox, dict[str, gr.Button]]:
    shelf = gr.HTML(padding=False, elem_id="shelf")
    with gr.Row():
        chosen = gr.Dropdown([], label=label("bring.chosen"), min_width=130, elem_id="brought")
        new = gr.Textbox(label=label("bring.new"), min_width=130)
    with gr.Row():
        buttons = {
            key: gr.Button(label(f"bring.{key}"), size="sm", min_width=70) for key in ("verify", "rename", "remove")
        }
    return shelf, chosen, new, buttons
