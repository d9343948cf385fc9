"""The Chat tab: the conversation beside what was understood and what was found, and a second model one click away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from chatbot.ui.chat.feedback import build_feedback
from chatbot.ui.chat.handlers import ChatHandlers, Edit
from chatbot.ui.chat.inside_panel import build_inside
from chatbot.ui.chat.slot_form import SlotForm, slot_form
from chatbot.ui.chat.state import ChatState
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET, Fields
from chatbot.ui.shell.html import SKELETON

EXAMPLES = ("chat.example_mahjong", "chat.example_bounds", "chat.example_family", "chat.example_step_free")
SAVE = """(text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "application/jsonl"}));
  link.download = "conversation.jsonl";
  link.click();
  URL.revokeObjectURL(link.href);
}"""

Asked = tuple[Callable[..., Any], gr.Textbox]
RUN: dict[str, Any] = QUIET | {"concurrency_limit": 64}
"""Answers may run for many pages at once; each model's engine decides how many it serves together."""


@dataclass(frozen=True)
class ConversationColumn:
    """One column of conversation: what is said, and what draws it."""

    state: gr.State
    window: gr.Chatbot


@dataclass(frozen=True)
class Controls:
    """What a person types and clicks under the conversation."""

    box: gr.Textbox
    asked: gr.State
    send: gr.Button
    stop: gr.Button
    clear: gr.Button
    save: gr.Button
    compare: gr.Button
    row: gr.Row
    chips: list[gr.Button]


@dataclass(frozen=True)
class FindingsColumn:
    """What was understood and found."""

    slots: gr.HTML
    cards: gr.HTML
    form: gr.Accordion
    fields: Fields[SlotForm]
    search: gr.Button


@dataclass(frozen=True)
class SecondConversation:
    """The second conversation of a comparison; `first` names the model of the first while there are two."""

    talk: ConversationColumn
    model: gr.Dropdown
    column: gr.Column
    on: gr.State
    first: gr.HTML


def build(context: PageContext, model: gr.Dropdown, page: gr.Blocks, asked: Sequence[Asked] = ()) -> None:
    """Lay the tab out and wire it.

    Args:
        model: the picker in the page's header.
        page: loads the tab in the person's language.
        asked: what else asks a question, as (trigger, the text box that holds it).
    """
    with gr.Row(elem_classes="chat"):
        with gr.Column(scale=6, min_width=320, elem_classes="conversation"):
            first = gr.HTML(visible=False, padding=False, elem_id="first-model")
            talk = _conversation("talk")
            build_feedback(context, talk.window, talk.state, model)
            controls = _controls()
            gr.Markdown(label("chat.consent"), visible=context.demo, elem_classes="quiet", elem_id="consent")
        other = _other(first)
        with gr.Column(scale=4, min_width=320, elem_classes="side"):
            side = _side()
            _inside(context, talk.state, model)
    wiring = _Wiring(ChatHandlers(context), talk, controls, side, other, model)
    wiring.conversation(asked)
    wiring.tools()
    page.load(wiring.turns.load, None, [side.slots, side.cards], **QUIET)
    page.load(examples, None, controls.chips, **QUIET)


def _conversation(name: str) -> ConversationColumn:
    window = gr.Chatbot(
        label=label("chat.window"),
        show_label=False,
        placeholder=str(label("chat.empty")),
        render_markdown=False,
        latex_delimiters=[],
        buttons=["copy"],
        elem_classes="talk",
        elem_id=name,
    )
    return ConversationColumn(gr.State(ChatState()), window)


def examples(request: gr.Request) -> list[Any]:
    """The examples in the person's language, as texts that a click sends."""
    return [gr.update(value=translate(request, key)) for key in EXAMPLES]


def _controls() -> Controls:
    with gr.Row(elem_classes="chips") as row:
        chips = [gr.Button(label(key), size="sm", elem_classes="chip", min_width=60) for key in EXAMPLES]
    with gr.Row(elem_classes="say"):
        box = gr.Textbox(
            placeholder=label("chat.input"),
            show_label=False,
            container=False,
            scale=8,
            max_length=2000,
            autofocus=True,
            elem_id="say",
            min_width=120,
        )
        send = gr.Button(label("chat.send"), variant="primary", scale=1, min_width=72)
        stop = gr.Button(label("chat.stop"), variant="stop", scale=1, min_width=72, visible=False)
    with gr.Row(elem_classes="tools"):
        clear, save, compare = (
            gr.Button(label(f"chat.{name}"), size="sm", min_width=80) for name in ("clear", "save", "compare")
        )
    return Controls(box, gr.State(""), send, stop, clear, save, compare, row, chips)


def _other(first: gr.HTML) -> SecondConversation:
    with gr.Column(scale=6, min_width=320, visible=False, elem_classes="conversation") as column:
        model = gr.Dropdown([], label=label("chat.other"), interactive=True)
        talk = _conversation("other-talk")
    return SecondConversation(talk, model, column, gr.State(False), first)


def _side() -> FindingsColumn:
    gr.Markdown(label("slots.title"), elem_classes="head")
    slots = gr.HTML(padding=False, elem_classes="wished")
    with gr.Accordion(label("chat.edit"), open=False, elem_classes="edit") as form:
        fields = slot_form()
        search = gr.Button(label("chat.search"), size="md", variant="primary")
    slots.click(lambda: gr.update(open=True), None, form, **QUIET)
    gr.Markdown(label("cards.title"), elem_classes="head")
    cards = gr.HTML(SKELETON, padding=False, elem_id="cards")
    return FindingsColumn(slots, cards, form, fields, search)


def _inside(context: PageContext, state: gr.State, model: gr.Dropdown) -> None:
    """The model's inner workings."""
    with gr.Accordion(label("chat.inside"), open=False):
        build_inside(context, state, model)


@dataclass(frozen=True)
class _Wiring:
    """The tab's listeners. None of them is an API: a page's buttons are for its page."""

    turns: ChatHandlers
    talk: ConversationColumn
    controls: Controls
    side: FindingsColumn
    other: SecondConversation
    model: gr.Dropdown

    @property
    def drawn(self) -> list[gr.blocks.Block]:
        """What `view` draws, in its order."""
        return [self.talk.state, self.talk.window, self.side.slots, self.side.cards, self.controls.row]

    @property
    def second(self) -> list[gr.blocks.Block]:
        """What is drawn of the second conversation."""
        return [self.other.talk.state, self.other.talk.window]

    def conversation(self, asked: Sequence[Asked]) -> None:
        """Sending, by key, button, example or from elsewhere; answering anew; stopping."""
        controls, turns = self.controls, self.turns
        begun = [controls.box, controls.asked, controls.send, controls.stop]
        sources = [
            (controls.box.submit, controls.box),
            (controls.send.click, controls.box),
            *((chip.click, chip) for chip in controls.chips),
            *asked,
        ]
        for trigger, source in sources:
            self._answer(trigger(turns.begin, source, begun, **QUIET))
        states = [self.talk.state, self.other.talk.state]
        again = self.talk.window.retry(turns.again, states, [*states, *begun], **QUIET)
        self._answer(again)
        controls.stop.click(turns.stop, None, None, **QUIET)

    def _answer(self, begun: gr.events.Dependency) -> None:
        controls, other = self.controls, self.other
        first = begun.success(self.turns.answer, [controls.asked, self.talk.state, self.model], self.drawn, **RUN)
        second = first.then(
            self.turns.also, [controls.asked, other.talk.state, other.model, other.on], self.second, **RUN
        )
        second.then(
            self.turns.finish, self.talk.state, [controls.send, controls.stop, *self.side.fields.components], **QUIET
        )

    def tools(self) -> None:
        """Undo, clear, edit, download, compare."""
        controls, turns, other = self.controls, self.turns, self.other
        both, everything = [self.talk.state, other.talk.state], [*self.drawn, *self.second]
        self.talk.window.undo(turns.undo, both, [controls.box, *everything], **QUIET)
        controls.clear.click(turns.clear, None, [*everything, *self.side.fields.components], **QUIET)
        edit = Fields(Edit, {"state": self.talk.state, "other": other.talk.state, "slots": self.side.fields})
        found = self.side.search.click(edit.to(turns.edit), edit.inputs, everything, **QUIET)
        found.success(lambda: gr.update(open=False), None, self.side.form, **QUIET)
        text = gr.Textbox(visible=False)
        controls.save.click(turns.export, self.talk.state, text, **QUIET).then(None, text, None, js=SAVE, **QUIET)
        shown = [other.on, other.column, controls.compare, other.model, *self.second]
        compared = controls.compare.click(turns.compare, [other.on, self.talk.state, self.model], shown, **QUIET)
        for trigger in (compared.then, self.model.change):
            trigger(turns.first, [other.on, self.model], other.first, **QUIET)
