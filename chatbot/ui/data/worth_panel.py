"""What reviewed data is worth, below step 4: choose a slice, start small trainings as a job, read their curve in words."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from html import escape
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import InputError
from chatbot.core.events import Done, Progress, last
from chatbot.core.jobs import ACTIVE, FOLDER_MARK, Job, list_jobs, start_task
from chatbot.core.svg import TEAL, Scale, circle, drawing, rule, stroke, text, titled
from chatbot.evaluation.review.config import WORTH, WorthConfig
from chatbot.training.config import RESOURCE
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.progress import duration
from chatbot.ui.data.review.card import operation_name
from chatbot.ui.data.review.words import person
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import last_error, needs
from chatbot.ui.shell.forms import QUIET
from chatbot.ui.shell.html import cells, empty, para, progress, quiet, table
from chatbot.ui.shell.pace import keep_looking

STEPS = 60
WIDTH, HEIGHT = 520, 220


def build(context: PageContext) -> None:
    """Lay the panel out and wire it."""
    handlers = WorthHandlers(context)
    with gr.Accordion(label("worth.head"), open=False, elem_id="worth") as fold:
        gr.Markdown(label("worth.text"), elem_classes="quiet")
        with gr.Row(elem_classes="inline"):
            chosen = gr.Dropdown([], label=label("worth.slice"), min_width=220, elem_id="worth-slice")
            steps = gr.Number(STEPS, label=label("worth.steps"), precision=0, minimum=1, maximum=5000, min_width=90)
            start = gr.Button(label("worth.start"), variant="primary", min_width=80, elem_id="worth-start")
            stop = gr.Button(label("worth.stop"), min_width=80, elem_id="worth-stop")
        shown = gr.HTML(padding=False, elem_id="worth-shown")
    page = Context.root_block
    assert page is not None
    gr.on([page.load, fold.expand], handlers.choices, None, chosen, **QUIET)
    look = keep_looking(context, handlers.show, None, [shown])
    start.click(handlers.start, [chosen, steps], shown, **QUIET).success(*look, **QUIET)
    stop.click(handlers.stop, None, shown, **QUIET)


class WorthHandlers:
    """What the panel's buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def choices(self, request: gr.Request) -> Any:
        """The slices that there are: operations, runs and reviewers."""
        if not self.context.may(request, "annotator"):
            return gr.skip()
        with closing(self.files.review()) as review:
            found = review.found()
        slices = [(operation_name(one, request), f"operation:{one}") for one in found.operations]
        slices += [(name or run, f"run:{run}") for run, name in found.runs]
        slices += [(person(one, request), f"reviewer:{one}") for one in found.reviewers]
        named = [(f"{translate(request, 'worth.' + value.split(':')[0])} {name}", value) for name, value in slices]
        return gr.update(choices=named, value=named[0][1] if named else None)

    def show(self, request: gr.Request) -> str:
        """The last measurement as it stands."""
        if not self.context.may(request, "annotator"):
            return ""
        job = self._last()
        return status(job, request) if job else empty(translate(request, "worth.none"))

    @needs("engineer")
    def start(self, request: gr.Request, chosen: str | None, steps: float | None) -> str:
        """Start the five trainings, or go on with the same ones that were stopped."""
        by, _, value = (chosen or "").partition(":")
        if not value:
            raise InputError("ui.no_slice")
        settings = self.context.settings
        corpus = self.files.corpus.resolve() if self.files.corpus.exists() else None
        given = {"by": by, "value": value, "max_steps": int(steps or STEPS), "hotels": settings.hotels.resolve()}
        config = WorthConfig.model_validate(given | {"workspace": settings.workspace.resolve(), "corpus": corpus})
        fields = config.model_dump(mode="json") | {"out": FOLDER_MARK}
        job = self._last()
        same = {name: value for name, value in fields.items() if name != "out"}.items()
        if job and job.state in ("stopped", "died") and same <= job.config.items():
            job.resume()
        else:
            start_task(WORTH, fields, settings.folder("jobs"), resource=RESOURCE)
        return self.show(request)

    @needs("engineer")
    def stop(self, request: gr.Request) -> str:
        """Stop after the training under way."""
        job = self._last()
        if job and job.state in ACTIVE:
            job.stop()
        return self.show(request)

    def _last(self) -> Job | None:
        return next(iter(list_jobs(self.context.settings.folder("jobs"), WORTH)), None)


def status(job: Job, who: Any) -> str:
    """A measurement in words: how far it is, or what it found."""
    events = list(job.events())
    done = last(events, Done)
    if done and done.result:
        return result_html(done.result, who)
    if job.state not in ACTIVE:
        state = "failed" if job.state == "failed" else "stopped"
        return para("lead", escape(translate(who, f"worth.{state}", error=last_error(job, who))))
    now = last(events, Progress)
    if now is None or not now.total:
        return para("lead", translate(who, "worth.waiting"))
    began = job.status.get("started") or now.time
    left = (now.time - began) / now.done * (now.total - now.done) if now.done else None
    told = translate(who, "worth.running", what=now.what, done=now.done, total=now.total)
    more = translate(who, "augment.eta", eta=duration(left, who)) if left else ""
    return para("lead", escape(f"{told} {more}")) + progress(now.done / now.total)


def result_html(found: Mapping[str, Any], who: Any) -> str:
    """What a slice is worth: the answer first, then the curve and the numbers behind it."""
    points = found["points"]
    heads = (translate(who, f"worth.{name}") for name in ("share", "n", "figure", "interval"))
    rows = [
        cells([f"{p['share']} %", f"{p['n']:,}", f"{p['figure']:.3f}", f"{p['low']:.3f} – {p['high']:.3f}"])
        for p in points
    ]
    lines = [verdict(found, who), further(found, who)]
    note = quiet(escape(translate(who, "worth.note", n=found["held_out"])))
    said = "".join(para("lead", escape(line)) for line in lines if line)
    return said + curve(points, translate(who, "worth.curve")) + table("facts", heads, rows) + note


def verdict(found: Mapping[str, Any], who: Any) -> str:
    """Whether the slice pays, and what an hour of review brought."""
    gain = found["gain"]
    if gain is None:
        return translate(who, "worth.unmeasured")
    low, high = gain["interval"]
    values = {"gain": f"{gain['difference']:+.3f}", "low": f"{low:+.3f}", "high": f"{high:+.3f}"}
    kind = "unclear" if not gain["significant"] else "pays" if gain["difference"] > 0 else "hurts"
    told = translate(who, f"worth.{kind}", **values)
    if kind != "pays" or found["minutes"] < 1:
        return told
    an_hour = gain["difference"] / found["minutes"] * 60
    return told + translate(who, "worth.minutes", minutes=f"{found['minutes']:,.0f}", hour=f"{an_hour:+.3f}")


def further(found: Mapping[str, Any], who: Any) -> str:
    """Whether more of the same still brings something."""
    half = found["last_half"]
    if half is None:
        return ""
    return translate(
        who, "worth.go_on" if half["significant"] and half["difference"] > 0 else "worth.enough",
        gain=f"{half['difference']:+.3f}",
    )  # fmt: skip


def curve(points: Sequence[Mapping[str, Any]], name: str) -> str:
    """The learning curve, each point with its interval."""
    across, up = Scale(0, 100, 44, WIDTH - 12), Scale(0, 1, HEIGHT - 30, 12)
    grid = [rule(44, up(y), WIDTH - 12, up(y)) + text(38, up(y) + 4, f"{y:.1f}", anchor="end") for y in up.ticks(5)]
    marks = [text(across(p["share"]), HEIGHT - 10, f"{p['share']} %", anchor="middle", size=12) for p in points]
    line = stroke([(across(p["share"]), up(p["figure"])) for p in points], TEAL)
    dots = [
        titled(
            f"{p['share']} %: {p['figure']:.3f}",
            stroke([(across(p["share"]), up(p["low"])), (across(p["share"]), up(p["high"]))], TEAL, 1.0),
            circle(across(p["share"]), up(p["figure"]), 4, TEAL),
        )
        for p in points
    ]
    return drawing(WIDTH, HEIGHT, *grid, *marks, line, *dots, name=name)
