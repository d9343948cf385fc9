"""Claims about recovering wishes from words."""

import pytest

from chatbot.understanding.rule_parser import Band, parse_slots


@pytest.mark.parametrize(
    ("words", "lower", "upper"),
    [
        ("三百以内的酒店", None, 300),
        ("不超过500", None, 500),
        ("预算三四百块", 300, 400),
        ("价格200-300元", 200, 300),
        ("五百到八百之间的", 500, 800),
        ("1000元以上", 1000, None),
        ("价格不低于300不高于500元", 300, 500),
        ("最多花两百五", None, 250),
        ("预算500", None, 500),
        ("预算超过1500元", 1500, None),
        ("三百多块的", 300, 400),
    ],
)
def test_a_price_is_heard_with_its_bounds(words, lower, upper):
    assert parse_slots(words).prices == (Band(lower, upper),)


@pytest.mark.parametrize(
    ("words", "lower", "upper"),
    [
        ("评分4.5分以上", 4.5, None),
        ("四点五分以上", 4.5, None),
        ("评分不低于四", 4, None),
        ("评分是5分", 5, None),
        ("评分等于4.8", 4.8, 4.8),
        ("评分不超过4分", None, 4),
        ("评分够得上4分的", 4, None),
    ],
)
def test_a_rating_is_heard_with_its_bounds(words, lower, upper):
    [band] = parse_slots(words).ratings
    assert band.fits(lower, upper) and not parse_slots(words).prices


@pytest.mark.parametrize("words", ["评分报一下", "口碑好一些的", "评价怎么样，说一下"])
def test_a_little_is_no_rating(words):
    assert parse_slots(words).ratings == ()


def test_a_rough_price_fits_any_range_around_it():
    [band] = parse_slots("三百左右").prices
    assert band.fits(250, 350) and band.fits(200, 400) and band.fits(None, 300) and band.fits(300, None)
    assert not band.fits(400, 500) and not band.fits(100, 200) and not band.fits(None, None)


def test_a_plain_range_fits_itself_alone():
    assert Band(200, 300).fits(200, 300) and not Band(200, 300).fits(250, 250)


@pytest.mark.parametrize(
    ("words", "name"),
    [("能打麻将的", "棋牌室"), ("可以寄存行李", "行李寄存"), ("方便轮椅进出", "残疾人设施"), ("要有禁烟房", "无烟房")],
)
def test_a_spoken_facility_is_heard(words, name):
    assert any(name in mention for mention in parse_slots(words).facilities)


def test_a_facility_that_is_given_up_is_no_wish():
    assert parse_slots("不用早餐了，便宜点").facilities == ()


def test_the_digits_and_words_of_a_hotel_name_are_no_wishes():
    parsed = parse_slots("7天舒适酒店300号店有暖气吗", ["7天舒适酒店300号店"])
    assert (parsed.types, parsed.prices) == (frozenset(), ()) and parsed.facilities


def test_hours_days_and_counts_are_no_prices():
    assert parse_slots("24小时热水，住30天，100人的会议室").prices == ()


def test_what_was_heard_reads_as_arguments():
    assert parse_slots("三百以内的经济型，评分4.5分以上").arguments() == {
        "type": "经济型",
        "price_range_upper": 300,
        "rating_range_lower": 4.5,
    }
