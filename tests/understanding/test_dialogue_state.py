"""What docs/semantics.md says a turn does to the state, sentence by sentence; and that no line can spoil a state."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings

from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.query import HotelQuery
from chatbot.understanding.dialogue_state import by_difference, named, needs_search, next_state
from chatbot.understanding.turn_act import TurnAct
from tests.understanding.acts import acts

SHOWN = ("归途快捷酒店", "白鹭连锁酒店", "瑞都大酒店")
POOL = ["室内游泳池", "室外游泳池"]


def after(before, line, shown=SHOWN):
    return next_state(before, TurnAct.parse(line), shown)


MEANING = [
    # the state is cumulative, a new value of the same kind replaces the old one
    ({"type": "经济型"}, "refine +早餐服务", {"type": "经济型", "facilities": ["早餐服务"]}),
    ({"type": "经济型", "rating_range_lower": 4}, "replace type=豪华型", {"type": "豪华型", "rating_range_lower": 4}),
    ({"facilities": ["棋牌室"]}, "refine +棋牌室", {"facilities": ["棋牌室"]}),
    # a question about a hotel shown changes nothing
    ({"type": "经济型"}, "ask_field ask:phone #1", {"type": "经济型"}),
    ({"type": "经济型"}, "ask_has has:泳池 #it", {"type": "经济型"}),
    ({"type": "经济型"}, "superlative top:price_asc #all", {"type": "经济型"}),
    ({"type": "经济型"}, "unsupported ?能带宠物", {"type": "经济型"}),
    # a hotel looked up by name starts afresh
    ({"type": "经济型"}, "by_name name=瑞都大酒店", {"name": "瑞都大酒店"}),
    # restart leaves nothing, or what is said with it
    ({"type": "经济型"}, "restart", {}),
    ({"type": "经济型"}, "restart type=豪华型", {"type": "豪华型"}),
    ({"type": "经济型", "near": "故宫"}, "drop -all", {}),
    # dropping
    ({"type": "经济型", "price_range_lower": 1, "price_range_upper": 9}, "drop -price", {"type": "经济型"}),
    ({"facilities": ["棋牌室", "酒吧"]}, "drop -棋牌室", {"facilities": ["酒吧"]}),
    ({"facilities": [["温泉", "桑拿"], "酒吧"]}, "drop -桑拿", {"facilities": ["酒吧"]}),
    ({"facilities": ["室内游泳池"]}, "drop -泳池", {}),
    ({"facilities": ["棋牌室", "酒吧"], "type": "经济型"}, "drop -facilities", {"type": "经济型"}),
    ({"sort_by": "price", "sort_order": "asc", "subway": "国贸"}, "drop -sort", {"subway": "国贸"}),
    ({"subway": "国贸", "rating_range_lower": 4.5}, "drop -subway -rating", {}),
    # a new price phrase replaces the whole range
    ({"price_range_lower": 300, "price_range_upper": 500}, "refine price<=800", {"price_range_upper": 800}),
    ({"price_range_upper": 500}, "refine price>=300", {"price_range_lower": 300}),
    ({}, "request price~300", {"price_range_lower": 250, "price_range_upper": 350}),
    ({}, "request price~30", {"price_range_lower": 0, "price_range_upper": 80}),
    ({}, "request price=300..400", {"price_range_lower": 300, "price_range_upper": 400}),
    ({}, "request rating>=4.5", {"rating_range_lower": 4.5}),
    # prices never cross
    ({}, "request price=500..300", {"price_range_lower": 300, "price_range_upper": 500}),
    ({}, "request price>=500 price<=300", {"price_range_lower": 300, "price_range_upper": 500}),
    # cheaper: cheapest first, the upper bound stays, the lower one goes
    ({"price_range_lower": 300, "price_range_upper": 500}, "cheaper", {"price_range_upper": 500, "sort_by": "price", "sort_order": "asc"}),
    ({"price_range_lower": 300}, "cheaper price<=200", {"price_range_upper": 200}),
    # one type up where a type stands, else the dearest first
    ({"type": "舒适型"}, "better up", {"type": "高档型"}),
    ({"type": "豪华型"}, "better up", {"type": "豪华型", "sort_by": "price", "sort_order": "desc"}),
    ({}, "better up", {"sort_by": "price", "sort_order": "desc"}),
    ({"type": "高档型", "exclude": {"type": ["豪华型"]}}, "better up", {"type": "豪华型"}),
    # 换一批 leaves the state as it is
    ({"type": "经济型"}, "more", {"type": "经济型"}),
    # places
    ({}, "request address=朝阳", {"address": "朝阳区"}),
    ({}, "request subway=三元桥地铁站", {"subway": "三元桥"}),
    ({}, "request subway=北京南站", {"subway": "北京南站"}),
    ({"near": "故宫"}, "refine near=天坛", {"near": "天坛"}),
    ({"near": "故宫"}, "refine subway=国贸", {"near": "故宫", "subway": "国贸"}),
    ({"near": "故宫"}, "replace subway=国贸", {"subway": "国贸"}),
    # a word for several means any of them
    ({}, "request +泳池", {"facilities": [POOL]}),
    ({}, "request +温泉/桑拿", {"facilities": [["温泉", "桑拿"]]}),
    # exclusion
    ({"type": "经济型"}, "refine !type=经济型", {"exclude": {"type": ["经济型"]}}),
    ({"exclude": {"type": ["经济型", "舒适型"]}}, "refine type=经济型", {"type": "经济型"}),
    ({}, "refine !name=如家", {"exclude": {"name": ["如家"]}}),
    ({"name": "如家燕莎店"}, "refine !name=如家", {"exclude": {"name": ["如家"]}}),
    ({}, "refine !#2", {"exclude": {"name": ["白鹭连锁酒店"]}}),
    ({"facilities": ["棋牌室"]}, "refine !棋牌室", {"exclude": {"facilities": ["棋牌室"]}}),
    ({"facilities": [POOL, "暖气"]}, "refine +室外游泳池", {"facilities": ["暖气", "室外游泳池"]}),
    ({"facilities": ["室内游泳池"]}, "refine +泳池", {"facilities": ["室内游泳池"]}),
    ({"facilities": ["健身房"]}, "refine +健身房/室内游泳池", {"facilities": [["健身房", "室内游泳池"]]}),
    ({}, "refine !泳池", {"exclude": {"facilities": POOL}}),
    ({"exclude": {"facilities": POOL}}, "refine +室内游泳池", {"facilities": ["室内游泳池"], "exclude": {"facilities": ["室外游泳池"]}}),
    ({"exclude": {"type": ["经济型"]}}, "drop -type", {}),
    ({"exclude": {"name": ["如家"]}, "type": "经济型"}, "drop -exclude", {"type": "经济型"}),
    # what lies beyond every scale says nothing
    ({"rating_range_lower": 4.5}, "refine rating>=9", {"rating_range_lower": 4.5}),
    ({"price_range_upper": 500}, "refine price<=99999999", {"price_range_upper": 500}),
    ({"type": "经济型"}, "refine +", {"type": "经济型"}),
]  # fmt: skip


@pytest.mark.parametrize(("before", "line", "state"), MEANING, ids=[f"{line} on {b}" for b, line, _ in MEANING])
def test_a_turn_does_to_the_state_what_the_page_of_meanings_says(before, line, state):
    kept = copy.deepcopy(before)
    assert after(before, line) == state
    assert before == kept


@given(acts, acts, acts)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_after_any_lines_the_state_is_one_that_can_be_searched(first, second, third):
    state = {}
    for act in (first, second, third):
        state = next_state(state, act, SHOWN)
        assert HotelQuery.parse(state).arguments() == state


def test_of_more_wishes_than_a_search_takes_the_latest_stand():
    wishes = FACILITIES[:15]
    state = after({}, "request " + " ".join(f"+{wish}" for wish in wishes))
    assert state == {"facilities": list(wishes[3:])}


def test_a_place_longer_than_a_search_takes_is_cut():
    assert after({}, f"request near={'长' * 100}") == {"near": "长" * 80}


@pytest.mark.parametrize(
    ("before", "line", "searches"),
    [
        ({}, "request type=经济型", True),
        ({"type": "经济型"}, "refine type=经济型", False),
        ({"type": "经济型"}, "more", True),
        ({"type": "经济型"}, "more prev", False),
        ({"type": "经济型"}, "correct type=经济型", True),
        ({"type": "经济型"}, "ask_field ask:phone", False),
        ({"type": "经济型"}, "restart", False),
        ({}, "thanks", False),
    ],
)
def test_the_database_is_asked_where_wishes_change_or_more_is_wanted(before, line, searches):
    act = TurnAct.parse(line)
    assert needs_search(before, act, next_state(before, act)) is searches


@pytest.mark.parametrize(("which", "name"), [("1", SHOWN[0]), ("3", SHOWN[2]), ("last", SHOWN[2]), ("5", "")])
def test_a_pointer_means_a_hotel_shown_or_none(which, name):
    assert named(which, SHOWN) == name
    assert named(which, ()) == ""


@pytest.mark.parametrize(
    ("words", "line", "means"),
    [
        ("预算多加100", "replace price<=100", "replace price<=500"),
        ("可以再贵200块", "replace price<=200", "replace price<=600"),
        ("贵50也成,要早餐", "refine +早餐服务 price<=50", "refine +早餐服务 price<=450"),
        ("预算减100", "replace price<=100", "replace price<=300"),
        ("180添20", "replace price<=20", "replace price<=420"),
        ("raise my budget by 200", "replace price<=200", "replace price<=600"),
        ("I can pay 100 more", "replace price<=100", "replace price<=500"),
        ("lift the ceiling by 100", "replace price<=100", "replace price<=500"),
        ("ok plus 60", "refine price<=60", "refine price<=460"),
        # a number that the price is to become, and one that is no price
        *((f"{limit}450", "replace price<=450", "replace price<=450") for limit in ("最多", "顶多", "至多", "最贵")),
        *((f"{guess}300", "replace price~300", "replace price~300") for guess in ("差不多", "最便宜", "至少", "最少")),
        ("400降300", "replace price<=300", "replace price<=300"),
        ("400再降350,齐活", "replace price<=350", "replace price<=350"),
        ("400降100", "replace price<=100", "replace price<=300"),
        ("加到600", "replace price<=600", "replace price<=600"),
        ("再贵不能过600", "replace price<=600", "replace price<=600"),
        ("不多于500", "replace price<=500", "replace price<=500"),
        ("再加500以内的", "refine price<=500", "refine price<=500"),
        ("多加100", "refine +早餐服务", "refine +早餐服务"),
        ("便宜500,600的", "replace price=500..600", "replace price=500..600"),
    ],
)
def test_a_difference_is_counted_from_the_price_that_stands(words, line, means):
    assert str(by_difference(TurnAct.parse(line), {"price_range_upper": 400}, words)) == means


@pytest.mark.parametrize("before", [{}, {"price_range_lower": 400}, {"price_range_upper": 100}])
def test_a_difference_means_nothing_where_no_price_is_left_to_count_from(before):
    assert str(by_difference(TurnAct.parse("replace price<=100"), before, "预算减100")) == "replace price<=100"
