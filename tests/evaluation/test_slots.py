"""Which values count as the same, canonically and as written."""

import pytest

from chatbot.evaluation.metrics.slots import ABSENT, confusions, convlab_equal, lab_counts, slots


def test_numbers_are_equal_however_they_are_written():
    assert (
        slots({"price_range_upper": 300}) == slots({"price_range_upper": 300.0}) == slots({"price_range_upper": "300"})
    )
    assert slots({"price_range_upper": 1234567}) != slots({"price_range_upper": 1234568})


def test_each_facility_is_a_slot_and_their_order_means_nothing():
    assert slots({"facilities": ["棋牌室", "早餐服务"]}) == slots({"facilities": ["早餐服务", "棋牌室", "棋牌室"]})
    assert len(slots({"facilities": ["棋牌室", "早餐服务"]})) == 2


def test_spoken_facilities_equal_their_canonical_names_except_verbatim():
    assert slots({"facilities": ["打麻将"]}) == slots({"facilities": ["棋牌室"]})
    assert slots({"facilities": ["打麻将"]}, exact=True) != slots({"facilities": ["棋牌室"]}, exact=True)


def test_a_facility_that_nothing_matches_still_counts():
    assert slots({"facilities": ["直升机坪"]}) == {("facilities", "直升机坪")}


def test_part_of_a_name_is_another_name():
    assert not slots({"name": "北京饭店"}) & slots({"name": "北京饭店莱佛士"})


def test_widths_and_spaces_of_a_name_mean_nothing():
    assert slots({"name": "如家（燕莎店）"}) == slots({"name": "如家(燕莎店) "})


def test_short_types_are_types():
    assert slots({"type": "经济"}) == slots({"type": "经济型"})


@pytest.mark.parametrize("blank", [None, "", [], ()])
def test_blank_values_are_no_slot(blank):
    assert slots({"name": blank}) == slots(None) == frozenset()


@pytest.mark.parametrize(
    "odd",
    [
        {"facilities": "棋牌室"},
        {"facilities": {"a": [1]}},
        {"name": {"x": 1}},
        {"price_range_upper": [1]},
        {"facilities": [None, 3]},
    ],
)
def test_arguments_of_odd_types_are_compared_without_failing(odd):
    assert slots(odd) == slots(odd)
    assert slots(odd, exact=True) == slots(odd, exact=True)
    assert convlab_equal(odd, odd)


def test_convlab_asks_for_one_common_value_a_slot():
    assert convlab_equal({"facilities": ["棋牌室"]}, {"facilities": ["棋牌室", "早餐服务"]})
    assert not convlab_equal({"facilities": ["健身房"]}, {"facilities": ["棋牌室"]})
    assert not convlab_equal({"type": "经济型", "name": "x"}, {"type": "经济型"})
    assert not convlab_equal({}, {"type": "经济型"})


@pytest.mark.parametrize(
    ("predicted", "gold", "expected"),
    [
        ({"type": "经济型"}, {"type": "经济型", "price_range_upper": 300}, (1, 1, 2)),
        ({"facilities": ["a", "b"]}, {"facilities": ["a", "c", "d"]}, (1, 2, 3)),
        ({"facilities": ["a", "a"]}, {"facilities": ["a"]}, (2, 2, 1)),
        ({"name": None}, {"name": "x"}, (0, 1, 1)),
        ({"name": ["北京"]}, {"name": "北京饭店"}, (1, 1, 1)),
        (None, {"name": "x"}, (0, 0, 1)),
    ],
)
def test_the_labs_counts_are_as_lenient_as_the_lab(predicted, gold, expected):
    assert lab_counts(predicted, gold) == expected


def test_a_wrong_value_stands_beside_the_right_one_and_a_missing_one_beside_nothing():
    gold, predicted = slots({"type": "经济型", "rating_range_lower": 4}), slots({"type": "高档型", "name": "x"})
    assert confusions(predicted, gold) == {
        ("type", "经济型", "高档型"): 1,
        ("rating_range_lower", "4", ABSENT): 1,
        ("name", ABSENT, "x"): 1,
    }


def test_what_is_excluded_and_any_of_several_are_slots_of_their_own():
    found = slots({"facilities": ["打麻将", ["桑拿", "温泉"]], "exclude": {"type": ["经济"], "facilities": ["搓麻将"]}})
    assert found == {
        ("facilities", "棋牌室"),
        ("facilities", "桑拿|温泉"),
        ("exclude.type", "经济型"),
        ("exclude.facilities", "棋牌室"),
    }
    assert slots({"exclude": {}}) == slots({"exclude": {"type": []}}) == frozenset()
    assert slots({"exclude": "经济型"})
