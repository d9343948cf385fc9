"""Facts: computed from records, each of one hotel; what a record lacks, or holds in an odd type, is unknown."""

import math

import pytest

from chatbot.dialogue.replies.facts import Best, FieldFact, Has, best, field_fact, has, offered, shown

NEAR = {
    "name": "近水酒店",
    "price": 300,
    "rating": 4.5,
    "facilities": ["室内游泳池", "早餐服务"],
    "type": "经济型",
    "address": "北京朝阳区甲路1号",
}
FAR = {
    "name": "远山宾馆",
    "price": None,
    "rating": 4.5,
    "facilities": [],
    "type": "豪华型",
    "subway": "三元桥地铁站C口",
}
DEAR = {"name": "云顶公寓", "price": 900, "rating": None, "facilities": ["室外游泳池"], "type": "豪华型"}


def test_a_field_is_told_with_its_hotel_and_unknown_where_the_record_lacks_it():
    near, far = shown([NEAR, FAR])
    assert field_fact(near, "price") == FieldFact("近水酒店", "price", 300)
    assert field_fact(far, "price") == FieldFact("远山宾馆", "price", None)
    assert field_fact(far, "phone").value is None and field_fact(far, "facilities").value is None


def test_a_group_is_answered_with_what_the_hotel_has_of_it():
    near, far, dear = shown([NEAR, FAR, DEAR])
    assert [has(h, "泳池") for h in (near, far, dear)] == [
        Has("近水酒店", "泳池", ("室内游泳池",)),
        Has("远山宾馆", "泳池", ()),
        Has("云顶公寓", "泳池", ("室外游泳池",)),
    ]


def test_the_best_names_ties_and_leaves_unknown_values_out():
    hotels = shown([NEAR, FAR, DEAR])
    assert best(hotels, "price_asc") == Best("price_asc", ("近水酒店",), 300, ("远山宾馆",))
    assert best(hotels, "price_desc").hotels == ("云顶公寓",)
    assert best(hotels, "rating_desc") == Best("rating_desc", ("近水酒店", "远山宾馆"), 4.5, ("云顶公寓",))
    assert best(shown([FAR]), "price_asc") == Best("price_asc", (), None, ("远山宾馆",))


@pytest.mark.parametrize(
    ("state", "broken"),
    [
        ({"type": "经济型", "price_range_upper": 300, "facilities": [["室内游泳池", "室外游泳池"]]}, ()),
        ({"price_range_upper": 299}, ("price_range_upper",)),
        ({"price_range_lower": 301, "rating_range_lower": 4.6}, ("price_range_lower", "rating_range_lower")),
        ({"facilities": ["早餐服务", "棋牌室"]}, ("facilities:棋牌室",)),
        ({"address": "朝阳区"}, ()),
        ({"address": "海淀区"}, ("address",)),
        ({"name": "近水"}, ()),
        ({"near": "故宫"}, ("near",)),
        ({"exclude": {"type": ["经济型"], "facilities": ["早餐服务"]}}, ("exclude:type", "exclude:早餐服务")),
    ],
)
def test_an_offer_names_the_wishes_that_the_record_does_not_show_to_hold(state, broken):
    assert offered(shown([NEAR])[0], state).broken == broken


def test_an_unknown_price_meets_no_bound():
    assert offered(shown([FAR])[0], {"price_range_upper": 9999}).broken == ("price_range_upper",)


@pytest.mark.parametrize("price", [math.nan, math.inf, -1, True, "很贵", [300], {}, None, ""])
def test_odd_prices_are_unknown(price):
    assert shown([{"name": "某酒店", "price": price}])[0].price is None


def test_records_of_odd_types_give_hotels_or_nothing():
    odd = [
        None,
        7,
        {},
        {"name": None},
        {"name": "某酒店", "facilities": "棋牌室", "phone": 12, "rating": "4.5", "subway": ["x"]},
    ]
    assert [(h.name, h.facilities, h.phone, h.rating, h.subway) for h in shown(odd)] == [("某酒店", (), "", 4.5, "")]
    assert shown(None) == []


def test_a_hotel_that_was_ruled_out_breaks_the_exclusion():
    [hotel] = shown([{"name": "近水酒店", "type": "经济型", "facilities": ["酒吧"]}])
    broken = [
        offered(hotel, {"exclude": {key: [word]}}).broken
        for key, word in (("name", "近水"), ("type", "经济型"), ("facilities", "酒吧"))
    ]
    assert broken == [("exclude:name",), ("exclude:type",), ("exclude:酒吧",)]
    assert offered(hotel, {"exclude": {"name": ["远山"], "type": ["豪华型"], "facilities": ["温泉"]}}).broken == ()
