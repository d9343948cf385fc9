"""Calls weigh more or less than replies in the loss: a weight for every trained token."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import torch

from chatbot.models.families.family import Family
from chatbot.models.render import IGNORED
from chatbot.training.data import Example

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Weights = Mapping[tuple[int, ...], Sequence[float]]
"""A conversation's tokens → the weight of each in the loss."""


def call_weights(
    data: Sequence[Example], family: Family, tokenizer: "PreTrainedTokenizerBase", weight: float
) -> dict[tuple[int, ...], list[float]]:
    """The weights of all examples, scaled so that a trained token weighs 1 on average."""
    raw = {tuple(e.ids): _raw(e, family, tokenizer, weight) for e in data}
    trained = [w for ids, labels in _labels(data) for w in _of_trained(raw[ids], labels)]
    mean = sum(trained) / len(trained)
    return {ids: [w / mean for w in weights] for ids, weights in raw.items()}


def _labels(data: Sequence[Example]) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    return ((tuple(e.ids), e.labels) for e in data)


def _of_trained(weights: Sequence[float], labels: Sequence[int]) -> Iterator[float]:
    """The weights of the tokens that carry loss; the first token never does."""
    return (w for w, label in list(zip(weights, labels, strict=True))[1:] if label != IGNORED)


def _raw(example: Example, family: Family, tokenizer: "PreTrainedTokenizerBase", weight: float) -> list[float]:
    out: list[float] = []
    for ignored, run in groupby(zip(example.ids, example.labels, strict=True), lambda pair: pair[1] == IGNORED):
        ids = [token for token, _ in run]
        written = "" if ignored else str(tokenizer.decode(ids, skip_special_tokens=False))
        out += [weight if written and family.is_call(written) else 1.0] * len(ids)
    return out


def weigh(log_probs: torch.Tensor, parts: Iterable[tuple[int, list[int]]], weights: Weights) -> torch.Tensor:
    """The log-probabilities of a batch times their weights; padding and conversations that are not known weigh 1.

    Args:
        log_probs: of the tokens from the second of each row on.
        parts: row and token ids of every conversation, in order.
    """
    rows: list[list[float]] = [[] for _ in log_probs]
    for row, ids in parts:
        rows[row] += weights.get(tuple(ids)) or [1.0] * len(ids)
    width = log_probs.shape[1]
    filled = [(found[1:] + [1.0] * width)[:width] for found in rows]
    return log_probs * torch.tensor(filled).to(log_probs)


class Weighing:
    """A model whose log-probabilities are weighed on their way into the trainer's loss."""

    def __init__(self, model: Any, parts: Iterable[tuple[int, list[int]]], weights: Weights) -> None:
        self.model, self.parts, self.weights = model, parts, weights

    def __call__(self, **inputs: Any) -> Any:
        """The model's output."""
        output = self.model(**inputs)
        virtual = output.log_probs.shape[1] + 1 - inputs["input_ids"].shape[1]
        own = weigh(output.log_probs[:, virtual:], self.parts, self.weights)
        output.log_probs = torch.cat([output.log_probs[:, :virtual], own], dim=1)
        return output
