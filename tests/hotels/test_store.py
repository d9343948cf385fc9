"""What search_hotels promises: bounds, facilities, keywords, order, relaxation, and records that stay as they are."""

import random
import re
import threading
from itertools import combinations
from pathlib import Path

import pytest

from chatbot.hotels.facilities import fulfilling, match_facility
from chatbot.hotels.query import HOTEL_TYPES, HotelQuery
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore

DOCS = Path(__file__).resolve().parents[2] / "docs"


def _names(store, limit=10, **arguments):
    return [record["name"] for record in store.search(HotelQuery.parse(arguments), limit).records]


def test_the_best_rated_come_first_and_the_cheaper_of_two_equals(small):
    assert _names(small) == list("丁丙甲乙戊")


def test_bounds_are_inclusive_and_unknown_values_never_meet_them(small):
    assert _names(small, price_range_lower=300, price_range_upper=900) == list("丙乙戊")
    assert _names(small, rating_range_lower=4.5, rating_range_upper=4.8) == list("丙甲乙")


def test_all_facilities_must_hold_in_whatever_words(small):
    assert _names(small, facilities=["能打麻将", "有热水"]) == ["甲"]
    assert _names(small, facilities=["wifi"]) == list("丁丙")


def test_a_facility_that_only_this_database_has_is_found_by_its_name(small):
    found = small.search(HotelQuery(facilities=("电动汽车充电",)))
    assert [record["name"] for record in found.records] == ["戊"] and found.unmatched == []


def test_a_word_that_means_nothing_is_reported_and_no_filter(small):
    found = small.search(HotelQuery(facilities=("带宠物", "打牌")))
    assert found.unmatched == ["带宠物"]
    assert [record["name"] for record in found.records] == ["甲", "乙"]


@pytest.mark.parametrize("said", ["朝阳区云桥", "北京市朝阳区云桥路附近", "朝阳 云桥路"])
def test_an_address_holds_all_the_words(small, said):
    assert _names(small, address=said) == ["甲"]


@pytest.mark.parametrize("said", ["松台", "松台站", "松台地铁站附近", "地铁松台站"])
def test_a_station_is_found_however_it_is_called(small, said):
    assert _names(small, subway=said) == ["乙"]


def test_sorting_puts_unknown_values_last_both_ways(small):
    assert _names(small, sort_by="price") == list("甲乙戊丙丁")
    assert _names(small, sort_by="price", sort_order="desc") == list("丙戊乙甲丁")
    assert _names(small, sort_by="rating", sort_order="asc") == list("甲乙丙丁戊")


def test_nothing_found_gives_up_the_fewest_wishes(small):
    found = small.search(HotelQuery(type="经济型", facilities=("棋牌室", "游泳"), price_range_upper=250))
    assert found.relaxed == ["facilities:游泳"]
    assert [record["name"] for record in found.records] == ["甲"]


def test_of_two_wishes_the_less_important_goes(small):
    found = small.search(HotelQuery(name="丙", type="经济型"))
    assert found.relaxed == ["type"]
    assert [record["name"] for record in found.records] == ["丙"]


def test_where_a_class_is_given_up_the_nearest_one_comes_first_unless_an_order_was_asked_for():
    store = HotelStore(
        Hotel(**GOOD | {"name": kind, "type": kind, "rating": rating, "price": 300, "facilities": ["暖气"]})
        for kind, rating in (("经济型", 4.9), ("舒适型", 4.8), ("高档型", 4.1))
    )
    assert _names(store, type="豪华型", facilities=["暖气"]) == ["高档型", "舒适型", "经济型"]
    assert _names(store, type="豪华型", facilities=["暖气"], sort_by="rating") == ["经济型", "舒适型", "高档型"]


def test_a_price_cap_too_low_gives_the_cheapest(small):
    found = small.search(HotelQuery(price_range_upper=50), limit=2)
    assert found.relaxed == ["price_range_upper"]
    assert [record["price"] for record in found.records] == [200, 300]


def test_of_a_place_nearby_and_a_facility_the_place_goes(small):
    found = small.search(HotelQuery(near="月坛", facilities=("棋牌室",)))
    assert found.relaxed == ["near"]
    assert [record["name"] for record in found.records] == ["甲"]  # 朝阳区 lies nearer to 月坛 than 海淀区 does


GOOD = {
    "name": "云桥酒店",
    "type": "豪华型",
    "address": "北京海淀区",
    "subway": "松台地铁站",
    "price": 500,
    "rating": 4,
    "facilities": ["温泉"],
    "nearby_attractions": ["月坛"],
}
SPOILED = {
    "name": ("云桥酒店", {"name": "青安宾馆"}),
    "type": ("豪华型", {"type": "经济型"}),
    "address": ("海淀区", {"address": "北京朝阳区"}),
    "subway": ("松台", {"subway": "云里地铁站"}),
    "price_range_upper": (600, {"price": 900}),
    "price_range_lower": (400, {"price": 100}),
    "rating_range_lower": (3.5, {"rating": 2}),
    "rating_range_upper": (4.5, {"rating": 5}),
    "facilities": (["温泉"], {"facilities": []}),
    "near": ("月坛", {"nearby_attractions": []}),
}
"""For each argument a wish that the good hotel meets, and what spoils the hotel for it."""
RANKING = re.findall(r"^\d+\. `(\w+)`", (DOCS / "semantics.md").read_text(encoding="utf-8"), re.M)


def test_the_document_ranks_every_wish():
    assert set(RANKING) == set(HotelQuery.model_fields) - {"exclude", "sort_by", "sort_order"}


@pytest.mark.parametrize(("more", "less"), list(combinations(RANKING, 2)))
def test_of_two_wishes_the_one_that_the_document_ranks_lower_goes(more, less):
    store = HotelStore([Hotel(**GOOD | SPOILED[key][1]) for key in (more, less)])
    found = store.search(HotelQuery.parse({key: SPOILED[key][0] for key in (more, less)}))
    assert [wish.partition(":")[0] for wish in found.relaxed] == [less]


def test_who_sits_in_a_wheelchair_gives_up_a_station_first():
    store = HotelStore(
        [Hotel(**GOOD), Hotel(**GOOD | {"name": "云里", "subway": "云里地铁站", "facilities": ["残疾人设施"]})]
    )
    found = store.search(HotelQuery(subway="松台", facilities=("残疾人设施",)))
    assert ([record["name"] for record in found.records], found.relaxed) == (["云里"], ["subway"])


@pytest.mark.parametrize(("address", "unlisted"), [("北京朝阳区望京路1号", "延庆区"), ("北京延庆区妫水街1号", "")])
def test_a_district_in_which_the_list_has_no_hotel_is_told_beside_what_was_found_elsewhere(address, unlisted):
    store = HotelStore([Hotel(name="近处", address="北京昌平区府学路2号"), Hotel(name="远处", address=address)])
    found = store.search(HotelQuery(near="八达岭长城"))
    assert (found.relaxed, found.unlisted, found.message().observed.unlisted) == (["near"], unlisted, unlisted)


def test_any_of_several_facilities_is_enough(small):
    assert _names(small, facilities=[["游泳", "打麻将"]]) == list("丙甲乙")
    assert _names(small, facilities=[["带宠物", "打麻将"], "热水"]) == ["甲"]


def test_a_wish_for_any_of_several_is_given_up_as_one(small):
    found = small.search(HotelQuery(facilities=(("温泉", "桑拿"), "棋牌室")))
    assert found.relaxed == ["facilities:温泉或桑拿"]


def test_what_is_excluded_is_never_shown(small):
    assert _names(small, exclude={"type": ["舒适型"]}) == list("丙甲乙")
    assert _names(small, exclude={"facilities": ["wifi", "打麻将"]}) == ["戊"]
    assert _names(small, exclude={"name": ["甲"], "type": ["豪华型"]}) == list("丁乙戊")


def test_an_exclusion_is_kept_where_wishes_are_given_up(small):
    found = small.search(HotelQuery.parse({"type": "豪华型", "exclude": {"type": ["豪华型"]}}))
    assert found.relaxed == ["type"] and [record["name"] for record in found.records] == list("丁戊甲")
    nothing = small.search(HotelQuery.parse({"near": "月坛", "exclude": {"type": list(HOTEL_TYPES)}}))
    assert (nothing.records, nothing.relaxed, nothing.total) == ([], [], 0)


def test_a_chain_is_excluded_by_its_short_name(named):
    found = named.search(HotelQuery.parse({"exclude": {"name": ["归途快捷"]}}), 20)
    assert found.total == len(named) - 5
    assert len(found.records) == found.total
    assert not any("归途快捷" in record["name"] for record in found.records)


def test_a_page_beyond_the_last_is_empty_and_still_tells_the_total(small):
    found = small.search(HotelQuery(), limit=3, offset=9)
    assert (found.records, found.total, found.offset) == ([], 5, 9)


def test_total_counts_all_and_limit_cuts_the_records(small):
    found = small.search(HotelQuery(), limit=2)
    assert (found.total, len(found.records)) == (5, 2)


def test_a_record_has_exactly_the_agreed_fields(shipped):
    record = shipped.search(HotelQuery(), limit=1).records[0]
    fields = "name type address subway phone facilities price rating nearby_attractions nearby_restaurants"
    assert list(record) == fields.split()
    assert shipped.get(record["name"]) == record
    assert shipped.get("没有这家") is None


def test_a_caller_cannot_change_the_database_through_a_record(shipped):
    name = shipped.hotels[0].name
    shipped.get(name)["facilities"].clear()
    assert shipped.get(name) == shipped.hotels[0].record() and shipped.hotels[0].facilities


def _random_query(rng, hotel):
    wishes = {
        "type": rng.choice(HOTEL_TYPES),
        "facilities": rng.sample(hotel.facilities, min(2, len(hotel.facilities))),
        "price_range_lower": rng.choice([100, 300, 500]),
        "price_range_upper": rng.choice([500, 700, 1000]),
        "rating_range_lower": rng.choice([4, 4.4, 4.8]),
        "address": hotel.address[2:5],
    }
    return HotelQuery.parse({key: value for key, value in wishes.items() if rng.random() < 0.4})


def _has(hotel, word):
    return any(fulfilling(name) & set(hotel.facilities) for name in match_facility(word))


def _meets(hotel, query, relaxed=()):
    price, rating = (
        hotel.price if hotel.price is not None else float("nan"),
        hotel.rating if hotel.rating is not None else float("nan"),
    )
    met = {
        "type": query.type in (None, hotel.type),
        "price_range_lower": query.price_range_lower is None or price >= query.price_range_lower,
        "price_range_upper": query.price_range_upper is None or price <= query.price_range_upper,
        "rating_range_lower": query.rating_range_lower is None or rating >= query.rating_range_lower,
        "address": query.address is None or query.address in hotel.address,
    } | {f"facilities:{word}": _has(hotel, word) for word in query.facilities}
    return all(value for key, value in met.items() if key not in relaxed)


def test_search_agrees_with_a_plain_loop_over_the_hotels(shipped):
    rng, hotels = random.Random(0), list(shipped.hotels)
    for _ in range(40):
        query = _random_query(rng, rng.choice(hotels))
        found = shipped.search(query, limit=2000)
        right = {hotel.name for hotel in hotels if _meets(hotel, query, found.relaxed)}
        assert {record["name"] for record in found.records} == right
        assert not found.relaxed or not any(_meets(hotel, query) for hotel in hotels)


def test_threads_search_the_same_store_at_once(shipped):
    queries = [_random_query(random.Random(seed), shipped.hotels[seed]) for seed in range(40)]
    alone = [shipped.search(query) for query in queries]
    together: dict[int, list] = {}

    def work(number):
        together[number] = [shipped.search(query) for query in queries]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert all(together[number] == alone for number in range(4))


def test_an_empty_store_finds_nothing():
    found = HotelStore([]).search(HotelQuery(type="经济型", name="甲", facilities=("棋牌室",)))
    assert (found.records, found.total) == ([], 0)


def test_a_wish_is_met_by_what_holds_it_and_more_and_never_by_less():
    store = HotelStore(
        Hotel(name=name, facilities=[name])
        for name in ("酒店各处提供wifi", "公共区域提供wifi", "早餐服务免费", "早餐服务")
    )
    assert set(_names(store, facilities=["公共区域提供wifi"])) == {"公共区域提供wifi", "酒店各处提供wifi"}
    assert _names(store, facilities=["酒店各处提供wifi"]) == ["酒店各处提供wifi"]
    assert set(_names(store, facilities=["早餐服务"])) == {"早餐服务", "早餐服务免费"}
    assert _names(store, facilities=["早餐服务免费"]) == ["早餐服务免费"]
