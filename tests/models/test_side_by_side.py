"""Work on a model that computes turns in one batch is begun several at a time, and ends in order."""

import threading
from types import SimpleNamespace

import pytest

from chatbot.models.backends import side_by_side

BATCHING = SimpleNamespace(at_once=4)


def test_as_many_run_at_a_time_as_the_model_serves_and_results_keep_their_order():
    together = threading.Barrier(4, timeout=30)

    def work(number):
        together.wait()
        return number * 2

    assert list(side_by_side(BATCHING, work, range(8))) == [0, 2, 4, 6, 8, 10, 12, 14]


@pytest.mark.parametrize("model", [None, BATCHING])
def test_after_an_error_little_more_is_begun(model):
    begun = []

    def work(number):
        begun.append(number)
        raise ValueError("the first")

    with pytest.raises(ValueError, match="the first"):
        list(side_by_side(model, work, range(100)))
    assert len(begun) <= 5
