"""The tour's stops show what is shipped, in both languages, and an address asks for a stop that there is."""

import re
from types import SimpleNamespace

import pytest

from chatbot.ui.i18n.translate import words
from chatbot.ui.tour.steps import STEPS, compared, draw, pair, recorded
from chatbot.ui.tour.tour import asked, at


def person(language="zh-CN", **query):
    return SimpleNamespace(headers={"accept-language": language}, query_params=query)


@pytest.mark.parametrize("step", range(1, len(STEPS) + 1))
def test_a_stop_speaks_both_languages(step):
    for at_, language in enumerate(("zh-CN", "en-US")):
        html = draw(step, person(language))
        assert words()[f"tour.{STEPS[step - 1]}.title"][at_] in html
        assert not re.search(r"None|nan\b|\{\w+\}", html)


def test_the_rewrite_says_the_same_in_a_guests_words():
    first, second = pair()
    before, after = (conversation.messages[0].content for conversation in (first, second))
    wished, kept = (conversation.messages[1].call.arguments for conversation in (first, second))
    named = [name for name in wished["facilities"] if name in before]
    assert named and not any(name in after for name in named) and kept.keys() == wished.keys()
    quoted = re.findall("“([^”]+)”", words()["tour.rewrite.text"][0])
    assert [quoted[0] in before, quoted[1] in after] == [True, True]


def test_the_recorded_run_learned_and_its_numbers_are_the_records():
    points = recorded()
    assert points[0][0] == 0 and points[-1][1] > points[0][1]
    assert f"{points[-1][1]:.0%}" in draw(2, person())


def test_the_sentence_is_one_that_the_base_missed_and_the_tuned_model_understood():
    _, first, last = compared()
    assert last.predicted_call == last.gold_call != first.predicted_call
    assert 'class="missed"' in draw(4, person()) and draw(4, person()).count('class="wrong"') == 1


@pytest.mark.parametrize(("named", "stop"), [("3", 3), ("99", 5), ("0", 0)])
def test_an_address_names_a_stop(named, stop):
    assert asked(person(tour=named))[0] == stop


@pytest.mark.parametrize("named", ["", "x", "³", "-1", "1" * 400])
def test_an_address_that_names_no_stop_opens_none(named):
    assert asked(person(tour=named))[0] == {"__type__": "update"}


def test_there_is_no_way_out_of_the_stops():
    assert at(-4, person())[0] == 0 and at(9, person())[0] == len(STEPS)
