"""When no hotel meets every wish: which wishes to give up, so that as few as possible and the least important go."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""One flag a hotel: does it meet the wish?"""


def relax(masks: Sequence[Mask], allowed: Mask | None = None) -> tuple[list[int], Mask]:
    """Give up the fewest wishes; among equally few, those whose most important one matters least.

    Args:
        masks: one a wish, the least important wish first; at most 63.
        allowed: the hotels that may be shown, at least one: what a user rules out is never given up. None for all.

    Returns:
        positions of the wishes given up, and the hotels that meet all the others.
    """
    broken = np.zeros(len(masks[0]), np.min_scalar_type(2 ** len(masks) - 1))
    for bit, mask in enumerate(masks):
        broken |= np.left_shift(~mask, bit, dtype=broken.dtype)
    considered = broken if allowed is None else broken[allowed]
    counts = np.bitwise_count(considered)
    given_up = considered[counts == counts.min()].min()
    found = (broken & ~given_up) == 0
    return [bit for bit in range(len(masks)) if int(given_up) >> bit & 1], found if allowed is None else found & allowed
