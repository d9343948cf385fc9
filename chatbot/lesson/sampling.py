"""The next token: how temperature and top-p turn a model's logits into what it may say."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

COLDEST = 0.05
"""Below this temperature the first choice takes all; 0 itself would divide by nothing."""


@dataclass(frozen=True)
class Choice:
    """A token that may come next.

    Attributes:
        probability: after temperature, before top-p.
        kept: its share of what top-p leaves; 0 where it was cut off.
    """

    id: int
    probability: float
    kept: float


def choices(logits: Tensor, temperature: float, top_p: float, most: int = 12) -> list[Choice]:
    """The likeliest next tokens, best first.

    Args:
        logits: shape (vocabulary,).
        temperature: what the logits are divided by.
        top_p: the smallest set of tokens that together reach this probability is kept; the first one always is.
    """
    shares, order = (logits / max(temperature, COLDEST)).softmax(-1).sort(descending=True, stable=True)
    kept = nucleus(shares, top_p)
    rest = torch.where(kept, shares, 0.0)
    rest /= rest.sum()
    return [Choice(int(i), float(p), float(r)) for i, p, r in zip(order[:most], shares, rest, strict=False)]


def nucleus(shares: Tensor, top_p: float) -> Tensor:
    """Which of some probabilities, in falling order, top-p keeps: as many as are needed, the one that reaches it among them."""
    return shares.cumsum(-1) - shares < top_p


def entropy(shares: Sequence[float]) -> float:
    """How open the choice is, in bits."""
    found = torch.tensor([share for share in shares if share > 0])
    return float((found * -found.log2()).sum().clamp(min=0.0))
