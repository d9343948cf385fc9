"""Act lines derived from states: that they lead where people wrote, in the words that people used."""

import pytest

from chatbot.corpus.phrasebank.bank import read_bank
from chatbot.understanding.derive_act import as_said, derive_act
from chatbot.understanding.dialogue_state import next_state
from chatbot.understanding.normalise import model_words
from chatbot.understanding.turn_act import COPIED, Item

POOL = ["室内游泳池", "室外游泳池"]
STEPS = [
    ({}, {"type": "经济型"}, "要经济型的", None, "request type=经济型"),
    ({"type": "经济型"}, {}, "重新来", None, "restart"),
    ({"type": "经济型"}, {"type": "经济型"}, "第一家电话", "ask_field", "ask_field"),
    ({"type": "经济型"}, {"type": "豪华型"}, "换豪华", "replace", "replace type=豪华型"),
    ({"type": "舒适型"}, {"type": "高档型"}, "再好点", "better", "better up"),
    ({"price_range_upper": 500}, {"price_range_upper": 500, "sort_by": "price", "sort_order": "asc"}, "便宜点", "cheaper", "cheaper"),
    ({"price_range_lower": 9}, {"price_range_upper": 300}, "300以内", None, "refine price<=300"),
    ({}, {"price_range_lower": 250, "price_range_upper": 350}, "300左右", None, "request price~300"),
    ({}, {"price_range_lower": 250, "price_range_upper": 350}, "250到350", None, "request price=250..350"),
    ({}, {"address": "朝阳区"}, "朝阳那边", None, "request address=朝阳"),
    ({"near": "故宫"}, {"subway": "国贸"}, "换国贸站", "replace", "replace subway=国贸"),
    ({"near": "故宫"}, {}, "不限地方了", "drop", "drop -near"),
    ({"facilities": ["酒吧", "温泉"]}, {}, "都不要了", "drop", "drop -facilities"),
    ({"facilities": ["酒吧"]}, {"facilities": [POOL]}, "酒吧换成泳池", "replace", "replace -酒吧 +泳池"),
    ({"facilities": ["酒吧"]}, {"exclude": {"facilities": ["酒吧"]}}, "别有酒吧", None, "refine !酒吧"),
    ({"type": "经济型"}, {"exclude": {"type": ["经济型"]}}, "不要经济型", None, "refine !type=经济型"),
    ({"type": "经济型"}, {"name": "如家"}, "查查如家", "by_name", "by_name name=如家"),
    ({"exclude": {"name": ["如家"]}}, {}, "如家也行", "drop", "drop -exclude"),
    ({"name": "如家"}, {"exclude": {"name": ["如家"]}}, "不要如家", None, "refine !name=如家"),
    ({"exclude": {"facilities": ["酒吧"]}}, {"exclude": {"facilities": ["酒吧", "温泉"]}}, "也别有温泉", None, "refine !温泉"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "words", "act", "line"), STEPS, ids=[step[4] for step in STEPS])
def test_a_step_between_states_is_one_line_that_takes_it(before, after, words, act, line):
    turn = derive_act(before, after, words, act)
    assert str(turn) == line
    assert next_state(before, turn) == after


def test_what_no_state_shows_is_put_behind_what_it_does():
    turn = derive_act({}, {"type": "经济型"}, "x", "request", [Item("ask:", "phone"), Item("#", "1")])
    assert str(turn) == "request type=经济型 ask:phone #1"


@pytest.mark.parametrize(
    ("value", "words", "said"),
    [
        ("朝阳区", "朝阳附近", "朝阳"),
        ("朝阳区", "在朝阳区", "朝阳区"),
        ("国贸", "near Guomao please", "Guomao"),
        ("故宫", "随便", "故宫"),
    ],
)
def test_a_place_is_given_as_the_words_have_it(value, words, said):
    assert as_said(value, words) == said


@pytest.fixture(scope="module")
def written():
    """Every turn of the bank's dialogues: the state before, the state after, the words, and the derived line."""
    out = []
    for dialogue in read_bank().dialogues:
        state = {}
        for row in dialogue["turns"]:
            words = model_words(row["user"])
            out.append((state, row["state"], words, derive_act(state, row["state"], words, row.get("act"))))
            state = row["state"]
    return out


def _plain(state):
    return state | {"facilities": sorted(map(str, state.get("facilities") or ()))}


def test_derived_lines_lead_to_the_states_that_people_wrote(written):
    right = sum(_plain(next_state(before, turn)) == _plain(after) for before, after, _, turn in written)
    assert len(written) > 5000
    assert right / len(written) >= 0.99


def test_what_derived_lines_copy_stands_in_the_words(written):
    copied = [
        item.value.lower() in words.lower() for _, _, words, turn in written for item in turn.items if item.op in COPIED
    ]
    assert len(copied) > 1000
    assert sum(copied) / len(copied) >= 0.9
