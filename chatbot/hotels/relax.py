"""When no hotel meets every wish: which wishes to give up, so that as few as possible and the least important go."""

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from chatbot.core.messages import Instead

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


def other_way(wishes: Mapping[str, Mask], given_up: Sequence[str], allowed: Mask) -> Instead | None:
    """What to give up instead, for whoever cares most for what was given up.

    Args:
        wishes: name → mask, the least important wish first.
        given_up: names of those given up, the least important first.
        allowed: as of `relax`.

    Returns:
        what is kept after all (all of it where a hotel meets it all, else the most important wish that one meets) and what is given up
        for it; None where no hotel meets any of it, or that is more than one wish more.
    """
    for kept in (list(given_up), *([name] for name in reversed(given_up))):
        needed = reduce(np.logical_and, (wishes[name] for name in kept), allowed)
        if needed.any():
            positions, found = relax(list(wishes.values()), needed)
            if len(positions) > len(given_up) + 1:
                return None
            names = list(wishes)
            return Instead(kept[::-1], [names[at] for at in reversed(positions)], int(np.count_nonzero(found)))
    return None
