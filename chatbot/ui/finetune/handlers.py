"""What the buttons of the Fine-tune tab do; each checks the role, calls one function and shows the result."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from chatbot.core.jobs import ACTIVE, Job
from chatbot.core.messages import write_conversations
from chatbot.core.storage.names import safe_stem
from chatbot.corpus.reading.reader import read_conversations
from chatbot.training.config import PRESETS, FinetuneConfig
from chatbot.ui.finetune import checkpoints
from chatbot.ui.finetune import preview as finetune_look
from chatbot.ui.finetune import runs as finetune_runs
from chatbot.ui.finetune.expect import expectation
from chatbot.ui.finetune.form import ADVANCED, FinetuneForm
from chatbot.ui.finetune.launch import StartForm
from chatbot.ui.finetune.status import next_steps, status
from chatbot.ui.i18n.translate import in_language, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs


@dataclass(frozen=True)
class ExampleChoice:
    """Which example is looked at, and what it would be trained with."""

    index: float | None
    chosen: FinetuneForm


class FinetuneHandlers:
    """The handlers; they hold nothing but the page's context."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def load(self, request: gr.Request) -> Any:
        """Fill the pickers in the person's language."""
        current = self.context.settings
        bases, data = finetune_look.bases(current), finetune_look.data_files(current, request)
        presets = [(in_language(request, names), key) for key, (names, _) in PRESETS.items()]
        first = [choices[0][1] if choices else None for choices in (bases, data)]
        return (
            gr.update(choices=bases, value=first[0]),
            gr.update(choices=data, value=first[1]),
            gr.update(choices=finetune_look.method_choices(request), value="qlora"),
            gr.update(choices=presets, value="try"),
            expectation(request, runs=bool(finetune_runs.jobs(current))),
        )

    def preset(self, name: str) -> list[Any]:
        """Fill the advanced fields; what a file said besides goes."""
        fields = PRESETS[name][1]
        return [*(fields.get(field, FinetuneConfig.model_fields[field].default) for field in ADVANCED), {}, ""]

    @needs("engineer")
    def upload(self, request: gr.Request, path: str) -> Any:
        """Keep an uploaded data set in our own form, whatever form it came in."""
        kept = self.context.settings.folder("uploads") / f"{safe_stem(path)}.jsonl"
        write_conversations(kept, read_conversations(Path(path)))
        return gr.update(
            choices=[*finetune_look.data_files(self.context.settings, request), (kept.stem, str(kept))], value=str(kept)
        )

    @needs("engineer")
    def look(self, request: gr.Request, asked: ExampleChoice) -> Any:
        """Show one example and the whole data set as the trainer will see them."""
        config = asked.chosen.within(self.context.settings).config()
        return finetune_look.example_preview(config, int(asked.index or 1) - 1, request), gr.update(visible=True)

    @needs("engineer")
    def estimate(self, request: gr.Request, chosen: FinetuneForm) -> str:
        """Show memory and time."""
        settings = self.context.settings
        return finetune_look.cost_preview(chosen.within(settings).config(), settings.hotels, request)

    @needs("engineer")
    def start(self, request: gr.Request, asked: StartForm) -> Any:
        """Start a run and select it."""
        job = finetune_runs.launch(self.context.settings, asked.chosen, asked.launch)
        gr.Info(translate(request, "finetune.started"))
        return gr.update(choices=[job.id for job in finetune_runs.jobs(self.context.settings)], value=job.id)

    def put_away(self) -> Any:
        """Take away what was shown before the start, so that the run stands where it stood."""
        return "", "", gr.update(visible=False)

    def follow(self, name: str | None, request: gr.Request) -> Any:
        """How the chosen run stands; the newest where none is chosen."""
        if not self.context.may(request, "engineer"):
            return [gr.skip()] * 12
        found = finetune_runs.jobs(self.context.settings)
        names = [job.id for job in found]
        job = next((job for job in found if job.id == name), found[0] if found else None)
        picked = gr.update(choices=names)
        if (
            job.id if job else None
        ) != name:  # what was picked meanwhile must not be put back by a look that began before
            picked = gr.update(choices=names, value=job.id if job else None)
        buttons = [gr.update(interactive=on) for on in _possible(job)]
        told = [*_told(job, request), *checkpoints.shown(job, request)]
        return [picked, gr.update(choices=names), next_steps(job, request), *told, *buttons]

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


def _told(job: Job | None, who: Any) -> list[str]:
    """State, curves, log and card of a run."""
    if job is None:
        return ["", "", "", ""]
    return [status(job, who), finetune_runs.curves(job, who), job.log_tail(60), finetune_runs.adapter_card(job)]


def _possible(job: Job | None) -> tuple[bool, bool, bool]:
    """Whether a run can be stopped, resumed and merged now."""
    if job is None:
        return False, False, False
    active, adapter = job.state in ACTIVE, (job.folder / "adapter" / "adapter_config.json").is_file()
    return active, job.state in ("stopped", "died", "failed"), adapter and not active
