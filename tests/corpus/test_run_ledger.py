"""Claims about runs in the review: each card knows its run, a run is withdrawn as one step and put back, decisions stay."""

from contextlib import closing

import pytest

from chatbot.core.errors import InputError
from chatbot.corpus.augmentation.augment import augment
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.runs.feed import ReviewFeed
from chatbot.corpus.review.queue import ReviewStore
from chatbot.corpus.review.runs import RunLedger
from chatbot.corpus.selfplay.generate import selfplay


@pytest.fixture
def review(tmp_path):
    with closing(ReviewStore(f"sqlite:///{tmp_path / 'review.sqlite'}", overlap=0.0)) as opened:
        yield opened


@pytest.fixture
def ledger(tmp_path, review):
    with closing(RunLedger(f"sqlite:///{tmp_path / 'review.sqlite'}")) as opened:
        yield opened


@pytest.fixture
def put_up(tmp_path, store, review, ledger):
    """Run an augmentation from the tables under an id; returns how many it made."""
    corpus = list(selfplay(store, 6, seed=3, colloquial=0.0))

    def run(name, operations, seed=1):
        config = AugmentConfig(
            corpus=tmp_path / "c.jsonl",
            out=tmp_path,
            operations=operations,
            new=3,
            seed=seed,
            run=name,
            second_parser="",
        )
        ledger.enter(name, name, config.model_dump(mode="json"))
        got = augment(corpus, store, config, feed=ReviewFeed(name, store, review, ledger))
        return len(got.made)

    return run


def runs(ledger):
    return {run.run: run for run in ledger.all()}


def test_a_run_knows_its_cards_and_the_share_of_them_that_was_let_through(review, ledger, put_up):
    made = put_up("a", ("by_name",)), put_up("b", ("by_cap",))
    for action in ("approve", "reject"):
        review.decide(review.next("x"), "x", action)
    a, b = runs(ledger)["a"], runs(ledger)["b"]
    assert (a.cards, b.cards) == made
    assert (a.kept, a.decided, a.pending) == (1, 2, made[0] - 2) and b.decided == 0


def test_a_withdrawn_run_leaves_the_queue_as_one_step_and_its_decisions_stay(review, ledger, put_up):
    a, b = put_up("a", ("by_name",)), put_up("b", ("by_cap",))
    card = review.next("x")
    review.decide(card, "x", "approve")
    assert ledger.withdraw("a", "lead") == a - 1
    counts = review.counts()
    assert (counts.pending, counts.approve) == (b, 1)
    assert sum(counts.operations.values()) == b + 1
    assert [c.id for c in review.approved()] == [card.conversation.id]
    assert review.next("x").operation == "by_cap"
    assert review.bulk_approve("y") <= b - 1  # one is on somebody's screen
    assert ledger.restore("a", "lead") == a - 1
    assert review.counts().pending >= a - 1
    steps = [(step["action"], step["annotator"], step["cards"]) for step in ledger.steps()]
    assert steps == [("withdraw", "lead", a - 1), ("restore", "lead", a - 1)]
    assert [row["action"] for row in review.audit(card.id)] == ["approve"]


def test_a_card_that_two_runs_have_made_stays_as_long_as_one_of_them_stands(review, ledger, put_up):
    made = put_up("a", ("by_name",))
    put_up("again", ("by_name",))
    assert review.counts().pending == made
    assert ledger.withdraw("a", "x") == 0
    assert review.counts().pending == made
    assert ledger.withdraw("again", "x") == made
    assert review.counts().pending == 0 and review.next("x") is None
    assert ledger.withdraw("again", "x") == 0 and len(ledger.steps()) == 2


def test_cards_that_a_withdrawn_run_still_puts_up_stay_out_of_the_queue(review, ledger, put_up):
    ledger.enter("a", "", {})
    ledger.withdraw("a", "x")
    put_up("a", ("by_name",))
    assert review.next("x") is None


def test_a_run_that_is_not_there_is_named(ledger):
    with pytest.raises(InputError, match="nothing-of-mine"):
        ledger.withdraw("nothing-of-mine", "x")
