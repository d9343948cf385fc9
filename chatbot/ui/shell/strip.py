"""The tabs as the pipeline that they are: under each name how it stands, and at each tab's end one button that hands over to the next."""

from functools import cache
from typing import Any

import gradio as gr

from chatbot.core.events import Metrics, Progress, last, recent_events
from chatbot.core.jobs import ACTIVE, Job
from chatbot.core.settings import DATA
from chatbot.evaluation.metrics.certainty import FEWEST
from chatbot.evaluation.reporting.labels import model_name
from chatbot.ui.data.files import DataFiles
from chatbot.ui.evaluate import runs as studies
from chatbot.ui.finetune import preview, runs
from chatbot.ui.finetune.status import duration
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET
from chatbot.ui.shell.header import model_choices
from chatbot.ui.shell.pace import keep_looking

SOON, SELDOM = 5.0, 10.0
"""Seconds between two looks at how the tabs stand, while a job is under way and while none is."""
ORDER = ("data", "finetune", "evaluate", "chat")
"""The pipeline; what hands over to what."""


def hand_over(context: PageContext, name: str) -> gr.Button | None:
    """The button at a tab's end that goes on to the next; None where none follows."""
    if name not in ORDER[:-1] or (context.demo and name != "evaluate"):
        return None
    with gr.Row(elem_classes="hand-over"):
        return gr.Button(label(f"strip.after_{name}"), elem_id=f"after-{name}", scale=0, min_width=200, size="md")


@cache
def shipped_conversations() -> int:
    """How many conversations the project ships."""
    files = (DATA / "conversations" / f"{side}.jsonl" for side in ("train", "val", "test"))
    return sum(path.read_text(encoding="utf-8").count("\n") for path in files)


class StripHandlers:
    """What the strip shows and its buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def labels(self, names: list[str], model: str | None, drawn: list[str], request: gr.Request) -> list[Any]:
        """What stands in the tabs of these names, and that it was drawn; nothing where nothing has changed."""
        told = [self.label(name, model, request) for name in names]
        return [told, *([gr.update(label=text) for text in told] if told != drawn else [gr.skip()] * len(told))]

    def label(self, name: str, model: str | None, who: Any) -> str:
        """A tab's name, and in the next line how it stands."""
        title = translate(who, "chat.tab" if name == "chat" else f"page.{name}")
        told = {"data": self._data, "finetune": self._finetune, "evaluate": self._evaluate}
        status = translate(who, "strip.model", name=model_name(model)) if name == "chat" and model else ""
        status = told[name](who) if name in told else status
        return f"{title}\n{status}" if status else title

    def _data(self, who: Any) -> str:
        if not self.context.may(who, "annotator"):
            return ""
        own, waiting = self.files.corpus_size(), self.files.counts().pending
        told = translate(who, "strip.own" if own else "strip.shipped", n=f"{own or shipped_conversations():,}")
        return told + (translate(who, "strip.waiting", n=f"{waiting:,}") if waiting else "")

    def _finetune(self, who: Any) -> str:
        found = runs.jobs(self.context.settings) if self.context.may(who, "engineer") else []
        return _run(found[0], who) if found else translate(who, "strip.no_run")

    def _evaluate(self, who: Any) -> str:
        offered = studies.choices(self.context.settings, demo=self.context.demo)
        job = studies.job(self.context.settings, offered[0][1]) if offered else None
        point = last(recent_events(job.folder), Progress) if job and job.state in ACTIVE else None
        if point and point.total:
            return translate(who, "strip.measuring", share=f"{point.done / point.total:.0%}")
        found = next((study for _, name in offered if (study := studies.study(self.context.settings, name))), None)
        if found is None:
            return ""
        exact = [figure["call_exact"] for figure in found.figures]
        if not exact or exact[-1] is None:
            return ""
        first = f"{exact[0]:.0%} → " if len(exact) > 1 and exact[0] is not None else ""
        told = translate(who, "strip.exact", share=f"{first}{exact[-1]:.0%}")
        dialogues = int(found.figures[0]["counts"]["dialogues"])
        return told + (translate(who, "strip.few", n=dialogues) if dialogues < FEWEST else "")

    def to_finetune(self, request: gr.Request) -> list[Any]:
        """Open Fine-tune with this data set's training side chosen, where there is one."""
        self.context.require(request, "engineer")
        own = self.files.split / "train.jsonl"
        offered = preview.data_files(self.context.settings, request)
        chosen = gr.update(choices=offered, value=str(own)) if own.is_file() else gr.skip()
        return [gr.Tabs(selected="finetune"), chosen]

    def to_evaluate(self, request: gr.Request) -> list[Any]:
        """Open Evaluate with the base and what was trained on it last."""
        offered = model_choices(self.context, request)
        newest = self._newest(offered)
        chosen = [name for name in ("hotel-mini-base", newest) if name in dict(offered).values()]
        return [gr.Tabs(selected="evaluate"), gr.update(choices=offered, value=chosen)]

    def to_chat(self, request: gr.Request) -> list[Any]:
        """Open Chat with what was trained last."""
        offered = model_choices(self.context, request)
        return [gr.Tabs(selected="chat"), gr.update(choices=offered, value=self._newest(offered))]

    def _newest(self, offered: list[tuple[str, str]]) -> str | None:
        """The newest adapter; the first model where none was trained."""
        ids = [name for _, name in offered]
        return next((name for name in ids if name.startswith("adapter:")), ids[0] if ids else None)


def _run(job: Job, who: Any) -> str:
    """How the newest run stands."""
    state = job.state
    point = last(recent_events(job.folder), Metrics) if state in ACTIVE else None
    if point and point.max_steps:
        left = duration(point.seconds_left, who) if point.seconds_left else "–"
        return translate(who, "strip.running", share=f"{point.step / point.max_steps:.0%}", left=left)
    if state == "done" and (scores := runs.line(job, "eval_slot_f1")):
        return translate(who, "strip.trained", share=f"{max(score for _, score in scores):.2f}")
    return translate(who, f"finetune.state.{state}")


def wire_strip(
    context: PageContext,
    strip: gr.Tabs,
    tabs: dict[str, gr.Tab],
    after: dict[str, gr.Button],
    taken: dict[str, Any],
) -> None:
    """Keep the labels at how things stand, and let the buttons hand over.

    Args:
        tabs: all tabs by name, as they stand.
        after: the button at the end of a tab.
        taken: what a tab takes from the one before: Fine-tune data, Evaluate models, Chat a model.
    """
    handlers, names, drawn = StripHandlers(context), list(tabs), gr.State([])

    def show(model: str | None, before: list[str], request: gr.Request) -> list[Any]:
        return handlers.labels(names, model, before, request)

    model = taken["chat"]
    keep_looking(context, show, [model, drawn], [drawn, *tabs.values()], on=[model.change], soon=SOON, seldom=SELDOM)
    for name, button in after.items():
        then = ORDER[ORDER.index(name) + 1]
        button.click(getattr(handlers, f"to_{then}"), None, [strip, taken[then]], **QUIET)
