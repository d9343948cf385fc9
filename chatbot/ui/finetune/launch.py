"""“Several GPUs or hosts” on the Fine-tune tab: which of accelerate's configurations a start runs under, and what other hosts run."""

import shlex
from dataclasses import dataclass, replace

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import InputError
from chatbot.core.settings import Settings
from chatbot.training.config import FinetuneConfig
from chatbot.training.options.config_file import command_line, from_here
from chatbot.training.options.launch import SHIPPED, Launch, launch_files
from chatbot.ui.finetune.form import FinetuneForm
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET, Fields

SHOWN = ("one-gpu", "several-gpus", "fsdp", "deepspeed-zero2", "deepspeed-zero3", "two-hosts", "two-cpu-processes")
"""The shipped configurations in the order in which they are offered; a team's own follow."""


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
            raise InputError("training.launch_file", value=self.name)
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
    head, here = "python -m ", replace(launch, file=from_here(launch.file))
    return "\n".join(
        head + shlex.join(here.words(rank)) + " " + alone.removeprefix(head) for rank in range(launch.hosts)
    )


def build(context: PageContext, chosen: Fields[FinetuneForm]) -> Fields[StartForm]:
    """Lay it out; gives what a start reads."""
    with gr.Accordion(label("launch.title"), open=False, elem_id="launch"):
        gr.Markdown(label("launch.says"), elem_classes="quiet")
        name = gr.Dropdown([], label=label("launch.name"))
        with gr.Row():
            processes = gr.Number(0, label=label("launch.processes"), precision=0, minimum=0, min_width=130)
            address = gr.Textbox(label=label("launch.address"), placeholder="10.0.0.1", min_width=130)

    def load(request: gr.Request) -> object:
        found = launch_files(context.settings)
        own = [(name, name) for name, path in found.items() if path.parent != SHIPPED]
        names = [(translate(request, f"launch.file.{name}"), name) for name in SHOWN if found[name].parent == SHIPPED]
        return gr.update(choices=[(translate(request, "launch.alone"), ""), *names, *own], value="")

    page = Context.root_block
    assert page is not None
    page.load(load, None, name, **QUIET)
    how = Fields(LaunchForm, {"name": name, "processes": processes, "address": address})
    return Fields(StartForm, {"chosen": chosen, "launch": how})
