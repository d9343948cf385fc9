"""Relaxation gives up as few wishes as can be, checked against all ways to give up wishes."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chatbot.hotels.relax import relax


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=1, max_size=6)
    )
)
def test_no_smaller_and_no_less_important_choice_would_do(rows):
    masks = [np.array(row) for row in rows]
    given_up, found = relax(masks)
    ways = [way for size in range(len(masks) + 1) for way in combinations(range(len(masks)), size)]
    works = [
        way
        for way in ways
        if np.logical_and.reduce(
            [np.ones(len(rows[0]), bool), *(m for at, m in enumerate(masks) if at not in way)]
        ).any()
    ]
    assert found.any()
    assert tuple(given_up) == min(works, key=lambda way: (len(way), way[::-1]))
