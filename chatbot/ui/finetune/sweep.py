"""“Sweep settings” on the Fine-tune tab: one or two settings, their values, and the table of what every combination brought."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.i18n import I18nData

from chatbot.core.events import Done, Metrics, Progress, last
from chatbot.core.jobs import ACTIVE, FOLDER_MARK, Job
from chatbot.core.settings import Settings
from chatbot.evaluation.sweep import SweepConfig, read_over, runs
from chatbot.training.run_record import FIGURES, figure_text
from chatbot.ui.finetune.form import FinetuneForm
from chatbot.ui.finetune.job_panel import JobPanel, stop_and_resume, wire
from chatbot.ui.finetune.status import duration
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import last_error, needs
from chatbot.ui.shell.forms import Fields
from chatbot.ui.shell.html import cells, note, para, progress, quiet, table

SETTINGS = ("learning_rate", "rank", "alpha", "epochs", "max_steps", "batch_size", "method", "scheduler", "loraplus")


@dataclass(frozen=True)
class SweepForm:
    """The run of the form above, and the values of one or two of its settings."""

    chosen: FinetuneForm
    first: str
    first_values: str
    second: str | None = None
    second_values: str = ""

    def config(self, settings: Settings) -> SweepConfig:
        """The job's configuration.

        Raises:
            InputError: a value can't be read or does not fit, or there are too many runs.
        """
        texts = [f"{self.first}={self.first_values}"]
        texts += [f"{self.second}={self.second_values}"] if self.second and self.second_values.strip() else []
        shared = self.chosen.within(settings).config().model_copy(update={"hotels": settings.hotels})
        made = SweepConfig(
            run=shared.model_dump(mode="json", exclude={"out"}), over=read_over(texts), out=Path(FOLDER_MARK)
        )
        runs(made)  # what does not fit is told now, and not when its turn comes
        return made


def build(context: PageContext, chosen: Fields[FinetuneForm]) -> None:
    """Lay it out and wire it."""
    panel = SweepPanel(context)
    with gr.Accordion(label("sweep.title"), open=False, elem_id="sweep"):
        gr.Markdown(label("sweep.says"), elem_classes="quiet")
        with gr.Row():
            first = gr.Dropdown(_settings(), value=SETTINGS[0], label=label("sweep.first"), min_width=130)
            values = gr.Textbox("1e-3, 4e-3", label=label("sweep.values"), min_width=130, elem_id="sweep-first")
        with gr.Row():
            second = gr.Dropdown(_settings(), value=SETTINGS[1], label=label("sweep.second"), min_width=130)
            others = gr.Textbox("", label=label("sweep.values"), min_width=130, elem_id="sweep-second")
        with gr.Row():
            start = gr.Button(label("sweep.start"), min_width=120, elem_id="sweep-start")
            buttons = stop_and_resume()
        shown = gr.HTML(padding=False, elem_id="sweep-status")
    fields = {"chosen": chosen, "first": first, "first_values": values, "second": second, "second_values": others}
    wire(panel, start, panel.start, Fields(SweepForm, fields), [shown, *buttons])


def _settings() -> list[tuple[I18nData, str]]:
    """The settings that can be swept, by the names that the form gives them."""
    return [(label(f"finetune.{name}"), name) for name in SETTINGS]


def _named(name: str, who: Any) -> str:
    return escape(translate(who, f"finetune.{name}") if name in SETTINGS else name)


class SweepPanel(JobPanel):
    """What the buttons do."""

    kind = "sweep"

    @needs("engineer")
    def start(self, request: gr.Request, chosen: SweepForm) -> None:
        """Start it as a job of its own."""
        self.begin(chosen.config(self.context.settings).model_dump(mode="json"), "sweep", request)

    def draw(self, job: Job, who: Any) -> str:
        """As `JobPanel.draw`."""
        return status_html(job, who)


def status_html(job: Job, who: Any) -> str:
    """How a sweep stands, and its table where it has ended."""
    events, state = list(job.events()), job.state
    point, end = last(events, Progress), last(events, Done)
    told = para(f"state {state}", escape(translate(who, f"sweep.state.{state}")))
    if state in ACTIVE and point and point.total:
        told += _under_way(job, point, last(events, Metrics), who)
    if state == "failed":
        told += note(escape(last_error(job, who) or ""))
    return told + (result_html(end.result["rows"], who) if isinstance(end, Done) and end.result else "")


def _under_way(job: Job, at: Progress, point: Metrics | None, who: Any) -> str:
    """Which of the runs is trained now, how far all are, and what is left by the time that has passed."""
    own = point.step / point.max_steps if point and point.max_steps and point.time >= at.time else 0.0
    share = min(1.0, (at.done + own) / at.total)
    settings = " · ".join(_setting(one, who) for one in at.what.split(",") if one)
    words = [translate(who, "sweep.now", n=min(at.done + 1, at.total), all=at.total, settings=settings)]
    began, seen = job.status.get("started"), max(at.time, point.time if point else 0.0)
    if began and share:
        left = duration((seen - began) / share * (1 - share), who)
        words.append(translate(who, "finetune.left", time=left))
    return progress(share) + quiet(escape(" · ".join(words)))


def _setting(text: str, who: Any) -> str:
    """`rank=8` in the words of the form."""
    name, _, value = text.partition("=")
    return f"{translate(who, f'finetune.{name}')} {value}" if name in SETTINGS else text


def result_html(rows: list[dict[str, Any]], who: Any) -> str:
    """Every combination, best first, and whether its figures tell it from the best."""
    names = list(rows[0]["settings"])
    head = ["", *(_named(name, who) for name in names), *(translate(who, f"sweep.{name}") for name in FIGURES)]
    lines = (cells(_line(row, place, names, who)) for place, row in enumerate(rows))
    return table("differences", head, lines) + quiet(translate(who, "sweep.tells"))


def _line(row: dict[str, Any], place: int, names: list[str], who: Any) -> list[str]:
    mark = translate(who, "sweep.best") if place == 0 else "≈" if row["apart"] is False else ""
    figures = [figure_text(row["figures"], name) for name in FIGURES]
    if row["verdict"]:
        figures[-1] = translate(who, "sweep.gave_up")
    return [mark, *(escape(str(row["settings"][name])) for name in names), *figures]
