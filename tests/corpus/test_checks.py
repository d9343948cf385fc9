"""Claims about the checks of a rewritten conversation; each fault is put into a good conversation and must be found."""

import pytest

from chatbot.core.messages import Conversation, Message, call, observation, reply, user
from chatbot.corpus.checks import UniqueCheck, check
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery


def made(
    store,
    words="帮我找家豪华型酒店，能打麻将，1000元以内",
    answer="北京松风大酒店，价格900元。",
    arguments=None,
    records=None,
):
    arguments = (
        {"type": "豪华型", "facilities": ["棋牌室"], "price_range_upper": 1000} if arguments is None else arguments
    )
    records = store.search(HotelQuery.parse(arguments)).records if records is None else records
    return Conversation(
        id="c",
        source="s",
        tools=[SEARCH_HOTELS],
        messages=[user(words), call(arguments), observation(records), reply(answer)],
    )


def failed(conversation, store, **more):
    return {found.name: found.reason for found in check(conversation, store, **more) if not found.passed}


def test_a_faithful_conversation_passes_all_checks(store):
    assert [(c.name, c.passed) for c in check(made(store), store)] == [
        (n, True) for n in ("form", "slots", "replay", "grounded")
    ]


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ("帮我找家豪华型酒店，1000元以内", "棋牌室"),
        ("帮我找家酒店，能打麻将，1000元以内", "豪华型"),
        ("帮我找家豪华型酒店，能打麻将", "1000元以下"),
        ("帮我找家豪华型酒店，能打麻将，1000元以上", "1000元以下"),
    ],
)
def test_a_rewrite_that_loses_a_wish_is_found_and_the_wish_is_named(store, words, missing):
    assert missing in failed(made(store, words), store)["slots"]


def test_a_rewrite_that_adds_a_wish_is_found(store):
    assert "无烟房" in failed(made(store, "帮我找家豪华型酒店，能打麻将，还要无烟房，1000元以内"), store)["slots"]


def test_bounds_that_are_equal_are_named_as_one_amount(store):
    asked = {"type": "豪华型", "price_range_lower": 900, "price_range_upper": 900.0}
    assert "“900元”" in failed(made(store, "帮我找家豪华型酒店", arguments=asked), store)["slots"]


@pytest.mark.parametrize("argument", ["type", "facilities", "price_range_upper"])
def test_a_call_that_forgets_a_wish_of_the_words_is_found(store, argument):
    arguments = {"type": "豪华型", "facilities": ["棋牌室"], "price_range_upper": 1000}
    arguments.pop(argument)
    assert "查询里却没有" in failed(made(store, arguments=arguments), store)["slots"]


def test_only_words_that_differ_from_the_original_are_read_again(store):
    odd = made(store, "老规矩")
    assert "slots" in failed(odd, store) and "slots" not in failed(odd, store, original=odd)


def test_a_second_parser_can_vouch_for_words_that_the_lexicon_misses(store):
    class Agrees:
        name = "agrees"

        def __init__(self, arguments):
            self.arguments = arguments

        def predict(self, contexts):
            return [call(self.arguments) for _ in contexts]

    odd = made(store, "豪华型，1000元以内，得能来几圈国粹")
    assert "slots" in failed(odd, store)
    assert "slots" not in failed(odd, store, model=Agrees(odd.messages[1].call.arguments))
    assert "slots" in failed(odd, store, model=Agrees({"type": "豪华型"}))
    assert "slots" in failed(odd, store, model=Agrees({"rating_range_lower": 9}))
    assert "slots" in failed(odd, store, model=Agrees({"price_range_lower": 2, "price_range_upper": 1}))


def test_records_that_the_database_would_not_give_are_found(store):
    told = failed(made(store, records=[store.get("北京竹里宾馆")]), store)["replay"]
    assert told == "重新查询的结果与记录不一致：帮我找家豪华型酒店，能打麻将，1000元以内"
    assert "replay" in failed(made(store, arguments={"type": "豪华型", "stars": 5}, records=[]), store)


def test_a_reply_with_an_invented_price_is_found(store):
    assert "600" in failed(made(store, answer="北京松风大酒店，价格600元。"), store)["grounded"]


def test_missing_or_doubled_turns_are_found(store):
    good = made(store)
    assert "form" in failed(good.model_copy(update={"messages": good.messages[:-1]}), store)
    assert "form" in failed(good.model_copy(update={"messages": [user("在吗"), *good.messages]}), store)


def test_small_talk_needs_no_call(store):
    good = made(store)
    longer = good.model_copy(update={"messages": [*good.messages, user("谢谢"), reply("不客气。")]})
    assert failed(longer, store) == {}


def test_a_system_message_may_stand_at_the_beginning_and_nowhere_else(store):
    good, rule = made(store), Message(role="system", content="你是酒店助手。")
    assert "form" not in failed(good.model_copy(update={"messages": [rule, *good.messages]}), store)
    assert "form" in failed(good.model_copy(update={"messages": [*good.messages, rule]}), store)


def test_a_kept_wish_need_not_be_said_again(store):
    good = made(store)
    arguments = {"type": "豪华型", "facilities": ["棋牌室", "暖气"], "price_range_upper": 1000}
    records = store.search(HotelQuery.parse(arguments)).records
    longer = good.model_copy(
        update={
            "messages": [
                *good.messages,
                user("再要有暖气的"),
                call(arguments),
                observation(records),
                reply("北京松风大酒店。"),
            ]
        }
    )
    assert failed(longer, store) == {}


def test_of_two_conversations_that_say_nearly_the_same_the_second_is_found_and_names_the_first(store):
    first, other = made(store), made(store, "想住经济一点的，评分四分以上")
    found = UniqueCheck().add([first, other, first.model_copy(update={"id": "twin", "source": "t"})])
    assert [one.passed for one in found] == [True, True, False]
    assert "“c”" in found[2].reason


def test_two_versions_of_one_source_are_no_twins(store):
    first = made(store)
    found = UniqueCheck().add([first, first.model_copy(update={"id": "rewrite"})])
    assert [one.passed for one in found] == [True, True]


CAPPED = {"type": "豪华型", "price_range_upper": 1}


def replayed(store, told):
    conversation = made(store, arguments=CAPPED)
    conversation.messages[2] = told(store.search(HotelQuery.parse(CAPPED)))
    return failed(conversation, store).get("replay")


def test_a_record_that_breaks_its_query_must_be_told_as_relaxed(store):
    assert store.search(HotelQuery.parse(CAPPED)).relaxed
    assert replayed(store, lambda found: found.message()) is None
    assert replayed(store, lambda found: found.strict().message()) is None
    assert replayed(store, lambda found: observation([])) is None
    assert "没有说明放宽" in replayed(store, lambda found: observation(found.records))
    assert "没有说明放宽" in replayed(store, lambda found: observation(found.records, total=found.total, relaxed=[]))


def test_a_result_that_counts_wrong_or_hides_an_unknown_word_is_found(store):
    arguments = {"facilities": ["能带宠物过夜吗"]}
    found = store.search(HotelQuery.parse(arguments))
    conversation = made(store, arguments=arguments)
    for message, passes in (
        (found.message(), True),
        (observation(found.records, total=found.total + 1, relaxed=[], unmatched=found.unmatched), False),
        (observation(found.records, total=found.total, relaxed=[], unmatched=[]), False),
    ):
        conversation.messages[2] = message
        assert ("replay" not in failed(conversation, store)) is passes
