"""Step 2 of the Data tab: what is rewritten and added, by whom, for how much; started as a job, followed, paused, resumed."""

from html import escape
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import InputError
from chatbot.core.jobs import ACTIVE, Job, start_task
from chatbot.core.locks import write_json
from chatbot.core.trust.addresses import endpoint
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.prompts import OPERATIONS
from chatbot.ui.data.augment_form import NO_SECOND_PARSER, AugmentForm
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.progress import duration, status
from chatbot.ui.data.runs import panel
from chatbot.ui.data.runs.prompts import PromptParts
from chatbot.ui.data.runs.standing import Standing, batches
from chatbot.ui.data.shared import say_done
from chatbot.ui.i18n.translate import in_language, label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.forms import QUIET, WAIT, Fields
from chatbot.ui.shell.header import model_choices
from chatbot.ui.shell.html import empty, facts, para, quiet
from chatbot.ui.shell.pace import keep_looking

BUTTONS = ("start", "estimate", "pause", "resume")
D = {name: field.default for name, field in AugmentConfig.model_fields.items()}


def build(context: PageContext) -> list[Any]:
    """Lay the step out; returns the events after which the counts have changed."""
    handlers = AugmentHandlers(context)
    gr.Markdown(label("augment.guide"), elem_classes="quiet")
    with gr.Row(elem_classes="augment"):
        with gr.Column(scale=6, min_width=300):
            parts = _form()
        with gr.Column(scale=5, min_width=300):
            with gr.Row(elem_classes="keys"):
                buttons = {
                    name: gr.Button(
                        label(f"augment.{name}"), min_width=70, elem_id=f"augment-{name}", variant=_variant(name)
                    )
                    for name in BUTTONS
                }
            shown, cost = (
                gr.HTML(padding=False, elem_id="augment-shown"),
                gr.HTML(padding=False, elem_id="augment-cost"),
            )
    prompts = PromptParts(context)
    runs = panel.build(context, shown)
    more = {"prompt_of": prompts.operation, "prompt_text": prompts.text, "chosen_run": runs.chosen}
    form = Fields(AugmentForm, parts | more)
    page = Context.root_block
    assert page is not None
    prompts.wire(form)
    page.load(
        handlers.choices, None, [parts["mode"], parts["operations"], prompts.operation, parts["second_parser"]], **QUIET
    )
    drawn = [shown, *(buttons[name] for name in ("start", "pause", "resume"))]
    look = keep_looking(context, handlers.follow, None, drawn)
    buttons["estimate"].click(form.to(handlers.estimate), form.inputs, cost, **WAIT)
    begun = buttons["start"].click(form.to(handlers.start), form.inputs, None, **WAIT)
    paused = buttons["pause"].click(handlers.pause, None, None, **WAIT)
    resumed = buttons["resume"].click(form.to(handlers.resume), form.inputs, None, **WAIT)
    again = runs.again.click(form.to(handlers.go_on), form.inputs, None, **WAIT)
    for event in (begun, paused, resumed, again):
        event.success(*look, **QUIET)
    return [begun, *runs.changed]


def _form() -> dict[str, Any]:
    name = gr.Textbox("", label=label("augment.name"), placeholder=label("augment.name_hint"), max_length=80)
    mode = gr.Radio([("offline", "offline")], value="offline", label=label("augment.mode"), elem_id="augment-mode")
    operations = gr.CheckboxGroup(list(OPERATIONS), value=list(OPERATIONS), label=label("augment.operations"))
    share = gr.Slider(0, 1, D["followup_share"], step=0.05, label=label("augment.p"))
    with gr.Row():
        new = gr.Number(D["new"], label=label("augment.new"), precision=0, minimum=0, min_width=110)
        seed = gr.Number(D["seed"], label=label("augment.seed"), precision=0, min_width=90)
        second_parser = gr.Dropdown(
            [D["second_parser"]], value=D["second_parser"], label=label("augment.second_parser"), min_width=150
        )
    with gr.Accordion(label("augment.api"), visible=False) as api:
        with gr.Row():
            model = gr.Textbox(D["model"], label=label("augment.model"), min_width=140)
            base_url = gr.Textbox("", label=label("augment.base_url"), min_width=180)
            key = gr.Textbox("", label=label("augment.key"), type="password", min_width=140)
        with gr.Row():
            cap = gr.Number(D["cap"], label=label("augment.cap"), minimum=0, min_width=130)
            # Text: an empty gr.Number comes back as 0, which would make an unknown price a free run.
            price_in, price_out = (
                gr.Textbox("", label=label(f"augment.{name}"), placeholder=label("augment.published"), min_width=130)
                for name in ("price_in", "price_out")
            )
    mode.change(lambda chosen: gr.update(visible=chosen != "offline"), mode, api, **QUIET)
    rewriting = {
        "mode": mode,
        "operations": operations,
        "followup_share": share,
        "new": new,
        "seed": seed,
        "second_parser": second_parser,
    }
    api_parts = {"model": model, "base_url": base_url, "key": key}
    money = {"cap": cap, "price_in": price_in, "price_out": price_out}
    return {"name": name} | rewriting | api_parts | money


def _variant(name: str) -> Any:
    return "primary" if name == "start" else "secondary"


class AugmentHandlers:
    """What step 2's controls do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def choices(self, request: gr.Request) -> list[Any]:
        """The choices in the person's language."""
        modes = [(translate(request, f"augment.{mode}"), mode) for mode in ("offline", "direct", "batch")]
        parsers = [
            *model_choices(self.context, request),
            (translate(request, "augment.no_second_parser"), NO_SECOND_PARSER),
        ]
        return [
            gr.update(choices=modes),
            *[gr.update(choices=[(in_language(request, names), key) for key, names in OPERATIONS.items()])] * 2,
            gr.update(choices=parsers),
        ]

    @needs("engineer")
    def estimate(self, request: gr.Request, chosen: AugmentForm) -> str:
        """What a run would take."""
        from chatbot.corpus.augmentation.run import estimate_cost

        return estimate_html(estimate_cost(self._config(request, chosen)), request)

    @needs("engineer")
    def start(self, request: gr.Request, chosen: AugmentForm) -> None:
        """Start a job."""
        config, settings = self._config(request, chosen), self.context.settings
        env = self._env(chosen.key, config.base_url if config.mode != "offline" else None)
        if config.mode != "offline" and not (env["OPENAI_API_KEY"] or config.base_url or settings.openai_base_url):
            raise InputError("ui.no_key")
        start_task("augment", config.model_dump(mode="json"), settings.folder("jobs"), resource="augment", env=env)
        say_done(request, "augment.started")

    @needs("engineer")
    def pause(self, request: gr.Request) -> None:
        """Ask the job to stop after what is under way."""
        if (job := self.files.job()) and job.state in ACTIVE:
            job.stop()

    @needs("engineer")
    def resume(self, request: gr.Request, chosen: AugmentForm) -> None:
        """Go on with the last run, under the cap as it is given now; what has been answered is not asked again."""
        if job := self.files.job():
            self._resume(job, chosen)

    @needs("engineer")
    def go_on(self, request: gr.Request, chosen: AugmentForm) -> None:
        """The same with the run that was chosen from the list."""
        for job in self.files.jobs():
            if chosen.chosen_run and Standing.of(job).run == chosen.chosen_run:
                self._resume(job, chosen)

    def _resume(self, job: Job, chosen: AugmentForm) -> None:
        if not Standing.of(job).can_go_on:
            raise InputError("ui.run_ended")
        if chosen.cap is not None:
            write_json(job.folder / "config.json", job.config | {"cap": chosen.cap})
        paid = job.config.get("mode", "offline") != "offline"
        job.resume(self._env(chosen.key, job.config.get("base_url") if paid else None))

    def follow(self, request: gr.Request) -> list[Any]:
        """How the last job stands, and which of start, pause and resume can be pressed."""
        job = self.files.job() if self.context.may(request, "annotator") else None
        now = Standing.of(job) if job else None
        if job is None or now is None:
            ready = self.files.corpus.exists()
            shown, can = empty(translate(request, "augment.none" if ready else "augment.first")), (ready, False, False)
        else:
            shown = status(job, request, batches(self.files, now.run))
            can = (not now.active, now.active and now.state != "stopping", now.can_go_on)
        name = translate(request, "augment.retry" if now and now.state == "gaps" else "augment.resume")
        return [shown, *(gr.update(interactive=on) for on in can[:2]), gr.update(value=name, interactive=can[2])]

    def _config(self, request: gr.Request, chosen: AugmentForm) -> AugmentConfig:
        if chosen.second_parser not in (None, "", NO_SECOND_PARSER, D["second_parser"]):
            self.context.check_offered(request, chosen.second_parser)
        return chosen.config(self.files)

    def _env(self, key: str, base_url: str | None) -> dict[str, str]:
        """What the job's process needs besides its configuration; keys are handed over and kept nowhere.

        Raises:
            InputError: a typed address is private, or has no key of its own.
        """
        settings, typed = self.context.settings.model_copy(update={"api_key": None}), key.strip()
        if base_url:
            endpoint(base_url, typed, settings)
        known = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
        return {
            "CHATBOT_WORKSPACE": str(settings.workspace.resolve()),
            "CHATBOT_REVIEW_URL": settings.review_url,
            "CHATBOT_KEY_HOSTS": " ".join(settings.key_hosts),
            "CHATBOT_PRIVATE_HOSTS": " ".join(settings.private_hosts),
            "CHATBOT_API_KEY": typed if base_url else "",
            "OPENAI_API_KEY": known if base_url else typed or known,
        } | ({"OPENAI_BASE_URL": settings.openai_base_url} if settings.openai_base_url else {})


def estimate_html(said: dict[str, Any], who: Any) -> str:
    """How much a run would do, in how long, for how much money, at which prices, and what of which kind."""
    parts = [translate(who, "augment.total", n=f"{sum(said['tasks'].values()):,}")]
    if said["answered"]:
        parts.append(translate(who, "augment.answered", n=f"{said['answered']:,}"))
    money = {"typical": f"{said['typical']:.3f}", "most": f"{said['most']:.2f}"}
    parts.append(translate(who, "augment.money", **money) if said["most"] else translate(who, "augment.free"))
    if said["seconds"] is None:
        parts.append(translate(who, "augment.by_tomorrow"))
    else:
        key = "augment.takes" if said["measured"] else "augment.takes_about"
        parts.append(translate(who, key, time=duration(said["seconds"], who)))
    kinds = {in_language(who, OPERATIONS[kind]): f"{n:,}" for kind, n in said["tasks"].items()}
    return para("lead", " · ".join(parts)) + _prices(said, who) + facts(kinds)


def _prices(said: dict[str, Any], who: Any) -> str:
    """The prices that were reckoned with, and what is left under the cap; "" for a run that costs nothing."""
    if said["prices"] is None:
        return ""
    first, second, date = said["prices"]
    known = translate(who, "augment.priced", first=f"{first:g}", second=f"{second:g}")
    out = known + (translate(who, "augment.price_date", date=date) if date else "")
    if said["cap"] is not None:
        out += translate(who, "augment.cap_left", left=f"{max(0.0, said['cap'] - said['spent']):.2f}")
    return quiet(escape(out))
