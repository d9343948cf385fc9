"""Feedback from Chat: kept whatever happens, and in the review queue as a checked candidate."""

import pytest

from chatbot.core.errors import InputError
from chatbot.core.messages import call, observation, reply, user
from chatbot.corpus.review.feedback import feedback_counts, read_feedback, record_feedback
from chatbot.corpus.review.queue import ReviewStore
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore


@pytest.fixture(scope="module")
def store():
    return HotelStore(
        [
            Hotel(name="甲酒店", type="经济型", rating=4.6, price=200),
            Hotel(name="乙酒店", type="经济型", rating=4.0, price=150),
        ]
    )


@pytest.fixture
def review(tmp_path):
    opened = ReviewStore(f"sqlite:///{tmp_path / 'review.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def messages(store):
    found = store.search(HotelQuery(type="经济型")).records
    return [
        user("要评分4.5分以上的经济型酒店"),
        call({"type": "经济型"}),
        observation(found),
        reply("为您找到：甲酒店、乙酒店。"),
    ]


def test_a_like_is_kept_and_goes_no_further(messages, store, review, tmp_path):
    record_feedback(messages, model="m", liked=True, store=store, review=review, workspace=tmp_path)
    assert [one.messages for one in read_feedback(tmp_path)] == [messages]
    assert review.next("ada") is None


def test_a_corrected_call_becomes_a_candidate_that_passes_its_checks(messages, store, review, tmp_path):
    right = HotelQuery(type="经济型", rating_range_lower=4.5)
    record_feedback(
        messages,
        model="m",
        liked=False,
        comment=" 漏了评分 ",
        corrected=right,
        store=store,
        review=review,
        workspace=tmp_path,
    )
    card = review.next("ada")
    assert card.operation == "feedback" and card.passed and card.original.messages == messages
    assert card.conversation.messages[1].call.arguments == right.arguments()
    assert [record["name"] for record in card.conversation.messages[2].records] == ["甲酒店"]
    assert (
        card.conversation.messages[3].content == "为您找到：甲酒店。"
        and card.conversation.meta["comment"] == "漏了评分"
    )
    assert card.original.source == card.conversation.source


def test_an_approved_correction_is_among_what_is_exported(messages, store, review, tmp_path):
    record_feedback(
        messages,
        model="m",
        liked=False,
        corrected=HotelQuery(rating_range_lower=4.5),
        store=store,
        review=review,
        workspace=tmp_path,
    )
    review.decide(review.next("ada"), "ada", "approve")
    assert [c.messages[1].call.arguments for c in review.approved()] == [{"rating_range_lower": 4.5}]


def test_a_corrected_reply_takes_the_place_of_the_old_one(messages, store, review, tmp_path):
    record_feedback(
        messages, model="m", liked=False, corrected_reply="推荐甲酒店。", store=store, review=review, workspace=tmp_path
    )
    assert [m.content for m in review.next("ada").conversation.messages[-1:]] == ["推荐甲酒店。"]


def test_a_plain_dislike_is_queued_with_what_its_checks_found(messages, store, review, tmp_path):
    record_feedback(messages, model="m", liked=False, comment="没听懂", store=store, review=review, workspace=tmp_path)
    card = review.next("ada")
    assert card.original is None and not card.passed and [c.name for c in card.checks if not c.passed] == ["slots"]


def test_nothing_found_is_said_in_the_candidate(store, review, tmp_path):
    record_feedback(
        [user("找火星酒店"), reply("好的。")],
        model="m",
        liked=False,
        corrected=HotelQuery(name="火星大厦"),
        store=store,
        review=review,
        workspace=tmp_path,
    )
    assert "没有找到" in review.next("ada").conversation.messages[-1].content


def test_the_same_dislike_twice_is_one_card(messages, store, review, tmp_path):
    given = [
        record_feedback(messages, model="m", liked=False, store=store, review=review, workspace=tmp_path)
        for _ in range(2)
    ]
    assert [one.queued for one in given] == [True, False]
    assert feedback_counts(tmp_path) == {"likes": 0, "dislikes": 2, "corrections": 0, "queued": 1}


def test_the_word_is_kept_even_where_the_queue_fails(messages, store, tmp_path):
    class Full:
        def add(self, *args):
            raise InputError("corpus.no_card")

    with pytest.raises(InputError):
        record_feedback(
            messages, model="m", liked=False, comment="漏了", store=store, review=Full(), workspace=tmp_path
        )
    assert [one.comment for one in read_feedback(tmp_path)] == ["漏了"]
