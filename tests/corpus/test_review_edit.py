"""Claims about editing a card: chips say the whole call, and a changed call is searched again with what that breaks."""

import pytest

from chatbot.core.errors import InputError, QueryError
from chatbot.core.messages import Conversation, call, reply, user
from chatbot.core.settings import DATA
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.review.chips import chips_of, offered, query_of
from chatbot.corpus.review.drafts import Draft
from chatbot.corpus.review.replay import replay
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.search_result import SearchResult


def test_the_chips_of_every_shipped_call_say_exactly_that_call():
    calls = [m for c in read_conversations(DATA / "conversations/train.jsonl") for m in c.messages if m.call]
    assert len(calls) > 300
    for message in calls:
        assert query_of(chips_of(message)) == HotelQuery.parse(message.call.arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"facilities": ["温泉", ["棋牌室", "会议室"]], "price_range_lower": 200, "price_range_upper": 300.5},
        {"exclude": {"type": ["经济型"], "name": ["某店"], "facilities": ["泳池"]}, "near": "北京 大学"},
        {
            "name": "归途 快捷",
            "subway": "云桥站",
            "address": "东城",
            "rating_range_lower": 4.5,
            "rating_range_upper": 5,
        },
        {"sort_by": "price", "sort_order": "asc"},
        {"sort_by": "rating"},
        {"sort_order": "desc"},
        {},
    ],
)
def test_any_call_becomes_chips_and_comes_back(arguments):
    assert query_of(chips_of(call(arguments))).arguments() == HotelQuery.parse(arguments).arguments()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("价格<=300元", {"price_range_upper": 300}),
        ("价格 ≥ 200", {"price_range_lower": 200}),
        ("经济型", {"type": "经济型"}),
        ("类型 豪华", {"type": "豪华型"}),
        ("棋牌室", {"facilities": ["棋牌室"]}),
        ("设施 能打麻将", {"facilities": ["能打麻将"]}),
    ],
)
def test_chips_are_read_as_people_type_them(typed, meant):
    assert query_of([typed]).arguments() == meant


@pytest.mark.parametrize("chip", ["便宜点", "设施", "价格≤", "排序", "", "不要别的 x"])
def test_a_chip_that_says_nothing_is_named(chip):
    with pytest.raises(InputError) as error:
        query_of([chip])
    assert chip in error.value.text("zh")


def test_one_thing_said_twice_or_out_of_range_is_refused():
    with pytest.raises(InputError):
        query_of(["价格≤300", "价格≤200"])
    with pytest.raises(QueryError):
        query_of(["评分≥9"])


def test_what_is_offered_can_be_read_or_completed():
    whole = [chip for chip in offered() if not chip.endswith(("≤", "≥", " "))]
    assert len(whole) > 30
    for chip in whole:
        query_of([chip])


@pytest.fixture
def talk(store):
    """A cheap hotel with a card room, then one that is also accessible; both replies name what was found."""
    first = store.search(HotelQuery(type="经济型"))
    both = {"type": "经济型", "facilities": [first.records[0]["facilities"][0]]}
    second = store.search(HotelQuery.parse(both))
    return Conversation(
        id="t",
        source="t",
        messages=[
            *(user("经济型的"), call({"type": "经济型"}), first.message(), reply(f"推荐{first.records[0]['name']}。")),
            *(user("要这个设施"), call(both), second.message(), reply(f"推荐{second.records[0]['name']}。")),
        ],
    )


def test_a_changed_call_is_searched_again_and_says_which_later_turns_break(talk, store):
    made = replay(talk, Draft(calls={1: ["类型 豪华型"]}), store)
    assert made.conversation.messages[1].call.arguments == {"type": "豪华型"}
    found = store.search(HotelQuery(type="豪华型"))
    assert made.found[1].names == [record["name"] for record in found.records]
    assert made.conversation.messages[2].records == found.records
    told = {(fault.at, fault.kind, fault.what) for fault in made.faults}
    assert {(5, "stale", "类型 经济型")} <= told
    assert any(at == 3 and kind == "grounded" for at, kind, _ in told)
    assert not [at for at, _, _ in told if at == 7]
    assert made.conversation.messages[6] == talk.messages[6]


def test_a_wish_that_is_put_in_is_missed_in_later_calls(talk, store):
    added = replay(talk, Draft(calls={1: ["类型 经济型", "设施 棋牌室"]}), store)
    assert (5, "lacks", "设施 棋牌室") in [(f.at, f.kind, f.what) for f in added.faults]
    everywhere = Draft(calls={1: ["类型 经济型", "设施 棋牌室"], 5: [*chips_of(talk.messages[5]), "设施 棋牌室"]})
    assert not [f for f in replay(talk, everywhere, store).faults if f.kind == "lacks"]


def test_a_draft_that_changes_nothing_searches_nothing(talk):
    class NoStore:
        def search(self, query) -> SearchResult:
            raise AssertionError(query)

    same = Draft(words={0: "经济型的", 99: "x", 1: "x"}, calls={1: ["类型 经济型"], 0: ["x"]})
    assert replay(talk, same, NoStore()).conversation == talk
    assert not same.over(talk)


def test_words_and_an_unreadable_chip_are_told_apart(talk, store):
    made = replay(talk, Draft(words={0: " 便宜的 "}, calls={1: ["便宜"]}), store)
    assert made.conversation.messages[0].content == "便宜的"
    assert list(made.errors) == [1]
    assert made.conversation.messages[1] == talk.messages[1]
    assert Draft.between(talk, made.conversation) == Draft(words={0: "便宜的"})
