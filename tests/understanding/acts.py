"""Act lines and dialogue states at random, for properties that must hold of any."""

from hypothesis import strategies as st

from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.query import HOTEL_TYPES
from chatbot.understanding.turn_act import ACTS, BARE, COPIED, FIELDS, GROUPS, HOTELS, NUMERIC, SORTS, Item, TurnAct

_facilities = st.lists(st.sampled_from((*FACILITIES, *GROUPS)), min_size=1, max_size=6).map("/".join)
_numbers = st.one_of(st.integers(0, 10**9).map(str), st.floats(0, 2000).map(lambda n: f"{n:.1f}"))
_amounts = st.one_of(_numbers, st.tuples(_numbers, _numbers).map("..".join))
VALUES = {
    **dict.fromkeys(BARE, st.just("")),
    **dict.fromkeys(COPIED, st.text("朝阳区站 _\t\n<|>op:店3é", max_size=100)),
    **dict.fromkeys(NUMERIC, _amounts),
    **dict.fromkeys(("+", "-", "!", "has:"), _facilities),
    **dict.fromkeys(("type=", "!type="), st.sampled_from(HOTEL_TYPES)),
    **dict.fromkeys(("sort=", "top:"), st.sampled_from(SORTS)),
    **dict.fromkeys(("#", "!#"), st.sampled_from(HOTELS)),
    "ask:": st.sampled_from(FIELDS),
}
"""Operator → the values that a model may write after it."""
items = st.sampled_from(sorted(VALUES)).flatmap(lambda op: VALUES[op].map(lambda value: Item(op, value)))
acts = st.builds(TurnAct, st.sampled_from(ACTS), st.lists(items, max_size=16).map(tuple))
