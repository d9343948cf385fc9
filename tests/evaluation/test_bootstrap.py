"""Intervals and significance: known cases, and the coverage that an interval promises."""

import numpy as np
import pytest

from chatbot.evaluation.metrics.bootstrap import interval, paired_difference, resampled, share_interval


def share(sums):
    return np.asarray(sums["right"]) / np.asarray(sums["all"])


def _table(right):
    return {"right": np.asarray(right, float), "all": np.ones(len(right))}


def test_resampling_keeps_the_number_of_dialogues():
    assert set(resampled(_table([0, 1, 1]), 50)["all"]) == {3.0}


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    draw = np.random.default_rng(1)
    hits = 0
    for seed in range(200):
        low, high = interval(share(resampled(_table(draw.random(150) < 0.7), 400, seed)))
        hits += low <= 0.7 <= high
    assert 0.90 <= hits / 200 <= 0.99


def test_equal_models_differ_by_nothing():
    found = paired_difference(_table([0, 1, 1, 0]), _table([0, 1, 1, 0]), share)
    assert (found.difference, found.p, found.significant) == (0, 1, False)


def test_a_model_that_is_better_on_most_dialogues_is_significantly_better():
    found = paired_difference(_table([0] * 30 + [1] * 30), _table([1] * 55 + [0] * 5), share)
    assert found.difference == pytest.approx(25 / 60)
    assert found.significant and found.interval[0] > 0


def test_one_dialogue_of_difference_is_not_significant():
    assert not paired_difference(_table([0] + [1] * 30), _table([1] * 31), share).significant


def test_different_dialogues_cannot_be_paired():
    with pytest.raises(ValueError, match="same dialogues"):
        paired_difference(_table([1]), _table([1, 0]), share)


def test_no_measurement_has_no_interval():
    assert interval(np.array([np.nan, np.nan])) is None


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    [(0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (81, 263, (0.2553, 0.3662)), (0, 0, (0.0, 1.0))],
)
def test_shares_have_wilsons_interval(successes, trials, expected):
    """Values of Newcombe 1998, table I, method 3, where he gives them."""
    assert share_interval(successes, trials) == pytest.approx(expected, abs=1e-4)
