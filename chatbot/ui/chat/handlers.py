"""What the buttons of the Chat tab do: each handler takes the conversation of one page and gives the next one."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from chatbot.core.errors import WorkbenchError
from chatbot.core.messages import call, reply, user
from chatbot.core.plain_text import utterance
from chatbot.dialogue.events import CallEvent, RecordsEvent, TurnEvent, WaitEvent
from chatbot.dialogue.fallback import NOTHING, preface
from chatbot.hotels.facilities import wish_text
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.ui.chat.hotel_cards import cards_html
from chatbot.ui.chat.hotel_words import bounds
from chatbot.ui.chat.slot_form import SlotForm, fill_form, slots_html
from chatbot.ui.chat.state import ChatState, ChatTurn
from chatbot.ui.chat.transcript import export, transcript
from chatbot.ui.i18n.translate import label, translate
from chatbot.ui.shell.context import PageContext, Session
from chatbot.ui.shell.errors import errors_shown, in_words
from chatbot.ui.shell.header import model_choices
from chatbot.ui.shell.html import quiet
from chatbot.understanding.call_verifier import NoVerifier

if TYPE_CHECKING:
    from chatbot.dialogue.agent import Agent

View = tuple[Any, ...]
BARE = "bare:"
"""Before a model's id: the model alone, whose drafts nothing doubts. What its replies claim is checked even then."""


def view(state: ChatState, who: Any) -> View:
    """Everything that is drawn from a conversation: itself, the chat window, the slots, the cards, whether examples are offered."""
    slots, cards = slots_html(state.query, state.previous, who, state.said), cards_html(state.query, state.found, who)
    return state, transcript(state, who), slots, cards, gr.update(visible=not state.turns)


@dataclass(frozen=True)
class Edit:
    """The conditions as the user corrected them, and both conversations that go on with them."""

    state: ChatState
    other: ChatState
    slots: SlotForm


class ChatHandlers:
    """The handlers; they hold nothing but the page's context, so that sessions cannot meet in them."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def load(self, request: gr.Request) -> View:
        """The panels of a page that was just opened."""
        return self._empty(request)[2:4]

    def begin(self, text: str, request: gr.Request) -> View:
        """Take what was typed (or an example), unless the turn before is still running."""
        session = self._idle(request)
        with errors_shown(request):
            text = utterance(text)
        if not text:
            gr.Info(translate(request, "turns.empty"), duration=3)
            raise gr.Error(visible=False, print_exception=False)
        session.busy = True
        session.stop.clear()
        return "", text, gr.update(visible=False), gr.update(visible=True)

    def again(self, state: ChatState, other: ChatState, request: gr.Request) -> View:
        """Take the last turn back and its words once more."""
        return state.back(), other.back(), *self.begin(state.turns[-1].text if state.turns else "", request)

    def answer(self, asked: str, state: ChatState, model_id: str, request: gr.Request) -> Iterator[View]:
        """Let the model answer, drawing the page anew at each event; while words arrive or it waits, only the chat window."""
        for turn in self._play(asked, state, model_id, request):
            now = state.plus(turn)
            only_words = turn.waits or (turn.reply and not turn.end and not turn.note)
            yield (
                (gr.skip(), transcript(now, request), gr.skip(), gr.skip(), gr.skip())
                if only_words
                else view(now, request)
            )

    def also(self, asked: str, other: ChatState, model_id: str, on: bool, request: gr.Request) -> Iterator[View]:
        """The second model answers what the first one was asked; its conversation is its own."""
        if not on:
            yield gr.skip(), gr.skip()
            return
        for turn in self._play(asked, other, model_id, request):
            yield other.plus(turn), transcript(other.plus(turn), request)

    def finish(self, state: ChatState, request: gr.Request) -> View:
        """The turn is over, however it ended."""
        self.context.session(request).busy = False
        return gr.update(visible=True), gr.update(visible=False), *fill_form(state.query)

    def stop(self, request: gr.Request) -> None:
        """Ask the running turn of this page to stop; it keeps what it has said."""
        self.context.session(request).stop.set()

    def undo(self, state: ChatState, other: ChatState, request: gr.Request) -> View:
        """Take the last turn back; its words return to the input."""
        self._idle(request)
        text = state.turns[-1].text if state.turns else ""
        return text, *view(state.back(), request), *view(other.back(), request)[:2]

    def clear(self, request: gr.Request) -> View:
        """Start over."""
        self._idle(request)
        empty = self._empty(request)
        return *empty, *empty[:2], *fill_form(HotelQuery())

    def edit(self, request: gr.Request, wanted: Edit) -> View:
        """Search again with the conditions as the user corrected them."""
        self._idle(request)
        try:
            turn = edited_turn(wanted.slots.query(wanted.state.query), self.context.store(request))
        except WorkbenchError as error:
            raise gr.Error(translate(request, "turns.bad_edit"), print_exception=False) from error
        return *view(wanted.state.plus(turn), request), *view(wanted.other.plus(turn), request)[:2]

    def compare(self, on: bool, state: ChatState, model_id: str, request: gr.Request) -> View:
        """Open or close the second conversation; it begins as a copy of the first. Each model can also be met without checks."""
        choices = model_choices(self.context, request)
        second = next((value for _, value in choices if value != model_id), model_id)
        choices += [(translate(request, "chat.bare", name=name), BARE + value) for name, value in choices]
        button = label("chat.compare" if on else "chat.compare_off")
        return (
            not on,
            gr.update(visible=not on),
            button,
            gr.update(choices=choices, value=second),
            *view(state, request)[:2],
        )

    def first(self, on: bool, model_id: str, request: gr.Request) -> Any:
        """Which model answers in the first of two conversations; nothing where there is one."""
        if not on:  # most pages, at each load and change of the model
            return gr.update(visible=False)
        name = next((name for name, value in model_choices(self.context, request) if value == model_id), model_id)
        return gr.update(value=quiet(escape(translate(request, "chat.first", name=name))), visible=True)

    def export(self, state: ChatState, request: gr.Request) -> str:
        """The conversation as text to be saved."""
        return export(state, f"chat-{request.session_hash}")

    def _empty(self, request: gr.Request) -> View:
        """A page before anything was said: no wishes, and the best hotels."""
        nothing = ChatState()
        start = time.perf_counter()
        found = self.context.store(request).search(HotelQuery(sort_by="rating", sort_order="desc"))
        best = RecordsEvent(found.records, found.relaxed, found.unmatched, found.total, time.perf_counter() - start)
        cards = cards_html(HotelQuery(), best, request)
        return tuple(cards if at == 3 else part for at, part in enumerate(view(nothing, request)))

    def _agent(self, model_id: str, store: HotelStore, request: gr.Request) -> "Agent":
        """The chatbot around a model; with BARE before its id, the model alone."""
        name = model_id.removeprefix(BARE)
        agent = self.context.agent(self.context.model(request, name), store)
        return agent if name == model_id else replace(agent, verifier=NoVerifier())

    def _idle(self, request: gr.Request) -> Session:
        """The page's session, unless a turn is running: what changed the conversation now would be lost at the turn's end."""
        session = self.context.session(request)
        if session.busy:
            raise gr.Error(translate(request, "turns.busy"), duration=3, print_exception=False)
        return session

    def _play(self, text: str, state: ChatState, model_id: str, request: gr.Request) -> Iterator[ChatTurn]:
        session, turn = self.context.session(request), ChatTurn(text)
        yield (
            turn
            if self.context.pool.ready(model_id.removeprefix(BARE))
            else replace(turn, note=translate(request, "turns.loading"))
        )
        try:
            agent = self._agent(model_id, session.store, request)
            for event in agent.turn(state.messages, text, session.stop.is_set):
                if isinstance(event, WaitEvent):
                    yield replace(turn, note=translate(request, "turns.waiting", n=event.before), waits=True)
                    continue
                turn = turn.after(event)
                yield turn
        except WorkbenchError as error:
            yield replace(turn, note=translate(request, "turns.failed", error=in_words(error, request)))
            return
        if session.stop.is_set():
            yield replace(turn, note=translate(request, "turns.stopped"))


def edited_turn(query: HotelQuery, store: HotelStore) -> ChatTurn:
    """A turn that the user made by editing the conditions: the model is told of it as of any other search."""
    start = time.perf_counter()
    result = store.search(query)
    found = RecordsEvent(result.records, result.relaxed, result.unmatched, result.total, time.perf_counter() - start)
    text, said = f"请按这些条件找：{conditions_in_words(query)}", result_in_words(found)
    arguments = query.arguments()
    messages = [user(text), call(arguments), result.message(), reply(said)]
    end = TurnEvent(
        said,
        arguments,
        query,
        found.records,
        messages,
        found.relaxed,
        found.unmatched,
        source="edit",
        seconds=found.seconds,
    )
    return ChatTurn(text, CallEvent(arguments, query), found, said, end, edited=True)


def conditions_in_words(query: HotelQuery) -> str:
    """The conditions in the words of the conversation, which is Chinese."""
    price = bounds(query.price_range_lower, query.price_range_upper, "元")
    rating = bounds(query.rating_range_lower, query.rating_range_upper)
    parts = [
        query.name,
        query.type,
        *map(wish_text, query.facilities),
        price and f"价格 {price}",
        rating and f"评分 {rating}",
        query.address,
        query.subway,
        query.near and f"{query.near}附近",
        *(f"不要{word}" for words in (query.exclude.arguments().values() if query.exclude else ()) for word in words),
    ]
    return "，".join(part for part in parts if part) or "不限"


def result_in_words(found: RecordsEvent) -> str:
    """What the search gave, in the words of the conversation."""
    names = "、".join(str(record["name"]) for record in found.records)
    if not names:
        return preface(found.relaxed, found.unmatched) + NOTHING
    return f"{preface(found.relaxed, found.unmatched)}找到 {found.total} 家：{names}。"
