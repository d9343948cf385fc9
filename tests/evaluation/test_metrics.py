"""The figures on hand-made turns whose right values a person can count."""

import pytest

from chatbot.evaluation.metrics.metrics import COUNTS, METRICS, evaluate, tally
from chatbot.evaluation.predictions import Prediction, read_predictions, write_predictions

SEARCH = "search_hotels"


def calls(gold, predicted, *, dialogue="d", turn=1, exchange=1, function=SEARCH, same=None):
    return Prediction(
        dialogue,
        turn,
        gold,
        predicted,
        None,
        None,
        SEARCH,
        function if predicted is not None else None,
        exchange,
        same_hotels=same,
    )


def replies(gold, predicted, *, dialogue="d", turn=3, exchange=1, empty=False, ungrounded=()):
    return Prediction(dialogue, turn, None, None, gold, predicted, None, None, exchange, empty, ungrounded)


def test_slot_figures_are_micro_averages():
    rows = [
        calls({"type": "经济型", "facilities": ["棋牌室"]}, {"type": "经济型"}),
        calls({"name": "x"}, {"name": "x", "rating_range_lower": 4}, dialogue="e"),
    ]
    report = evaluate(rows)
    assert (report["slot_precision"], report["slot_recall"], report["slot_f1"]) == pytest.approx(
        (2 / 3, 2 / 3, 2 / 3), abs=1e-6
    )
    assert report["call_exact"] == 0
    assert report["counts"]["slots_gold"] == 3


def test_a_call_where_the_data_replies_costs_precision():
    row = Prediction("d", 1, None, {"type": "经济型"}, "好的", None, None, SEARCH, 1)
    report = evaluate([calls({"type": "经济型"}, {"type": "经济型"}), row])
    assert report["slot_precision"] == 0.5
    assert report["act_accuracy"] == 0.5


def test_another_functions_slots_are_never_right():
    report = evaluate([calls({"type": "经济型"}, {"type": "经济型"}, function="book")])
    assert (report["slot_recall"], report["call_exact"], report["joint_goal_accuracy"]) == (0, 0, 0)


def test_what_does_not_parse_is_wrong_in_every_sense():
    report = evaluate([calls({"type": "经济型"}, None), replies("好的", None)])
    assert (report["act_accuracy"], report["unparseable_rate"], report["slot_recall"], report["bleu4"]) == (0, 1, 0, 0)


def test_the_state_of_an_exchange_is_the_models_own_latest_call():
    rows = [
        calls({"type": "经济型"}, {"type": "高档型"}, turn=1, exchange=1),
        replies("好", "好", turn=3, exchange=1),
        replies("电话", "电话", turn=5, exchange=2),
        calls(
            {"type": "经济型", "rating_range_lower": 4}, {"type": "经济型", "rating_range_lower": 4}, turn=7, exchange=3
        ),
        replies("好", "好", turn=9, exchange=3),
    ]
    report = evaluate(rows)
    assert report["counts"]["exchanges"] == 3
    assert report["joint_goal_accuracy"] == pytest.approx(1 / 3, abs=1e-6)


def test_spoken_facilities_are_right_canonically_and_wrong_verbatim():
    report = evaluate([calls({"facilities": ["棋牌室"]}, {"facilities": ["打麻将"]})])
    assert (report["call_exact"], report["call_exact_verbatim"]) == (1, 0)
    assert (report["slot_f1"], report["slot_f1_verbatim"]) == (1, 0)
    assert (report["joint_goal_accuracy"], report["joint_goal_accuracy_verbatim"]) == (1, 0)


def test_grounded_rate_counts_replies_of_the_model():
    report = evaluate([replies("a", "有", ungrounded=("010",)), replies("a", "没有", turn=5), calls({}, None, turn=7)])
    assert report["grounded_rate"] == 0.5


@pytest.mark.parametrize(
    ("text", "ungrounded", "honest"),
    [("没有找到", (), 1), ("推荐北京饭店", (), 0), ("没有，但推荐甲饭店", ("甲饭店",), 0)],
)
def test_after_an_empty_search_only_saying_so_is_honest(text, ungrounded, honest):
    assert evaluate([replies("没有", text, empty=True, ungrounded=ungrounded)])["zero_result_honesty"] == honest


def test_what_was_never_asked_for_is_unknown_instead_of_perfect():
    report = evaluate([replies("好的", "好的呀")])
    assert report["slot_f1"] is None and report["intervals"]["slot_f1"] is None and report["call_exact"] is None


def test_a_perfect_model_scores_one_in_everything_with_intervals_of_no_width():
    rows = [
        calls({"type": "经济型"}, {"type": "经济型"}, same=True),
        replies("没有找到合适的酒店", "没有找到合适的酒店", empty=True),
    ]
    report = evaluate(rows)
    perfect = {name: 100 if name == "bleu4" else 0 if name == "unparseable_rate" else 1 for name in METRICS}
    assert {name: report[name] for name in METRICS} == pytest.approx(perfect)
    assert report["intervals"]["slot_f1"] == [1, 1]


def test_every_count_has_its_column():
    assert set(tally([calls({"type": "经济型"}, {}), replies("好", "好", empty=True)])) == set(COUNTS)


def test_the_slot_table_and_the_confusions_name_the_slot_that_fails():
    rows = [
        calls({"type": "经济型", "rating_range_lower": 4}, {"type": "高档型", "rating_range_lower": 4}, dialogue=str(i))
        for i in range(3)
    ]
    report = evaluate(rows)
    assert report["slots"]["type"]["f1"] == 0 and report["slots"]["rating_range_lower"]["f1"] == 1
    assert report["confusion"] == [{"slot": "type", "gold": "经济型", "predicted": "高档型", "count": 3}]


def test_predictions_read_back_as_they_were_written(tmp_path):
    rows = [calls({"facilities": ["棋牌室"]}, {"name": "x"}), replies("好", None)]
    write_predictions(tmp_path / "p.jsonl", rows)
    back = read_predictions(tmp_path / "p.jsonl")
    assert [row.to_dict() | {"ungrounded": []} for row in back] == [row.to_dict() | {"ungrounded": []} for row in rows]
    assert evaluate(back) == evaluate(rows)
