"""The recorded run is told as its guard saw it."""

from itertools import pairwise

import pytest

from chatbot.core.events import JobWriter, Metrics, Rollback
from chatbot.lesson.explosion import attempts, judged
from chatbot.training.config import FinetuneConfig


def test_the_guard_stops_the_recorded_losses_where_the_run_was_rolled_back():
    usual = FinetuneConfig.model_fields["spike"].default
    recorded = attempts()
    assert len(recorded) == 4 and all(attempt.end for attempt in recorded)
    assert judged(recorded, usual) == [attempt.end.step for attempt in recorded]
    assert judged(recorded, 20) == [None] * 4


def test_each_roll_back_halves_the_rate():
    rates = [attempt.end.learning_rate for attempt in attempts()]
    assert [after / before for before, after in pairwise(rates)] == pytest.approx([0.5] * 3)


def test_a_run_is_cut_into_attempts_at_its_roll_backs(tmp_path):
    writer = JobWriter(tmp_path)
    for event in (
        Metrics(step=1, figures={"loss": 2.0, "learning_rate": 0.1}),
        Metrics(step=1, figures={"eval_loss": 1.0}),
        Rollback(step=2, back_to=0, learning_rate=0.05, reason="the loss is no longer a number"),
        Metrics(step=1, figures={"loss": 1.5, "learning_rate": 0.05}),
    ):
        writer.event(event)
    first, second = attempts(tmp_path)
    assert (first.losses, first.end.back_to, first.exploded) == ([(1, 2.0)], 0, None)
    assert (second.losses, second.rates, second.end) == ([(1, 1.5)], [0.05], None)
