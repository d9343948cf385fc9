"""Grounding: true replies pass, each kind of untrue claim is found."""

import pytest

from chatbot.core.messages import user
from chatbot.hotels.grounding import ungrounded

A = {"name": "归途快捷酒店(北京云桥店)", "type": "经济型", "address": "北京朝阳区云桥路1号", "subway": "云桥地铁站A口", "phone": "010-11110000", "facilities": ["棋牌室", "部分房间提供wifi"],
     "price": 200, "rating": 4.6, "nearby_attractions": ["云桥公园"], "nearby_restaurants": []}  # fmt: skip
B = A | {
    "name": "北京瑞都大酒店",
    "phone": "010-33330000",
    "price": 900,
    "rating": 4.8,
    "facilities": ["室内游泳池"],
    "address": "北京海淀区瑞都街2号",
    "subway": "",
}
TRUE = ["为您推荐归途快捷酒店(北京云桥店)和北京瑞都大酒店。", "归途快捷酒店(北京云桥店)价格200元，评分4.6分，北京瑞都大酒店价格900元。", "电话是010-11110000。", "地址是北京朝阳区云桥路1号。",
        "附近的地铁站是云桥地铁站A口。", "瑞都大酒店价格900元。", "有的，归途快捷酒店(北京云桥店)提供棋牌室。", "抱歉，北京瑞都大酒店没有提供棋牌室。", "周边的景点有云桥公园。", "好的，祝您入住愉快！", "请问您要哪种酒店？", "归途快捷酒店(北京云桥店)附近的地铁站是云桥地铁站A口。", "没有完全符合的酒店，放宽了温泉、桑拿。推荐归途快捷酒店(北京云桥店)。", "这家酒店不错，符合条件的酒店有两家。"]  # fmt: skip
FALSE = {
    "name": "推荐您去北京幻影大酒店。",
    "phone": "电话是010-99999999。",
    "price": "归途快捷酒店(北京云桥店)价格900元。",
    "rating": "评分是4.9分。",
    "address": "地址是北京西城区假路3号。",
    "subway": "离假街地铁站很近。",
    "facility": "归途快捷酒店(北京云桥店)提供室内游泳池。",
    "denied facility": "归途快捷酒店(北京云桥店)没有棋牌室。",
    "nearby": "周边的景点有故宫。",
}


@pytest.mark.parametrize("reply", TRUE)
def test_true_replies_pass(reply):
    assert ungrounded(reply, [A, B]) == []


@pytest.mark.parametrize(
    ("reply", "held"),
    [("有温泉的没查到。", True), ("有桑拿的没查到。", False), ("别的没查到，归途快捷酒店(北京云桥店)有温泉。", False)],
)
def test_what_was_asked_for_may_be_named_as_what_was_searched_and_not_as_found(reply, held):
    assert (ungrounded(reply, [A, B], [user("要温泉")]) == []) == held


@pytest.mark.parametrize(("kind", "reply"), FALSE.items())
def test_each_kind_of_untrue_claim_is_found(kind, reply):
    assert [claim for claim in ungrounded(reply, [A, B]) if claim.startswith(kind)]


def test_a_figure_belongs_to_the_hotel_named_last_before_it():
    lie = "归途快捷酒店(北京云桥店)价格200元，北京瑞都大酒店价格200元。"
    assert ungrounded(lie, [A, B]) == ["price: 200"]
    assert ungrounded("价格200元的是归途快捷酒店(北京云桥店)，北京瑞都大酒店评分4.6分。", [A, B]) == ["rating: 4.6"]


def test_what_the_user_said_may_be_repeated():
    assert ungrounded("没有找到300元以下的酒店。", [], [user("找300元以下的")]) == []
    assert ungrounded("没有找到300元以下的酒店。", [])


def test_a_hotel_named_after_an_empty_result_is_untrue():
    assert ungrounded("推荐归途快捷酒店(北京云桥店)。", [])
