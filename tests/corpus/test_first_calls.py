"""Claims about cutting conversations after their first call."""

from chatbot.core.messages import Conversation, call, observation, reply, user
from chatbot.corpus.selfplay.first_call import first_calls


def dialogue(name, *messages):
    return Conversation(id=name, source=name, messages=list(messages))


def test_a_conversation_ends_with_its_first_call():
    whole = dialogue(
        "a", user("你好"), reply("您好"), user("要经济型"), call({"type": "经济型"}), observation([]), reply("没有。")
    )
    assert [m.content or m.call.arguments for c in first_calls([whole]) for m in c.messages] == [
        "你好",
        "您好",
        "要经济型",
        {"type": "经济型"},
    ]
    assert len(whole.messages) == 6


def test_one_without_a_call_and_one_that_was_asked_before_are_left_out():
    ask = [user("要经济型"), call({"type": "经济型"})]
    assert [
        c.id for c in first_calls([dialogue("a", user("在吗"), reply("在")), dialogue("b", *ask), dialogue("c", *ask)])
    ] == ["b"]


def test_what_a_held_out_user_says_is_not_taken():
    ask = [user("要经济型"), call({"type": "经济型"})]
    assert list(first_calls([dialogue("a", *ask)], [dialogue("held", *ask)])) == []
