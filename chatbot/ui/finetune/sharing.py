"""The chosen settings as a command line and as a file on the Fine-tune tab, and a file's settings on the form."""

import tempfile
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from chatbot.training.config import FinetuneConfig
from chatbot.training.options.config_file import load_config, save_config
from chatbot.ui.finetune.form import ADVANCED, OWN, PLAIN
from chatbot.ui.finetune.launch import StartForm, commands
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.forms import WAIT, Fields
from chatbot.ui.shell.html import quiet


def build(context: PageContext, asked: Fields[StartForm], filled: list[gr.components.Component], told: gr.HTML) -> None:
    """Lay it out and wire it.

    Args:
        filled: the components of the form in the order of PLAIN and ADVANCED, with the rest behind.
        told: says which settings of a file the page does not show.
    """
    with gr.Accordion(label("finetune.sharing"), open=False):
        shown = gr.Textbox(
            label=label("finetune.sharing"),
            show_label=False,
            lines=4,
            buttons=["copy"],
            interactive=False,
            elem_id="command-line",
        )
        with gr.Row():
            show = gr.Button(label("finetune.show_command"), size="sm", min_width=120, elem_id="show-command")
            save = gr.DownloadButton(label("finetune.save_config"), size="sm", min_width=120, interactive=False)
            load = gr.UploadButton(label("finetune.load_config"), file_types=[".json"], size="sm", min_width=120)
    handlers = SharingHandlers(context)
    show.click(asked.to(handlers.show), asked.inputs, [shown, save], **WAIT)
    load.upload(handlers.load, load, [*filled, told], **WAIT)


class SharingHandlers:
    """What the buttons do."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    @needs("engineer")
    def show(self, request: gr.Request, asked: StartForm) -> Any:
        """The command that does what a start would do, one for each host, and the file to keep."""
        settings = self.context.settings
        config = asked.chosen.within(settings).config().model_copy(update={"hotels": settings.hotels})
        config = config.model_copy(
            update={"out": settings.workspace / "adapters" / f"{config.method}-{config.data.stem}"}
        )
        path = Path(tempfile.mkdtemp(prefix="settings-")) / f"{config.method}.json"
        save_config(config, path)
        return commands(config, asked.launch.spread(settings)), gr.update(value=str(path), interactive=True)

    @needs("engineer")
    def load(self, request: gr.Request, path: str) -> list[Any]:
        """A file's settings on the form; what the page has no field for is told, and used all the same."""
        found = load_config(Path(path))
        defaults = {name: field.default for name, field in FinetuneConfig.model_fields.items()}
        on_page = [found.get(name, gr.skip() if name in ("base", "data") else defaults[name]) for name in PLAIN]
        rest = {name: value for name, value in found.items() if name not in (*PLAIN, *ADVANCED, *OWN)}
        return [*on_page, *(found.get(name, defaults[name]) for name in ADVANCED), rest, rest_html(rest, request)]


def rest_html(rest: dict[str, Any], who: Any) -> str:
    """Which settings of a file are used although the page has no field for them."""
    if not rest:
        return ""
    named = ", ".join(f"{name} = {value}" for name, value in rest.items())
    return quiet(escape(translate(who, "finetune.rest", named=named)))
