"""Claims about reading calls out of untrusted text."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.core.errors import CallParseError
from chatbot.core.messages import FunctionCall, Message, call
from chatbot.models.families.chat_template import read as read_template
from chatbot.models.families.chatglm3 import CHATGLM3, call_text
from chatbot.models.families.hotel_mini import HOTEL_MINI
from chatbot.models.families.llama2 import LLAMA2
from chatbot.models.families.parsers import LONGEST, parse_json, parse_named_call, parse_object_call, parse_python_call

FRAGMENTS = [
    *"[]{}()\"',:\\\n-\x00", "search_hotels\n", "```python\n", "```", "tool_call(", "type=", "'经济型'", "None", "1e999", "**", "lambda", "NaN",
    "<|assistant|>", "<|user|>", "CALL:", '{"name": "search_hotels", "arguments": ', "<tool_call>", "</tool_call>", "<|python_tag|>", "<|call|>", "open(1)",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_no_text_makes_a_family_raise_anything_but_its_parse_error(text):
    for read in (CHATGLM3.read, LLAMA2.read, read_template, HOTEL_MINI.read):
        for start in ("", "search_hotels\n", "CALL:", "<|call|>"):
            try:
                message = read(start + text, [])
            except CallParseError:
                continue
            assert isinstance(message, Message)
            json.dumps([c.function.arguments for c in message.tool_calls], allow_nan=False).encode()
    for family in (CHATGLM3, LLAMA2):
        assert family.is_call(text) in (True, False, None)


@given(arguments=st.dictionaries(st.text(min_size=1, max_size=8), DATA, max_size=4))
@settings(max_examples=80, deadline=None)
def test_any_arguments_survive_being_written_and_read(arguments):
    wanted = call(arguments)
    assert CHATGLM3.read("search_hotels\n " + call_text(wanted.call), []) == wanted
    assert (
        LLAMA2.read("CALL: " + json.dumps({"name": "search_hotels", "arguments": arguments}, ensure_ascii=False), [])
        == wanted
    )


@pytest.mark.parametrize(
    "text",
    [
        "tool_call(type=__import__('os').getcwd())",
        "tool_call(type=open('x'))",
        "tool_call(type=f'{1}')",
        "tool_call(type=[i for i in (1,)])",
        "tool_call('经济型')",
        "tool_call(**{'type': 1})",
        "tool_call(type=1, type=2)",
        "tool_call(type={1, 2})",
        "tool_call(type=b'x')",
        "tool_call(type=2j)",
        "tool_call(type=1e999)",
        "tool_call(type={1: 2})",
        "tool_call(type='\\ud800')",
        "a.tool_call(type=1)",
        "tool_call(type=1); tool_call()",
        "tool_call(type=" + "[" * 500 + "]" * 500 + ")",
        "tool_call(type=" + "-" * 5000 + "1)",
        "tool_call(type='" + "长" * LONGEST + "')",
        "x = tool_call()",
        "",
    ],
)
def test_only_one_call_with_keyword_literals_is_a_call(text):
    with pytest.raises(CallParseError):
        parse_python_call(text)


@pytest.mark.parametrize(
    "body",
    [
        "```python\ntool_call(type='经济型')\n```",
        " ```python\ntool_call(type='经济型')\n``` ",
        "tool_call(type='经济型')",
        '{"type": "经济型"}',
        '```json\n{"type": "经济型"}\n```',
    ],
)
def test_chatglm3s_calls_are_read_fenced_bare_and_as_json(body):
    assert parse_named_call("search_hotels", body) == FunctionCall(name="search_hotels", arguments={"type": "经济型"})


@pytest.mark.parametrize(
    "text", ["[1]", "1", "null", '{"a": NaN}', '{"a": Infinity}', '{"a": 1', "[" * 100_000, '{"a": "\\ud800"}']
)
def test_only_an_object_of_plain_data_is_arguments(text):
    with pytest.raises(CallParseError):
        parse_json(text)


def test_an_openai_entry_with_its_arguments_as_a_string_is_read():
    entry = {"type": "function", "function": {"name": "search_hotels", "arguments": '{"type": "经济型"}'}}
    assert parse_object_call(json.dumps(entry)) == FunctionCall(name="search_hotels", arguments={"type": "经济型"})


@pytest.mark.parametrize(
    "text",
    ['{"arguments": {}}', '{"name": 1, "arguments": {}}', '{"name": "rm -rf", "arguments": {}}', '{"name": "a"}'],
)
def test_a_call_needs_a_name_and_arguments(text):
    with pytest.raises(CallParseError):
        parse_object_call(text)
