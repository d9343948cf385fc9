"""The rows shown are quantised as bitsandbytes quantises them, and its levels are the published ones."""

import pytest
import torch
from bitsandbytes.functional import dequantize_4bit, quantize_4bit

from chatbot.core.settings import settings
from chatbot.lesson.quantise import MATRICES, TYPES, codes, weight_row
from chatbot.models.local import LocalModel
from chatbot.training.estimate import NF4_CONSTANTS

PUBLISHED = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]  # fmt: skip
"""Appendix E of arXiv:2305.14314."""


@pytest.fixture(scope="module")
def model():
    return LocalModel.load(settings().tuned, precision="fp32", device="cpu")


def test_the_levels_are_those_of_the_paper():
    assert codes().tolist() == pytest.approx(PUBLISHED, abs=1e-6)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize(("name", "double"), [("nf4", False), ("nf4-double", True)])
def test_the_error_of_nf4_is_that_of_bitsandbytes(model, matrix, name, double):
    row = weight_row(model, 2, matrix, 17)
    packed, state = quantize_4bit(row[None], blocksize=64, quant_type="nf4", compress_statistics=double)
    theirs = dequantize_4bit(packed, state)[0]
    ours = TYPES[name](row)
    assert ours.back == pytest.approx(theirs, abs=1e-6)
    assert ours.error(row) == pytest.approx(float((theirs - row).square().mean().sqrt()), rel=1e-4)


def test_fewer_bits_lose_more_and_double_quantisation_saves_almost_half_a_bit(model):
    row = weight_row(model, 0, "q_proj", 0)
    coded = [make(row) for make in TYPES.values()]
    assert [c.error(row) for c in coded[:3]] == sorted(c.error(row) for c in coded[:3]) and coded[0].error(row) == 0
    assert coded[3].bits == pytest.approx(4 + 8 * NF4_CONSTANTS) and 0.3 < coded[2].bits - coded[3].bits < 0.5


def test_a_weight_stands_at_the_nearest_level(model):
    row = weight_row(model, 1, "down_proj", 5)
    back = TYPES["nf4"](row).back[:64]
    levels = codes() * row[:64].abs().max()
    assert torch.equal((row[:64, None] - levels).abs().argmin(-1), (back[:, None] - levels).abs().argmin(-1))
    assert TYPES["int8"](row).worst(row) <= float(row.abs().max()) / 127 / 2 + 1e-7


def test_a_row_beyond_the_last_is_the_last(model):
    assert torch.equal(weight_row(model, 0, "q_proj", 9999), weight_row(model, 0, "q_proj", 255))
