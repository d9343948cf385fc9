"""The Data tab: four steps from CrossWOZ to a reviewed, split and exported data set, each with where it stands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.ui import data_augment, data_corpus, data_export, review
from chatbot.ui.context import PageContext
from chatbot.ui.data_files import DataFiles
from chatbot.ui.data_progress import last_progress
from chatbot.ui.data_shared import QUIET
from chatbot.ui.words import say, t

WORDS = {
    "data.name1": ("① 语料", "① Corpus"),
    "data.name2": ("② 增强", "② Augment"),
    "data.name3": ("③ 审核", "③ Review"),
    "data.name4": ("④ 划分与导出", "④ Split and export"),
    "data.kept": ("{n} 段", "{n} dialogues"),
    "data.begin": ("从这里开始", "begin here"),
    "data.first": ("先导入语料", "needs a corpus"),
    "data.ready": ("可以开始", "ready"),
    "data.before_review": ("先做增强", "needs step 2"),
    "data.nothing": ("都审完了", "nothing waits"),
    "data.waiting": ("{n} 待审", "{n} waiting"),
    "data.none": ("还没有划分", "not split yet"),
}
STEPS = 4


def build(context: PageContext) -> None:
    """Lay the tab out and wire it."""
    gr.HTML(f"<style>{Path(__file__).with_name('data.css').read_text(encoding='utf-8')}</style>", padding=False)
    with gr.Row(elem_classes="steps", elem_id="data-steps"):
        steps = [gr.Button(t(f"data.name{i + 1}"), variant="primary" if i == 0 else "secondary", elem_id=f"data-step{i + 1}") for i in range(STEPS)]
    panels = []
    changed: list[Any] = []
    for i, part in enumerate((data_corpus, data_augment, review, data_export)):
        with gr.Column(visible=i == 0, elem_id=f"data-panel{i + 1}") as panel:
            changed += part.build(context)
        panels.append(panel)
    page, timer = Context.root_block, gr.Timer(3.0)
    assert page is not None
    counts = Steps(context)
    for i, step in enumerate(steps):
        step.click(_opener(i), None, [*panels, *steps], **QUIET)
    gr.on([page.load, timer.tick], counts.show, None, steps, **QUIET)
    for event in changed:
        event.then(counts.show, None, steps, **QUIET)


def _opener(chosen: int) -> Callable[[], list[Any]]:
    def show() -> list[Any]:
        shown = [gr.update(visible=i == chosen) for i in range(STEPS)]
        return shown + [gr.update(variant="primary" if i == chosen else "secondary") for i in range(STEPS)]

    return show


class Steps:
    """The counts on the four steps."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def show(self, request: gr.Request) -> list[Any]:
        """The labels as the files stand now."""
        if not self.context.may(request, "annotator"):
            return [gr.skip()] * STEPS
        labels = (self._corpus(request), self._augmented(request), self._waiting(request), self._split(request))
        return [gr.update(value=f"{say(request, f'data.name{i}')}\n{label}") for i, label in enumerate(labels, 1)]

    def _corpus(self, request: gr.Request) -> str:
        n = self.files.corpus_size()
        return say(request, "data.kept", n=f"{n:,}") if n else say(request, "data.begin")

    def _augmented(self, request: gr.Request) -> str:
        job = self.files.job()
        if job is None:
            return say(request, "data.ready" if self.files.corpus.exists() else "data.first")
        last = last_progress(job)
        return f"{last.get('done', 0):,}/{last['total']:,}" if last.get("total") else say(request, "data.ready")

    def _waiting(self, request: gr.Request) -> str:
        counts = self.files.counts()
        if counts.pending:
            return say(request, "data.waiting", n=f"{counts.pending:,}")
        return say(request, "data.nothing" if counts.operations else "data.before_review")

    def _split(self, request: gr.Request) -> str:
        sides = self.files.sides()
        return " : ".join(f"{n:,}" for n in sides.values()) if sides else say(request, "data.first" if not self.files.corpus.exists() else "data.none")
