"""A form arrives at its handler by name, however its components stand on the page."""

from dataclasses import FrozenInstanceError, dataclass
from types import SimpleNamespace

import gradio as gr
import pytest

from chatbot.ui.shell.forms import Fields
from tests.conftest import quiet_loops

PERSON = SimpleNamespace(headers={}, username=None, session_hash="s")


@dataclass(frozen=True)
class Room:
    beds: float
    view: str


@dataclass(frozen=True)
class Stay:
    nights: float
    room: Room


@pytest.fixture
def parts():
    """Three components of a page; what Gradio leaves open is closed after the test."""
    with quiet_loops():
        yield gr.Textbox(), gr.Number(), gr.Number()


@pytest.fixture
def stay(parts):
    view, nights, beds = parts
    return Fields(Stay, {"nights": nights, "room": Fields(Room, {"beds": beds, "view": view})})


def test_a_form_within_a_form_is_read_by_name_in_any_order(stay, parts):
    view, nights, beds = parts
    heard = stay.to(lambda request, form: (request, form))({view: "sea", beds: 2, nights: 7}, PERSON)
    assert heard == (PERSON, Stay(7, Room(2, "sea")))


def test_gradio_is_given_all_components_as_a_set_and_hands_over_one_dict(stay, parts):
    with gr.Blocks() as page:
        for part in parts:
            part.render()
        gr.Button().click(stay.to(lambda request, form: None), stay.inputs, None)
    [listener] = page.fns.values()
    assert listener.inputs_as_dict and set(listener.inputs) == set(parts)
    assert stay.components == [parts[1], parts[2], parts[0]]


def test_a_handler_cannot_change_what_was_filled_in(stay, parts):
    form = stay.read(dict.fromkeys(parts, 1))
    with pytest.raises(FrozenInstanceError):
        form.nights = 2


def test_a_component_that_sent_nothing_is_no_empty_field(stay, parts):
    with pytest.raises(KeyError):
        stay.read({parts[0]: "sea"})
