"""RoPE turned by hand: one query is moved along the sentence while its partner stays, and their score follows."""

from dataclasses import dataclass

import torch
from torch import Tensor

from chatbot.lesson.block import Reading, angles, attention_scores, projections, rotated, theta
from chatbot.models.inside import OpenModel

REACH = 20
"""Positions that a query is moved, either way."""


@dataclass(frozen=True)
class Turning:
    """A query and the key that it looks at most.

    Attributes:
        partner: the position of that key, from 0.
        query, key: their vectors before they are turned, shape (head width,).
        speed: radians a position, a pair; shape (head width / 2,).
        scores: their score, by how many positions the query is moved.
    """

    place: int
    partner: int
    query: Tensor
    key: Tensor
    speed: Tensor
    scores: dict[int, float]

    def arrow(self, pair: int, turn: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """A pair of the query, moved `turn` positions, and of the key, as they stand after RoPE has turned them."""
        return self._turned(self.query, pair, self.place + turn), self._turned(self.key, pair, self.partner)

    def _turned(self, vector: Tensor, pair: int, position: int) -> tuple[float, float]:
        one, other = float(vector[pair]), float(vector[pair + len(vector) // 2])
        angle = self.speed[pair] * position
        cos, sin = float(angle.cos()), float(angle.sin())
        return one * cos - other * sin, other * cos + one * sin


@torch.inference_mode()
def turning(model: OpenModel, reading: Reading, layer: int, head: int, place: int) -> Turning:
    """Move the query of a place by up to `REACH` positions either way; all count from 0."""
    query, key, _ = (part[head] for part in projections(model, reading, layer))
    base = theta(model)
    still = rotated(key, base)
    all_scores = {t: attention_scores(rotated(query, base, t), still)[place] for t in range(-REACH, REACH + 1)}
    partner = int(all_scores[0][: place + 1].argmax())
    scores = {t: float(row[partner]) for t, row in all_scores.items()}
    return Turning(place, partner, query[place], key[partner], angles(base, query.shape[-1]), scores)
