"""The tiny pretraining learns, writes better, goes on where it stopped, and comes out the same for everybody."""

import math

import pytest

from chatbot.lesson.pretrain import RATE, WARMUP, Pretraining, rate_at

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def run():
    run = Pretraining(warmup=True)
    run.upto(60)
    return run


def test_it_begins_as_a_guess_among_all_characters_and_the_loss_falls(run):
    guess = math.log(len(run.characters))
    assert abs(run.losses[0] - guess) < 0.5
    assert sum(run.losses[-5:]) / 5 < guess - 1.5


def test_its_loss_is_the_models_own(run):
    again = Pretraining(warmup=True)
    again.upto(3)
    assert again.losses == pytest.approx(run.losses[:3], rel=1e-4)
    assert len(again.losses) == 3 and set(again.samples) == {0}


def test_what_is_done_is_not_done_again(run):
    before = list(run.losses)
    run.upto(20)
    assert run.losses == before


def test_the_rate_warms_up_to_its_peak_and_without_warm_up_begins_there():
    assert rate_at(0, warmup=True) == pytest.approx(RATE / WARMUP)
    assert rate_at(0, warmup=False) == pytest.approx(RATE)
    warm = [rate_at(step, warmup=True) for step in range(WARMUP)]
    assert warm == sorted(warm) and rate_at(499, warmup=True) == pytest.approx(RATE / 10, rel=0.01)
