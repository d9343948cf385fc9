"""Comparing models: significance, the error browser, and what two live turns share."""

import pytest

from chatbot.core.messages import Conversation, reply, user
from chatbot.dialogue.events import TurnEvent
from chatbot.evaluation.metrics.metrics import evaluate
from chatbot.evaluation.predictions import Prediction
from chatbot.evaluation.reporting.compare import best, cases, compare, comparisons, context, select, turn_difference
from chatbot.hotels.query import HotelQuery


def _rows(right, total=40):
    """One call a dialogue, the first `right` of them right."""
    gold = {"type": "经济型"}
    return [
        Prediction(
            f"d{i}", 1, gold, gold if i < right else {"type": "高档型"}, None, None, "search_hotels", "search_hotels", 1
        )
        for i in range(total)
    ]


def test_a_lift_on_most_dialogues_is_significant_and_marked_best():
    runs = [_rows(10), _rows(38)]
    pairs = comparisons(runs)
    found = pairs[0]["metrics"]["call_exact"]
    assert found["difference"] == pytest.approx(0.7) and found["significant"]
    assert best([evaluate(rows) for rows in runs], pairs)["call_exact"] == 1


def test_a_lift_of_one_dialogue_marks_nobody():
    runs = [_rows(37), _rows(38)]
    assert best([evaluate(rows) for rows in runs], comparisons(runs))["call_exact"] is None


def test_the_best_of_three_must_beat_both_others():
    runs = [_rows(5), _rows(37), _rows(38)]
    assert best([evaluate(rows) for rows in runs], comparisons(runs))["call_exact"] is None
    runs = [_rows(5), _rows(20), _rows(38)]
    assert best([evaluate(rows) for rows in runs], comparisons(runs))["call_exact"] == 2


def test_figures_that_neither_model_has_are_not_compared():
    assert "bleu4" not in compare(_rows(5), _rows(6))


def test_models_on_different_data_are_not_compared():
    with pytest.raises(ValueError, match="different dialogues"):
        compare(_rows(5), _rows(5, total=39))


@pytest.fixture
def found():
    rows = [
        Prediction("a", 1, {"type": "经济型"}, {"type": "高档型"}, None, None, "search_hotels", "search_hotels", 1),
        Prediction("a", 5, None, {"type": "高档型"}, "好的", None, None, "search_hotels", 2),
        Prediction("b", 1, {"name": "x"}, None, None, None, "search_hotels", None, 1),
        Prediction("b", 3, None, None, "好", "有温泉", None, None, 1, ungrounded=("facility: 温泉",)),
        Prediction("b", 5, None, None, "好", "好", None, None, 1),
    ]
    conversations = [
        Conversation(id="a", source="s", messages=[user("你好"), reply("好")], meta={"operations": ["name", "price"]}),
        Conversation(id="b", source="s", messages=[user("在吗"), reply("在")]),
    ]
    return cases(rows, conversations), conversations


def test_every_wrong_turn_is_a_case_of_its_kind_and_right_ones_are_none(found):
    assert [case.kinds for case in found[0]] == [("slots",), ("act",), ("unparseable",), ("ungrounded",)]
    assert [case.slots for case in found[0]] == [("type",), ("type",), ("name",), ()]


@pytest.mark.parametrize(
    ("filters", "count"),
    [({}, 4), ({"kind": "act"}, 1), ({"slot": "type"}, 2), ({"operation": "name+price"}, 2), ({"longest": 1}, 2)],
)
def test_filters_narrow_the_cases(found, filters, count):
    assert len(select(found[0], **filters)) == count


def test_a_case_opens_with_its_context(found):
    assert [m.content for m in context(found[0][0], found[1])] == ["你好"]
    assert context(found[0][0], []) == []


def _turn(arguments, names, called=True):
    query = HotelQuery.parse(arguments)
    return TurnEvent("好", arguments if called else None, query, [{"name": name} for name in names], [])


def test_two_turns_are_compared_by_act_state_and_hotels():
    first, second = (
        _turn({"type": "经济型", "rating_range_lower": 4}, ["甲", "乙"]),
        _turn({"type": "经济型"}, ["乙", "丙"], called=False),
    )
    assert turn_difference(first, second) == {
        "same_act": False,
        "same_state": False,
        "only_first": ["rating_range_lower=4"],
        "only_second": [],
        "common_hotels": ["乙"],
    }
