"""What search_hotels promises: bounds, facilities, keywords, order, relaxation, and records that stay as they are."""

import random
import threading

import pytest

from chatbot.hotels.facilities import match_facility
from chatbot.hotels.query import HOTEL_TYPES, HotelQuery
from chatbot.hotels.store import HotelStore


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


def test_a_price_cap_too_low_gives_the_cheapest(small):
    found = small.search(HotelQuery(price_range_upper=50), limit=2)
    assert found.relaxed == ["price_range_upper"]
    assert [record["price"] for record in found.records] == [200, 300]


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
    } | {f"facilities:{word}": bool(match_facility(word) & set(hotel.facilities)) for word in query.facilities}
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
