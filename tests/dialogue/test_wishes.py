"""Claims about wishes in words: what was asked for, what was given up, which conditions of the phrase bank hold."""

import random

import pytest

from chatbot.dialogue.replies.topics import is_dated, noun_of
from chatbot.dialogue.replies.wishes import conditions, described, given_up, loosened
from chatbot.dialogue.replies.wording import Voice

ZH, EN = (Voice(language, random.Random(0), [], []) for language in ("zh", "en"))
FULL = {
    "address": "朝阳区",
    "subway": "国贸",
    "near": "故宫",
    "type": "经济型",
    "price_range_lower": 200,
    "price_range_upper": 300,
    "rating_range_lower": 4.5,
    "facilities": ["棋牌室", ["室内游泳池", "室外游泳池"]],
    "name": "如家",
}


@pytest.mark.parametrize(
    ("state", "zh", "en"),
    [
        (
            FULL,
            "名字像“如家”、朝阳区、国贸站附近、故宫附近、经济型、200到300元、4.5分以上、有棋牌室、有泳池",
            'a name like "如家", Chaoyang (朝阳区), near 国贸, near 故宫, economy (经济型), 200 to 300 yuan, rated 4.5 or more, with a mahjong and card room and a pool',
        ),
        ({"price_range_upper": 300}, "300元以内", "up to 300 yuan"),
        ({"price_range_lower": 200, "facilities": ["暖气"]}, "200元以上、有暖气", "200 yuan or more, with heating"),
        ({"rating_range_upper": 4}, "4分以内", "rated up to 4"),
        (
            {
                "exclude": {"type": ["豪华型"], "name": ["如家"], "facilities": ["酒吧"]},
                "sort_by": "price",
                "sort_order": "asc",
            },
            "不是豪华型、名字不带“如家”、没有酒吧",
            "without luxury (豪华型) or 如家 or a bar",
        ),
        ({"subway": "北京南站"}, "北京南站附近", "near 北京南"),
        ({"name": "如家"}, "", ""),
        ({}, "", ""),
    ],
)
def test_a_state_is_described_in_both_languages(state, zh, en):
    assert (described(state, ZH), described(state, EN)) == (zh, en)


@pytest.mark.parametrize(
    ("relaxed", "zh", "en"),
    [
        (
            ["price_range_upper", "facilities:室内游泳池/室外游泳池", "rating_range_lower"],
            "泳池和300元以内和4.5分以上",
            "a pool, the price (up to 300 yuan) and the rating (4.5 or more)",
        ),
        (["price_range_lower"], "200元以上", "the price (200 yuan or more)"),
        (["price_range_lower", "price_range_upper"], "200到300元", "the price (200 to 300 yuan)"),
        (
            ["type", "address", "subway", "near", "name"],
            "经济型和朝阳区和国贸站附近和故宫附近和名字像“如家”",
            'the class (economy (经济型)), the area (Chaoyang (朝阳区)), the station (国贸), near 故宫 and a name like "如家"',
        ),
        ([], "", ""),
    ],
)
def test_what_was_given_up_is_named_in_both_languages(relaxed, zh, en):
    assert (given_up(relaxed, FULL, ZH), given_up(relaxed, FULL, EN)) == (zh, en)


def test_a_wish_given_up_has_one_spelling():
    spellings = ("泳池", "室内游泳池/室外游泳池", "室内游泳池或室外游泳池", "['室内游泳池', '室外游泳池']")
    assert {given_up([f"facilities:{entry}"], {}, ZH) for entry in spellings} == {"泳池"}


def test_the_conditions_of_a_state_are_those_that_hold():
    several = "facilities_many rating_set near_set facilities_set name_set subway_set price_set type_set district_set"
    assert conditions(FULL) == set(several.split())
    state = {"price_range_lower": 5, "exclude": {"type": ["经济型"]}, "facilities": ["暖气"]}
    assert conditions(state) == {"exclude_set", "facilities_set", "price_lower_set", "facility_set"}
    assert conditions({}) == set()


@pytest.mark.parametrize("words", ["后天住一晚", "订明天的房", "下周五", "10月1号入住", "订第一家，住两晚"])
def test_words_that_name_a_day_or_nights_are_dated(words):
    assert is_dated(words)


@pytest.mark.parametrize("words", ["帮我订房", "就订这家", "能订吗", "预订大床房"])
def test_words_that_name_none_are_not(words):
    assert not is_dated(words)


def test_an_unknown_topic_has_a_noun_too():
    assert (noun_of("no topic", False), noun_of("no topic", True)) == ("这一点", "that")


@pytest.mark.parametrize(
    ("relaxed", "said"),
    [
        (["price_range_lower"], "不到200元的也算上"),
        (["price_range_upper"], "超过300元的也算上"),
        (["price_range_lower", "price_range_upper"], "不在200到300元的也算上"),
        (["rating_range_lower"], "评分不到4.5分的也算上"),
        (["facilities:健身房", "address"], "不要求健身房、不限朝阳区"),
    ],
)
def test_a_bound_that_was_given_up_is_said_as_what_is_counted_in(relaxed, said):
    assert loosened(relaxed, FULL, ZH) == said
