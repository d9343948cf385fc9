"""Claims about several people at one review: who gets which card, who settles what, and how sure that is."""

import sqlite3

import numpy as np
import pytest

from chatbot.core.errors import InputError
from chatbot.core.messages import reply, user
from chatbot.corpus.review.agreement import ENOUGH, agreement, alpha
from chatbot.corpus.review.items import Filter
from chatbot.corpus.review.queue import ReviewStore
from chatbot.corpus.review.team.dealing import Plan
from chatbot.ui.data.review.words import today
from tests.corpus.test_review import candidate


@pytest.fixture
def review(tmp_path):
    store = ReviewStore(f"sqlite:///{tmp_path / 'review.sqlite'}", overlap=0.0)
    yield store
    store.close()


def decide_all(review, name, action="approve", only=None):
    seen = []
    while card := review.next(name, only):
        review.decide(card, name, action)
        seen.append(card.id)
    return seen


def edited(card, words):
    return card.conversation.model_copy(update={"messages": [user(words), reply("好")]})


def test_cards_are_dealt_by_share_and_each_sees_their_own_and_the_common_ones(review):
    review.add_many(candidate(n) for n in range(40))
    assert review.team.deal(Plan(people={"li": 3, "wang": 1}, common=0.2), "lead") == 40
    own = {name: review.listing(name, Filter(whose="own"), size=200).total for name in ("li", "wang", "zhao")}
    assert own == {"li": 24, "wang": 8, "zhao": 0}
    assert review.listing("li", Filter(), size=200).total == 32
    assert review.listing("zhao", Filter(), size=200).total == 8
    assert review.listing("lead", Filter(whose="all"), size=200).total == 40
    first, second = decide_all(review, "li"), decide_all(review, "wang")
    assert len(set(first) & set(second)) == 8
    assert review.counts().pending == 0
    review.add_many(candidate(n) for n in range(100, 200))
    assert 40 < review.listing("li", Filter(whose="own"), size=200).total < 80


def test_a_card_on_somebodys_screen_is_kept_neither_from_whom_it_was_dealt_to_nor_from_who_judges_it_too(review):
    review.add_many(candidate(n) for n in range(20))
    held = review.next("lead").id
    review.team.deal(Plan(people={"li": 1}, common=0), "lead")
    assert (review.next("li").id, review.listing("li", Filter()).total) == (held, 20)
    review.team.deal(Plan(people={"li": 1, "wang": 1}, common=1), "lead")
    both = review.next("li"), review.next("wang")
    assert both[0].id == both[1].id
    for card, name in zip(both, ("li", "wang"), strict=True):
        review.decide(card, name, "approve")
    assert review.counts().approve == 1
    last = review.next("li")
    review.decide(review.hold("wang", last.id), "wang", "approve")
    review.next("li", Filter(), last.id - 1)
    assert last.id in [line.id for line in review.listing("li", Filter()).lines]
    assert last.id not in [line.id for line in review.listing("zhao", Filter()).lines]


def test_a_plan_that_wants_more_judgements_than_people_is_refused():
    with pytest.raises(InputError, match="3"):
        Plan(people={"li": 1, "wang": 1}, common=0.5, judgements=3)


def test_of_three_judgements_most_count_and_two_that_differ_wait_for_the_third(review):
    review.add_many([candidate(1)])
    review.team.deal(Plan(common=1, judgements=3), "lead")
    review.decide(review.next("li"), "li", "approve")
    review.decide(review.next("wang"), "wang", "reject")
    assert review.counts().pending == 1
    review.decide(review.next("zhao"), "zhao", "reject")
    assert (review.counts().reject, review.team.standing()["disputed"]) == (1, 0)
    assert review.next("sun") is None


def test_people_who_judge_one_card_see_no_edit_of_another(review):
    review.add_many([candidate(1)])
    review.team.deal(Plan(common=1), "lead")
    card = review.next("li")
    review.decide(card, "li", "edit", edited(card, "李改的"), [])
    other = review.next("wang")
    assert other.conversation.messages[0].content == "第1句"
    assert review.listing("wang", Filter()).lines[0].action == ""
    review.decide(other, "wang", "edit", edited(other, "王改的"), [])
    befores = [row["before"]["messages"][0]["content"] for row in review.audit() if "before" in row]
    assert befores == ["第1句", "第1句"]


def test_what_two_disagree_on_is_let_through_by_nobody_until_a_lead_settles_it(review):
    review.add_many([candidate(1), candidate(2)])
    review.team.deal(Plan(common=1), "lead")
    card = review.card(1)
    review.decide(card, "li", "edit", edited(card, "李改的"), [])
    review.decide(review.card(1), "wang", "reject", reason="meaning")
    counts = review.counts()
    assert (counts.pending, counts.disputed, list(review.approved())) == (1, 1, [])
    assert [line.id for line in review.listing("lead", Filter(disputed=True)).lines] == [1]
    told = review.team.judgements(1)
    assert [(one.annotator, one.action, one.conversation.messages[0].content) for one in told] == [
        ("li", "edit", "李改的"),
        ("wang", "reject", "第1句"),
    ]
    seen = review.next("lead", Filter(disputed=True))
    review.decide(seen, "lead", "edit", told[0].conversation, [], lead=True)
    assert [c.messages[0].content for c in review.approved()] == ["李改的"]
    assert review.counts().disputed == 0
    with pytest.raises(InputError, match="meanwhile"):
        review.decide(review.card(1), "wang", "reject")
    assert review.team.agreement().cards == 1
    review.undo("lead")
    assert review.counts().disputed == 1
    review.decide(review.card(1, "lead"), "lead", "approve", lead=True)
    assert [c.messages[0].content for c in review.approved()] == ["第1句"]


def test_a_gold_card_comes_to_everybody_between_others_and_their_answers_change_nothing(review):
    review.add_many(candidate(n) for n in range(1, 7))
    review.decide(review.card(1), "lead", "reject")
    review.decide(review.card(1), "lead", "gold", reason="reject")
    review.team.spread(1)
    assert 1 not in decide_all(review, "lead", only=Filter(operation="nothing"))
    places = [line.id for line in review.listing("li", Filter()).lines]
    assert sorted(places) == [1, 2, 3, 4, 5, 6]
    review.decide(review.card(1), "wang", "approve")
    assert decide_all(review, "li", "reject") == places
    assert (review.counts().reject, review.counts().approve) == (6, 0)
    people = {one.name: (one.asked, one.right) for one in review.team.people(0)}
    assert people == {"lead": (0, 0), "li": (1, 1), "wang": (1, 0)}
    assert review.bulk("sun").shown == 1
    assert review.bulk_approve("sun") == 0
    review.undo("lead")
    assert review.next("sun") is None


def test_a_persons_day_tells_how_quickly_they_read(review, monkeypatch):
    review.add_many(candidate(n) for n in range(5))
    clock = iter([1000, 1020, 1050, 9000, 9010])
    now = 1000.0
    monkeypatch.setattr("chatbot.corpus.review.deciding.time.time", lambda: now)
    for at in clock:
        now = float(at)
        review.decide(review.next("li"), "li", "approve")
    assert review.team.person("li", 0).seconds == 20
    assert review.team.person("li", 8000).actions == {"approve": 2}
    assert (review.team.is_new("li"), review.team.is_new("wang")) == (False, True)


def test_a_persons_day_tells_what_was_approved_in_bulk(review):
    review.add_many(candidate(n) for n in range(5))
    review.decide(review.next("li"), "li", "approve")
    assert "批量" not in today(review.team.person("li", 0), "zh")
    assert review.bulk_approve("li") == 4
    day = review.team.person("li", 0)
    assert (day.cards, day.bulk) == (5, 4)
    assert "通过 5（批量 4）" in today(day, "zh")


def test_agreement_is_told_only_from_enough_cards_and_with_its_interval():
    few = agreement([{"li": True, "wang": True}] * (ENOUGH - 1) + [{"li": True}] * 50)
    assert (few.cards, few.alpha, few.strength) == (ENOUGH - 1, None, "few")
    same = agreement([{"li": True, "wang": True}] * ENOUGH)
    assert (same.same, same.alpha, same.strength) == (ENOUGH, None, "same")
    half = [{"li": n % 2 == 0, "wang": n % 2 == 0} for n in range(200)]
    assert (agreement(half).alpha, agreement(half).strength) == (1.0, "good")
    chance = agreement([{"li": n % 2 == 0, "wang": n % 4 < 2, "zhao": n % 8 < 4} for n in range(200)])
    assert chance.interval[0] < chance.alpha < chance.interval[1]
    assert (abs(chance.alpha) < 0.1, chance.strength) == (True, "poor")


def test_alpha_is_krippendorffs_on_an_example_of_his():
    """Two observers, ten units, two values: 0.095 (“Computing Krippendorff's Alpha-Reliability”, 2011, A)."""
    first, second = (0, 1, 0, 0, 0, 0, 0, 0, 1, 0), (1, 1, 1, 0, 0, 1, 0, 0, 0, 0)
    counts = np.array([[2 - a - b, a + b] for a, b in zip(first, second, strict=True)])
    assert alpha(counts, np.ones((1, 10)))[0] == pytest.approx(0.095, abs=0.0005)


def test_a_lists_beginning_is_what_the_model_is_least_sure_of(review):
    review.add_many(candidate(n) for n in range(1, 5))
    review.decide(review.card(4), "li", "approve")
    assert review.team.without_doubt() == [1, 2, 3]
    review.team.keep_doubts({1: 0.1, 3: 0.9})
    unsure = Filter(order="unsure")
    assert [line.id for line in review.listing("li", unsure).lines] == [3, 1, 2]
    assert review.peek("li", unsure, 3).id == 1
    assert review.team.without_doubt() == [2]


def test_a_key_costs_the_database_no_more_the_more_others_have_decided(review):
    review.add_many(candidate(n) for n in range(300))

    def steps():
        """Steps of SQLite's machine for a decision and all that is drawn after it."""
        n = 0

        def count():
            nonlocal n
            n += 100

        with review._engine.connect() as db:
            connection: sqlite3.Connection = db.connection.driver_connection
        card = review.next("li")
        connection.set_progress_handler(count, 100)
        review.decide(card, "li", "approve")
        review.next("li", after=card.id)
        review.peek("li", Filter(), card.id)
        review.counts("li")
        review.listing("li", Filter())
        connection.set_progress_handler(None, 0)
        return n

    before = steps()
    for name in ("wang", "zhao", "sun"):
        review.team.deal(Plan(people={name: 1}, common=0), "lead")
        review.bulk_approve(name, Filter(text="第2"))
        review.undo(name)
    review.team.deal(Plan(common=0), "lead")
    assert len(review.audit()) > 600
    assert 0 < steps() < 1.2 * before
