"""Relaxation gives up as few wishes as can be, checked against all ways to give up wishes."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chatbot.core.messages import Instead
from chatbot.hotels.relax import other_way, relax


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


def masks(**hotels):
    """Wish → which hotels meet it, of strings of 1 and 0."""
    return {name: np.array([flag == "1" for flag in flags]) for name, flags in hotels.items()}


def other(wishes, *given_up):
    return other_way(wishes, given_up, np.ones(len(next(iter(wishes.values()))), bool))


def test_who_cares_for_what_was_given_up_hears_what_to_give_up_instead():
    assert other(masks(pool="0011", price="1100"), "pool") == Instead(["pool"], ["price"], 2)
    assert other(masks(pool="0010", gym="0011", price="1100"), "pool", "gym") == Instead(["gym", "pool"], ["price"], 1)


def test_where_not_all_of_it_can_be_had_the_most_important_that_can_is_kept():
    assert other(masks(pool="0010", gym="0001", price="1000"), "pool", "gym") == Instead(["gym"], ["price", "pool"], 1)
    assert other(masks(pool="0010", gym="0000", price="1000"), "pool", "gym") == Instead(["pool"], ["price", "gym"], 1)


def test_what_nobody_has_or_costs_far_more_wishes_has_no_other_way():
    assert other(masks(pool="000", price="111"), "pool") is None
    assert other(masks(pool="01", gym="10", bar="10", price="10"), "pool") is None
    assert other_way(masks(pool="01", price="10"), ["pool"], np.array([True, False])) is None
