"""What the Chat tab's handlers do without a browser: one turn at a time, and nothing that would be lost at its end."""

from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest

from chatbot.core.messages import call
from chatbot.ui.chat.handlers import ChatHandlers, Edit
from chatbot.ui.chat.slot_form import SlotForm
from chatbot.ui.chat.state import ChatState

PERSON = SimpleNamespace(headers={"accept-language": "zh-CN"}, username=None, session_hash="one")
OTHER = SimpleNamespace(headers={"accept-language": "zh-CN"}, username=None, session_hash="two")
WISH = "想找能打麻将的经济型酒店"


@pytest.fixture
def turns(page_context):
    return ChatHandlers(page_context)


def answered(turns) -> ChatState:
    """A conversation of one turn."""
    turns.begin(WISH, PERSON)
    state = [
        view[0] for view in turns.answer(WISH, ChatState(), "hotel-mini", PERSON) if isinstance(view[0], ChatState)
    ][-1]
    turns.finish(state, PERSON)
    return state


@pytest.mark.parametrize("action", ["begin", "again", "undo", "clear", "edit"])
def test_while_a_turn_runs_nothing_else_changes_the_conversation(turns, action):
    state = answered(turns)
    turns.begin("再便宜点", PERSON)
    edit = Edit(state, state, SlotForm.of(state.query))
    arguments = {
        "begin": [WISH, PERSON],
        "again": [state, state, PERSON],
        "undo": [state, state, PERSON],
        "clear": [PERSON],
        "edit": [PERSON, edit],
    }[action]
    with pytest.raises(gr.Error, match="还没答完"):
        getattr(turns, action)(*arguments)
    turns.finish(state, PERSON)
    getattr(turns, action)(*arguments)


def test_a_turn_of_one_page_keeps_no_other_page_waiting(turns):
    turns.begin(WISH, PERSON)
    assert turns.begin(WISH, OTHER)[1] == WISH


def test_nothing_typed_starts_no_turn(turns):
    with pytest.raises(gr.Error) as nothing:
        turns.begin("  ", PERSON)
    assert not nothing.value.visible
    assert not turns.context.session(PERSON).busy


def test_conditions_that_cannot_be_searched_for_are_refused_in_the_persons_language(turns):
    state = answered(turns)
    slots = replace(SlotForm.of(state.query), price_range_lower=500, price_range_upper=100)
    with pytest.raises(gr.Error, match="下限不能高于上限"):
        turns.edit(PERSON, Edit(state, ChatState(), slots))


def test_an_edit_that_nothing_meets_says_which_wish_was_given_up(turns):
    state = answered(turns)
    slots = replace(SlotForm.of(state.query), price_range_upper=50)
    now = turns.edit(PERSON, Edit(state, ChatState(), slots))[0]
    assert (
        now.turns[-1].reply
        == "没有完全符合的酒店，放宽了价格上限。找到 2 家：归途快捷酒店(北京云桥店)、白鹭连锁酒店(北京青安店)。"
    )


@pytest.mark.parametrize(("model", "heard"), [("hotel-mini", "经济型"), ("bare:hotel-mini", "豪华型")])
def test_the_model_alone_is_met_without_the_checks_that_correct_it(turns, tiny_model, model, heard):
    right = tiny_model.answers[0]
    tiny_model.answers.clear()
    tiny_model.answers.extend([call({"type": "豪华型"}), right, right])
    drawn = list(turns.also(WISH, ChatState(), model, True, PERSON))
    assert drawn[-1][0].query.type == heard
