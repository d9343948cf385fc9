"""What looks at drafts may doubt them: it never changes one, and what it says is for the trace."""

import copy

import pytest

from chatbot.core.errors import InputError
from chatbot.core.messages import Message, call, reply
from chatbot.understanding.call_verifier import VERIFIERS, NoVerifier, RuleVerifier, verifier
from chatbot.understanding.history import Context

HELD = Context({"type": "经济型", "facilities": ["棋牌室"]}, [{"name": "舒适家酒店"}, {"name": "瑞都大酒店"}])


def acting(line):
    return Message(role="assistant", act=line)


def doubts(draft, words, context=HELD):
    return RuleVerifier().doubts(draft, context, words)


@pytest.mark.parametrize(
    ("words", "line", "said"),
    [
        ("三百以内的", "refine rating>=4", ["price: –300.0 was said"]),
        ("三百以上的", "refine price<=300", ["price: 300.0– was said"]),  # the words say which bound it is
        ("评分4.5以上", "thanks", ["rating: 4.5– was said"]),
        ("换成豪华型", "thanks", ["type: 豪华型 was said"]),
        ("还要残疾人设施", "refine +酒吧", ["facility: 残疾人设施 was said"]),
        ("行就订吧,我姓欧阳", "by_name name=欧阳", ["name: 欧阳 is the guest's own"]),
        ("book it, my name is Li Lei", "by_name name=Li_Lei", ["name: Li Lei is the guest's own"]),
        ("联系人:陈静,下单", "request name=陈静", ["name: 陈静 is the guest's own"]),
    ],
)
def test_a_sure_sign_that_the_line_misses_is_doubted_by_name(words, line, said):
    assert doubts(acting(line), words) == said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("三百以内的", "refine price<=300"),
        ("叫王府的那家有吗", "by_name name=王府"),
        ("is there a hotel named Hilton", "by_name name=Hilton"),
        ("评分4.5以上", "refine rating>=4.5"),
        ("换成豪华型", "replace type=豪华型"),
        ("要经济型的", "refine !type=经济型"),
        ("要残疾人设施", "refine +残疾人设施"),
        ("棋牌室没有也行", "drop -棋牌室"),  # what a line gives up was heard
        ("经济型就无所谓了", "drop -type"),
        ("三百以内也别管了", "drop -price"),
        ("不要豪华型", "thanks"),  # words that turn a wish around: rules are not sure
        ("第一家有残疾人设施吗", "ask_has has:残疾人设施 #1"),
        ("三百块太贵了", "complaint"),
        ("隔壁老王在停车场收费", "smalltalk"),  # a story that names a facility
        ("上家店叫醒服务三点打来,三百块白花", "smalltalk"),
        ("档次高点", "better up"),  # orders the hotels, whatever type the words are found under
        ("哪家最实惠", "superlative sort=price_asc"),
        ("舒适家酒店怎么走", "thanks"),  # a type within the name of a hotel shown
        ("谢谢", "thanks"),
    ],
)
def test_where_the_rules_are_not_sure_nothing_is_doubted(words, line):
    assert doubts(acting(line), words) == []


@pytest.mark.parametrize(
    ("words", "arguments", "unsaid"),
    [
        ("要经济型的", {"type": "经济型", "facilities": ["温泉"]}, "温泉"),
        ("要经济型的", {"type": "经济型", "subway": "国贸"}, "国贸"),
        ("不要早餐", {"price_range_upper": 300}, "300元以下"),
    ],
)
def test_what_a_call_without_an_act_line_asks_for_and_the_words_do_not_is_doubted(words, arguments, unsaid):
    assert f"not said: {unsaid}" in doubts(call(arguments), words, Context())


def test_a_call_that_does_not_validate_is_doubted_and_no_error():
    assert doubts(call({"rating_range_lower": 9}), "评分9分以上", Context())


def test_a_reply_in_words_is_not_doubted():
    assert doubts(reply("好的"), "要三百以内的豪华型") == []


@pytest.mark.parametrize("draft", [acting("refine +酒吧"), call({"type": "豪华型"}), call({}), reply("好的")])
@pytest.mark.parametrize("name", sorted(VERIFIERS))
def test_no_draft_and_no_context_is_changed(name, draft):
    kept, held = copy.deepcopy(draft), copy.deepcopy(HELD)
    verifier(name).doubts(draft, HELD, "三百以内，换成豪华型，要残疾人设施")
    assert (draft, held) == (kept, HELD)


def test_the_model_alone_is_never_doubted():
    assert NoVerifier().doubts(call({"type": "豪华型"}), HELD, "换成经济型") == []


def test_verifiers_are_chosen_by_name():
    assert {name: verifier(name).name for name in VERIFIERS} == {"none": "none", "rules": "rules"}
    with pytest.raises(InputError, match="strict"):
        verifier("strict")
