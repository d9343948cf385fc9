"""“Learn from likes, dislikes and corrections” on the Fine-tune tab: what was said, and what it brought."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import InputError
from chatbot.core.events import Done, Metrics, Progress, last
from chatbot.core.jobs import ACTIVE, FOLDER_MARK, Job
from chatbot.core.settings import Settings
from chatbot.corpus.review.feedback import feedback_counts
from chatbot.evaluation.metrics.certainty import detectable, judgement
from chatbot.evaluation.reporting import labels
from chatbot.training.preferences.config import PreferConfig
from chatbot.ui.finetune.job_panel import JobPanel, stop_and_resume, wire
from chatbot.ui.i18n.translate import label, language, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import last_error, needs
from chatbot.ui.shell.forms import QUIET, Fields
from chatbot.ui.shell.header import model_choices
from chatbot.ui.shell.html import cells, note, para, progress, quiet, table

SHOWN = ("slot_f1", "call_exact", "act_accuracy", "grounded_rate")
KEPT = ("preferred_trained", "preferred_kept", "liked")


@dataclass(frozen=True)
class PreferForm:
    """What goes on learning, and for how long; an empty field takes the default."""

    model: str | None
    epochs: float | None = None
    beta: float | None = None
    learning_rate: float | None = None

    def config(self, settings: Settings) -> dict[str, Any]:
        """The job's configuration as plain data.

        Raises:
            InputError: no model was chosen.
            ValidationError: a number is out of range.
        """
        if not self.model:
            raise InputError("ui.no_base")
        numbers = {"epochs": self.epochs, "beta": self.beta, "learning_rate": self.learning_rate}
        given = {name: value for name, value in numbers.items() if value}
        fields = {"model": self.model, "hotels": settings.hotels, "workspace": settings.workspace.resolve(), **given}
        return PreferConfig.model_validate(fields | {"out": Path(FOLDER_MARK) / "adapter"}).model_dump(mode="json")


def build(context: PageContext) -> None:
    """Lay it out and wire it."""
    panel, page = PreferPanel(context), Context.root_block
    assert page is not None
    with gr.Accordion(label("prefer.title"), open=False, elem_id="prefer"):
        counts = gr.HTML(padding=False, elem_id="feedback-counts")
        with gr.Row():
            model = gr.Dropdown([], label=label("prefer.model"), min_width=200, elem_id="prefer-model")
            numbers = {name: _number(name) for name in ("epochs", "beta", "learning_rate")}
        with gr.Row():
            start = gr.Button(label("prefer.start"), variant="primary", min_width=120, elem_id="prefer-start")
            buttons = stop_and_resume()
        shown = gr.HTML(padding=False, elem_id="prefer-status")
    page.load(panel.load, None, model, **QUIET)
    form = Fields(PreferForm, {"model": model, **numbers})
    wire(panel, start, panel.start, form, [counts, shown, *buttons])


def _number(name: str) -> gr.Number:
    return gr.Number(PreferConfig.model_fields[name].default, label=label(f"prefer.{name}"), min_width=110)


class PreferPanel(JobPanel):
    """What the buttons do."""

    kind = "prefer"

    def load(self, request: gr.Request) -> Any:
        """The models that could learn: those with weights of their own."""
        choices = [
            (name, model) for name, model in model_choices(self.context, request) if not model.startswith("openai:")
        ]
        return gr.update(choices=choices, value=choices[0][1] if choices else None)

    @needs("engineer")
    def start(self, request: gr.Request, chosen: PreferForm) -> None:
        """Start it as a job of its own."""
        fields = chosen.config(self.context.settings)
        self.context.check_offered(request, str(chosen.model))
        self.begin(fields, "preferences", request)

    def follow(self, request: gr.Request) -> list[Any]:
        """What was said so far, and how the newest training stands."""
        if not self.context.may(request, "engineer"):
            return [gr.skip()] * 4
        said = translate(request, "prefer.said", **feedback_counts(self.context.settings.workspace))
        return [quiet(said), *super().follow(request)]

    def draw(self, job: Job, who: Any) -> str:
        """As `JobPanel.draw`."""
        return status_html(job, who)


def status_html(job: Job, who: Any) -> str:
    """How a training stands, and what it brought where it has ended."""
    events, state = list(job.events()), job.state
    point, end = last(events, Metrics, Progress), last(events, Done)
    told = para(f"state {state}", escape(translate(who, f"prefer.state.{state}", name=job.id)))
    if state in ACTIVE and isinstance(point, Metrics) and point.max_steps:
        told += progress(point.step / point.max_steps)
    elif state in ACTIVE and isinstance(point, Progress) and point.total:
        told += progress(point.done / point.total)
    if state == "failed":
        told += note(escape(last_error(job, who) or ""))
    return told + (result_html(end.result, who) if isinstance(end, Done) and end.result else "")


def result_html(found: dict[str, Any], who: Any) -> str:
    """Before and after: on the kept feedback, and on held-out conversations with intervals."""
    counts = {name: found[name] for name in ("trained", "kept", "waiting")}
    head = [translate(who, f"prefer.{name}") for name in ("figure", "before", "after")]
    rows = (
        cells([translate(who, f"prefer.{name}"), *(_value(name, found[part][name]) for part in ("before", "after"))])
        for name in KEPT
        if name in found["after"]
    )
    out = quiet(translate(who, "prefer.counts", **counts)) + table("differences", head, rows)
    if not found["held_out"]:
        return out
    changes = ((name, found["held_out"][name]) for name in SHOWN if name in found["held_out"])
    head = [translate(who, f"prefer.{name}") for name in ("figure", "change", "tells")]
    lines = (cells(_change(name, change, found["dialogues"], who)) for name, change in changes)
    return out + quiet(translate(who, "prefer.held_out", n=found["dialogues"])) + table("differences", head, lines)


def _value(name: str, value: float) -> str:
    return f"{value:.2f}" if name == "liked" else f"{value:.0%}"


def _change(name: str, change: dict[str, Any], dialogues: int, who: Any) -> list[str]:
    low, high = (f"{100 * edge:+.1f}" for edge in change["interval"])
    tells = translate(
        who,
        f"evaluate.tells.{judgement(change['difference'], change['p'])}",
        least=100 * detectable(change["interval"], dialogues),
    )
    title = labels.label(labels.METRICS, name, language(who))
    return [escape(title), f"{100 * change['difference']:+.1f} ({low} – {high})", escape(tells)]
