"""The figures of the Evaluate tab: each is a formula over counts that are summed over dialogues, so that intervals come for free."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chatbot.evaluation.metrics import bleu
from chatbot.evaluation.metrics.bootstrap import Columns, Metric, columns, interval, resampled
from chatbot.evaluation.metrics.slots import confusions, convlab_equal, lab_counts, slots
from chatbot.evaluation.predictions import Prediction, by_dialogue

NOTHING_FOUND = re.compile(r"没有|没找到|未找到|找不到|查不到|暂无|抱歉|不好意思|无法|无符合|未能")


def _ratio(numerator: str, denominator: str) -> Metric:
    def formula(sums: Columns) -> np.ndarray:
        below = np.asarray(sums[denominator], dtype=np.float64)
        shares: np.ndarray = np.divide(sums[numerator], below, out=np.full(below.shape, np.nan), where=below > 0)
        return shares

    return formula


def _f1(right: str, predicted: str, gold: str) -> Metric:
    def formula(sums: Columns) -> np.ndarray:
        below = np.asarray(sums[predicted] + sums[gold], dtype=np.float64)
        shares: np.ndarray = np.divide(2 * sums[right], below, out=np.full(below.shape, np.nan), where=below > 0)
        return shares

    return formula


METRICS: dict[str, Metric] = {
    "slot_precision": _ratio("slots_right", "slots_predicted"),
    "slot_recall": _ratio("slots_right", "slots_gold"),
    "slot_f1": _f1("slots_right", "slots_predicted", "slots_gold"),
    "call_exact": _ratio("calls_right", "calls_gold"),
    "act_accuracy": _ratio("acts_right", "turns"),
    "joint_goal_accuracy": _ratio("states_right", "exchanges"),
    "bleu4": bleu.corpus_bleu,
    "grounded_rate": _ratio("replies_grounded", "replies_predicted"),
    "slot_precision_verbatim": _ratio("slots_right_verbatim", "slots_predicted_verbatim"),
    "slot_recall_verbatim": _ratio("slots_right_verbatim", "slots_gold_verbatim"),
    "slot_f1_verbatim": _f1("slots_right_verbatim", "slots_predicted_verbatim", "slots_gold_verbatim"),
    "call_exact_verbatim": _ratio("calls_right_verbatim", "calls_gold"),
    "joint_goal_accuracy_verbatim": _ratio("states_right_verbatim", "exchanges"),
    "joint_goal_accuracy_convlab": _ratio("states_right_convlab", "exchanges"),
    "same_hotels": _ratio("hotels_same", "calls_gold"),
    "zero_result_honesty": _ratio("empty_honest", "empty_results"),
    "unparseable_rate": _ratio("unparseable", "turns"),
    "lab_slot_precision": _ratio("lab_right", "lab_predicted"),
    "lab_slot_recall": _ratio("lab_right", "lab_gold"),
    "lab_slot_f1": _f1("lab_right", "lab_predicted", "lab_gold"),
    "lab_bleu4": _ratio("lab_bleu_sum", "replies_gold"),
}
"""Every figure by name. All are shares from 0 to 1 except `bleu4`, which is on sacrebleu's scale from 0 to 100.

slot_precision, slot_recall, slot_f1: micro over all turns; a slot is a name and a value, each facility its own slot. A call
    where the data reply adds wrong slots; a call of another function has no right ones; nothing is carried over from an
    earlier turn and no part of a value counts. Facilities by canonical name; `_verbatim`: values as written.
call_exact: of the gold calls, those answered by a call of the same function with the same slots.
act_accuracy: of all assistant turns, those where call or reply is chosen as in the data; what does not parse is wrong.
joint_goal_accuracy: of all exchanges (a user message and what follows), those after which the state, that is the model's
    own latest call of the dialogue, equals the gold one in all slots (Henderson et al. 2014, "The Second Dialog State
    Tracking Challenge"). `_convlab`: equality as in ConvLab-3, see `slots.convlab_equal`.
bleu4: corpus BLEU of the replies at gold replies, see `bleu.corpus_bleu`; a call in place of a reply counts as empty text.
grounded_rate: of the predicted replies, those all of whose claims stand in the records.
same_hotels: of the gold calls, those whose predicted call finds the same hotels in the database.
zero_result_honesty: of the replies after an empty search, those that say so and claim nothing else.
lab_*: `evaluator.py` of agiclass/fine-tuning-lab: see `slots.lab_counts` and `bleu.lab_bleu4`; BLEU is the mean over gold
    replies with 0 for a call; slots are counted at gold calls only. (The lab's later `cli_evaluate.py` shares the
    formulas but lets the model's own messages stand in the context, which ours does not.)
"""

COUNTS = (
    *(
        "turns",
        "acts_right",
        "unparseable",
        "exchanges",
        "states_right_convlab",
        "calls_gold",
        "calls_predicted",
        "hotels_same",
    ),
    *(
        f"{name}{way}"
        for way in ("", "_verbatim")
        for name in ("states_right", "calls_right", "slots_right", "slots_predicted", "slots_gold")
    ),
    *("replies_gold", "replies_predicted", "replies_grounded", "empty_results", "empty_honest"),
    *("lab_right", "lab_predicted", "lab_gold", "lab_bleu_sum", *bleu.STATISTICS),
)
"""The names of all counts."""

HEADLINE = tuple(METRICS)[:8]
LOWER_IS_BETTER = frozenset({"unparseable_rate"})


def _slot_counts(row: Prediction, exact: bool) -> tuple[int, int, int, bool]:
    """(right, predicted, gold) slots of one turn, and whether the whole call is right."""
    gold, predicted = slots(row.gold_call, exact=exact), slots(row.predicted_call, exact=exact)
    both = row.gold_call is not None and row.predicted_call is not None and row.gold_function == row.predicted_function
    return len(gold & predicted) if both else 0, len(predicted), len(gold), both and gold == predicted


def _call_counts(row: Prediction) -> dict[str, float]:
    out: dict[str, float] = {"calls_gold": row.gold_call is not None, "calls_predicted": row.predicted_call is not None}
    for suffix in ("", "_verbatim"):
        right, predicted, gold, whole = _slot_counts(row, exact=bool(suffix))
        out |= {
            f"slots_right{suffix}": right,
            f"slots_predicted{suffix}": predicted,
            f"slots_gold{suffix}": gold,
            f"calls_right{suffix}": whole,
        }
    if row.gold_call is not None:
        out["hotels_same"] = row.same_hotels is True
        out["lab_right"], out["lab_predicted"], out["lab_gold"] = lab_counts(row.predicted_call, row.gold_call)
    return out


def _reply_counts(row: Prediction) -> dict[str, float]:
    out: dict[str, float] = {
        "replies_predicted": row.predicted_reply is not None,
        "replies_gold": row.gold_reply is not None,
    }
    if row.predicted_reply is not None:
        out["replies_grounded"] = not row.ungrounded
    if row.gold_reply is not None:
        out["lab_bleu_sum"] = bleu.lab_bleu4(row.predicted_reply or "", row.gold_reply)
        out |= bleu.statistics(row.predicted_reply or "", row.gold_reply)
        out["empty_results"] = row.after_empty
        out["empty_honest"] = (
            row.after_empty and not row.ungrounded and bool(NOTHING_FOUND.search(row.predicted_reply or ""))
        )
    return out


def _turn_counts(row: Prediction) -> dict[str, float]:
    parsed = row.predicted_call is not None or row.predicted_reply is not None
    right = parsed and (row.gold_call is None) == (row.predicted_call is None)
    return {"turns": 1, "acts_right": right, "unparseable": not parsed, **_call_counts(row), **_reply_counts(row)}


def _state_counts(rows: Sequence[Prediction]) -> Counter[str]:
    """Exchanges of one dialogue, and after how many of them the model's own state is the gold one."""
    out: Counter[str] = Counter()
    gold: dict[str, Any] | None = None
    predicted: dict[str, Any] | None = None
    ends = {row.exchange: row.turn for row in rows}
    for row in rows:
        gold = row.gold_call if row.gold_call is not None else gold
        if row.predicted_call is not None and row.predicted_function in (row.gold_function, "search_hotels"):
            predicted = row.predicted_call
        if ends[row.exchange] == row.turn:
            out["exchanges"] += 1
            out["states_right"] += slots(gold) == slots(predicted)
            out["states_right_verbatim"] += slots(gold, exact=True) == slots(predicted, exact=True)
            out["states_right_convlab"] += convlab_equal(predicted, gold)
    return out


def tally(rows: Sequence[Prediction]) -> Counter[str]:
    """All counts of one dialogue, its turns in order."""
    out: Counter[str] = _state_counts(rows)
    for row in rows:
        out.update(_turn_counts(row))
    return out


def table(rows: Sequence[Prediction]) -> dict[str, np.ndarray]:
    """Counts as columns with one entry a dialogue."""
    return columns([tally(group) for group in by_dialogue(rows).values()], COUNTS)


def _plain(value: np.ndarray) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def figures(
    counts: Columns, metrics: dict[str, Metric]
) -> tuple[dict[str, float | None], dict[str, list[float] | None]]:
    """Each metric's value and its 95% interval by bootstrap over dialogues; None where nothing could be measured."""
    sums = {name: np.asarray(column.sum()) for name, column in counts.items()}
    draws = resampled(counts)
    values = {name: _plain(metric(sums)) for name, metric in metrics.items()}
    bounds = {name: interval(metric(draws)) for name, metric in metrics.items()}
    return values, {name: None if pair is None else [round(edge, 6) for edge in pair] for name, pair in bounds.items()}


def evaluate(rows: Sequence[Prediction]) -> dict[str, Any]:
    """All figures of one model on one data set, as plain data.

    Returns:
        every metric of METRICS by name; `intervals`: 95%, by dialogue; `counts`: the sums behind them; `slots`: the same
        for each slot; `confusion`: which value was taken for which.
    """
    counts = table(rows)
    values, bounds = figures(counts, METRICS)
    sums = {name: round(float(column.sum()), 4) for name, column in counts.items()}
    return {
        **values,
        "intervals": bounds,
        "counts": {
            "dialogues": len(by_dialogue(rows)),
            **{name: int(value) if value.is_integer() else value for name, value in sums.items()},
        },
        "slots": slot_table(rows),
        "confusion": confusion_table(rows),
    }


def _by_slot(rows: Sequence[Prediction]) -> Counter[str]:
    out: Counter[str] = Counter()
    for row in rows:
        gold, predicted = slots(row.gold_call), slots(row.predicted_call)
        out.update(f"{key} gold" for key, _ in gold)
        out.update(f"{key} predicted" for key, _ in predicted)
        if row.gold_function == row.predicted_function:
            out.update(f"{key} right" for key, _ in gold & predicted)
    return out


def slot_table(rows: Sequence[Prediction]) -> dict[str, dict[str, Any]]:
    """Precision, recall and F1 of each slot with the interval of F1, compared canonically."""
    groups = [_by_slot(group) for group in by_dialogue(rows).values()]
    names = sorted({name.rsplit(" ", 1)[0] for group in groups for name in group})
    out = {}
    for name in names:
        counts = columns(
            [{kind: group[f"{name} {kind}"] for kind in ("right", "predicted", "gold")} for group in groups],
            ("right", "predicted", "gold"),
        )
        formulas: dict[str, Callable[[Columns], np.ndarray]] = {
            "precision": _ratio("right", "predicted"),
            "recall": _ratio("right", "gold"),
            "f1": _f1("right", "predicted", "gold"),
        }
        values, bounds = figures(counts, formulas)
        out[name] = {**values, "interval": bounds["f1"], **{kind: int(column.sum()) for kind, column in counts.items()}}
    return out


def confusion_table(rows: Sequence[Prediction], most: int = 200) -> list[dict[str, Any]]:
    """The commonest disagreements at turns where both the data and the model call."""
    out: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        if row.gold_call is not None and row.predicted_call is not None:
            out += confusions(slots(row.predicted_call), slots(row.gold_call))
    return [
        {"slot": slot, "gold": gold, "predicted": predicted, "count": count}
        for (slot, gold, predicted), count in out.most_common(most)
    ]
