"""A copied name is made whole from the words, and a hotel shown is pointed at instead of looked up."""

import pytest

from chatbot.understanding.named_hotels import asked_by_name, settled, unheard_name, whole_name
from chatbot.understanding.turn_act import TurnAct

SHOWN = ("维阁国际酒店", "橙途快捷酒店(北京桐墨甸西店)", "橙途快捷酒店(北京荷桥店)", "北京云桥宾馆")


@pytest.mark.parametrize(
    ("value", "words", "whole"),
    [
        ("维", "想订维阁国际酒店的房间", "维阁国际酒店"),
        ("维阁国际酒店", "维阁国际酒店怎么样", "维阁国际酒店"),
        ("橙途快捷酒店(北京", "住橙途快捷酒店(北京桐墨甸西店)吧", "橙途快捷酒店(北京桐墨甸西店)"),
        ("橙途", "橙途快捷酒店(北京荷桥店)电话", "橙途快捷酒店(北京荷桥店)"),
        ("橙途", "橙途附近的酒店", "橙途"),
        ("橙途", "橙途这家酒店", "橙途"),
        ("橙途", "橙途的酒店有吗", "橙途"),
        ("橙途", "橙途有吗", "橙途"),
        ("橙途", "别的", "橙途"),
    ],
)
def test_a_name_reaches_as_far_as_the_words_say_it(value, words, whole):
    assert whole_name(value, words) == whole


@pytest.mark.parametrize(
    ("line", "words", "means"),
    [
        ("by_name name=维阁", "好的,我住维阁国际酒店", "book #1"),
        ("by_name name=维阁国际酒店 ask:phone", "维阁国际酒店电话多少", "ask_field ask:phone #1"),
        ("by_name name=维阁国际酒店 has:泳池", "维阁国际酒店有泳池吗", "ask_has has:泳池 #1"),
        ("by_name name=维阁国际酒店", "维阁国际酒店怎么样", "refine #1"),
        ("by_name name=橙途快捷酒店(北京荷桥店)", "橙途快捷酒店(北京荷桥店)呢", "refine #3"),
        ("by_name name=云桥宾馆", "就订云桥宾馆", "book #4"),
        ("ask_field ask:phone #1", "北京云桥宾馆的电话给我", "ask_field ask:phone #4"),
        ("ask_has has:SPA #it", "橙途快捷酒店(北京荷桥店)有SPA吗", "ask_has has:SPA #3"),
    ],
)
def test_a_hotel_shown_is_pointed_at(line, words, means):
    assert str(settled(TurnAct.parse(line), SHOWN, words)) == means


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("by_name name=橙途快捷酒店", "橙途快捷酒店怎么样"),  # two of the chain are shown: which, is not said
        ("by_name name=维阁", "维阁怎么样"),  # the chain may have other houses
        ("by_name name=维阁国际酒店 price<=300", "维阁国际酒店,300以内"),  # a new wish with it is a search
        ("by_name name=如家酒店", "如家酒店怎么样"),
        ("refine +棋牌室", "要棋牌室"),
        ("ask_field ask:price #all", "三家都多少钱,北京云桥宾馆也要"),
        ("compare ask:price #1 #4", "维阁国际酒店和北京云桥宾馆哪个便宜"),
    ],
)
def test_anything_else_is_left_as_it_was_read(line, words):
    assert str(settled(TurnAct.parse(line), SHOWN, words)) == line


def test_the_question_about_a_hotel_that_was_not_shown_looks_it_up():
    asked = TurnAct.parse("ask_field ask:phone #1")
    assert str(asked_by_name(asked, "北京天桥饭店", SHOWN)) == "by_name name=北京天桥饭店 ask:phone"
    for named in ("", "北京云桥宾馆", "橙途快捷酒店"):
        assert asked_by_name(asked, named, SHOWN) == asked
    wish = TurnAct.parse("refine +棋牌室")
    assert asked_by_name(wish, "北京天桥饭店", SHOWN) == wish


def test_a_line_of_wishes_has_a_place_for_the_hotel_that_was_named():
    words = "北京云桥宾馆有棋牌室吗"
    assert unheard_name(TurnAct.parse("refine +棋牌室"), SHOWN, words) == "北京云桥宾馆"
    for heard in ("refine +棋牌室 name=北京云桥宾馆", "refine +棋牌室 near=北京云桥宾馆", "ask_has has:棋牌室 #4"):
        assert not unheard_name(TurnAct.parse(heard), SHOWN, words)
    assert not unheard_name(TurnAct.parse("refine +棋牌室"), SHOWN, "有棋牌室的")
