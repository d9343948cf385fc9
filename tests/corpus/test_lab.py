"""Claims about reading data of other forms."""

import json

import pytest

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, call, observation, reply, user, write_conversations
from chatbot.corpus.reading.reader import read_conversations

HOTEL = {
    "name": "春晓旅馆",
    "type": "经济型",
    "address": "北京甲路1号",
    "subway": "甲站",
    "phone": "010-1",
    "facilities": ["暖气"],
    "price": -1.0,
    "rating": 4.1,
    "hotel_id": 3,
}
LAB = {
    "tools": ["[]"],
    "conversations": [
        {"role": "user", "content": "找家便宜的"},
        {"role": "assistant", "content": "我需要使用search_hotels工具来查询酒店"},
        {"role": "tool", "name": "search_hotels", "parameters": {"type": "经济型"}, "observation": [HOTEL]},
        {"role": "assistant", "content": "春晓旅馆可以。"},
        {"role": "user", "content": "还有别的吗"},
        {"role": "assistant", "content": "我需要使用search_hotels工具来查询酒店"},
        {"role": "tool", "name": "search_hotels", "parameters": {}},
    ],
}


def write(path, *lines):
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    return path


def test_a_tool_message_becomes_a_call_and_its_observation(tmp_path):
    [conversation] = read_conversations(write(tmp_path / "lab.jsonl", LAB))
    assert [m.role for m in conversation.messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
        "assistant",
        "tool",
    ]
    assert conversation.messages[1].call.arguments == {"type": "经济型"}
    assert conversation.id == "lab-1"


def test_observed_hotels_take_our_record_form(tmp_path):
    [conversation] = read_conversations(write(tmp_path / "lab.jsonl", LAB))
    [record] = conversation.messages[2].records
    assert list(record) == [
        "name",
        "type",
        "address",
        "subway",
        "phone",
        "facilities",
        "price",
        "rating",
        "nearby_attractions",
        "nearby_restaurants",
    ]
    assert record["price"] is None and record["rating"] == 4.1 and record["nearby_attractions"] == []


def test_a_missing_observation_is_an_empty_one(tmp_path):
    [conversation] = read_conversations(write(tmp_path / "lab.jsonl", LAB))
    assert conversation.messages[-1].content == "[]"


def test_our_own_form_is_read_back_as_it_was_written(tmp_path):
    mine = Conversation(
        id="a",
        source="s",
        messages=[user("有\u2028暖气吗"), call({"facilities": ["暖气"]}), observation([]), reply("没有找到。")],
    )
    write_conversations(tmp_path / "ours.jsonl", [mine])
    assert read_conversations(tmp_path / "ours.jsonl") == [mine]


def test_a_line_of_neither_form_is_named(tmp_path):
    with pytest.raises(
        InputError, match=r"bad.jsonl:2 cannot be used \(1 in all\): this is no known form of a conversation"
    ):
        read_conversations(write(tmp_path / "bad.jsonl", LAB, {"text": "你好"}))
    with pytest.raises(InputError, match="could not be read"):
        read_conversations(tmp_path / "missing.jsonl")
