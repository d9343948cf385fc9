"""What the buttons of the Fine-tune tab do; each checks the role, calls one function and shows the result."""

import shutil
from pathlib import Path
from typing import Any

import gradio as gr

from chatbot.core.jobs import ACTIVE
from chatbot.core.messages import read_conversations
from chatbot.training.config import PRESETS, FinetuneConfig
from chatbot.ui.finetune import preview as finetune_look
from chatbot.ui.finetune import runs as finetune_runs
from chatbot.ui.finetune.status import status, walk
from chatbot.ui.i18n.translate import language, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs

ADVANCED = (
    "epochs",
    "max_steps",
    "learning_rate",
    "batch_size",
    "accumulation",
    "max_length",
    "rank",
    "alpha",
    "target_rank",
    "virtual_tokens",
    "eval_every",
    "eval_limit",
    "patience",
    "seed",
)


class FinetuneHandlers:
    """The handlers; they hold nothing but the page's context."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def load(self, request: gr.Request) -> Any:
        """Fill the pickers in the person's language."""
        current, side = self.context.settings, 0 if language(request) == "zh" else 1
        bases, data = finetune_look.bases(current), finetune_look.data_files(current, request)
        presets = [(names[side], key) for key, (names, _) in PRESETS.items()]
        first = [choices[0][1] if choices else None for choices in (bases, data)]
        return (
            gr.update(choices=bases, value=first[0]),
            gr.update(choices=data, value=first[1]),
            gr.update(choices=finetune_look.method_choices(request), value="qlora"),
            gr.update(choices=presets, value="try"),
        )

    def preset(self, name: str) -> list[Any]:
        """Fill the advanced fields."""
        fields = PRESETS[name][1]
        return [fields.get(field, FinetuneConfig.model_fields[field].default) for field in ADVANCED]

    @needs("engineer")
    def upload(self, request: gr.Request, path: str) -> Any:
        """Keep an uploaded data set, after it was read once."""
        list(read_conversations(Path(path)))
        kept = self.context.settings.folder("uploads") / Path(path).name
        shutil.copyfile(path, kept)
        return gr.update(
            choices=[*finetune_look.data_files(self.context.settings, request), (kept.stem, str(kept))], value=str(kept)
        )

    @needs("engineer")
    def look(self, request: gr.Request, index: float, *values: Any) -> Any:
        """Show one example and the whole data set as the trainer will see them."""
        return finetune_look.look(fields(values), int(index or 1) - 1, request), gr.update(visible=True)

    @needs("engineer")
    def estimate(self, request: gr.Request, *values: Any) -> str:
        """Show memory and time."""
        return finetune_look.cost(fields(values), self.context.settings.hotels, request)

    @needs("engineer")
    def start(self, request: gr.Request, *values: Any) -> Any:
        """Start a run and select it."""
        job = finetune_runs.launch(self.context.settings, fields(values))
        gr.Info(translate(request, "finetune.started"))
        return gr.update(choices=[job.id for job in finetune_runs.jobs(self.context.settings)], value=job.id)

    def follow(self, name: str | None, request: gr.Request) -> Any:
        """How the chosen run stands; the newest where none is chosen."""
        if not self.context.may(request, "engineer"):
            return [gr.skip()] * 10
        found = finetune_runs.jobs(self.context.settings)
        names = [job.id for job in found]
        job = next((job for job in found if job.id == name), found[0] if found else None)
        picked = gr.update(choices=names, value=job.id if job else None)
        return [picked, gr.update(choices=names), *self._drawn(job, request)]

    def _drawn(self, job: Any, request: gr.Request) -> list[Any]:
        if job is None:
            off = [gr.update(interactive=False)] * 3
            return [
                walk(None, request),
                f'<p class="quiet">{translate(request, "finetune.runs.none")}</p>',
                "",
                "",
                "",
                *off,
            ]
        active, adapter = job.state in ACTIVE, (job.folder / "adapter" / "adapter_config.json").is_file()
        buttons = [
            gr.update(interactive=on)
            for on in (active, job.state in ("stopped", "died", "failed"), adapter and not active)
        ]
        shown = [
            walk(job, request),
            status(job, request),
            finetune_runs.curves(job, request),
            job.log_tail(60),
            finetune_runs.adapter_card(job),
        ]
        return [*shown, *buttons]

    @needs("engineer")
    def stop(self, request: gr.Request, name: str) -> None:
        """Ask a run to save and end."""
        finetune_runs.find(self.context.settings, name).stop()

    @needs("engineer")
    def resume(self, request: gr.Request, name: str) -> None:
        """Go on from the last checkpoint."""
        finetune_runs.find(self.context.settings, name).resume()

    @needs("engineer")
    def merge(self, request: gr.Request, name: str) -> None:
        """Fold the adapter into its base, as a job of its own."""
        finetune_runs.merge(self.context.settings, finetune_runs.find(self.context.settings, name))
        gr.Info(translate(request, "finetune.merging"))

    @needs("engineer")
    def compare(self, request: gr.Request, names: list[str]) -> str:
        """Curves of the ticked runs over one another."""
        return finetune_runs.compare([finetune_runs.find(self.context.settings, name) for name in names], request)


def fields(values: tuple[Any, ...]) -> dict[str, Any]:
    """The form's values as fields of FinetuneConfig; empty ones keep their default, and so does a 0 where the default is to leave it to the method."""
    named = dict(zip(("base", "data", "method", *ADVANCED), values, strict=True))
    whole = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in named.items()
    }
    return {
        name: value
        for name, value in whole.items()
        if value not in (None, "") and (value or FinetuneConfig.model_fields[name].default is not None)
    }
