"""Claims about prices and ratings in words: read whole, with their bounds, or not at all."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.understanding.amounts import amounts

PRICES = """
三百以内|-|300|most
三百块钱以内的酒店|-|300|most
不超过500|-|500|most
别超过五百五|-|550|most
最多花两百五|-|250|most
一晚别破一千一|-|1100|most
六百以下|-|600|most
1,200元以下|-|1200|most
1.2k以内|-|1200|most
2千以内|-|2000|most
1千2以内|-|1200|most
伍佰元以内|-|500|most
三百塊錢以內|-|300|most
预算500|-|500|most
預算八百|-|800|most
标准四百五|-|450|most
差标六百|-|600|most
限价六百五|-|650|most
四百五封顶|-|450|most
撑死六百|-|600|most
四百不到|-|400|most
五百打住|-|500|most
400，顶天|-|400|most
低于三百的|-|300|most
别比九百贵|-|900|most
比三百便宜的|-|300|most
控制在350以里|-|350|most
不高于800元|-|800|most
500以上的不要|-|500|most
不要五百以上的|-|500|most
花不了250以上|-|250|most
千元以内|-|1000|most
¥300以内|-|300|most
under five hundred|-|500|most
under 900 a night|-|900|most
no more than 400 yuan|-|400|most
up to 700|-|700|most
at most 650 a night|-|650|most
a budget of 500|-|500|most
my budget is 1.5k|-|1500|most
not over 450|-|450|most
without shelling out more than 400|-|400|most
it isn't over 650|-|650|most
500 max|-|500|most
500 or less|-|500|most
a hundred and fifty or under|-|150|most
cheaper than 300|-|300|most
within two fifty a night|-|250|most
五百以上|500|-|least
一千元以上|1000|-|least
三百往上走的|300|-|least
不低于四百|400|-|least
至少三百|300|-|least
300起步|300|-|least
八百起|800|-|least
比五百贵的|500|-|least
三百以下的不考虑|300|-|least
预算超过1500元|1500|-|least
at least 300|300|-|least
over 800 yuan a night|800|-|least
not under 300|300|-|least
500 and up|500|-|least
600 or more a night|600|-|least
300+ a night|300|-|least
三百左右|250|350|about
五百上下|450|550|about
两百来块|150|250|about
大概四百块|350|450|about
差不多三百五元|300|400|about
一晚400左右|350|450|about
around 400 a night|350|450|about
about three hundred yuan|250|350|about
500ish|450|550|about
make it about 400|350|450|about
四五百|400|500|range
三四百块|300|400|range
两三百块钱的|200|300|range
预算三四百块|300|400|range
三百多|300|400|range
两百多块的|200|300|range
预算400多块钱|400|500|range
一千多块|1000|2000|range
一千出头|1000|1100|range
一千四五百|1400|1500|range
三百五六的|350|360|range
五百到八百之间|500|800|range
三到五百|300|500|range
3到5百|300|500|range
九百到一千一|900|1100|range
一千二至一千五|1200|1500|range
价格200-300元|200|300|range
350~450的|350|450|range
1-2k|1000|2000|range
在三百和五百之间|300|500|range
价格不低于300不高于500元|300|500|range
三百以上五百以下|300|500|range
between two hundred and four hundred|200|400|range
between 300 and 500|300|500|range
from 300 to 500 a night|300|500|range
five to six hundred|500|600|range
five or six hundred yuan|500|600|range
三百一晚|300|300|exact
三百五一晚|350|350|exact
六百五一间|650|650|exact
500元的|500|500|exact
就1100|1100|1100|exact
那就八百吧|800|800|exact
八十块|80|80|exact
five hundred yuan|500|500|exact
450 a night|450|450|exact
"""

RATINGS = """
评分4.5分以上|4.5|-|least
四点五分以上|4.5|-|least
四分半以上|4.5|-|least
四分以上|4|-|least
评分不低于四|4|-|least
評分四點五以上|4.5|-|least
分别低于四点二|4.2|-|least
4.2以上|4.2|-|least
4.5+|4.5|-|least
评分≥四点五|4.5|-|least
打分四点八往上|4.8|-|least
口碑4分起|4|-|least
评分够得上4分的|4|-|least
4.8分以下的恕不考虑|4.8|-|least
不要4分以下的|4|-|least
低于四点八不考虑|4.8|-|least
三点五份起|3.5|-|least
4.5+ rating|4.5|-|least
rated 4.5 or better|4.5|-|least
rating of at least 4|4|-|least
four point five or higher|4.5|-|least
at least 4.5 stars|4.5|-|least
评分不超过4分|-|4|most
评分低于四点五的|-|4.5|most
rating below 4|-|4|most
评分等于4.8|4.8|4.8|exact
评分是5分|5|5|exact
要4.6分的|4.6|4.6|exact
四点八分的|4.8|4.8|exact
4.5 stars|4.5|4.5|exact
评分4到4.5|4|4.5|range
四点二到四点八分|4.2|4.8|range
rating between 4 and 4.5|4|4.5|range
"""

NOTHING = """一家|第一家|三元桥附近|五道口|七天酒店|十里河|百子湾|千禧酒店|万豪|三张床|两个人|住两晚|三点到|下午三点入住|12月3号|第二个|
一下|一百分之|二十四小时热水|13800138000|010-88886666|三星|四星级|五星|八角|六里桥|双井|万寿路|一般|万一没房呢|千万别吵|百货商场|
住30天|100人的会议室|三百平的宴会厅|离地铁五百米|走五分钟|三公里以内|一千米|一百个人开会|两百多人|四点五分出发|下午四点半|三分熟|三分之一|
一分钱一分货|4K电视|5G|302房|房间号501|地铁10号线|798艺术区|300路公交|2024年装修|2025-12-03|8:30叫醒|15:00前入住|第三百零二|几百|
评分报一下|口碑好一些|五分店|八折|30%|订单号 20240512|尾号8821|5岁孩子|18楼以上|满分五分|四百多户|a hundred rooms|24-hour desk|
5-star|a four star hotel|room 302|2 nights|3 people|for two|12 am|within 500 meters|10 minutes away|July 14|flight CA1501|a 20% discount|
two beds|ten minutes|500 rooms|check in at 15:00|floor 12 or above|第五大道|电话是400-820-8820"""


def row(line):
    words, lower, upper, how = line.split("|")
    return words, None if lower == "-" else float(lower), None if upper == "-" else float(upper), how


def rows(table):
    return [row(line) for line in table.strip().splitlines()]


@pytest.mark.parametrize(("words", "lower", "upper", "how"), rows(PRICES))
def test_a_price_is_read_with_its_bounds(words, lower, upper, how):
    assert [(a.kind, a.lower, a.upper, a.how) for a in amounts(words)] == [("price", lower, upper, how)]


@pytest.mark.parametrize(("words", "lower", "upper", "how"), rows(RATINGS))
def test_a_rating_is_read_with_its_bounds(words, lower, upper, how):
    assert [(a.kind, a.lower, a.upper, a.how) for a in amounts(words)] == [("rating", lower, upper, how)]


@pytest.mark.parametrize("words", NOTHING.replace("\n", "").split("|"))
def test_what_is_no_amount_is_not_read(words):
    assert amounts(words) == []


def test_a_price_and_a_rating_are_told_apart():
    found = amounts("三百到五百，评分四点五以上，24小时热水，住2晚")
    assert [(a.kind, a.lower, a.upper) for a in found] == [("price", 300, 500), ("rating", 4.5, None)]


@pytest.mark.parametrize(
    ("words", "upper"), [("想住300以内的", 300), ("走300以内就到", None), ("第300家", None), ("住2到300以内", None)]
)
def test_after_words_that_count_nights_or_ways_only_a_bound_makes_a_price(words, upper):
    assert [a.upper for a in amounts(words)] == ([upper] if upper else [])


def test_a_price_that_is_corrected_stands_alone():
    assert [a.upper for a in amounts("应为550以内，不是250以内")] == [550]


@pytest.mark.parametrize(
    ("words", "currency"),
    [
        ("80 dollars a night", "USD"),
        ("from 1000 to 1500 dollars", "USD"),
        ("100美元以内", "USD"),
        ("under 80 euros", "EUR"),
        ("HK$500以内", "HKD"),
        ("500港币以内", "HKD"),
        ("300元，不要美元", "CNY"),
    ],
)
def test_a_currency_stands_beside_its_number(words, currency):
    assert [a.currency for a in amounts(words)] == [currency]


@pytest.mark.parametrize("words", ["Not 500, under 300", "不是500，300以内"])
def test_an_amount_that_is_denied_is_none(words):
    assert [a.upper for a in amounts(words)] == [300]


def test_another_currency_is_named():
    [found] = amounts("under $80 a night")
    assert (found.upper, found.currency) == (80, "USD")


def test_a_span_is_the_place_of_the_numbers():
    [found] = amounts("在三百到五百之间的酒店")
    assert "在300到500之间的酒店"[slice(*found.span)] == "300到500"


def bounds_hold(found):
    crossed = found.lower is not None and found.upper is not None and found.lower > found.upper
    return not crossed and (found.kind == "price" or all(b is None or 0 <= b <= 5 for b in (found.lower, found.upper)))


@settings(max_examples=300, deadline=None)
@given(st.text() | st.text("三百五两千一二点分元块以内上下到-多左右评间晚个0123456789.,kK$ $¥abcdefor", max_size=24))
def test_no_text_raises_and_no_bounds_are_crossed(text):
    for found in amounts(text):
        assert bounds_hold(found)


def test_bounds_that_are_read_of_scrambled_words_are_never_crossed():
    rng, parts = (
        random.Random(0),
        ["500", "3到5百", "四百五", "4.5分", "评分", "以内", "以上", "左右", "不超过", "到", "元", "，"],
    )
    found = [a for _ in range(400) for a in amounts("".join(rng.choices(parts, k=5)))]
    assert {a.kind for a in found} == {"price", "rating"} and len(found) > 200
    assert all(map(bounds_hold, found))
