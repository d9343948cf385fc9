"""Writings join and leave one batch: none mixes with another, a stop is heeded at once, who waits knows the place."""

import threading

import pytest
import torch

from chatbot.core.errors import BackendError
from chatbot.models.engine.batch import PIECE
from chatbot.models.engine.batching import BatchingEngine
from chatbot.models.engine.weights import weights_of
from chatbot.models.engine.with_transformers import TransformersEngine
from chatbot.models.engine.writing import Ask, Stopped, Waiting, result
from chatbot.models.local import LocalModel
from tests.tiny_models import tiny_llama


def beams(prompt, steps, width=4):
    """Follows the likeliest next tokens of all its lines together, and ends in the best line."""
    lines, ask = [(0.0, ())], Ask([0], [prompt])
    for _ in range(steps):
        scores = torch.log_softmax((yield ask), -1)
        found = [
            (lines[parent][0] + float(row[token]), parent, int(token))
            for parent, row in enumerate(scores)
            for token in row.topk(width).indices
        ]
        best = sorted(found, reverse=True)[:width]
        lines = [(score, (*lines[parent][1], token)) for score, parent, token in best]
        ask = Ask([parent for _, parent, _ in best], [[token] for _, _, token in best])
    return lines[0][1]


def endless(prompt, wrote=lambda: None):
    """Writes one token for ever."""
    new = prompt
    while True:
        yield Ask([0], [new])
        new = [11]
        wrote()
        yield 11


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tiny_llama(tmp_path_factory.mktemp("tiny"))
    return LocalModel.load(folder, engine="transformers", device="cpu", precision="fp32").model


@pytest.fixture
def engine(loaded):
    """Makes an engine with so many rows."""
    return lambda **options: BatchingEngine(*weights_of(loaded), 1, **options)


def test_beams_that_join_and_leave_at_different_steps_end_as_each_does_alone(loaded, engine):
    prompts = [[20 + i, *range(30, 30 + 7 * i)] for i in range(9)]
    alone = [result(TransformersEngine(loaded).stream(beams(p, 3 + i), 4)) for i, p in enumerate(prompts)]
    few = engine(rows=12)  # three have room: the others join as these leave
    assert few.all([beams(p, 3 + i) for i, p in enumerate(prompts)], 4) == alone


def test_a_prompt_that_is_read_in_pieces_between_the_steps_of_others_stays_whole(loaded, engine):
    batching, stop = engine(rows=2), threading.Event()
    writing = batching.stream(endless([7] * 5), 1, stop.is_set)
    assert next(writing) == 11  # it goes on beside the other from here
    for size in (PIECE, 2 * PIECE, 2 * PIECE + 1):
        prompt = [20 + at % 300 for at in range(size)]
        assert result(batching.stream(beams(prompt, 3, 1))) == result(
            TransformersEngine(loaded).stream(beams(prompt, 3, 1))
        )
    stop.set()
    with pytest.raises(Stopped):
        list(writing)


def test_many_callers_at_once_get_each_their_own(loaded, engine):
    plain, batching, found = TransformersEngine(loaded), engine(rows=16), {}

    def ask(number):
        found[number] = result(batching.stream(beams([40 + number] * (number + 1), 6), 4))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {n: result(plain.stream(beams([40 + n] * (n + 1), 6), 4)) for n in range(12)}


def test_a_stop_frees_the_room_at_once_and_those_who_wait_know_their_place(engine):
    small, ended = engine(rows=1), threading.Event()
    first = small.stream(endless([7] * 5), 1, ended.is_set)
    assert next(first) == 11
    second, third = (small.stream(endless([9] * 5)) for _ in range(2))
    assert next(second) == Waiting(0) and next(third) == Waiting(1)
    ended.set()
    with pytest.raises(Stopped):
        list(first)
    assert next(second) == 11 and next(third) == Waiting(0)
    third.close()  # a closed tab: it waited, and no longer does
    fourth = small.stream(endless([8] * 5))
    assert next(fourth) == Waiting(0)
    second.close()
    assert next(fourth) == 11
    fourth.close()


def test_a_full_line_turns_the_next_one_away(engine):
    small = engine(rows=1, most_waiting=1)
    first, second = small.stream(endless([7] * 5)), small.stream(endless([7] * 5))
    assert next(first) == 11 and next(second) == Waiting(0)
    with pytest.raises(BackendError, match="1"):
        next(small.stream(endless([7] * 5)))
    first.close()
    second.close()


def test_an_error_of_one_reaches_its_caller_alone(engine):
    def broken():
        yield Ask([0], [[5, 6, 7]])
        raise ValueError("of this one")

    shared = engine(rows=8)
    other = shared.stream(endless([7] * 5))
    assert next(other) == 11
    with pytest.raises(ValueError, match="of this one"):
        result(shared.stream(broken()))
    assert next(other) == 11
    other.close()
