"""What the review answers a lead and the people whose cards it deals, without a browser: roles, blind judgements, settling."""

import pytest

from chatbot.core.accounts import Accounts
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.review.handlers import ReviewHandlers
from tests.hostile.test_accounts import QUICK, WORD
from tests.ui.test_review_step import Asker, queue  # noqa: F401 — a fixture

DISPUTED = {"state": "disputed"}


@pytest.fixture
def people(queue):  # noqa: F811
    """A lead and two annotators at a page with accounts, by name."""
    queue.accounts = Accounts(queue.settings.accounts, QUICK)
    for name, role in (("lead", "engineer"), ("li", "annotator"), ("wang", "annotator")):
        queue.accounts.add(name, WORD, role)
    return {name: Asker(ReviewHandlers(queue), name) for name in queue.accounts.roles()}


def test_cards_are_dealt_to_accounts_alone_and_by_a_lead_alone(people):
    lead, li = people["lead"], people["li"]
    told = lead("deal", people="li：2、zhao", common=0)
    assert ("zhao" in told["note"], "li、wang" in told["note"], told["bad"]) == (True, True, True)
    assert li("deal", people="li", common=0)["bad"]
    answer = lead("deal", people="li, wang", common=0)
    assert "3 张" in answer["note"]
    assert answer["card"]["id"] == 1
    own = [people[name]("open", wishes={"whose": "own"})["list"].count("data-pick") for name in ("li", "wang")]
    assert sum(own) == 3
    assert 'name="whose"' in li("open")["frame"]
    assert "review-team" in lead("open")["frame"]
    assert "review-team" not in li("open")["frame"]
    assert 'value="li、wang"' in lead("team")["team"]


def test_numbers_that_cannot_be_dealt_by_are_named(people):
    assert "3" in people["lead"]("deal", people="li, wang", common=50, judgements=3)["note"]
    assert "9" in people["lead"]("deal", people="li, wang", common=50, judgements=9)["note"]
    assert "5000" in people["lead"]("deal", people="li：5000", common=0)["note"]


def test_two_judge_blind_and_a_lead_settles_by_a_number(people):
    lead, li, wang = people.values()
    lead("deal", people="li, wang", common=100)
    card = li("open")["card"]
    li("save", card, draft={"words": {"0": "找1号经济型"}})
    seen = wang("pick", {"id": 1, "seen": 0})["card"]
    assert "找1号经济型" not in seen["html"] + seen["editor"]
    assert "history" not in seen["html"]
    answer = wang("reject", seen, reason="meaning")
    assert "有分歧 1" in answer["progress"]
    assert wang("next", wishes=DISPUTED)["card"]["id"] != 1
    assert "disputed" not in wang("open")["frame"]
    assert "看分歧" in lead("team")["team"]
    both = lead("next", wishes=DISPUTED)["card"]
    assert all(told in both["html"] for told in ("意思变了", "li", "wang", 'data-settle="2"'))
    assert "找1号" in both["html"]
    done = lead("settle", both, choice=1, wishes=DISPUTED)
    assert done["card"] is None
    [made] = lead.handlers.store.approved()
    assert made.messages[0].content == "找1号经济型"
    assert "（定夺）" in lead("audit")["audit"]
    lead("undo")
    both = lead("next", wishes=DISPUTED)["card"]
    told = lead.type(both, words={"0": "找1号便宜的"})
    assert told["card"] == 1
    lead("approve", both, wishes=DISPUTED)
    assert [made.messages[0].content for made in lead.handlers.store.approved()] == ["找1号<b>"]
    lead("undo")
    both = lead("next", wishes=DISPUTED)["card"]
    assert "刚刚有人审过" not in lead("reject", both, wishes=DISPUTED).get("note", "")
    assert lead.handlers.store.counts().reject == 1


def test_an_annotator_settles_nothing_and_makes_no_gold(people):
    card = people["li"]("open")["card"]
    for verb in ("settle", "gold", "team"):
        assert people["li"](verb, card, choice=1, answer="approve")["bad"]
    assert people["li"].handlers.store.audit() == []


def test_a_known_answer_comes_to_others_as_any_card_and_shows_who_does_not_read(people):
    lead, li, _ = people.values()
    lead("deal", people="li, wang：2", common=0)
    card = lead("pick", {"id": 1, "seen": 0})["card"]
    assert "定为有答案" in lead("gold", card, answer="reject")["note"]
    shown = li("pick", {"id": 1, "seen": 0})["card"]
    assert ("history" in shown["html"], 'data-pick="1"' in li("open")["list"]) == (False, True)
    li("approve", shown)
    table = lead("team")["team"]
    assert "0/1" in table
    assert "请和他聊聊" not in table
    assert lead.handlers.store.counts().reject == 1


def test_guidelines_are_shown_at_the_first_card_only(people):
    li = people["li"]
    assert li("open")["guide"] is True
    li("skip", li("open")["card"])
    assert li("open")["guide"] is False


def test_the_audit_shows_what_a_card_said_when_somebody_decided_on_it(people):
    li = people["li"]
    li("reject", li("open")["card"], reason="unnatural")
    told = li("audit")["audit"]
    assert "<details><summary>退回：不像人说的</summary><p>找1号&lt;b&gt;</p><p>类型 经济型</p>" in told


def test_the_page_keeps_its_own_words_for_the_run_that_a_card_came_from(people, queue):  # noqa: F811
    ledger = DataFiles(queue.settings).ledger()
    for run in ("r1", "r2"):
        ledger.enter(run, f"第{run[1]}次", {})
    store = people["li"].handlers.store
    with store._engine.connect() as db:
        keys = [key for (key,) in db.exec_driver_sql("SELECT key FROM review_items ORDER BY id")]
    ledger.link("r1", keys[:1])
    ledger.link("r2", keys[1:])
    ledger.close()
    assert "第1次" in people["li"]("open")["frame"]
    assert people["li"]("next", wishes={"run": "r2"})["list"].count("data-pick") == 2
