"""The exhibits: each is drawn in both languages, moves when it is moved, and its address says where it stands."""

import re
from html import escape
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest

from chatbot.core.settings import Settings
from chatbot.lesson.sampling import entropy
from chatbot.lesson.source import source_of
from chatbot.ui.i18n.translate import words
from chatbot.ui.lesson.exhibits import EXHIBITS
from chatbot.ui.lesson.handlers import LessonHandlers, address, asked
from chatbot.ui.shell.context import PageContext

MOVED = {
    "merges": {"done": 3},
    "pretrain": {"trained": 50, "warmup": "no"},
    "attention": {"head": 2, "step": 6},
    "rope": {"turn": 5},
    "next": {"temperature": 2},
    "quantise": {"row": 9},
    "memory": {"base": "hotel-mini", "paged": "yes"},
    "adapters": {"rank": 4},
    "batch": {"way": "padded"},
    "explosion": {"moment": 9},
    "tool": {"text": "最便宜的豪华型酒店"},
}


def person(language="zh-CN", **query):
    return SimpleNamespace(headers={"accept-language": language}, query_params=query, username=None, session_hash="a")


@pytest.fixture(scope="module")
def handlers(tmp_path_factory):
    return LessonHandlers(PageContext(Settings(workspace=tmp_path_factory.mktemp("workspace"), _env_file=None)))


def test_every_exhibit_is_moved_here():
    assert MOVED.keys() == EXHIBITS.keys()


@pytest.mark.parametrize("name", EXHIBITS)
def test_an_exhibit_moves_and_speaks_both_languages(handlers, name):
    exhibit = EXHIBITS[name]
    before, _ = handlers.draw(exhibit, {}, person())
    after, _ = handlers.draw(exhibit, MOVED[name], person())
    english, _ = handlers.draw(exhibit, {}, person("en-US"))
    assert f'data-exhibit="{name}"' in before and "<figure" in before
    assert re.sub(r'href="[^"]*"', "", before) != re.sub(r'href="[^"]*"', "", after)
    assert all(notice in html for notice, html in zip(notices(name), (before, english), strict=True))
    told = re.sub(r"<details>.*?</details>", "", before + after + english, flags=re.S)
    assert not re.search(r"\b(None|nan|Traceback)\b", told)


def notices(name):
    return [escape(text) for text in words()[f"lesson.{name}.notice"]]


def test_the_step_button_goes_on_and_begins_anew_behind_the_last(handlers):
    exhibit = EXHIBITS["merges"]
    _, one = handlers.advance(exhibit, {"done": 2}, person())
    assert one["done"]["value"] == 3
    _, again = handlers.advance(exhibit, {"done": one["done"]["maximum"]}, person())
    assert again["done"]["value"] == 0


def test_a_slider_beyond_what_is_shown_comes_back_to_its_end_because_gradio_refuses_it(handlers):
    _, limits = handlers.draw(EXHIBITS["next"], {"text": "有泳池吗", "place": 40}, person())
    assert limits["place"]["value"] == limits["place"]["maximum"] < 40
    _, limits = handlers.draw(EXHIBITS["next"], {"text": "有泳池吗", "place": 2}, person())
    assert "value" not in limits["place"]


@pytest.mark.parametrize("name", EXHIBITS)
def test_an_address_brings_back_what_it_was_made_of(name):
    exhibit = EXHIBITS[name]
    values = exhibit.clean(MOVED[name])
    query = dict(parse_qsl(address(exhibit, values).removeprefix("?")))
    assert asked(person(**query)) == (exhibit, values) and values != exhibit.clean({})


@pytest.mark.parametrize(
    "query",
    [
        {"layer": "99", "head": "-3", "place": "x", "text": "<b>" * 99},
        {"layer": "nan", "model": "/etc/passwd", "text": " "},
    ],
)
def test_what_an_address_asks_for_is_made_fit(handlers, query):
    exhibit, values = asked(person(tab="lesson", exhibit="attention", **query))
    assert values["layer"] in (1, 12) and values["head"] == 1 and values["model"] == "hotel-mini"
    assert 0 < len(values["text"]) <= 30
    assert "<b>" not in handlers.draw(exhibit, values, person())[0]


@pytest.mark.parametrize("name", EXHIBITS)
def test_no_slider_stands_beyond_the_end_that_its_first_picture_gives_it(handlers, name):
    """Gradio refuses such a value, in English, where an event sends it before the page has moved the slider."""
    exhibit = EXHIBITS[name]
    values = exhibit.clean({})
    _, ends = handlers.draw(exhibit, values, person())
    assert all(values[slider] <= end["maximum"] for slider, end in ends.items())


def test_a_choice_of_one_is_open_by_no_bit():
    assert f"{entropy([1.0]):.2f}" == "0.00"


def test_an_address_without_an_exhibit_asks_for_nothing():
    assert asked(person(tab="lesson")) is None and asked(person(exhibit="merges")) is None


def test_an_error_stands_where_the_picture_would(tmp_path):
    settings = Settings(workspace=tmp_path, base=tmp_path / "no-base", _env_file=None)
    html, limits = LessonHandlers(PageContext(settings)).draw(EXHIBITS["batch"], {}, person())
    assert "note" in html and "figure" not in html and limits == {}


def test_the_code_that_does_it_is_the_code_that_runs():
    for exhibit in EXHIBITS.values():
        for path, name in exhibit.code:
            assert f"{name}" in source_of(path, name).split(":")[0]
    with pytest.raises(KeyError, match="nothing_of_that_name"):
        source_of("chatbot/lesson/merges.py", "nothing_of_that_name")
