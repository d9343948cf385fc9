"""Understanding on kept lines: figures by kind of turn and by phenomenon, each with its interval and number."""

import pytest

from chatbot.core.messages import Message, call
from chatbot.corpus.phrasebank.turns import Turn
from chatbot.evaluation.understanding import ROWS, TurnVerdict, as_table, judge, measured, phenomena_of
from chatbot.understanding.turn_act import TurnAct


def turn(line, kind="request", before=None, shown=()):
    return Turn(before or {}, shown, "…", TurnAct.parse(line), kind)


@pytest.mark.parametrize(
    ("line", "kind", "expected"),
    [
        ("request +桑拿", "need", {"facility_need"}),
        ("refine +桑拿 price<=400", "refine", {"amount", "several_at_once"}),
        ("refine rating>=4.5", "refine", {"rating"}),
        ("by_name name=全季", "by_name", {"name"}),
        ("request type=豪华型 subway=前门", "request", {"type", "place", "several_at_once"}),
        ("drop -price", "drop", {"drop"}),
        ("replace -桑拿 +温泉", "replace", {"drop", "replacement"}),
        ("correct near=天坛", "correct", {"correction", "place"}),
        ("ask_field ask:phone ask:price #2", "ask_field", {"reference", "two_questions"}),
        ("unsupported ?KTV", "unknown", {"unknown_wish"}),
        ("thanks", "thanks", set()),
    ],
)
def test_phenomena_are_read_off_the_act_line(line, kind, expected):
    assert phenomena_of(turn(line, kind)) == expected


def test_figures_have_a_number_and_an_interval_by_kind_and_phenomenon():
    turns = [turn("request price<=400")] * 3 + [turn("drop -price", "drop")]
    verdicts = {row: [TurnVerdict(t, {}, row != "model", True) for t in turns] for row in ROWS}
    found = measured(verdicts)
    assert found["kinds"]["all"]["n"] == 4 and found["kinds"]["drop"]["n"] == 1
    assert found["phenomena"]["amount"]["model"] == {"share": 0.0, "interval": [0.0, 0.5615]}
    assert found["phenomena"]["amount"]["both"]["share"] == 1 and found["search"]["rules"]["share"] == 1
    assert set(found["phenomena"]) == {"amount", "drop"}


def test_a_question_about_the_wrong_hotel_is_no_understood_reference():
    asked = turn("ask_field ask:phone #2", "ask_field", {"type": "豪华型"}, ("甲", "乙"))
    right, wrong, silent = (
        judge(asked, Message(role="assistant", content="…", act=line))
        for line in ("ask_field ask:phone #2", "ask_field ask:phone #1", None)
    )
    assert (right.asked, wrong.asked, silent.asked) == (True, False, None)
    assert right.exact and wrong.exact
    found = measured({row: [right, wrong] for row in ROWS})
    assert found["phenomena"]["reference"]["both"]["share"] == 0.5 and found["kinds"]["all"]["both"]["share"] == 1


def test_it_is_the_first_of_those_shown():
    asked = turn("ask_field ask:phone #it", "ask_field", {"type": "豪华型"}, ("甲", "乙"))
    assert judge(asked, Message(role="assistant", content="…", act="ask_field ask:phone #1")).asked


def test_a_call_is_judged_by_its_state():
    asked = turn("request type=豪华型")
    assert judge(asked, call({"type": "豪华型"})).exact and not judge(asked, call({"type": "高档型"})).exact


def test_the_table_has_a_line_a_kind_and_a_phenomenon():
    verdicts = {row: [TurnVerdict(turn("request price<=400"), {}, True, True)] for row in ROWS}
    lines = as_table(measured(verdicts)).splitlines()
    assert lines[0].split() == ["kinds", "n", *ROWS]
    assert any(line.startswith("search or not") for line in lines)
    assert any(line.split()[:3] == ["amount", "1", "1.000"] for line in lines)
