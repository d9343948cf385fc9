"""The report's first page: what the chatbot does, how well, on what, against what, what goes wrong, how sure it is."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from chatbot.evaluation.metrics.certainty import FEWEST
from chatbot.evaluation.predictions import Prediction
from chatbot.evaluation.reporting import labels
from chatbot.evaluation.reporting.changes import figure_changes
from chatbot.evaluation.reporting.compare import Case, cases
from chatbot.evaluation.study import Study
from chatbot.hotels.facilities import wish_text

MISTAKES = 3
SMALL = 200
"""Dialogues below which a figure may move by several points when it is measured anew."""
TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "what": (
            "听懂客人对酒店的要求（类型、设施、价格、评分、地点、店名），去酒店库里查，再按查到的资料回答。",
            "It understands what a guest wants of a hotel (type, facilities, price, rating, place, name), searches the"
            " database, and answers from what it found.",
        ),
        "searches": (
            "{some} 次查询，约 {good} 次条件全对（{of} 次里 {right} 次）。",
            "Of {some} searches about {good} have every wish right ({right} of {of}).",
        ),
        "acts": (
            "{of} 个回合里，{right} 个该查就查、该答就答。",
            "In {right} of {of} turns it searched when it should and answered when it should.",
        ),
        "grounded": (
            "{of} 句回复里，{right} 句说的都能在酒店库里找到。",
            "{right} of {of} replies say nothing that the database does not hold.",
        ),
        "finished": ("模拟客人有 {share} 办成了事。", "{share} of simulated guests got what they came for."),
        "data": (
            "{dialogues} 段测试对话，共 {turns} 个回合（{file}）。",
            "{dialogues} test dialogues, {turns} turns in all ({file}).",
        ),
        "against": (
            "{second} 和 {first} 比：条件全对的查询从 {before} 次变成 {after} 次（共 {of} 次），差 {change} 个百分点"
            "（95% 区间 {low} 到 {high}），{words}。",
            "{second} against {first}: searches with every wish right went from {before} to {after} of {of}, {change}"
            " points (95% {low} to {high}), {words}.",
        ),
        "alone": ("这次没有别的模型可比。", "No other model was measured beside it."),
        "range": (
            "换一批同样的对话再测，条件全对的比例多半在 {low} 到 {high} 之间（95%）。",
            "Measured on other dialogues of this kind, the share of fully right searches would mostly lie between"
            " {low} and {high} (95%).",
        ),
        "small": (
            "只有 {dialogues} 段对话，样本小：相差几个百分点不说明什么；上线前请用自己的对话再测一次。",
            "With {dialogues} dialogues the sample is small: a few points mean nothing. Measure on your own dialogues"
            " before going live.",
        ),
        "few": (
            "只有 {dialogues} 段对话，样本太小：区间偏窄，什么都还说明不了。请用 {fewest} 段以上再测。",
            "With {dialogues} dialogues the sample is too small: the intervals are too narrow, and nothing can be"
            " concluded. Measure on {fewest} or more.",
        ),
        "none_wrong": ("这批题里没有答错的。", "It made no mistake on these."),
        "nothing": ("没有查询", "no search"),
        "no_wish": ("没有条件", "no wishes"),
    }
)
UNITS = {"price": ("元", " CNY"), "rating": ("分", "")}
VALUES = {
    "price": ("价格", "price"),
    "rating": ("评分", "rating"),
    "asc": ("从低到高", "low to high"),
    "desc": ("从高到低", "high to low"),
}
"""What is sorted by, and how."""


def in_words(study: Study, language: str) -> dict[str, Any]:
    """The first page of a study's last model: a list of sentences for each question, and the mistakes."""

    say, figure = _speaker(language), study.figures[-1]
    return {
        "what": [say("what")],
        "well": _well(figure, say),
        "data": [say("data", file=study.result["data"]["file"], **figure["counts"])],
        "against": _against(study, language, say),
        "sure": _sure(figure, say),
        "mistakes": [mistake(case, study, language) for case in chosen(study)],
        "none_wrong": say("none_wrong"),
    }


def how_well(figure: Mapping[str, Any], language: str) -> list[str]:
    """How good one model is, a sentence each: searches, turns, replies, simulated guests."""
    return _well(figure, _speaker(language))


def _speaker(language: str) -> Callable[..., str]:
    def say(key: str, **values: object) -> str:
        return labels.label(TEXTS, key, language).format(**values)

    return say


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _sure(figure: Mapping[str, Any], say: Any) -> list[str]:
    """How far the figures may be trusted; of very few dialogues only that they may not."""
    dialogues, bounds = figure["counts"]["dialogues"], figure["intervals"].get("call_exact")
    if dialogues < FEWEST:
        return [say("few", dialogues=dialogues, fewest=FEWEST)]
    sure = [say("range", low=_percent(bounds[0]), high=_percent(bounds[1]))] if bounds else []
    return sure + ([say("small", dialogues=dialogues)] if dialogues < SMALL else [])


def _well(figure: Mapping[str, Any], say: Any) -> list[str]:
    counts = figure["counts"]
    pairs = {
        "searches": (counts["calls_right"], counts["calls_gold"]),
        "acts": (counts["acts_right"], counts["turns"]),
        "grounded": (counts["replies_grounded"], counts["replies_predicted"]),
    }
    out = [say(key, right=right, of=of, **_of_some(right, of)) for key, (right, of) in pairs.items() if of]
    finished = (figure.get("simulation") or {}).get("task_finish")
    return out + ([say("finished", share=_percent(finished))] if finished is not None else [])


def _of_some(right: int, of: int) -> dict[str, int]:
    """A share as so many of 10, of more where ten would round it to all or to none."""
    some = next((some for some in (10, 20, 100) if 0 < round(some * right / of) < some), 10)
    return {"some": some, "good": round(some * right / of)}


def _against(study: Study, language: str, say: Any) -> list[str]:
    """Each other model beside the first, by the searches that have every wish right."""
    first, changes = study.figures[0], figure_changes(study.result["pairs"], study.figures[0]["counts"]["dialogues"])
    out = []
    for second, found in changes.items():
        if change := found.get("call_exact"):
            (low, high), counts = change.edges, study.figures[second]["counts"]
            values = {"first": study.models[0], "second": study.models[second], "change": change.change}
            values |= {"low": low, "high": high, "words": change.words(language), "of": counts["calls_gold"]}
            out.append(say("against", before=first["counts"]["calls_right"], after=counts["calls_right"], **values))
    return out if changes else [say("alone")]


def chosen(study: Study) -> list[Case]:
    """A few mistakes of the last model, of as many kinds as there are."""
    found = cases(study.rows(len(study.models) - 1), study.conversations)
    first_of_kind = list({case.kinds: case for case in reversed(found)}.values())[::-1]
    rest = [case for case in found if case not in first_of_kind]
    return [*first_of_kind, *rest][:MISTAKES]


def mistake(case: Case, study: Study, language: str) -> dict[str, str]:
    """One mistake for people: what the guest said, what it should have made of it, what it made of it."""
    row = case.row
    conversation = next((c for c in study.conversations if c.id == row.id), None)
    before = conversation.messages[: row.turn] if conversation else []
    said = next((m.content for m in reversed(before) if m.role == "user"), row.id)
    should, was = (_made(row, side, language) for side in ("gold", "predicted"))
    false = "、".join(row.ungrounded)
    kinds = "；".join(labels.label(labels.KINDS, kind, language) for kind in case.kinds)
    return {"said": said, "should": should, "was": was, "false": false, "kinds": kinds}


def _made(row: Prediction, side: str, language: str) -> str:
    call, reply = getattr(row, f"{side}_call"), getattr(row, f"{side}_reply")
    if call is not None:
        return wishes(call, language)
    return str(reply) if reply else labels.label(TEXTS, "nothing", language)


def wishes(arguments: Mapping[str, Any], language: str) -> str:
    """A call's arguments as people read them: 类型 经济型 · 最高价 400元."""
    parts: list[str] = []
    for key, value in arguments.items():
        if key == "exclude" and isinstance(value, dict):
            parts += [_wish(f"exclude.{kind}", words, language) for kind, words in value.items()]
        else:
            parts.append(_wish(key, value, language))
    return " · ".join(parts) or labels.label(TEXTS, "no_wish", language)


def _wish(key: str, value: Any, language: str) -> str:
    unit = labels.label(UNITS, key.partition("_")[0], language) if "_range_" in key else ""
    listed: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    words = (f"{v:g}" if isinstance(v, int | float) else labels.label(VALUES, wish_text(v), language) for v in listed)
    return f"{labels.label(labels.SLOTS, key, language)} {'、'.join(words)}{unit}"
