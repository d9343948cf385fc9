"""The guard: what counts as an explosion, and whom the verdict blames."""

import math

import pytest

from chatbot.training.loss_guard import LossExploded, SpikeDetector, verdict


def watched(*losses, factor=3.0):
    detector = SpikeDetector(factor)
    return [detector.observe(loss) for loss in losses][-1]


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_explodes_even_at_the_start(loss):
    assert "no longer a number" in watched(loss)


def test_a_jump_beyond_the_recent_median_explodes_and_the_message_has_both_figures():
    assert watched(2.0, 2.1, 1.9, 2.0, 2.0, 7.0) == "the loss jumped from about 2.00 to 7.00"


def test_small_losses_may_double_and_triple():
    assert watched(0.1, 0.1, 0.1, 0.1, 0.1, 0.9) is None


def test_a_hard_batch_of_unseen_names_is_no_explosion():
    assert watched(0.75, 0.7, 0.8, 0.75, 0.9, 2.93) is None


def test_the_first_losses_are_not_judged_by_each_other():
    assert watched(0.5, 6.0) is None


def test_an_explosion_is_not_remembered_as_usual():
    detector = SpikeDetector(3.0)
    for loss in (2.0, 2.0, 2.0, 2.0, 2.0):
        detector.observe(loss)
    assert detector.observe(9.0) and detector.observe(9.0)


def test_the_same_conversations_each_time_are_blamed():
    told = verdict(
        [LossExploded(5, 9.0, "the loss jumped", ["a", "bad"]), LossExploded(7, 9.0, "the loss jumped", ["bad", "c"])]
    )
    assert told.conversations == ("bad",)
    assert "gave up after 2 explosions" in str(told) and "bad" in str(told)


def test_at_most_eight_blamed_conversations_are_named_in_one_list():
    names = [f"c{number}" for number in range(10)]
    told = verdict([LossExploded(step, 9.0, "the loss jumped", names) for step in (5, 5)])
    assert told.conversations == tuple(names)
    assert str(told) == (
        "gave up after 2 explosions: the loss jumped (step 5). It is the data: it happens again and again at "
        "c0, c1, c2, c3, c4, c5, c6, c7. Check or remove these conversations."
    )


def test_one_hard_batch_elsewhere_acquits_nobody():
    told = verdict([LossExploded(step, 9.0, "x", [name]) for step, name in ((3, "hard"), (5, "bad"), (5, "bad"))])
    assert told.conversations == ("bad",)


def test_different_places_blame_the_learning_rate():
    told = verdict([LossExploded(5, 9.0, "x", ["a"]), LossExploded(7, 9.0, "x", ["b"])])
    assert str(told) == (
        "gave up after 2 explosions: x (step 7). "
        "It happened in different places: lower the learning rate, or raise the batch size."
    )
    assert told.conversations == ()
