"""Claims about the act line that rules read, with no model at all."""

import pytest

from chatbot.understanding.history import Context
from chatbot.understanding.rule_act import rule_act

SHOWN = [{"name": "如家月坛店"}, {"name": "瑞都大酒店"}, {"name": "云顶公寓"}]
STATE = {"type": "经济型", "facilities": ["棋牌室", ["室内游泳池", "室外游泳池"]], "price_range_upper": 300}
IN_HAND = Context(STATE, SHOWN)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("找能打麻将的经济型酒店", "request type=经济型 +棋牌室"),
        ("三百左右的", "request price=250..350"),
        ("300的", "request price~300"),
        ("200到300元", "request price=200..300"),
        ("300元以内", "request price<=300"),
        ("300元以上的", "request price>=300"),
        ("4.5分以上", "request rating>=4.5"),
        ("评分等于4.8", "request rating=4.8"),
        ("评分最高的", "request sort=rating_desc"),
        ("最便宜的", "request sort=price_asc"),
        ("最贵的", "request sort=price_desc"),
        ("朝阳区的酒店", "request address=朝阳区"),
        ("国贸地铁站附近", "request subway=国贸"),
        ("朝阳区三元桥站附近", "request address=朝阳区 subway=三元桥"),
        ("高档或者豪华的", "unclear"),
        ("第二家电话多少", "unclear"),
        ("谢谢", "thanks"),
        ("再见", "bye"),
        ("你好", "hello"),
        ("便宜点", "unclear"),
        ("换一批", "unclear"),
    ],
)
def test_wishes_of_a_first_utterance_are_a_request(words, line):
    assert str(rule_act(words, Context())) == line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("有停车位的", "refine +收费停车位"),
        ("棋牌室不要了", "refine -棋牌室"),
        ("麻将不要了", "refine -棋牌室"),
        ("泳池不用了", "refine -泳池"),
        ("桑拿不要了", "unclear"),
        ("价格不限", "refine -price"),
        ("评分无所谓", "refine -rating"),
        ("类型随便", "refine -type"),
        ("棋牌室不要了，价格也不限", "refine -棋牌室 -price"),
        ("便宜点", "cheaper"),
        ("高档点的", "refine type=高档型"),
        ("再好一点的", "better up"),
        ("换一批", "more"),
        ("预订第一家", "book"),
    ],
)
def test_later_wishes_change_what_stands(words, line):
    assert str(rule_act(words, IN_HAND)) == line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("第二家电话多少", "ask_field ask:phone #2"),
        ("这家地址", "ask_field ask:address #it"),
        ("最后一家多少钱", "ask_field ask:price #last"),
        ("瑞都大酒店的房价和地址", "ask_field ask:address ask:price #2"),
        ("它有早餐吗", "ask_has has:早餐 #it"),
        ("第三家有没有停车位", "ask_has has:收费停车位 #3"),
    ],
)
def test_a_question_is_about_the_hotel_pointed_at(words, line):
    assert str(rule_act(words, IN_HAND)) == line


def test_where_no_search_may_come_of_it_only_questions_and_small_talk_are_read():
    read = [
        str(rule_act(words, IN_HAND, searching=False)) for words in ("要豪华型的", "换一批", "第一家电话多少", "谢谢")
    ]
    assert read == ["unclear", "unclear", "ask_field ask:phone #1", "thanks"]
