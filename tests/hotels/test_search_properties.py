"""What holds of every search, whatever the hotels and the query: records meet it, exclusions stand, pages part the hotels."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.hotels.facilities import alternatives, fulfilling, match_facility
from chatbot.hotels.query import HOTEL_TYPES, Exclusion, HotelQuery
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore

FACILITIES = ("棋牌室", "温泉", "桑拿", "室内游泳池", "室外游泳池", "健身房")
WISHES = (*FACILITIES, "游泳", "打麻将", "带宠物")
SIGHTS = ("月坛公园", "青安寺", "首都机场")
NAMES = ("云桥酒店", "松台宾馆", "月坛公园客栈", "白鹭公寓", "瑞都饭店", "青安旅馆", "霞里山庄", "竹溪会馆")
"""No two of them alike, so that a name means one hotel."""
WHOLE = 1000

HOTELS = st.lists(
    st.builds(
        Hotel,
        **{"名称": st.sampled_from(NAMES)},
        type=st.sampled_from(HOTEL_TYPES),
        price=st.none() | st.integers(1, 9).map(lambda n: 100.0 * n),
        rating=st.none() | st.integers(6, 10).map(lambda n: n / 2),
        facilities=st.lists(st.sampled_from(FACILITIES), max_size=3),
        nearby_attractions=st.lists(st.sampled_from(SIGHTS), max_size=2),
    ),
    max_size=len(NAMES),
    unique_by=lambda hotel: hotel.name,
)
QUERIES = st.builds(
    HotelQuery,
    type=st.none() | st.sampled_from(HOTEL_TYPES),
    facilities=st.lists(
        st.sampled_from(WISHES) | st.lists(st.sampled_from(WISHES), min_size=2, max_size=3), max_size=2
    ).map(tuple),
    price_range_upper=st.none() | st.integers(1, 9).map(lambda n: 100 * n),
    rating_range_lower=st.none() | st.sampled_from([3.5, 4.5]),
    near=st.none() | st.sampled_from(SIGHTS),
    exclude=st.none()
    | st.builds(
        Exclusion,
        type=st.lists(st.sampled_from(HOTEL_TYPES), max_size=2).map(tuple),
        name=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
        facilities=st.lists(st.sampled_from(WISHES), max_size=1).map(tuple),
    ),
    sort_by=st.sampled_from([None, "price", "rating"]),
)


def _has(hotel, word):
    return any(fulfilling(name) & set(hotel.facilities) for name in match_facility(word))


def _ruled_out(hotel, query):
    exclude = query.exclude or Exclusion()
    return (
        hotel.type in exclude.type
        or hotel.name in exclude.name
        or any(_has(hotel, word) for word in exclude.facilities)
    )


def _broken(hotel, query):
    """The wishes that a hotel does not meet, as a plain reading of the query has them; unknown words are no wish."""
    out = set()
    if query.type not in (None, hotel.type):
        out.add("type")
    if query.near and not any(query.near in place for place in (hotel.name, *hotel.nearby_attractions)):
        out.add("near")
    if query.price_range_upper is not None and not (hotel.price or WHOLE) <= query.price_range_upper:
        out.add("price_range_upper")
    if query.rating_range_lower is not None and not (hotel.rating or 0) >= query.rating_range_lower:
        out.add("rating_range_lower")
    for wish in query.facilities:
        known = [word for word in alternatives(wish) if match_facility(word)]
        if known and not any(_has(hotel, word) for word in known):
            out.add(f"facilities:{'或'.join(alternatives(wish))}")
    return out


@settings(max_examples=100, deadline=None)
@given(HOTELS, QUERIES)
def test_every_record_meets_what_was_not_given_up_and_none_is_ruled_out(hotels, query):
    found = HotelStore(hotels).search(query, WHOLE)
    by_name = {hotel.name: hotel for hotel in hotels}
    shown = [by_name[record["name"]] for record in found.records]
    given_up = set(found.relaxed)
    right = [hotel for hotel in hotels if not _ruled_out(hotel, query) and _broken(hotel, query) <= given_up]
    assert sorted(hotel.name for hotel in shown) == sorted(hotel.name for hotel in right)
    assert found.total == len(right)
    assert not given_up or not any(not _ruled_out(h, query) and not _broken(h, query) for h in hotels)


@settings(max_examples=50, deadline=None)
@given(HOTELS, QUERIES)
def test_something_is_found_unless_all_is_ruled_out(hotels, query):
    found = HotelStore(hotels).search(query, 1)
    assert bool(found.records) == any(not _ruled_out(hotel, query) for hotel in hotels)


@settings(max_examples=50, deadline=None)
@given(HOTELS, QUERIES, st.integers(1, 4))
def test_pages_give_every_hotel_once_in_the_order_of_the_whole(hotels, query, size):
    store = HotelStore(hotels)
    whole = store.search(query, WHOLE)
    pages = [store.search(query, size, offset) for offset in range(0, len(hotels) + size, size)]
    assert [record for page in pages for record in page.records] == whole.records
    assert {(tuple(page.relaxed), page.total) for page in pages} == {(tuple(whole.relaxed), whole.total)}
    assert [page.offset for page in pages] == list(range(0, len(hotels) + size, size))


@settings(max_examples=50, deadline=None)
@given(HOTELS, QUERIES)
def test_words_without_meaning_are_told_and_rule_nothing_out(hotels, query):
    words = [word for wish in query.facilities for word in alternatives(wish)]
    words += query.exclude.facilities if query.exclude else ()
    assert set(HotelStore(hotels).search(query).unmatched) == {word for word in words if not match_facility(word)}
