"""What the review answers its page, without a browser: each command names its card, and nothing of a session is needed."""

import json
from types import SimpleNamespace

import pytest

from chatbot.core.messages import Conversation, call, reply, user
from chatbot.corpus.checks import Check
from chatbot.corpus.review.items import Candidate
from chatbot.hotels.query import HotelQuery
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.review.handlers import ReviewHandlers

BAD = Check("slots", False, "这句话里没有“豪华型”")


class Asker:
    """One person's page: sends commands as the script does; `username` None is the one person of a page without accounts."""

    def __init__(self, handlers, username=None):
        self.handlers = handlers
        self.request = SimpleNamespace(headers={"accept-language": "zh-CN"}, username=username, session_hash="x")

    def __call__(self, do, card=None, **more):
        named = {"card": card["id"], "seen": card["seen"]} if card else {}
        event = SimpleNamespace(command={"do": do} | named | more)
        return json.loads(self.handlers.do(self.request, event))

    def type(self, card, **draft):
        return json.loads(self.handlers.keep(self.request, SimpleNamespace(card=card["id"], draft=draft)))


@pytest.fixture
def queue(page_context):
    """Three dialogues about the hotels of the page; the second one failed a check."""
    store = page_context.default_store
    found = store.search(HotelQuery(type="经济型")).message()
    talk = [call({"type": "经济型"}), found, reply("推荐归途快捷酒店(北京云桥店)。")]
    with_words = [Conversation(id=f"c{n}", source=f"c{n}", messages=[user(f"找{n}号<b>"), *talk]) for n in (1, 2, 3)]
    review = DataFiles(page_context.settings).review()
    review._overlap = 0.0
    review.add_many(Candidate(made, "spoken", None, [BAD] if made.id == "c2" else []) for made in with_words)
    review.close()
    return page_context


@pytest.fixture
def ask(queue):
    return Asker(ReviewHandlers(queue))


def test_the_first_answer_holds_the_step_the_card_the_next_one_and_the_list(ask):
    answer = ask("open")
    assert (answer["card"]["id"], answer["next"]["id"]) == (1, 2)
    assert answer["list"].count("data-pick") == 3
    assert "找1号&lt;b&gt;" in answer["card"]["html"]
    assert not any(
        "<b>" in part for part in (answer["card"]["html"].split("找1号")[1][:9], answer["list"].split("找1号")[1][:9])
    )
    assert answer["reasons"][0] == ["meaning", "意思变了"]
    assert ask("open", card={"id": 3, "seen": 0})["card"]["id"] == 3
    assert ask("open", card={"id": 99, "seen": 0})["card"]["id"] == 1


def test_a_key_pressed_on_the_prefetched_card_decides_on_that_card(ask):
    first = ask("open")
    ask("approve", first["card"])
    answer = ask("reject", first["next"], reason="unnatural", comment="太书面")
    assert answer["card"]["id"] == 3
    assert "退回 1（不像人说的 1）" in answer["progress"]
    shown = ask("pick", {"id": 2, "seen": 0})["card"]["html"]
    assert "不像人说的 “太书面”" in shown


def test_an_own_reason_joins_the_list_and_filters_from_an_address_are_read_leniently(ask):
    answer = ask("reject", ask("open")["card"], reason="方言太重")
    assert answer["reasons"][-1] == ["方言太重", "方言太重"]
    assert ask("next", wishes={"state": "<x>", "order": "x", "text": "3号"})["card"]["id"] == 3
    assert ask("next", wishes={"text": "没有这样的"})["card"] is None
    assert ask("next", wishes={"state": "decided"})["card"]["id"] == 1


def test_bulk_says_what_it_takes_and_one_undo_takes_it_back(ask):
    asked = ask("ask_bulk")["bulk"]
    assert (asked["n"], "检查没过 1 张" in asked["told"]) == (2, True)
    answer = ask("bulk", until=asked["until"])
    assert answer["card"]["id"] == 2
    assert "待审 3" in ask("undo")["progress"]
    assert ask("undo")["note"] == "没有可撤销的。"


def test_a_step_that_is_sent_again_is_answered_as_before_and_not_done_twice(ask, queue):
    ask("approve", ask("open")["card"])
    asked = ask("ask_bulk")["bulk"]
    answers = [ask("bulk", until=asked["until"], step="one") for _ in range(2)]
    assert [answer["note"] for answer in answers] == ["通过了 1 张，按 U 一次撤销。"] * 2
    anew = Asker(ReviewHandlers(queue))
    undone = [asker("undo", step="two") for asker in (ask, anew)]
    assert [answer["card"]["id"] for answer in undone] == [3, 3]
    assert "待审 2 · 通过 1" in undone[1]["progress"]
    assert "待审 3" in anew("undo", step="three")["progress"]


def test_a_name_of_a_step_is_a_persons_own(ask, queue):
    ask("bulk", until=3, step="one")
    ask("undo", step="two")
    wang = Asker(ReviewHandlers(queue), "wang")
    assert "通过了 1 张" in wang("bulk", until=3, step="one")["note"]  # the first card is on the other's screen
    assert "待审 3" in wang("undo", step="two")["progress"]


def test_words_that_were_typed_without_a_server_become_the_draft_of_their_card(ask):
    card = ask("open")["card"]
    kept = ask("draft", card, draft={"words": {"0": "找豪华的", "2": "不是话"}})["card"]
    assert kept["draft"]
    assert "找豪华的</textarea>" in kept["editor"]
    assert ask("draft", card)["card"]["draft"] is False


def test_what_is_typed_is_there_after_a_restart_and_says_what_it_breaks(ask, queue):
    card = ask("open")["card"]
    told = ask.type(card, words={"0": "找豪华的"}, calls={"1": ["类型 豪华型"]})
    assert "北京瑞都大酒店" in told["found"]["2"]
    assert "归途快捷酒店" in told["told"]["3"]
    anew = Asker(ReviewHandlers(queue))
    card = anew("open")["card"]
    assert card["draft"]
    assert "找豪华的</textarea>" in card["editor"]
    assert 'data-chip="类型 豪华型"' in card["editor"]
    assert Asker(ReviewHandlers(queue), "wang")("pick", card)["card"]["draft"] is False
    answer = anew(
        "save", card, draft={"words": {"0": "找豪华的", "3": "推荐北京瑞都大酒店。"}, "calls": {"1": ["类型 豪华型"]}}
    )
    assert answer["card"]["id"] == 2
    [made] = DataFiles(queue.settings).approved()
    assert made.messages[1].call.arguments == {"type": "豪华型"}
    assert made.messages[2].records[0]["name"] == "北京瑞都大酒店"
    assert "<summary>修改" in anew("audit")["audit"]
    assert "找1号&lt;b&gt;" in anew("audit")["audit"].replace('<span class="cut">', "").replace("</span>", "")
    assert anew("undo")["card"]["draft"]


def test_a_condition_that_cannot_be_read_keeps_the_card_and_says_how_to_write_it(ask):
    card = ask("open")["card"]
    answer = ask("save", card, draft={"calls": {"1": ["便宜点"]}})
    assert answer["bad"]
    assert "便宜点" in answer["note"]
    assert "价格≤300" in answer["note"]
    assert "card" not in answer


def test_a_card_that_somebody_else_decided_on_is_named(ask, queue):
    mine = ask("open")["card"]
    Asker(ReviewHandlers(queue), "wang")("reject", mine)
    assert "1 号" in ask("approve", mine)["note"]


def test_a_flagged_card_waits_for_somebody_else_with_its_comment(ask, queue):
    card = ask("open")["card"]
    ask("comment", card, comment="地名不对？")
    assert ask("flag", card)["card"]["id"] == 2
    lead = Asker(ReviewHandlers(queue), "lead")
    shown = lead("next", wishes={"state": "flagged"})["card"]
    assert "地名不对？" in shown["html"]
    assert lead("approve", shown, wishes={"state": "flagged"})["card"] is None
