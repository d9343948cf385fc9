"""“Several GPUs or hosts” on the Fine-tune tab: which of accelerate's configurations a start runs under, and what other hosts run."""

import shlex
from dataclasses import dataclass
from html import escape

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import InputError
from chatbot.core.settings import Settings
from chatbot.training.config import FinetuneConfig
from chatbot.training.options.config_file import command_line
from chatbot.training.options.launch import Launch, launch_files
from chatbot.ui.finetune.form import FinetuneForm
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET, Fields
from chatbot.ui.shell.html import quiet


@dataclass(frozen=True)
class LaunchForm:
    """How a start is spread, as the page sends it."""

    name: str | None = None
    processes: float | None = None
    address: str | None = None

    def spread(self, settings: Settings) -> Launch | None:
        """What runs the start; None for one process.

        Raises:
            InputError: there is no such configuration, or a field can't be used.
        """
        if not self.name:
            return None
        files = launch_files(settings)
        if self.name not in files:
            raise InputError("training.launch_file", value=self.name, name=self.name)
        return Launch(files[self.name], int(self.processes or 0) or None, (self.address or "").strip())


ALONE = LaunchForm()
"""One process, as without accelerate."""


@dataclass(frozen=True)
class StartForm:
    """A run, and how it is spread."""

    chosen: FinetuneForm
    launch: LaunchForm = ALONE


def commands(config: FinetuneConfig, launch: Launch | None) -> str:
    """The command of each host, the first one's first; one process's where nothing is spread."""
    alone = command_line(config)
    if launch is None:
        return alone
    head = "python -m "
    return "\n".join(
        head + shlex.join(launch.words(rank)) + " " + alone.removeprefix(head) for rank in range(launch.hosts)
    )


def build(context: PageContext, chosen: Fields[FinetuneForm]) -> Fields[StartForm]:
    """Lay it out; gives what a start reads."""
    with gr.Accordion(label("launch.title"), open=False, elem_id="launch"):
        gr.Markdown(label("launch.says"), elem_classes="quiet")
        with gr.Row():
            name = gr.Dropdown([], label=label("launch.name"), min_width=150)
            processes = gr.Number(None, placeholder="—", label=label("launch.processes"), precision=0, min_width=100)
            address = gr.Textbox(label=label("launch.address"), placeholder="10.0.0.1", min_width=130)
        told = gr.HTML(padding=False, elem_id="launch-told")

    def load(request: gr.Request) -> object:
        names = [(name, name) for name in launch_files(context.settings)]
        return gr.update(choices=[(translate(request, "launch.alone"), ""), *names], value="")

    def tell(name: str, request: gr.Request) -> str:
        path = launch_files(context.settings).get(name)
        return quiet(escape(_said(path.read_text(encoding="utf-8")))) if path else ""

    page = Context.root_block
    assert page is not None
    page.load(load, None, name, **QUIET)
    name.input(tell, name, told, **QUIET)
    how = Fields(LaunchForm, {"name": name, "processes": processes, "address": address})
    return Fields(StartForm, {"chosen": chosen, "launch": how})


def _said(text: str) -> str:
    """What a configuration's first line says of it."""
    first = text.splitlines()[0] if text else ""
    return first.removeprefix("#").strip() if first.startswith("#") else ""
