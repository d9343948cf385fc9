"""What a tool message holds: records, and beside them what a search had to say; the first form, a bare list, is read on."""

import json

import pytest

from chatbot.core.messages import Conversation, Message, Observed, observation, user
from chatbot.corpus.reading.reader import read_conversations

RECORD = {"name": "甲", "price": 200}


def test_records_alone_are_written_as_the_bare_list_of_before():
    assert json.loads(observation([RECORD]).content) == [RECORD]


def test_what_is_given_beside_the_records_makes_an_object():
    message = observation([RECORD], total=5, relaxed=["near"], unmatched=[])
    assert json.loads(message.content) == {"records": [RECORD], "total": 5, "relaxed": ["near"], "unmatched": []}
    assert message.records == [RECORD]
    assert message.observed == Observed(5, ["near"], [], given=True)
    assert json.loads(observation([], relaxed=[]).content) == {"records": [], "relaxed": []}


def test_a_bare_list_says_that_its_records_are_all():
    assert observation([RECORD]).observed == Observed(1)


@pytest.mark.parametrize(
    "content",
    ["", "没有", "7", "null", '"甲"', "{", "[" * 100_000, '{"records": 5, "total": "many", "relaxed": "near"}', "{}"],
)
def test_foreign_content_holds_nothing_and_breaks_nothing(content):
    message = Message(role="tool", content=content)
    assert message.records == []
    assert (message.observed.total, message.observed.relaxed, message.observed.unmatched) == (0, [], [])


def test_only_a_tool_message_carries_records():
    assert user(observation([RECORD], total=1).content).records == []
    assert user(observation([RECORD], total=1).content).observed == Observed()


def test_a_file_may_hold_both_forms(tmp_path):
    path = tmp_path / "c.jsonl"
    messages = [observation([RECORD]), observation([RECORD], total=3)]
    path.write_text(Conversation(id="a", source="a", messages=messages).to_json() + "\n", encoding="utf-8")
    [conversation] = read_conversations(path)
    assert [(m.records, m.observed.total) for m in conversation.messages] == [([RECORD], 1), ([RECORD], 3)]
