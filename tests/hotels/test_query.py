"""The arguments of search_hotels: what may be asked, how it is written down again, and what is refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.core.errors import QueryError
from chatbot.hotels.query import HOTEL_TYPES, SEARCH_HOTELS, HotelQuery

WORDS = st.text("酒店泳池温泉棋牌ab1", min_size=1, max_size=6)
LISTS = st.lists(WORDS, max_size=3)
PRICES = st.integers(0, 2000) | st.floats(0, 2000)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "name": WORDS,
        "type": st.sampled_from(HOTEL_TYPES),
        "facilities": st.lists(WORDS | st.lists(WORDS, min_size=1, max_size=3), max_size=4),
        "price_range_lower": PRICES,
        "price_range_upper": PRICES,
        "rating_range_lower": st.floats(0, 5),
        "address": WORDS,
        "subway": WORDS,
        "near": WORDS,
        "exclude": st.fixed_dictionaries(
            {},
            optional={"type": st.lists(st.sampled_from(HOTEL_TYPES), max_size=4), "name": LISTS, "facilities": LISTS},
        ),
        "sort_by": st.sampled_from(["price", "rating"]),
    },
)


def _parsed(arguments):
    lower, upper = arguments.get("price_range_lower", 0), arguments.get("price_range_upper", 2000)
    return HotelQuery.parse(arguments if lower <= upper else {**arguments, "price_range_lower": upper})


@given(ARGUMENTS)
@settings(deadline=None)
def test_arguments_survive_json_and_stay_the_same(arguments):
    query = _parsed(arguments)
    written = json.loads(json.dumps(query.arguments()))
    assert written == query.arguments()
    assert HotelQuery.parse(written) == query
    assert list(written) == [name for name in HotelQuery.model_fields if name in written]


@given(ARGUMENTS, ARGUMENTS)
@settings(deadline=None)
def test_changes_name_every_argument_of_either_state(first, second):
    before, after = _parsed(first), _parsed(second)
    changes = after.changes(before)
    assert changes.keys() == before.arguments().keys() | after.arguments().keys()
    assert {key for key, mark in changes.items() if mark == "dropped"} == before.arguments().keys() - after.arguments()


def test_a_list_of_facilities_means_any_and_of_one_that_one():
    query = HotelQuery.parse({"facilities": ["棋牌室", ["温泉", "桑拿"], ["泳池"], ["SPA", "SPA"]]})
    assert query.facilities == ("棋牌室", ("温泉", "桑拿"), "泳池", "SPA")


def test_models_short_forms_of_an_exclusion_are_taken():
    query = HotelQuery.parse({"exclude": {"type": "经济", "name": None, "facilities": ["棋牌室"]}})
    assert query.arguments() == {"exclude": {"type": ["经济型"], "facilities": ["棋牌室"]}}


@pytest.mark.parametrize("nothing", [{}, {"type": []}, {"name": None}, None])
def test_an_exclusion_of_nothing_is_none(nothing):
    assert HotelQuery.parse({"exclude": nothing}) == HotelQuery()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"facilities": [[]]}, "facilities.0"),
        ({"facilities": [["温泉", 2]]}, "facilities.0"),
        ({"facilities": [["温泉", ["桑拿"]]]}, "facilities.0"),
        ({"facilities": "温泉"}, "facilities"),
        ({"exclude": {"types": ["经济型"]}}, "exclude.types"),
        ({"exclude": {"type": ["三星"]}}, "exclude.type.0"),
        ({"exclude": ["经济型"]}, "exclude"),
        ({"near": 5}, "near"),
        ({"price_range_lower": -1}, "price_range_lower"),
        ({"price_range_upper": 1_000_001}, "price_range_upper"),
        ({"rating_range_lower": -0.1}, "rating_range_lower"),
        ({"rating_range_upper": 5.1}, "rating_range_upper"),
        ({"facilities": ["池" * 41]}, "facilities.0"),
        ({"sort_by": "name"}, "sort_by"),
        ({"sort_order": "up"}, "sort_order"),
        ({"stars": 5}, "stars"),
        ({"price_range_lower": 500, "price_range_upper": 300}, "price_range_lower 500 is above price_range_upper 300"),
        ({"rating_range_lower": 5, "rating_range_upper": 4}, "rating_range_lower 5 is above rating_range_upper 4"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_name(arguments, named):
    with pytest.raises(QueryError, match=named):
        HotelQuery.parse(arguments)


def test_the_tool_lists_every_argument_in_order():
    properties = SEARCH_HOTELS["function"]["parameters"]["properties"]
    assert list(properties) == list(HotelQuery.model_fields)
    assert list(properties["exclude"]["properties"]) == ["type", "name", "facilities"]
    assert all(schema["description"] for schema in properties.values())


def test_a_facility_may_have_forty_characters():
    assert HotelQuery.parse({"facilities": ["池" * 40]}).facilities == ("池" * 40,)


def test_the_tool_says_of_what_kind_each_argument_is():
    word, kind = {"type": "string"}, {"type": "string", "enum": list(HOTEL_TYPES)}
    properties = SEARCH_HOTELS["function"]["parameters"]["properties"]

    def bare(schema):
        return {key: value for key, value in schema.items() if key != "description"}

    assert {name: bare(schema) for name, schema in properties.items() if name != "exclude"} == {
        "name": word,
        "type": kind,
        "facilities": {"type": "array", "items": {"anyOf": [word, {"type": "array", "items": word}]}},
        "price_range_lower": {"type": "number", "minimum": 0},
        "price_range_upper": {"type": "number", "minimum": 0},
        "rating_range_lower": {"type": "number", "minimum": 0, "maximum": 5},
        "rating_range_upper": {"type": "number", "minimum": 0, "maximum": 5},
        "address": word,
        "subway": word,
        "near": word,
        "sort_by": {"type": "string", "enum": ["price", "rating"]},
        "sort_order": {"type": "string", "enum": ["asc", "desc"]},
    }
    left = properties["exclude"]
    assert left["type"] == "object"
    assert {name: bare(schema) for name, schema in left["properties"].items()} == {
        "type": {"type": "array", "items": kind},
        "name": {"type": "array", "items": word},
        "facilities": {"type": "array", "items": word},
    }
