"""The shapes of the charts: values lie where they should, and nothing that is drawn can become markup."""

import pytest

from chatbot.core import svg


@pytest.mark.parametrize(("value", "place"), [(0, 200.0), (5, 125.0), (10, 50.0)])
def test_a_scale_may_run_backwards_as_an_axis_upwards_does(value, place):
    assert svg.Scale(0, 10, 200, 50)(value) == place


def test_ticks_cut_an_axis_into_equal_parts_with_both_ends():
    assert svg.Scale(0, 1, 132, 462).ticks(4) == [0, 0.25, 0.5, 0.75, 1]


def test_colours_begin_again_after_the_last():
    assert svg.colour(len(svg.COLOURS)) == svg.colour(0) != svg.colour(1)


@pytest.mark.parametrize(
    "drawn",
    [
        svg.text(0, 0, "<b>"),
        svg.titled("<b>"),
        svg.drawing(1, 1, name='"<b>'),
        svg.legend([("", "<b>")]),
        svg.series_legend(["<b>"]),
    ],
)
def test_words_in_a_drawing_stay_words(drawn):
    assert "<b>" not in drawn and '""' not in drawn
