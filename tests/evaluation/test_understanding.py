"""Measuring what was understood on lines that were kept apart: who understands all is perfect, in all three rows."""

import random

import pytest

from chatbot.core.errors import CallParseError
from chatbot.core.messages import Message, call
from chatbot.corpus.phrasebank.bank import is_kept, read_bank
from chatbot.corpus.phrasebank.turns import Turn
from chatbot.evaluation.understanding import ROWS, figures, held_out_turns, history_of, judge, measure, same_state
from chatbot.models.backends import MessageDelta
from chatbot.models.families.act_line import message_of
from chatbot.understanding.history import context_of
from chatbot.understanding.turn_act import TurnAct

CHEAP = {"type": "经济型"}
SHOWN = ("归途快捷酒店", "瑞都大酒店")


def turn(words, line, before=None, shown=SHOWN, kind="refine"):
    return Turn(before if before is not None else CHEAP, shown, words, TurnAct.parse(line), kind)


TURNS = [
    turn("三百以内", "refine price<=300"),
    turn("第二家电话", "ask_field ask:phone #2", kind="ask_field"),
    turn("要豪华型", "request type=豪华型", {}, (), "request"),
]


class Understands:
    """A model of act lines that answers words with prepared lines, and cannot be read where it has none."""

    name, acts = "understands", True

    def __init__(self, turns):
        self.lines = {turn.words: turn.act for turn in turns}

    def _message(self, messages):
        act = self.lines.get(messages[-1].content)
        return message_of(act, context_of(messages[:-1])) if act else None

    def generate(self, messages, tools, **options):
        message = self._message(messages)
        if message is None:
            raise CallParseError("models.act_line", value="x")
        yield MessageDelta(message)

    def predict(self, contexts):
        return [self._message(messages) for messages, _ in contexts]


@pytest.mark.parametrize("turn", TURNS, ids=lambda turn: turn.words)
def test_the_history_of_a_turn_has_come_to_where_it_begins(turn):
    messages = history_of(turn)
    context = context_of(messages[:-1])
    assert (context.state, context.shown) == (turn.before, turn.shown)
    assert messages[-1].content == turn.words


def test_who_understands_all_is_perfect(store):
    table = figures(measure(Understands(TURNS), store, TURNS))
    for kind in ("all", "search", "refine", "request", "ask_field"):
        assert (table[kind]["model"], table[kind]["both"]) == (1, 1)
    assert {kind: row["n"] for kind, row in table.items()} == {"all": 3, "search": 3, "refine": 1, "request": 1, "ask_field": 1}  # fmt: skip


def test_where_a_model_says_nothing_the_chatbot_says_what_the_rules_read(store):
    seen = []
    found = measure(Understands([]), store, TURNS, lambda done, total: seen.append((done, total)))
    assert set(found) == set(ROWS)
    assert [verdict.exact for verdict in found["model"]] == [verdict.exact for verdict in found["rules"]]
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("line", "exact", "search"),
    [
        ("refine price<=300", True, True),
        ("refine price<=400", False, True),
        ("thanks", False, False),
    ],
)
def test_a_message_is_judged_by_the_state_it_leads_to_and_by_whether_it_searches(line, exact, search):
    message = message_of(TurnAct.parse(line), context_of(history_of(TURNS[0])[:-1]))
    verdict = judge(TURNS[0], message)
    assert (verdict.exact, verdict.search) == (exact, search)


def test_a_reply_without_a_line_leaves_the_state_and_a_call_gives_its_own():
    asked = TURNS[1]
    assert judge(asked, Message(role="assistant", content="010")).exact
    assert not judge(asked, call({"type": "豪华型"})).exact
    assert (judge(asked, None).exact, judge(asked, None).search) == (False, True)


@pytest.mark.parametrize(
    ("right", "state", "same"),
    [
        ({"facilities": ["棋牌室", "酒吧"]}, {"facilities": ["酒吧", "棋牌室"]}, True),
        ({"facilities": [["室内游泳池", "室外游泳池"]]}, {"facilities": ["室内游泳池"]}, True),
        ({"facilities": ["所有房间提供wifi"]}, {"facilities": ["公共区域提供wifi"]}, True),
        ({"facilities": ["棋牌室"]}, {"facilities": ["棋牌室", "酒吧"]}, False),
        ({"facilities": ["棋牌室"]}, {}, False),
        (CHEAP, CHEAP | {"near": "故宫"}, False),
        ({"price_range_upper": 300}, {"price_range_upper": 400}, False),
    ],
)
def test_states_are_the_same_where_they_ask_for_the_same(right, state, same):
    assert same_state(right, state) is same


def test_kept_turns_are_made_of_kept_lines_alone(store):
    turns = held_out_turns(store.hotels, 12)
    assert held_out_turns(store.hotels, 12)[:12] == turns[:12]
    assert [t.words for t in held_out_turns(store.hotels, 12, seed=1)[:12]] != [t.words for t in turns[:12]]
    assert {turn.kind for turn in turns[12:]} == {"dialogue"} and len(turns) > 100
    bank = read_bank(part="kept")
    assert all(is_kept(row["text"]) for row in random.Random(0).sample(bank.frames + bank.wordings, 200))
