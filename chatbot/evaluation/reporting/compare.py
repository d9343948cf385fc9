"""Two or three models on the same data: what differs, whether it is chance, and the single turns behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.core.messages import Conversation, Message
from chatbot.dialogue.events import TurnEvent
from chatbot.evaluation.metrics.bootstrap import Columns, paired_difference
from chatbot.evaluation.metrics.metrics import HEADLINE, LOWER_IS_BETTER, METRICS, table
from chatbot.evaluation.metrics.slots import slots
from chatbot.evaluation.predictions import Prediction, by_dialogue

KINDS = ("act", "slots", "ungrounded", "unparseable")
"""Kinds of errors: call and reply mixed up, wrong slots, a false claim, output that does not parse."""


def compare(first: Sequence[Prediction], second: Sequence[Prediction]) -> dict[str, dict[str, Any]]:
    """Each headline figure of the second model minus the first's, with 95% interval and p-value (see `paired_difference`).

    Raises:
        ValueError: the two were not measured on the same dialogues.
    """
    if list(by_dialogue(first)) != list(by_dialogue(second)):
        raise ValueError("the models were measured on different dialogues")
    return _differences(table(first), table(second))


def _differences(first: Columns, second: Columns) -> dict[str, dict[str, Any]]:
    found = {name: paired_difference(first, second, METRICS[name]) for name in HEADLINE}
    return {
        name: {
            "difference": round(d.difference, 6),
            "interval": [round(edge, 6) for edge in d.interval],
            "p": round(d.p, 4),
            "significant": d.significant,
        }
        for name, d in found.items()
        if d is not None
    }


def comparisons(runs: Sequence[Sequence[Prediction]]) -> list[dict[str, Any]]:
    """Every pair of models, as {"first", "second" (positions), "metrics"}."""
    tables = [table(rows) for rows in runs]
    pairs = [(a, b) for b in range(len(runs)) for a in range(b)]
    return [{"first": a, "second": b, "metrics": _differences(tables[a], tables[b])} for a, b in pairs]


def best(figures: Sequence[dict[str, Any]], pairs: Sequence[dict[str, Any]]) -> dict[str, int | None]:
    """For each headline figure the position of the model that is significantly better than all others, or None."""
    return {name: _best(name, figures, pairs) for name in HEADLINE}


def _best(name: str, figures: Sequence[dict[str, Any]], pairs: Sequence[dict[str, Any]]) -> int | None:
    known = [(figure[name], position) for position, figure in enumerate(figures) if figure[name] is not None]
    if len(known) < 2:
        return None
    position = (min if name in LOWER_IS_BETTER else max)(known)[1]
    mine = [pair["metrics"].get(name) for pair in pairs if position in (pair["first"], pair["second"])]
    return position if all(found and found["significant"] for found in mine) else None


@dataclass(frozen=True)
class Case:
    """One turn that went wrong, with what the error browser filters by.

    Attributes:
        row: the prediction.
        kinds: what was wrong, of KINDS.
        slots: names of the slots that differ.
        length: how many messages the context had.
        operation: the augmentation that made the conversation, "" for none.
    """

    row: Prediction
    kinds: tuple[str, ...]
    slots: tuple[str, ...]
    length: int
    operation: str


def _kinds(row: Prediction) -> Iterator[str]:
    if row.predicted_call is None and row.predicted_reply is None:
        yield "unparseable"
    elif (row.gold_call is None) != (row.predicted_call is None):
        yield "act"
    elif row.gold_call is not None and slots(row.gold_call) != slots(row.predicted_call):
        yield "slots"
    if row.ungrounded:
        yield "ungrounded"


def cases(rows: Sequence[Prediction], conversations: Sequence[Conversation]) -> list[Case]:
    """All turns with an error, in the order of the data."""
    origin = {conversation.id: conversation for conversation in conversations}
    out = []
    for row in rows:
        if kinds := tuple(_kinds(row)):
            different = slots(row.gold_call) ^ slots(row.predicted_call)
            meta = origin[row.id].meta if row.id in origin else {}
            out.append(Case(row, kinds, tuple(sorted({name for name, _ in different})), row.turn, operation(meta)))
    return out


def operation(meta: dict[str, Any]) -> str:
    """The augmentation that a conversation's meta names; several are joined."""
    named = meta.get("operations") or meta.get("operation") or ""
    return "+".join(map(str, named)) if isinstance(named, list | tuple) else str(named)


def select(
    found: Sequence[Case], *, kind: str = "", slot: str = "", operation: str = "", longest: int | None = None
) -> list[Case]:
    """Cases that fit every filter that is set; `longest` bounds the messages before the turn."""
    return [
        case
        for case in found
        if (not kind or kind in case.kinds)
        and (not slot or slot in case.slots)
        and (not operation or case.operation == operation)
        and (longest is None or case.length <= longest)
    ]


def context(case: Case, conversations: Sequence[Conversation]) -> list[Message]:
    """The messages before a case's turn; [] where its conversation is not among these."""
    return next(
        (conversation.messages[: case.row.turn] for conversation in conversations if conversation.id == case.row.id), []
    )


def turn_difference(first: TurnEvent, second: TurnEvent) -> dict[str, Any]:
    """What two models did with the same words: calls and hotels, not only text.

    Returns:
        `same_act`: both searched or both replied at once; `same_state`: equal dialogue states; `only_first`, `only_second`:
        slots ("name=value") that one state alone holds; `common_hotels`: names that both found.
    """
    mine, theirs = slots(first.query.arguments()), slots(second.query.arguments())
    names = [{record["name"] for record in turn.records} for turn in (first, second)]
    return {
        "same_act": (first.call is None) == (second.call is None),
        "same_state": mine == theirs,
        "only_first": sorted(f"{key}={value}" for key, value in mine - theirs),
        "only_second": sorted(f"{key}={value}" for key, value in theirs - mine),
        "common_hotels": sorted(names[0] & names[1]),
    }
