"""Claims about the offline writer's sentences: the same wishes in words that fit their place, questions that are new, answers that fit them."""

import asyncio
import random
import re

import pytest

from chatbot.core.messages import Conversation, call, observation, reply, user
from chatbot.corpus.augmentation.offline import OfflineWriter
from chatbot.corpus.augmentation.openings import cap_task, name_task
from chatbot.corpus.augmentation.spoken.questions import facility_question, question, refuses
from chatbot.corpus.augmentation.spoken.rewrite import rewrite
from chatbot.corpus.augmentation.spoken.wordings import wordings
from chatbot.corpus.augmentation.tasks import followup_task
from chatbot.corpus.phrasebank.phrases import says
from chatbot.hotels.facilities import FACILITIES, match_facility
from chatbot.hotels.query import HotelQuery

SEEDS = range(60)


def rewrites(text, names=()):
    return {rewrite(text, random.Random(seed), names) for seed in SEEDS}


def about(store, *more, offered=1):
    records = store.search(HotelQuery.parse({"type": "豪华型"})).records[:offered]
    offer = f"推荐{'、'.join(record['name'] for record in records)}。"
    messages = [user("想住豪华型酒店"), call({"type": "豪华型"}), observation(records), reply(offer), *more]
    return Conversation(id="c", source="c", messages=messages), records


def written(task, seed):
    return asyncio.run(OfflineWriter(seed).write(task)).messages


def test_every_facility_has_spoken_words_and_whoever_checks_hears_it_in_them():
    assert {name for name in FACILITIES if not wordings(name).predicates()} == set()
    deaf = [
        (name, words)
        for name in FACILITIES
        for words in wordings(name).predicates()
        if not says(f"找一家{words}的酒店", name) and name not in match_facility(words)
    ]
    assert deaf == []


def test_no_wording_speaks_of_another_facility():
    loose = [
        (name, words, other)
        for name in FACILITIES
        if "提供wifi" not in name
        for words in wordings(name).predicates()
        for other in FACILITIES
        if other != name and other in words
    ]
    assert loose == []


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("请问竹里温泉酒店有温泉吗？", "竹里能泡"),
        ("酒店提供叫醒服务和免费早餐吗？", "叫早和"),
        ("然后确定下此酒店设施是否包含部分房间提供wifi。", "此是"),
        ("酒店是否支持行李寄存。", "支持"),
        ("请问有提供棋牌室的酒店吗？", "有有"),
    ],
)
def test_a_rewrite_never_breaks_the_sentence_around_it(text, never):
    found = rewrites(text, ["竹里温泉酒店"])
    assert found != {text}
    assert all(never not in said for said in found)


@pytest.mark.parametrize(
    "text",
    [
        "我不要棋牌室。",
        "没有健身房的也行。",
        "老妈想蒸桑拿，有推荐吗？",
        "飘HOME在部分房间提供wifi吗？",
        "有收费停车位方便我停车的酒店",
        "我想找个有所有房间提供wifi何早餐服务的酒店住宿。",
        "提供棋牌室酒店住下。",
        "收费停车位的价格是多少？",
        "有没有提供早餐服务、价格便宜的酒店？",
        "有桑拿或者SPA的酒店",
        "这家酒店有早餐服务等设施吗？",
        "还有提供棋牌室吗？",
        "哪个提供提供商务中心，我需要复印。",
        "酒店设施是否是否包含室内游泳池呢？",
        "我想要一个可以提供无烟房，和公共区域提供wifi服务的酒店",
    ],
)
def test_a_denial_a_broken_sentence_or_one_that_no_wording_fits_stays_as_it_is(text):
    assert rewrites(text) == {text}


def test_a_list_in_a_yes_or_no_question_stays_one_question():
    for said in rewrites("这家酒店有会议室和国际长途电话吗？"):
        assert re.fullmatch("这家酒店(有.+和.+|能.+和.+)吗？", said) and "还" not in said


def test_a_statement_joins_a_noun_and_a_verb_with_words_that_carry_both():
    found = rewrites("想找一家提供会议室和接待外宾的酒店。")
    guests = "(，还能|，而且|又能|和).*(外国|外籍|国外|老外).*的酒店。"
    assert all(re.fullmatch(f"想找一家.+{guests}", said) for said in found) and len(found) > 5


def test_the_guest_bathes_and_the_hotel_does_not():
    assert not any(re.search("酒店(能|可以)", said) for said in rewrites("我希望酒店提供室内游泳池。"))
    assert any("酒店能接机" in said for said in rewrites("我希望酒店提供接机服务。"))


def test_free_is_not_carried_on_to_the_next_wish():
    assert not any(re.search("能免费[^，]*和", said) for said in rewrites("这家酒店有免费市内电话和健身房吗？"))


def test_no_wish_is_joined_with_the_same_word_twice():
    found = rewrites("找一家评分4分以上，而且可以提供24小时热水和租车的酒店")
    assert all(said.count("而且") == 1 for said in found) and len(found) > 5


def test_no_noun_with_de_stands_before_another_de():
    assert all("的的" not in said and "地方的" not in said for said in rewrites("找一家有行李寄存的酒店。"))
    assert any("的地方" in said for said in rewrites("酒店有行李寄存吗？"))
    assert all("的服务" not in said for said in rewrites("要看护小孩服务。"))


def test_a_predicate_with_its_own_subject_follows_no_also():
    assert rewrites("推荐一家4分以上还提供部分房间提供wifi的酒店") == {"推荐一家4分以上还提供部分房间提供wifi的酒店"}
    assert all("公共区域" not in said.split("5分")[1][:4] for said in rewrites("评分5分有公共区域提供wifi的酒店"))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("酒店是否有酒吧服务设施？", "有没有|带不带|是不是|能不能|可不可以"),
        ("请问该酒店是否有看护小孩服务。", "有没有|能不能|可不可以|是不是"),
        ("这家酒店是否有公共区域提供wifi？", "是不是在?公共(区域|场所)"),
        ("酒店是否有部分房间提供wifi？", "是不是(部分|有些|有的|一部分)(房间|客房)"),
        ("那有没有早餐服务的？", "那有没有(能|可以|供应|提供|早上).*[吃早]"),
    ],
)
def test_what_is_asked_stays_a_question(text, asked):
    assert all(re.search(asked, said) and "吗" not in said for said in rewrites(text))


def test_what_is_paid_free_indoors_or_only_somewhere_stays_so():
    kept = {
        "收费停车位": "收费|付费|交费|花钱",
        "早餐服务免费": "免费|不要钱|不收费|不花钱|赠送",
        "室内游泳池": "室内",
        "免费市内电话": "免费|不要钱|不收费|不花钱",
        "公共区域提供wifi": "公共区域|公共场所",
        "部分房间提供wifi": "部分|有些|有的",
    }
    for name, word in kept.items():
        assert all(re.search(word, said) for said in wordings(name).predicates())


def test_an_order_takes_no_please_tell_me_and_no_subject_is_said_twice(store):
    record = store.hotels[0].record()
    for seed in SEEDS:
        asked = question(record, "phone", "这家", random.Random(seed)).question
        assert not re.search("请问把|那那|把.*？", asked)


def test_yes_and_no_answer_in_the_form_of_the_question(store):
    record = store.hotels[0].record() | {"facilities": ["早餐服务免费"]}
    found = [facility_question(record, "", "这家酒店", random.Random(seed)) for seed in range(400)]
    for more in filter(None, found):
        able = re.search("酒店(能|可以)", more.question)
        assert not (able and more.answer.startswith("有的")) and "早餐服务免费" not in more.answer
        assert refuses(more.answer) == ("早" not in more.question or "叫" in more.question)


@pytest.mark.parametrize(
    ("said", "again"), [("有免费早餐", "早[餐饭]"), ("能停车吗", "停车|车位"), ("能下棋打牌", "打牌|棋牌")]
)
def test_a_facility_that_came_up_under_any_name_is_not_asked_about_again(store, said, again):
    record = store.hotels[0].record()
    asked = [facility_question(record, said, "这家", random.Random(seed)) for seed in range(300)]
    assert not any(re.search(again, more.question) for more in asked if more)


def test_no_question_repeats_what_the_assistant_has_told(store):
    record = about(store)[1][0]
    told = reply(f"{record['name']}的电话是{record['phone']}，评分{record['rating']:g}分，地址是{record['address']}。")
    conversation, _ = about(store, user("介绍一下"), told)
    for seed in SEEDS:
        task = followup_task(conversation, random.Random(seed))
        assert task is not None and not {"phone", "rating", "address", "type"} & set(task.payload["ask"])


def test_a_hotel_among_several_is_asked_about_by_name(store):
    conversation, records = about(store, offered=2)
    for seed in SEEDS:
        task = followup_task(conversation, random.Random(seed))
        assert records[1]["name"] in written(task, seed)[4].content


def test_a_hotel_is_named_again_after_a_place_beside_it(store):
    near = next(name for hotel in store.hotels for name in hotel.record()["nearby_restaurants"])
    record = next(h.record() for h in store.hotels if near in h.record()["nearby_restaurants"])
    hotel = reply(f"推荐{record['name']}。")
    messages = [user("找家酒店"), call({"name": record["name"]}), observation([record], total=1), hotel]
    messages += [user("附近有什么吃的"), reply(f"附近有{near}。")]
    for seed in SEEDS:
        task = followup_task(Conversation(id="n", source="n", messages=messages), random.Random(seed))
        assert record["name"] in written(task, seed)[len(messages)].content


@pytest.mark.parametrize(
    "thanks", ["没有问题了，谢谢您的帮助！", "就这家吧，谢谢你帮了我这么多！", "都不错呢，谢谢你哈！", "给你添麻烦了"]
)
def test_what_follows_comes_before_the_thanks_and_not_after_them(store, thanks):
    conversation, _ = about(store, user(thanks), reply("不客气。"))
    assert len(followup_task(conversation, random.Random(1)).payload["dialogue"]) == 2
    more, _ = about(store, user("好的，帮我看看附近有什么"), reply("没有查到。"))
    assert len(followup_task(more, random.Random(1)).payload["dialogue"]) == 4


def test_nobody_books_on_a_refusal(store):
    conversation, _ = about(store)
    for seed in SEEDS:
        messages = written(followup_task(conversation, random.Random(seed)), seed)
        assert not (refuses(messages[-3].content) and re.search("就订|住这家", messages[-2].content))


def test_an_opening_asks_what_its_offer_has_not_told_and_asks_with_one_mark(store):
    for seed in SEEDS:
        for make in (name_task, cap_task):
            messages = written(make(store, random.Random(seed), "n"), seed)
            asked, offer, more = [m.content for m in messages if m.role in ("user", "assistant") and m.content][:3]
            assert not re.search("(有没有|能不能|可以帮).*[^？]$", asked)
            assert make is cap_task or not ("评分" in more and "评分" in offer)


@pytest.mark.parametrize("seed", range(40))
def test_a_modifier_does_not_spread_over_a_list(seed):
    said = rewrite("找一家提供早餐服务免费、棋牌室和租车的酒店", random.Random(seed))
    assert "的" not in said.removesuffix("的酒店").split("、", maxsplit=1)[0]


@pytest.mark.parametrize("seed", range(20))
def test_what_leans_on_the_verb_before_stays(seed):
    words = "公共区域提供wifi吗，暖气吗？"
    assert rewrite(words, random.Random(seed)) == words


@pytest.mark.parametrize("seed", range(20))
def test_nobody_is_asked_for_leave(seed):
    assert "可不可以" not in rewrite("酒店有没有健身房？", random.Random(seed))
