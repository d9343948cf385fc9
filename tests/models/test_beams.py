"""Of the lines that a dialogue allows, the likeliest as a whole is found, also where its beginning is not the likeliest."""

import math

import torch

from chatbot.models.act_lines.beams import best_line

STOP = 3
TABLE = {(): [0.6, 0.4, 0.0, 0.0], (0,): [0.4, 0.3, 0.0, 0.3], (1,): [0.0, 0.0, 0.9, 0.1], (1, 2): [0.0, 0.0, 0.1, 0.9]}
"""Probabilities of the next of four tokens after each beginning."""


class Guide:
    """Allows what a set holds, and keeps what was written."""

    def __init__(self, allowed=(0, 1, 2, 3), written=()):
        self._allowed, self.written = allowed, tuple(written)

    def copy(self):
        return Guide(self._allowed, self.written)

    def allowed(self):
        return set(self._allowed)

    def accept(self, token):
        self.written = (*self.written, token)


def table_step():
    """A step that reads TABLE; each line's beginning is followed by its parents, as a cache does."""
    beginnings = [()]

    def step(parents, new):
        nonlocal beginnings
        beginnings = [(*beginnings[p], *(t for t in ids if t >= 0)) for p, ids in zip(parents, new, strict=True)]
        rows = [TABLE.get(beginning, [0.0, 0.0, 0.0, 1.0]) for beginning in beginnings]
        return torch.tensor([[math.log(p) if p else -30.0 for p in row] for row in rows])

    return step


def found(**options):
    step, logits = table_step(), None
    writing = best_line([-1], options.pop("guide", Guide()), {STOP}, options.pop("longest", 9), **options)
    while True:
        try:
            ask = writing.send(logits)
        except StopIteration as end:
            return end.value
        logits = step(ask.parents, ask.new)


def test_the_likeliest_whole_line_wins_over_the_likeliest_beginning():
    assert found(width=1).ids == [0, 0]
    line = found(width=3)
    assert line.ids == [1, 2] and math.isclose(math.exp(line.score), 0.4 * 0.9 * 0.9, rel_tol=1e-5)


def test_what_the_guide_does_not_allow_is_never_written_and_sureness_is_among_the_allowed():
    line = found(guide=Guide(allowed=(0, 3)), width=3)
    assert line.ids == [0, 0] and math.isclose(line.sureness[1], 0.4 / 0.7, rel_tol=1e-5)


def test_a_line_ends_at_the_limit():
    assert len(found(guide=Guide(allowed=(0, 1, 2)), longest=5).ids) == 5


def test_with_a_temperature_lines_are_drawn_and_a_seed_gives_the_same_again():
    drawn = {tuple(found(temperature=1.0, seed=seed).ids) for seed in range(20)}
    assert len(drawn) > 2 and found(temperature=1.0, seed=5) == found(temperature=1.0, seed=5)
