"""What int8 and NF4 make of one row of a model's weights: every weight, its bucket, its error, and the bits that it costs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from chatbot.lesson.block import blocks
from chatbot.lesson.memory import BLOCK, GROUP
from chatbot.models.inside import OpenModel

MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
LEVELS = 127
"""Steps of int8 to either side of zero."""


@dataclass(frozen=True)
class Coded:
    """A row in a smaller type.

    Attributes:
        back: the row as it is computed with, shape (columns,).
        bits: of a weight, its share of the scales included.
        buckets: how many different values the type has.
    """

    back: Tensor
    bits: float
    buckets: int

    def error(self, row: Tensor) -> float:
        """The root mean square of what is lost."""
        return float((self.back - row).square().mean().sqrt())

    def worst(self, row: Tensor) -> float:
        """The largest loss."""
        return float((self.back - row).abs().max())


def weight_row(model: OpenModel, layer: int, matrix: str, row: int) -> Tensor:
    """One row of a linear layer as fp32 on the CPU; a row beyond the last is the last."""
    block = blocks(model)[layer]
    part: Any = getattr(block.self_attn if matrix in MATRICES[:4] else block.mlp, matrix)
    found: Tensor = part.weight[min(row, part.weight.shape[0] - 1)].detach().float().cpu()
    return found


def codes() -> Tensor:
    """NF4's sixteen levels: the quantiles of a normal distribution, scaled to ±1 (arXiv:2305.14314)."""
    from bitsandbytes.functional import get_4bit_type

    found: Tensor = get_4bit_type("nf4", device="cpu")
    return found


def int8(row: Tensor) -> Coded:
    """One scale for the whole row, 255 equal steps."""
    scale = row.abs().max() / LEVELS
    return Coded((row / scale).round() * scale, 8 + 32 / len(row), 2 * LEVELS + 1)


def nf4(row: Tensor, double: bool) -> Coded:
    """Sixteen unequal levels, a scale for each 64 weights; `double`: these scales in 8 bits too.

    By hand, as bitsandbytes does it: what a test compares.
    """
    blocks_ = row.view(-1, BLOCK)
    levels, scales = codes(), blocks_.abs().amax(1, keepdim=True)
    nearest = (blocks_[..., None] / scales[..., None] - levels).abs().argmin(-1)
    used = _scales_again(scales) if double else scales
    bits = 4 + (8 / BLOCK + 32 / (BLOCK * GROUP) if double else 32 / BLOCK)
    return Coded((levels[nearest] * used).flatten(), bits, len(levels))


def _scales_again(scales: Tensor) -> Tensor:
    """Scales quantised once more by the library, in its dynamic 8-bit type around their mean."""
    from bitsandbytes.functional import dequantize_blockwise, quantize_blockwise

    mean = scales.mean()
    coded, state = quantize_blockwise(scales - mean, blocksize=GROUP)
    back: Tensor = dequantize_blockwise(coded, state)
    return back + mean


TYPES: dict[str, Callable[[Tensor], Coded]] = {
    "fp32": lambda row: Coded(row, 32, 2**32),
    "int8": int8,
    "nf4": lambda row: nf4(row, double=False),
    "nf4-double": lambda row: nf4(row, double=True),
}
