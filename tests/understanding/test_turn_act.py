"""Act lines: what is written can be read back, and what is not known is refused by name."""

import pytest
from hypothesis import HealthCheck, given, settings

from chatbot.core.errors import InputError
from chatbot.understanding.turn_act import (
    GROUPS,
    OPERATORS,
    Item,
    TurnAct,
    facility_of,
    facility_value,
    state_items,
    with_known_wishes,
)
from tests.understanding.acts import VALUES, acts


@pytest.mark.parametrize(
    ("line", "act"),
    [
        ("thanks", TurnAct("thanks")),
        ("refine +棋牌室 price<=500 -type", TurnAct("refine", (Item("+", "棋牌室"), Item("price<=", "500"), Item("-type")))),
        ("ask_field ask:phone #2", TurnAct("ask_field", (Item("ask:", "phone"), Item("#", "2")))),
        ("refine !name=如家 !type=经济型 !棋牌室 !#1", TurnAct("refine", (Item("!name=", "如家"), Item("!type=", "经济型"), Item("!", "棋牌室"), Item("!#", "1")))),
        ("request near=Temple_of_Heaven", TurnAct("request", (Item("near=", "Temple of Heaven"),))),
        ("unsupported ?", TurnAct("unsupported", (Item("?"),))),
        ("refine +温泉/桑拿 rating=4..4.5", TurnAct("refine", (Item("+", "温泉/桑拿"), Item("rating=", "4..4.5")))),
    ],
)  # fmt: skip
def test_a_line_says_an_act_and_an_act_its_line(line, act):
    assert TurnAct.parse(line) == act
    assert str(act) == line


@given(acts)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_line_once_written_reads_as_itself_for_ever(act):
    line = str(act)
    assert str(TurnAct.parse(line)) == line
    assert [item.op for item in TurnAct.parse(line).items] == [item.op for item in act.items]


def test_every_operator_has_values_that_the_random_lines_draw_from():
    assert set(VALUES) == set(OPERATORS)


@pytest.mark.parametrize(("line", "named"), [("dance +棋牌室", "dance"), ("refine upwards", "upwards"), ("refine foo", "foo"), ("refine -type &", "&"), ("", "")])  # fmt: skip
def test_an_act_or_item_that_is_not_known_is_refused_by_name(line, named):
    with pytest.raises(InputError) as error:
        TurnAct.parse(line)
    assert error.value.value == named


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_word_for_several_facilities_is_their_list_and_back(group):
    members = facility_of(group)
    assert members == list(GROUPS[group])
    assert facility_value(members) == group


def test_facilities_of_which_any_is_enough_are_one_list_without_repetitions():
    assert facility_of("温泉/桑拿") == ["温泉", "桑拿"]
    assert facility_value(["温泉", "桑拿"]) == "温泉/桑拿"
    assert facility_of("棋牌室/棋牌室") == "棋牌室"


def test_a_state_is_written_in_the_notation_of_acts():
    state = {
        "type": "高档型",
        "facilities": ["棋牌室", ["室内游泳池", "室外游泳池"]],
        "price_range_lower": 300,
        "price_range_upper": 500,
        "rating_range_lower": 4.5,
        "near": "故宫",
        "sort_by": "price",
        "sort_order": "asc",
        "exclude": {"name": ["如家"], "facilities": ["酒吧"]},
    }
    written = "type=高档型 +棋牌室 +泳池 price=300..500 rating>=4.5 near=故宫 sort=price_asc !name=如家 !酒吧"
    assert " ".join(map(str, state_items(state))) == written


@pytest.mark.parametrize(
    ("line", "settled"),
    [
        ("refine +收费停车位 ?停车", "refine +收费停车位"),
        ("request price<=300 ?停车", "request +收费停车位 price<=300"),
        ("unsupported ?停车", "refine +收费停车位"),
        ("unsupported ?停车 #1", "ask_has has:收费停车位 #1"),
        ("ask_has has:早餐 ?停车 #2", "ask_has has:早餐 has:收费停车位 #2"),
        ("request ?停大巴", "request ?停大巴"),
        ("request ?", "request ?"),
    ],
)
def test_a_facility_called_by_its_name_is_no_unknown_wish(line, settled):
    assert str(with_known_wishes(TurnAct.parse(line))) == settled
