"""What a small model's call must hold of the user's words."""

import pytest

from chatbot.core.messages import FunctionCall, observation, user
from chatbot.dialogue.questions import is_off_topic
from chatbot.hotels.query import HotelQuery
from chatbot.understanding.call_verifier import contradictions, missed_call, repair_call


def mended(words, before, wanted):
    called = FunctionCall(name="search_hotels", arguments=wanted)
    state = HotelQuery.parse(before)
    assert contradictions(called, state, [user(words)])
    return repair_call(called, state, [user(words)]).arguments


@pytest.mark.parametrize(
    ("words", "before", "wanted", "right"),
    [
        ("要有酒吧的", {}, {"facilities": ["酒吧", "酒吧"]}, {"facilities": ["酒吧"]}),
        ("我想找一家全季酒店", {}, {"name": "家全季酒店"}, {"name": "全季酒店"}),
        ("能提供wifi的吗", {"type": "经济型"}, {"type": "经济型"}, {"type": "经济型", "facilities": ["wifi"]}),
        ("带有泳池和棋牌室的", {}, {"facilities": ["棋牌室"]}, {"facilities": ["棋牌室", "泳池"]}),
        ("要有早餐", {"type": "高档型"}, {"type": "高档型"}, {"type": "高档型", "facilities": ["早餐"]}),
        ("不用早餐了", {"facilities": ["早餐服务"], "price_range_upper": 300}, {}, {"price_range_upper": 300}),
        (
            "那三百以内的呢",
            {"facilities": ["暖气"]},
            {"price_range_upper": 300},
            {"facilities": ["暖气"], "price_range_upper": 300},
        ),
    ],
)
def test_a_call_is_mended_by_what_was_said(words, before, wanted, right):
    assert mended(words, before, wanted) == right


def test_having_eaten_is_no_wish_for_a_restaurant():
    called = FunctionCall(name="search_hotels", arguments={"type": "舒适型"})
    assert contradictions(called, HotelQuery(), [user("用餐完毕我打算找一个舒适的酒店住宿")]) == []


def test_a_type_asked_of_several_hotels_is_a_search_and_of_one_hotel_is_not():
    records = [{"name": "白鹭酒店(北京云桥店)"}, {"name": "北京瑞都大酒店"}]
    state = HotelQuery.parse({"facilities": ["暖气"]})
    assert missed_call(state, [observation(records), user("这几家中哪个是高档型的？")]).arguments == {
        "type": "高档型",
        "facilities": ["暖气"],
    }
    assert missed_call(state, [observation(records), user("它是高档型的吗？")]) is None


@pytest.mark.parametrize(
    ("words", "reply", "astray"),
    [
        ("哪个酒店能全天供应热水？", "有，北京瑞都大酒店提供行李寄存。", True),
        ("哪个酒店能全天供应热水？", "北京瑞都大酒店提供24小时热水。", False),
        ("电话多少，有没有暖气", "电话是010-87654321。", False),
        ("谢谢", "不客气！", False),
    ],
)
def test_a_reply_that_speaks_of_other_facilities_than_the_user_goes_astray(words, reply, astray):
    assert is_off_topic(words, reply) is astray


def test_any_of_several_facilities_said_contradicts_nothing_and_an_unsaid_one_does():
    wanted = FunctionCall(name="search_hotels", arguments={"facilities": [["温泉", "桑拿"]]})
    assert contradictions(wanted, HotelQuery(), [user("温泉或者桑拿都行")]) == []
    assert "温泉或桑拿" in contradictions(wanted, HotelQuery(), [user("要有温泉")])


def test_what_is_excluded_is_not_asked_for_as_well():
    wanted = FunctionCall(name="search_hotels", arguments={"exclude": {"type": ["经济型"], "facilities": ["棋牌室"]}})
    repaired = repair_call(wanted, HotelQuery(), [user("不要经济型，也别有棋牌室")])
    assert repaired.arguments == wanted.arguments


def test_a_repair_never_leaves_bounds_the_wrong_way_round():
    wanted = FunctionCall(name="search_hotels", arguments={"price_range_upper": 300})
    for words in ("500到300的", "五百到三百之间", "300以上500以下", "500以上300以下"):
        HotelQuery.parse(repair_call(wanted, HotelQuery(price_range_lower=200), [user(words)]).arguments)
