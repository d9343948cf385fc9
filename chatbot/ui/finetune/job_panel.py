"""A panel that starts jobs of one kind and follows the newest: how it stands, and the buttons that stop it and go on with it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from chatbot.core.jobs import ACTIVE, Job, list_jobs, start_task
from chatbot.training.config import RESOURCE
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.forms import QUIET, WAIT, Fields
from chatbot.ui.shell.pace import keep_looking

EVERY = 1.0
"""Seconds between two looks at a job that is short."""


class JobPanel:
    """What its buttons do; `kind` is the jobs' kind and `draw` says how one stands."""

    kind = ""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def draw(self, job: Job, who: Any) -> str:
        """How a job stands, as HTML."""
        raise NotImplementedError

    def begin(self, fields: dict[str, Any], name: str, request: gr.Request) -> None:
        """Start a job of its own with this configuration."""
        folder = self.context.settings.folder("jobs")
        start_task(self.kind, fields, folder, resource=RESOURCE, name=f"{time.strftime('%m%d-%H%M%S')}-{name}")
        gr.Info(translate(request, "finetune.started"))

    def follow(self, request: gr.Request) -> list[Any]:
        """How the newest job stands, and which of stop and resume can be pressed."""
        if not self.context.may(request, "engineer"):
            return [gr.skip()] * 3
        job = self._newest()
        active, state = job is not None and job.state in ACTIVE, job.state if job else ""
        return [
            self.draw(job, request) if job else "",
            gr.update(visible=active),
            gr.update(visible=state in ("stopped", "died", "failed")),
        ]

    @needs("engineer")
    def stop(self, request: gr.Request) -> None:
        """Ask the newest job to save and end."""
        if job := self._newest():
            job.stop()

    @needs("engineer")
    def resume(self, request: gr.Request) -> None:
        """Go on with it."""
        if job := self._newest():
            job.resume()

    def _newest(self) -> Job | None:
        return next(iter(list_jobs(self.context.settings.folder("jobs"), self.kind)), None)


def job_of(context: PageContext, kind: str, name: str) -> Job | None:
    """The job of this kind and name; None where there is none."""
    return next((job for job in list_jobs(context.settings.folder("jobs"), kind) if job.id == name), None)


def until_ended(
    context: PageContext, kind: str, name: str, draw: Callable[[Job, Any], str], request: gr.Request
) -> Iterator[str]:
    """How a job stands, once a second until it has ended, and then how it ended."""
    if not context.may(request, "engineer"):
        return
    job = job_of(context, kind, name)
    while job is not None and job.state in ACTIVE:
        yield draw(job, request)
        time.sleep(EVERY)
    yield draw(job, request) if job is not None else ""


def stop_and_resume() -> list[gr.Button]:
    """The two buttons, hidden until there is something to stop or to go on with."""
    return [gr.Button(label(f"finetune.{name}"), min_width=90, visible=False) for name in ("stop", "resume")]


def wire(
    panel: JobPanel,
    start: gr.Button,
    begin: Callable[..., Any],
    form: Fields[Any],
    seen: list[gr.blocks.Block],
) -> None:
    """Let the buttons act and the panel follow; `seen` is what `follow` draws, at its end the buttons that stop and resume."""
    *_, stop, resume = seen
    look = keep_looking(panel.context, panel.follow, None, seen)
    events = [start.click(form.to(begin), form.inputs, None, **WAIT)]
    events += [button.click(act, None, None, **WAIT) for button, act in ((stop, panel.stop), (resume, panel.resume))]
    for event in events:
        event.success(*look, **QUIET)
