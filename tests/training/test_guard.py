"""The guard: what counts as an explosion, and whom the verdict blames."""

import math

import pytest

from chatbot.training.loss_guard import LossExploded, LossGuard, verdict


def watched(*losses, factor=3.0):
    detector = LossGuard(factor)
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
    detector = LossGuard(3.0)
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
        "gave up after 2 explosions: the loss jumped (step 5). It is the data. It happens again and again at: "
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


def started(*losses, start=1.0, vocabulary=5000):
    guard = LossGuard(3.0, vocabulary)
    assert guard.begin([start]) is None
    return [guard.observe(loss) for loss in losses][-1]


def test_the_second_loss_is_judged_by_the_one_before_the_first_step():
    assert started(1.0, 6.0) == "the loss jumped from about 1.00 to 6.00"


def test_no_loss_may_be_far_worse_than_a_blind_guess_even_where_losses_are_high():
    assert math.log(5000) < 9
    assert started(8.0, 8.1, start=8.5) is None
    assert "jumped" in started(8.0, 11.0, start=8.5)


def test_losses_that_stay_above_the_beginning_end_the_run_and_one_good_batch_among_them_saves_nobody():
    bad = [2.0] * 9
    assert started(*bad) is None
    assert started(*bad[:5], 0.9, *bad[:4]) == "the loss stays at about 2.00, above the 1.00 before the first step"
    assert started(*[1.3] * 30) is None


@pytest.mark.parametrize("norm", [math.nan, math.inf])
def test_a_gradient_that_is_no_number_explodes_although_the_loss_is_one(norm):
    assert LossGuard(3.0).observe_norm(norm) == "the gradient is no longer a number"


def test_a_gradient_out_of_family_explodes_at_the_second_step_already_and_a_small_one_may_grow():
    guard = LossGuard(3.0)
    assert guard.observe_norm(1.0) is None and guard.observe_norm(9.0) is None
    assert guard.observe_norm(400.0) == "the gradient's norm jumped from about 5 to 4e+02"
    assert LossGuard(3.0).observe_norm(400.0) is None  # the first of all has no family


def test_weights_that_unlearnt_the_same_rows_are_no_checkpoint():
    guard = LossGuard(3.0, 5000)
    guard.begin([0.9, 1.0, 9.0])
    assert guard.observe_checkpoint([0.2, 1.2, 9.0]) is None
    assert guard.observe_checkpoint([1.6, 1.9, 2.0]) == (
        "the loss on the same rows rose from 1.00 before the first step to 1.90"
    )
    assert "no longer a number" in guard.observe_checkpoint([math.nan] * 3)


def test_a_base_that_bets_against_its_own_text_is_not_trained():
    guard = LossGuard(3.0, 5000)
    assert guard.begin([12.0, 13.0, 14.0]) == ("the loss is 13.00 before the first step, and blind guessing has 8.52")
    assert guard.begin([9.0]) is None  # random weights


def exploded(step, conversations, guilty):
    explosion = LossExploded(step, 9.0, "the loss jumped", conversations)
    explosion.guilty = guilty
    return explosion


def test_a_conversation_is_blamed_where_it_is_as_bad_with_the_weights_before_and_its_neighbours_are_not():
    told = verdict([exploded(2, ["bad", "good"], ("bad",)), exploded(4, ["good", "worse"], ("worse",))])
    assert told.conversations == ("bad", "worse") and "with the weights before: bad, worse" in str(told)


def test_the_same_batch_each_time_is_innocent_where_the_weights_before_bear_it():
    told = verdict([exploded(2, ["a"], ()), exploded(2, ["a"], ())])
    assert told.conversations == () and "no trouble with the weights before: lower the learning rate" in str(told)
