"""The checkpoints of a run on the Fine-tune tab: what each scored, and the button that goes on from one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from chatbot.core.errors import InputError
from chatbot.core.jobs import Job
from chatbot.training.guarded.checkpoint_list import SHOWN, scored_checkpoints
from chatbot.training.run_record import figure_text
from chatbot.ui.finetune import runs
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.forms import WAIT, Fields
from chatbot.ui.shell.html import cells, quiet, table


@dataclass(frozen=True)
class Onward:
    """From which checkpoint of which run to go on, for how many steps more."""

    run: str | None
    checkpoint: str | None
    more: float | None


@dataclass(frozen=True)
class Parts:
    """What shows the checkpoints, in the order of what `shown` gives, and the button."""

    listed: gr.HTML
    checkpoint: gr.Dropdown
    more: gr.Number
    go: gr.Button


def build() -> Parts:
    """Lay it out."""
    with gr.Accordion(label("finetune.checkpoints"), open=False):
        listed = gr.HTML(padding=False, elem_id="checkpoints")
        with gr.Row():
            checkpoint = gr.Dropdown([], label=label("finetune.checkpoint"), min_width=160, elem_id="checkpoint")
            more = gr.Number(100, label=label("finetune.more_steps"), precision=0, minimum=1, min_width=120)
            go = gr.Button(label("finetune.go_on"), min_width=120, elem_id="go-on")
    return Parts(listed, checkpoint, more, go)


def wire(context: PageContext, parts: Parts, run: gr.Dropdown) -> Any:
    """What the button does; gives the event, behind which the run is followed."""
    asked = Fields(Onward, {"run": run, "checkpoint": parts.checkpoint, "more": parts.more})
    return parts.go.click(asked.to(CheckpointHandlers(context).go_on), asked.inputs, run, **WAIT)


class CheckpointHandlers:
    """What the button does."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    @needs("engineer")
    def go_on(self, request: gr.Request, asked: Onward) -> Any:
        """Start a new run from a checkpoint, and select it."""
        settings = self.context.settings
        if not asked.checkpoint:
            raise InputError("ui.no_checkpoint")
        job = runs.go_on(settings, runs.find(settings, asked.run), Path(asked.checkpoint), max(1, int(asked.more or 1)))
        gr.Info(translate(request, "finetune.started"))
        return gr.update(choices=[job.id for job in runs.jobs(settings)], value=job.id)


def shown(job: Job | None, who: Any) -> list[Any]:
    """The list, and the checkpoints that are still there."""
    found = scored_checkpoints(job.folder / "adapter") if job else []
    if not found:
        return [quiet(translate(who, "finetune.no_checkpoints")), gr.update(choices=[])]
    names = [name for name in SHOWN if any(name in scored.figures for scored in found)]
    head = [translate(who, "finetune.c.step"), *(translate(who, _TITLES[name]) for name in names), ""]
    rows = (
        cells(
            [
                str(scored.step),
                *(figure_text(scored.figures, name) for name in names),
                _mark(scored.best, scored.kept is not None, who),
            ]
        )
        for scored in found
    )
    choices = [(str(scored.step), str(scored.kept)) for scored in found if scored.kept]
    return [table("differences", head, rows), gr.update(choices=choices)]


_TITLES = {"loss": "finetune.c.held"} | {name: f"finetune.c.{name}" for name in SHOWN if name != "loss"}


def _mark(best: bool, kept: bool, who: Any) -> str:
    if best:
        return translate(who, "finetune.checkpoint_best")
    return translate(who, "finetune.checkpoint_kept") if kept else "—"
