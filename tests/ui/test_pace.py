"""The page looks often while a job is under way and seldom while none is."""

from contextlib import ExitStack

import gradio as gr
import pytest

from chatbot.core.locks import lock
from chatbot.ui.shell.pace import SELDOM, SOON, keep_looking
from tests.conftest import quiet_loops


@pytest.fixture
def look(page_context):
    """A look that draws how often it was taken."""
    taken = []

    def draw() -> str:
        taken.append(1)
        return f"look {len(taken)}"

    with quiet_loops(), gr.Blocks():
        yield keep_looking(page_context, draw, None, [gr.HTML()])


def test_without_a_job_it_draws_and_rests(look):
    drawn, timer = look.fn()
    assert (drawn, timer.value) == ("look 1", SELDOM)


def test_beside_a_job_it_comes_back_soon_and_rests_when_that_has_ended(look, page_context):
    folder = page_context.settings.folder("jobs") / "one"
    folder.mkdir(parents=True)
    with lock(folder / "lock"):
        assert look.fn()[1].value == SOON
    assert look.fn()[1].value == SELDOM


def test_a_job_that_ends_during_a_look_is_looked_at_once_more_soon(page_context):
    folder = page_context.settings.folder("jobs") / "one"
    folder.mkdir(parents=True)
    held = ExitStack()
    held.enter_context(lock(folder / "lock"))

    def draw() -> str:
        held.close()
        return "running"

    with quiet_loops(), gr.Blocks():
        look = keep_looking(page_context, draw, None, [gr.HTML()])
    assert look.fn()[1].value == SOON


def test_what_stands_in_a_tab_is_not_looked_at_before_the_tab_opens(page_context):
    with quiet_loops(), gr.Blocks() as page:
        with gr.Tabs(), gr.Tab("one") as tab, gr.Accordion("within"):
            hidden = keep_looking(page_context, lambda: "drawn", None, [gr.HTML()])
        seen = keep_looking(page_context, lambda: "drawn", None, [gr.HTML()])
    began = [{target for target in fn.targets if target[1] != "tick"} for fn in page.fns.values()]
    assert began == [{(tab._id, "select")}, {(page._id, "load")}]
    assert [look.outputs[-1].active for look in (hidden, seen)] == [False, True]
    assert hidden.fn()[-1].active
