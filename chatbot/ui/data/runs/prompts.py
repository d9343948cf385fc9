"""Prompts in step 2: chosen, edited, tried on five cards, and kept; what stands here at the start is kept with the run."""

from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from chatbot.core.errors import InputError
from chatbot.corpus.augmentation.prompts import OPERATIONS, first_messages, prompt, save_prompt
from chatbot.ui.data.augment_form import AugmentForm
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.shared import say_done
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.forms import QUIET, WAIT, Fields
from chatbot.ui.shell.html import cells, para, table

if TYPE_CHECKING:
    from chatbot.corpus.augmentation.runs.trial import Trial, Tried


class PromptParts:
    """The controls, laid out; `wire` connects them once the form that the trial reads is there."""

    def __init__(self, context: PageContext) -> None:
        self._handlers = PromptHandlers(context)
        with gr.Accordion(label("augment.prompts"), open=False, elem_id="augment-prompts") as self._fold:
            self.operation = gr.Dropdown(list(OPERATIONS), value="spoken", label=label("augment.of"))
            # Written on only once the saved prompt has come, which would take the place of what was typed before.
            self.text = gr.Textbox(
                show_label=False,
                lines=10,
                max_lines=16,
                interactive=False,
                elem_id="augment-prompt-text",
            )
            with gr.Row(elem_classes="sources"):
                self._buttons = {
                    name: gr.Button(label(f"augment.{name}"), min_width=110, elem_id=f"augment-{name}")
                    for name in ("try", "save", "original", "preview")
                }
            self._shown = gr.Textbox(show_label=False, lines=8, max_lines=14, interactive=False, visible=False)
            self._tried = gr.HTML(padding=False, elem_id="augment-tried")

    def wire(self, form: Fields[AugmentForm]) -> None:
        """Connect the controls to the form that the trial reads."""
        handlers, both = self._handlers, [self.operation, self.text]
        # Not at the page's load: what comes before a part is first drawn, Gradio's page sets once more after it.
        # And one after the other: of an update's properties it sets `value` last.
        opened = self._fold.expand(handlers.opened, both, self.text, **QUIET)
        opened.then(lambda: gr.update(interactive=True), None, self.text, **QUIET)
        self.operation.input(handlers.prompt, self.operation, self.text, **QUIET)
        self._buttons["save"].click(handlers.save_prompt, both, None, **WAIT)
        self._buttons["original"].click(handlers.original, self.operation, self.text, **WAIT)
        self._buttons["preview"].click(handlers.preview, both, self._shown, **WAIT)
        self._buttons["try"].click(form.to(handlers.try_five), form.inputs, self._tried, **WAIT)


class PromptHandlers:
    """What the prompts' controls do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def prompt(self, operation: str) -> str:
        """An operation's prompt, as edited."""
        return prompt(operation, self.files.prompts)

    def opened(self, operation: str, text: str | None) -> str:
        """The prompt to show: what has been written stays."""
        return text or self.prompt(operation)

    @needs("engineer")
    def save_prompt(self, request: gr.Request, operation: str, text: str) -> None:
        """Keep an edited prompt."""
        save_prompt(operation, text, self.files.prompts)
        say_done(request, "augment.saved")

    @needs("engineer")
    def original(self, request: gr.Request, operation: str) -> str:
        """The shipped prompt again."""
        save_prompt(operation, prompt(operation), self.files.prompts)
        return prompt(operation)

    @needs("engineer")
    def preview(self, request: gr.Request, operation: str, text: str) -> Any:
        """The messages of the first task."""
        from chatbot.corpus.augmentation.tasks import first_task

        task = first_task(operation, self.files.read_corpus(), self.context.default_store)
        if task is None:
            raise InputError("ui.no_corpus")
        said = first_messages(text, task.payload)
        return gr.update(value="\n\n".join(f"[{m['role']}]\n{m['content']}" for m in said), visible=True)

    @needs("engineer")
    def try_five(self, request: gr.Request, chosen: AugmentForm) -> str:
        """Five cards with the prompt as it stands on the page, which is kept; the run finds their answers."""
        from chatbot.corpus.augmentation.runs.trial import try_prompt

        config, store = chosen.config(self.files), self.context.default_store
        operation = chosen.prompt_of or config.operations[0]
        trial = try_prompt(operation, self.files.read_corpus(), store, config, chosen.key.strip() or None)
        return trial_html(trial, request, offline=config.mode == "offline")


def trial_html(trial: "Trial", who: Any, *, offline: bool) -> str:
    """What a prompt gave: before and after, or why nothing."""
    good = sum(tried.made is not None and not tried.failed for tried in trial.tried)
    key = "augment.tried_offline" if offline else "augment.tried"
    lead = translate(who, key, good=good, n=len(trial.tried), cost=f"{trial.cost:.4f}")
    heads = (translate(who, f"augment.{name}") for name in ("before", "after", "verdict"))
    return para("lead", escape(lead)) + table("facts left-out tried", heads, [_row(one, who) for one in trial.tried])


def _row(tried: "Tried", who: Any) -> str:
    old = tried.task.original.messages if tried.task.original else []
    told = [(m.role, m.content) for m in old]
    new = [] if tried.made is None else [(m.role, m.content) for m in tried.made.messages]
    before = _words([said for at, said in enumerate(told) if at >= len(new) or new[at] != said]) if new else ""
    after = _words([said for at, said in enumerate(new) if at >= len(told) or told[at] != said])
    verdict = "；".join(tried.failed) if tried.failed else translate(who, "augment.passes")
    return cells([before, after, escape(verdict)])


def _words(said: list[tuple[str, str]]) -> str:
    """Utterances, one a line, escaped."""
    return "<br>".join(escape(words) for role, words in said if role in ("user", "assistant") and words)
