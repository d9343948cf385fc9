"""The Data tab: four steps from CrossWOZ to a reviewed, split and exported data set, where each stands, and the buttons that lead from one to the next."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from chatbot.corpus.review.items import Counts
from chatbot.ui.data import augment_step as data_augment
from chatbot.ui.data import corpus_step as data_corpus
from chatbot.ui.data import export_step as data_export
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.review import step as review
from chatbot.ui.data.runs.standing import Standing
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET
from chatbot.ui.shell.pace import keep_looking

STEPS = 4


def build(context: PageContext) -> None:
    """Lay the tab out and wire it."""
    with gr.Row(elem_classes="steps", elem_id="data-steps"):
        steps = [
            gr.Button(
                label(f"data.name{i + 1}"), variant="primary" if i == 0 else "secondary", elem_id=f"data-step{i + 1}"
            )
            for i in range(STEPS)
        ]
    panels: list[gr.Column] = []
    ways_on: list[gr.Button] = []
    changed: list[Any] = []
    for i, build_part in enumerate((data_corpus.build, data_augment.build, review.build)):
        with gr.Column(visible=i == 0, elem_id=f"data-panel{i + 1}") as panel:
            changed += build_part(context)
            ways_on.append(_way(i + 1))
        panels.append(panel)
    with gr.Column(visible=False, elem_id=f"data-panel{STEPS}") as panel:
        changed += data_export.build(context, [steps[-1].click, ways_on[-1].click])
        ways_on.append(_way(STEPS))
    panels.append(panel)
    counts = Steps(context)
    for i, step in enumerate(steps):
        step.click(_opener(i), None, [*panels, *steps], **QUIET)
    for i, way_on in enumerate(ways_on):
        way_on.click(counts.leading_on(i), None, [*panels, *steps], **QUIET)
    look = keep_looking(context, counts.show, None, [*steps, *ways_on])
    for event in changed:
        event.then(*look, **QUIET)


def _way(step: int) -> gr.Button:
    """The button at a step's end, hidden until it is known where to."""
    with gr.Row(elem_classes="hand-over"):
        return gr.Button("", visible=False, elem_id=f"data-on{step}", scale=0, min_width=200)


def _opener(chosen: int) -> Callable[[], list[Any]]:
    def show() -> list[Any]:
        shown = [gr.update(visible=i == chosen) for i in range(STEPS)]
        return shown + [gr.update(variant="primary" if i == chosen else "secondary") for i in range(STEPS)]

    return show


def _name(step: int, who: Any) -> str:
    return translate(who, f"data.name{step + 1}")


def step_after(at: int, corpus: int, counts: Counts) -> int | None:
    """The step to go to from a step, which is an earlier one where that has to be done first; None where nothing was done here yet."""
    if at == 0:
        return 1 if corpus else None
    if at == STEPS - 1:
        return None if corpus or counts.operations else 0
    if counts.operations:
        return at + 1
    if not corpus:
        return 0
    return 1 if at > 1 else None


def _way_on(at: int, to: int | None, who: Any) -> Any:
    if to is None:
        return gr.update(visible=False)
    words = translate(who, "data.way_on" if to > at else "data.way_back", name=_name(to, who))
    return gr.update(value=words, visible=True, variant="primary" if to > at else "secondary")


def _corpus(n: int, who: Any) -> str:
    return translate(who, "data.kept", n=f"{n:,}") if n else translate(who, "data.begin")


def _waiting(corpus: int, counts: Counts, who: Any) -> str:
    if not (corpus or counts.operations):
        return translate(who, "data.first")
    if counts.pending:
        return translate(who, "data.waiting", n=f"{counts.pending:,}")
    return translate(who, "data.nothing" if counts.operations else "data.before_review")


class Steps:
    """The counts on the four steps, and the buttons that lead on from one to the next."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def show(self, request: gr.Request) -> list[Any]:
        """The labels of steps and buttons as the files stand now."""
        if not self.context.may(request, "annotator"):
            return [gr.skip()] * 2 * STEPS
        corpus, counts = self.files.corpus_size(), self.files.counts()
        labels = (
            _corpus(corpus, request),
            self._augmented(request),
            _waiting(corpus, counts, request),
            self._split(request),
        )
        steps = [gr.update(value=f"{_name(i, request)}\n{label}") for i, label in enumerate(labels)]
        return steps + [_way_on(i, step_after(i, corpus, counts), request) for i in range(STEPS)]

    def leading_on(self, at: int) -> Callable[[], list[Any]]:
        """What opens the step that a step's button leads to."""

        def go_on() -> list[Any]:
            to = step_after(at, self.files.corpus_size(), self.files.counts())
            return _opener(at if to is None else to)()

        return go_on

    def _augmented(self, request: gr.Request) -> str:
        job = self.files.job()
        if job is None:
            return translate(request, "data.ready" if self.files.corpus.exists() else "data.first")
        now = Standing.of(job)
        if not now.total:
            return translate(request, "data.ready")
        key = "data.written" if now.state == "done" else "data.writing"
        return translate(request, key, done=f"{now.done:,}", total=f"{now.total:,}", n=f"{now.done - now.aside:,}")

    def _split(self, request: gr.Request) -> str:
        sides = self.files.sides()
        return (
            " : ".join(f"{n:,}" for n in sides.values())
            if sides
            else translate(request, "data.first" if not self.files.corpus.exists() else "data.none")
        )
