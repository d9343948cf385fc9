"""What a conversation has come to: paging back and forth, the hotel last spoken of, a fresh start."""

import pytest

from chatbot.core.messages import FunctionCall, Message, ToolCall, call, observation, reply, user
from chatbot.understanding.history import Context, act_of, completed, context_of, pointed_at
from chatbot.understanding.turn_act import TurnAct

CHEAP = {"type": "经济型"}
FIRST, SECOND, THIRD = ([{"name": f"{page}{k}"} for k in range(3)] for page in "甲乙丙")


def said(line, arguments=None):
    """An assistant's message with an act line, and with a call where there are arguments."""
    called = [ToolCall(function=FunctionCall(name="search_hotels", arguments=arguments))] if arguments else []
    return Message(role="assistant", act=line, tool_calls=called)


def search(line, records, arguments=CHEAP):
    return [user("…"), said(line, arguments), observation(records), reply("…")]


def turn(line):
    return [user("…"), said(line)]


REQUEST = search("request type=经济型", FIRST)
MORE = search("more", SECOND)


def test_nothing_said_is_an_empty_context():
    assert context_of([]) == Context() == context_of([user("你好")])


def test_the_next_pages_begin_where_the_last_ended():
    pages = [context_of(REQUEST), context_of([*REQUEST, *MORE]), context_of([*REQUEST, *MORE, *search("more", THIRD)])]
    assert [page.first for page in pages] == [0, 3, 6]
    assert [page.shown for page in pages] == [tuple(r["name"] for r in page) for page in (FIRST, SECOND, THIRD)]
    assert {str(page.state) for page in pages} == {str(CHEAP)}


def test_a_page_back_is_the_one_before_and_paging_on_from_it_comes_again_to_the_next():
    talk = [*REQUEST, *MORE, *search("more", THIRD), *turn("more prev")]
    assert (context_of(talk).records, context_of(talk).first) == (SECOND, 3)
    talk += turn("more prev")
    assert (context_of(talk).records, context_of(talk).first) == (FIRST, 0)
    talk += turn("more prev")
    assert (context_of(talk).records, context_of(talk).first) == (FIRST, 0)
    assert context_of([*talk, *MORE]).first == 3


def test_another_search_begins_with_its_first_page():
    changed = search("refine +酒吧", THIRD, CHEAP | {"facilities": ["酒吧"]})
    context = context_of([*REQUEST, *MORE, *changed])
    assert (context.first, context.records) == (0, THIRD)
    assert context_of([*REQUEST, *MORE, *changed, *turn("more prev")]).records == THIRD


@pytest.mark.parametrize("again", [said("correct type=经济型", CHEAP), call(CHEAP)])
def test_the_same_search_again_is_the_first_page_again(again):
    assert context_of([*REQUEST, user("…"), again, observation(FIRST)]).first == 0


def test_after_a_page_without_hotels_the_list_begins_again():
    over = search("more", [])
    assert context_of([*REQUEST, *over, *turn("more prev")]).records == FIRST
    assert context_of([*REQUEST, *over, *search("more", FIRST)]).first == 0


def test_the_hotel_spoken_of_stays_in_focus_until_another_search():
    talk = [*REQUEST, *turn("ask_field ask:phone #3"), *turn("thanks")]
    assert context_of(talk).focus == 2
    assert context_of([*talk, *turn("ask_field ask:price #it")]).focus == 2
    assert context_of([*talk, *turn("compare #1 #2")]).focus == 2
    assert context_of([*talk, *turn("ask_field ask:price #last")]).focus == 2
    assert context_of([*talk, *MORE]).focus == 0


@pytest.mark.parametrize(
    ("line", "focus"),
    [
        ("superlative top:price_asc #all", 1),
        ("ask_field top:price_desc ask:phone #all", 2),
        ("ask_field top:price_asc ask:phone #1 #3", 0),
        ("superlative top:rating_desc #all", 0),  # of equals the first
    ],
)
def test_the_cheapest_or_best_that_was_asked_for_is_the_hotel_spoken_of(line, focus):
    priced = [{"name": f"甲{price}", "price": price, "rating": 4.5} for price in (300, 200, 500)]
    assert context_of([*search("request type=经济型", priced), *turn(line)]).focus == focus


def test_where_no_price_is_known_the_hotel_spoken_of_stays():
    assert context_of([*REQUEST, *turn("ask_field #2"), *turn("superlative top:price_asc #all")]).focus == 1


@pytest.mark.parametrize(
    ("line", "places"),
    [
        ("ask_field ask:phone #2", [1]),
        ("ask_field ask:phone #it", [1]),
        ("compare #last #1", [2, 0]),
        ("compare #all", [0, 1, 2]),
        ("ask_field ask:phone #5", []),
        ("thanks", []),
    ],
)
def test_pointers_mean_hotels_in_hand(line, places):
    assert pointed_at(TurnAct.parse(line), Context(CHEAP, FIRST, focus=1)) == places


def test_a_restart_leaves_no_wish():
    assert context_of([*REQUEST, *turn("restart")]).state == {}


def test_what_is_excluded_by_pointing_is_the_hotel_of_that_name():
    assert context_of([*REQUEST, *turn("refine !#2")]).state == CHEAP | {"exclude": {"name": ["甲1"]}}


def test_calls_without_act_lines_are_states_in_the_databases_spelling():
    talk = [
        user("…"),
        call({"type": "经济", "exclude": {"type": "豪华"}, "price_range_upper": 300.0}),
        observation(FIRST),
    ]
    assert context_of(talk).state == {"type": "经济型", "exclude": {"type": ["豪华型"]}, "price_range_upper": 300}


@pytest.mark.parametrize("arguments", [{"exclude": "经济型"}, {"facilities": 3}, {"colour": "red"}])
def test_a_call_that_does_not_validate_leaves_the_state_as_it_was(arguments):
    assert context_of([*REQUEST, user("…"), call(arguments)]).state == CHEAP


@pytest.mark.parametrize("line", ["dance", "refine foo", "", None])
def test_an_act_line_that_cannot_be_read_is_none(line):
    assert act_of(Message(role="assistant", act=line)) is None


@pytest.mark.parametrize(
    ("asked", "line", "means"),
    [
        ("ask_field ask:phone #1", "ask_field #2", "ask_field ask:phone #2"),
        ("ask_has has:泳池 #1", "ask_field #2", "ask_field has:泳池 #2"),
        ("ask_field ask:phone #1", "ask_field ask:price #2", "ask_field ask:price #2"),
        ("ask_field ask:phone #1", "book #2", "book #2"),
        ("thanks", "ask_field #2", "ask_field ask:price ask:rating ask:address #2"),
        ("thanks", "compare #2", "compare #2"),
    ],
)
def test_a_question_that_only_points_asks_what_was_asked_last_and_where_nothing_was_what_the_hotel_is_like(
    asked, line, means
):
    context = context_of([*REQUEST, *turn(asked)])
    assert str(completed(TurnAct.parse(line), context)) == means


def test_a_new_search_forgets_what_was_asked():
    context = context_of([*REQUEST, *turn("ask_field ask:phone #1"), *MORE])
    assert str(completed(TurnAct.parse("ask_field #2"), context)) == "ask_field ask:price ask:rating ask:address #2"
