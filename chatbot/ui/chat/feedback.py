"""Like or dislike a reply, say why, and correct what was understood; kept in the workspace as material for training."""

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from chatbot.core.errors import WorkbenchError
from chatbot.hotels.query import HotelQuery
from chatbot.ui.chat.slot_form import SlotForm, fill_form, slot_form
from chatbot.ui.chat.state import ChatState
from chatbot.ui.chat.transcript import turn_at
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import in_words
from chatbot.ui.shell.forms import Fields


def build_feedback(context: PageContext, chatbot: gr.Chatbot, state: gr.State, model: gr.Dropdown) -> None:
    """Lay the panel out under the conversation and wire likes and dislikes to it."""
    handlers = FeedbackHandlers(context)
    turn = gr.State(None)
    with gr.Column(visible=False, elem_classes="feedback") as group:
        gr.Markdown(label("feedback.title"))
        comment = gr.Textbox(
            label=label("feedback.comment"), placeholder=label("feedback.placeholder"), lines=2, max_length=1000
        )
        with gr.Accordion(label("feedback.right"), open=False):
            slots = slot_form()
        with gr.Row(elem_classes="pair"):
            cancel = gr.Button(label("feedback.cancel"), size="md", min_width=80)
            save = gr.Button(label("feedback.save"), size="md", variant="primary", min_width=80)
    chatbot.like(handlers.rate, [state, model], [group, turn, comment, *slots.components], api_visibility="private")
    dislike = Fields(Dislike, {"state": state, "number": turn, "model": model, "comment": comment, "slots": slots})
    save.click(dislike.to(handlers.save), dislike.inputs, group, api_visibility="private")
    cancel.click(lambda: gr.update(visible=False), None, group, api_visibility="private")


@dataclass(frozen=True)
class Dislike:
    """What a person found wrong: with which turn of which model, why, and how it should have been understood."""

    state: ChatState
    number: int
    model: str
    comment: str
    slots: SlotForm

    def corrected(self) -> HotelQuery | None:
        """The conditions as corrected; None where the form was left as it was.

        Raises:
            QueryError: a value that cannot be searched for.
        """
        before = ChatState(self.state.turns[: self.number + 1]).query
        after = self.slots.query(before)
        return after if after.arguments() != before.arguments() else None


class FeedbackHandlers:
    """What a thumb and the panel's button do."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def rate(self, state: ChatState, model_id: str, request: gr.Request, data: gr.LikeData) -> list[Any]:
        """Keep a like at once; open the panel for a dislike."""
        index = data.index[0] if isinstance(data.index, list | tuple) else data.index
        number = turn_at(state, index)
        if data.liked is True and number is not None:
            self._keep(request, state, number, model=model_id, liked=True)
        opened = data.liked is False and number is not None and not self.context.demo
        query = ChatState(state.turns[: number + 1]).query if number is not None else HotelQuery()
        return [gr.update(visible=opened), number, "", *fill_form(query)]

    def save(self, request: gr.Request, found: Dislike) -> Any:
        """Keep a dislike with its comment and, where the conditions were corrected, with them."""
        try:
            rating = {"comment": found.comment, "corrected": found.corrected()}
        except WorkbenchError as error:
            gr.Warning(escape(in_words(error, request)))
            return gr.skip()
        self._keep(request, found.state, found.number, model=found.model, liked=False, **rating)
        return gr.update(visible=False)

    def _keep(self, request: gr.Request, state: ChatState, number: int, **rating: Any) -> None:
        messages = ChatState(state.turns[: number + 1]).messages
        try:
            self.context.require(request, "annotator")
            context = self.context
            context.record_feedback(
                messages, **rating, store=context.store(request), workspace=context.settings.folder()
            )
            gr.Info(translate(request, "feedback.thanks"))
        except WorkbenchError as error:
            gr.Warning(
                translate(
                    request,
                    "feedback.off" if self.context.demo else "feedback.failed",
                    error=escape(in_words(error, request)),
                )
            )
