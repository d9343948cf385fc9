"""Blind votes: kept, counted, and not given away by their order."""

from random import Random

import pytest

from chatbot.core.errors import InputError
from chatbot.evaluation.reporting.votes import Vote, read_votes, record_vote, shuffle, standings


def test_votes_are_kept_with_their_time_and_read_back(tmp_path):
    path = tmp_path / "votes" / "votes.jsonl"
    record_vote(path, Vote("a", "b", "left", "你好"))
    record_vote(path, Vote("b", "a", "tie", "你好"))
    with path.open("a") as out:
        out.write('{"left": "a"')
    assert [(vote.winner, vote.time > 0) for vote in read_votes(path)] == [("a", True), (None, True)]


def test_an_unknown_choice_is_refused(tmp_path):
    with pytest.raises(InputError, match="no vote"):
        record_vote(tmp_path / "v.jsonl", Vote("a", "b", "both", "x"))


def test_sides_do_not_matter_for_the_standings():
    votes = [
        Vote("a", "b", "left", ""),
        Vote("b", "a", "right", ""),
        Vote("a", "b", "right", ""),
        Vote("b", "a", "tie", ""),
    ]
    (row,) = standings(votes)
    assert (row["first"], row["first_wins"], row["second_wins"], row["ties"]) == ("a", 2, 1, 1)
    assert row["win_rate"] == pytest.approx(2 / 3) and row["interval"][0] < 2 / 3 < row["interval"][1]


def test_only_ties_have_no_win_rate():
    assert standings([Vote("a", "b", "tie", "")])[0]["win_rate"] is None


def test_each_model_stands_on_each_side_about_as_often():
    rng = Random(0)
    left = sum(shuffle(["a", "b"], rng)[0] == "a" for _ in range(1000))
    assert 440 < left < 560


@pytest.mark.parametrize("models", [["a"], ["a", "a"], ["a", "b", "c"]])
def test_a_vote_needs_two_different_models(models):
    with pytest.raises(InputError, match="two different"):
        shuffle(models, Random(0))
