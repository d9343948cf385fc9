"""Small samples: what they cannot tell is said, with how large a difference they would show."""

import numpy as np
import pytest

from chatbot.evaluation.metrics.bootstrap import paired_difference
from chatbot.evaluation.metrics.certainty import adjusted, detectable, holm, judgement, least_p
from chatbot.evaluation.reporting.changes import figure_changes


def share(sums):
    return np.asarray(sums["right"]) / np.asarray(sums["all"])


def column(right):
    return {"right": np.asarray(right, float), "all": np.ones(len(right))}


def test_a_difference_of_the_detectable_size_is_noticed_about_four_times_in_five():
    draw, n, noticed, sizes = np.random.default_rng(0), 100, 0, []
    for _ in range(20):
        first, flips = draw.random(n) < 0.6, draw.random(n)
        found = paired_difference(column(first), column(np.where(flips < 0.2, ~first, first)), share, 400)
        sizes.append(detectable(found.interval, n))
    size = float(np.mean(sizes))
    for seed in range(100):
        draw = np.random.default_rng(seed + 1)
        first, flips = draw.random(n) < 0.5, draw.random(n)
        up, down = 0.1 + size / 2, 0.1 - size / 2
        second = np.where(first, flips >= 2 * down, flips < 2 * up)
        noticed += paired_difference(column(first), column(second), share, 400).significant
    assert 0.65 <= noticed / 100 <= 0.95


def test_models_that_answer_alike_on_few_conversations_may_still_differ():
    assert detectable((0.0, 0.0), 30) == pytest.approx(0.1) and detectable((0.0, 0.0), 43, 100) == pytest.approx(
        300 / 43
    )


def test_two_conversations_are_never_significant_however_clear_they_look():
    assert least_p(2) == 0.5 and least_p(6) < 0.05
    pair = {"first": 0, "second": 1, "metrics": {"slot_f1": {"difference": 1.0, "interval": [1.0, 1.0], "p": 0.0}}}
    assert figure_changes([pair], 2)[1]["slot_f1"].judged == "too_few"
    assert figure_changes([pair], 40)[1]["slot_f1"].judged == "better"


def test_holms_values_are_those_of_the_paper():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06}
    )


def test_a_lucky_figure_among_many_comparisons_is_no_finding():
    lucky = {f"f{k}": {"difference": 0.1, "interval": [0.0, 0.2], "p": 0.04 if k == 0 else 0.5} for k in range(8)}
    (found,) = adjusted([{"metrics": lucky}], 100)
    assert found["f0"] == pytest.approx(0.32) and judgement(0.1, found["f0"]) == "too_few"


def test_less_can_be_better_and_the_least_difference_is_named_where_nothing_shows():
    assert judgement(-0.1, 0.01, lower_is_better=True) == "better" and judgement(-0.1, 0.01) == "worse"
    pair = {"first": 0, "second": 1, "metrics": {"bleu4": {"difference": 2.0, "interval": [-4.0, 8.0], "p": 0.4}}}
    found = figure_changes([pair], 100)[1]["bleu4"]
    assert (found.change, found.judged, round(found.least, 1)) == ("+2.0", "too_few", 8.6)
    assert found.words() == "样本太少，看不出：至少差 8.6 才看得出"
    assert found.words("en") == "too few to tell: 8.6 would show"
