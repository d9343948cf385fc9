"""Readers of what comes from outside, on thousands of broken inputs: each reads it or refuses it in its own words.

Run with: python -m pytest tests/hostile/test_fuzz.py -m fuzz
"""

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chatbot.core.errors import WorkbenchError
from chatbot.corpus.reading.reader import read
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.records import read_hotels
from chatbot.models.families.chat_template import read as read_template
from chatbot.models.families.chatglm3 import CHATGLM3
from chatbot.models.families.hotel_mini import HOTEL_MINI
from chatbot.models.families.llama2 import LLAMA2
from chatbot.models.serving.openai_request import offer, parse_request, to_messages
from chatbot.understanding.amounts import amounts
from chatbot.understanding.dialogue_state import next_state
from chatbot.understanding.normalise import model_words
from chatbot.understanding.turn_act import ACTS, TurnAct

pytestmark = pytest.mark.fuzz
KEYS = st.sampled_from(
    ["messages", "role", "content", "tool_calls", "function", "name", "arguments", "tools", "tool_choice", "id", "turns", "user", "type",
     "facilities", "exclude", "near", "price", "price_range_upper", "rating", "goal", "conversations", "from", "value", "stop", "n", "seed"]
) | st.text(max_size=5)  # fmt: skip
PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    | st.sampled_from(["user", "assistant", "tool", "function", "search_hotels", "经济型", "1e999", "-0", "\ud800", "\x00", "auto"])
)  # fmt: skip
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=14
)
FRAGMENTS = st.sampled_from(
    [
        *ACTS,
        "+棋牌室",
        "-",
        "!type=",
        "price<=",
        "price=300..200",
        "#",
        "has:",
        "ask:",
        "?",
        "price~1e9",
        "rating>=NaN",
        "  ",
        "\n",
        "..",
        "/",
    ]
)
TEXTS = st.text(max_size=80) | st.lists(FRAGMENTS | st.text(max_size=6), max_size=9).map(" ".join)
MANY = settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))


def refused_or(read_it):
    """Run it; only an error of our own may come, or what the route turns into one."""
    with suppress(WorkbenchError, ValidationError):
        read_it()


def written(value):
    return json.dumps(value, ensure_ascii=True).encode()


@MANY
@given(VALUES | st.fixed_dictionaries({"messages": st.lists(VALUES, max_size=3)}), st.binary(max_size=8))
def test_a_request_for_a_chat(value, tail):
    def asked(body):
        request = parse_request(body)
        offer(request)
        to_messages(request.messages)

    for body in (written(value), written(value)[:-1], written(value) + tail):
        refused_or(lambda body=body: asked(body))


@MANY
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_the_arguments_of_a_search(value):
    refused_or(lambda: HotelQuery.parse(value))


@MANY
@given(TEXTS)
def test_an_act_line_and_what_it_makes_of_a_state(text):
    refused_or(
        lambda: HotelQuery.parse(
            next_state({"type": "经济型", "facilities": ["棋牌室"]}, TurnAct.parse(text), ("甲酒店",))
        )
    )


@MANY
@given(TEXTS)
def test_what_a_guest_or_a_model_writes(text):
    amounts(model_words(text))
    for family in (CHATGLM3.read, LLAMA2.read, HOTEL_MINI.read, read_template):
        refused_or(lambda family=family: family(text, []))


@settings(MANY, max_examples=800)
@given(st.lists(VALUES, max_size=4), st.sampled_from([".jsonl", ".json", ".csv"]), st.binary(max_size=12))
def test_files_of_conversations_and_of_hotels(tmp_path_factory, rows, ending, tail):
    path = tmp_path_factory.getbasetemp() / f"fuzz{ending}"
    for content in (b"\n".join(map(written, rows)) + tail, written(rows) + tail, tail):
        path.write_bytes(content)
        refused_or(lambda: read(path))
        refused_or(lambda: list(read_hotels(path)))
