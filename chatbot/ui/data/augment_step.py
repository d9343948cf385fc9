"""Step 2 of the Data tab: what is rewritten and added, by whom, for how much; started as a job, followed, paused, resumed."""

from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import InputError
from chatbot.core.jobs import ACTIVE, Job, start_task
from chatbot.core.trust.addresses import endpoint
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.prompts import OPERATIONS, prompt, save_prompt
from chatbot.ui.data.augment_form import NO_EAR, AugmentForm
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.progress import result, status
from chatbot.ui.data.shared import say_done
from chatbot.ui.i18n.translate import in_language, label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.forms import QUIET, WAIT, Fields
from chatbot.ui.shell.header import model_choices
from chatbot.ui.shell.html import empty, facts, para

BUTTONS = ("start", "estimate", "pause", "resume")
D = {name: field.default for name, field in AugmentConfig.model_fields.items()}


def build(context: PageContext) -> list[Any]:
    """Lay the step out; returns the events after which the counts have changed."""
    handlers = AugmentHandlers(context)
    gr.Markdown(label("augment.guide"), elem_classes="quiet")
    with gr.Row(elem_classes="augment"):
        with gr.Column(scale=6, min_width=300):
            form = _form()
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
    operation, parts = _prompts(handlers), form.parts
    page, timer = Context.root_block, gr.Timer(1.5)
    assert page is not None
    page.load(handlers.choices, None, [parts["mode"], parts["operations"], operation, parts["ear"]], **QUIET)
    drawn = [shown, *(buttons[name] for name in ("start", "pause", "resume"))]
    gr.on([page.load, timer.tick], handlers.follow, None, drawn, **QUIET)
    buttons["estimate"].click(form.to(handlers.estimate), form.inputs, cost, **WAIT)
    begun = buttons["start"].click(form.to(handlers.start), form.inputs, None, **WAIT)
    buttons["pause"].click(handlers.pause, None, None, **WAIT)
    buttons["resume"].click(handlers.resume, parts["key"], None, **WAIT)
    return [begun]


def _form() -> Fields[AugmentForm]:
    mode = gr.Radio([("offline", "offline")], value="offline", label=label("augment.mode"), elem_id="augment-mode")
    operations = gr.CheckboxGroup(list(OPERATIONS), value=list(OPERATIONS), label=label("augment.operations"))
    share = gr.Slider(0, 1, D["followup_share"], step=0.05, label=label("augment.p"))
    with gr.Row():
        new = gr.Number(D["new"], label=label("augment.new"), precision=0, minimum=0, min_width=110)
        seed = gr.Number(D["seed"], label=label("augment.seed"), precision=0, min_width=90)
        ear = gr.Dropdown([D["ear"]], value=D["ear"], label=label("augment.ear"), min_width=150)
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
    rewriting = {"mode": mode, "operations": operations, "followup_share": share, "new": new, "seed": seed, "ear": ear}
    api_parts = {"model": model, "base_url": base_url, "key": key}
    money = {"cap": cap, "price_in": price_in, "price_out": price_out}
    return Fields(AugmentForm, rewriting | api_parts | money)


def _variant(name: str) -> Any:
    return "primary" if name == "start" else "secondary"


def _prompts(handlers: "AugmentHandlers") -> gr.Dropdown:
    with gr.Accordion(label("augment.prompts"), open=False):
        operation = gr.Dropdown(list(OPERATIONS), value="spoken", label=label("augment.of"))
        text = gr.Textbox(prompt("spoken"), show_label=False, lines=10, max_lines=16)
        with gr.Row(elem_classes="sources"):
            save, preview = (
                gr.Button(label("augment.save"), min_width=110),
                gr.Button(label("augment.preview"), min_width=110),
            )
        shown = gr.Textbox(show_label=False, lines=8, max_lines=14, interactive=False, visible=False)
    operation.input(handlers.prompt, operation, text, **QUIET)
    save.click(handlers.save_prompt, [operation, text], None, **WAIT)
    preview.click(handlers.preview, operation, shown, **WAIT)
    return operation


class AugmentHandlers:
    """What step 2's controls do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def choices(self, request: gr.Request) -> list[Any]:
        """The choices in the person's language."""
        modes = [(translate(request, f"augment.{mode}"), mode) for mode in ("offline", "direct", "batch")]
        ears = [*model_choices(self.context, request), (translate(request, "augment.no_ear"), NO_EAR)]
        return [
            gr.update(choices=modes),
            *[gr.update(choices=[(in_language(request, names), key) for key, names in OPERATIONS.items()])] * 2,
            gr.update(choices=ears),
        ]

    @needs("engineer")
    def estimate(self, request: gr.Request, chosen: AugmentForm) -> str:
        """What a run would take."""
        from chatbot.corpus.augmentation.run import estimate_cost

        return estimate_html(estimate_cost(chosen.config(self.files)), request)

    @needs("engineer")
    def start(self, request: gr.Request, chosen: AugmentForm) -> None:
        """Start a job."""
        config, settings = chosen.config(self.files), self.context.settings
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
    def resume(self, request: gr.Request, key: str) -> None:
        """Go on; what has been answered is not asked again."""
        if (job := self.files.job()) and job.state not in ACTIVE:
            paid = job.config.get("mode", "offline") != "offline"
            job.resume(self._env(key, job.config.get("base_url") if paid else None))

    def follow(self, request: gr.Request) -> list[Any]:
        """How the last job stands, and which of start, pause and resume can be pressed."""
        job = self.files.job() if self.context.may(request, "annotator") else None
        shown = status(job, request) if job else empty(translate(request, "augment.none"))
        can = _possible(job) if job else (self.files.corpus.exists(), False, False)
        return [shown, *(gr.update(interactive=on) for on in can)]

    def prompt(self, operation: str) -> str:
        """An operation's prompt, as edited."""
        return prompt(operation, self.files.prompts)

    @needs("engineer")
    def save_prompt(self, request: gr.Request, operation: str, text: str) -> None:
        """Keep an edited prompt."""
        save_prompt(operation, text, self.files.prompts)
        say_done(request, "augment.saved")

    @needs("engineer")
    def preview(self, request: gr.Request, operation: str) -> Any:
        """The messages of the first task."""
        from chatbot.corpus.augmentation.tasks import first_task

        task = first_task(operation, self.files.read_corpus(), self.context.default_store)
        if task is None:
            raise InputError("ui.no_corpus")
        from chatbot.corpus.augmentation.prompts import first_messages

        said = first_messages(prompt(operation, self.files.prompts), task.payload)
        return gr.update(value="\n\n".join(f"[{m['role']}]\n{m['content']}" for m in said), visible=True)

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
    """How much a run would do, for how much money, and what of which kind."""
    money = (
        translate(who, "augment.money", typical=f"{said['typical']:.3f}", most=f"{said['most']:.2f}")
        if said["most"]
        else translate(who, "augment.free")
    )
    total = translate(who, "augment.total", n=f"{sum(said['tasks'].values()):,}")
    kinds = {in_language(who, OPERATIONS[kind]): f"{n:,}" for kind, n in said["tasks"].items()}
    return para("lead", f"{total} · {money}") + facts(kinds)


def _possible(job: Job) -> tuple[bool, bool, bool]:
    """Whether a job can be started, paused and resumed now."""
    active = job.state in ACTIVE
    again = job.state in ("stopped", "died", "failed") or result(job).get("state") == "budget"
    return not active, active and job.state != "stopping", again and not active
