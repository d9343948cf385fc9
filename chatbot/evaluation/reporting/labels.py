"""What figures, slots and kinds of errors are called for people, in Chinese and English: one list for the page and the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chatbot.models.catalog import folder_name

METRICS = MappingProxyType(
    {
        "slot_precision": ("条件精确率", "Wish precision"),
        "slot_recall": ("条件召回率", "Wish recall"),
        "slot_f1": ("条件理解 F1", "Wishes understood (F1)"),
        "call_exact": ("查询全对", "Searches all right"),
        "act_accuracy": ("该查就查", "Search or answer"),
        "joint_goal_accuracy": ("整体需求正确", "Joint goal accuracy"),
        "bleu4": ("回复 BLEU-4", "BLEU-4 of replies"),
        "grounded_rate": ("回复有据可查", "Grounded replies"),
        "slot_precision_verbatim": ("条件精确率（原文一致）", "Wish precision (verbatim)"),
        "slot_recall_verbatim": ("条件召回率（原文一致）", "Wish recall (verbatim)"),
        "slot_f1_verbatim": ("条件理解 F1（原文一致）", "Wishes understood (F1, verbatim)"),
        "call_exact_verbatim": ("查询全对（原文一致）", "Searches all right (verbatim)"),
        "joint_goal_accuracy_verbatim": ("整体需求正确（原文一致）", "Joint goal accuracy (verbatim)"),
        "joint_goal_accuracy_convlab": ("整体需求正确（ConvLab 定义）", "Joint goal accuracy (ConvLab)"),
        "same_hotels": ("查到同样的酒店", "Same hotels found"),
        "zero_result_honesty": ("查不到时如实说", "Honest about empty results"),
        "unparseable_rate": ("无法解析的输出", "Unparseable output"),
        "lab_slot_precision": ("条件精确率（原实验室定义）", "Wish precision (original lab)"),
        "lab_slot_recall": ("条件召回率（原实验室定义）", "Wish recall (original lab)"),
        "lab_slot_f1": ("条件理解 F1（原实验室定义）", "Wishes understood (F1, original lab)"),
        "lab_bleu4": ("BLEU-4（原实验室定义）", "BLEU-4 (original lab)"),
    }
)
SLOTS = MappingProxyType(
    {
        "name": ("名称", "Name"),
        "type": ("类型", "Type"),
        "facilities": ("设施", "Facilities"),
        "price_range_lower": ("最低价", "Price from"),
        "price_range_upper": ("最高价", "Price to"),
        "rating_range_lower": ("最低评分", "Rating from"),
        "rating_range_upper": ("最高评分", "Rating to"),
        "address": ("地址", "Address"),
        "subway": ("地铁", "Subway"),
        "near": ("附近", "Near"),
        "exclude.type": ("不要的类型", "Excluded type"),
        "exclude.name": ("不要的酒店", "Excluded hotel"),
        "exclude.facilities": ("不要的设施", "Excluded facility"),
        "sort_by": ("排序依据", "Sort by"),
        "sort_order": ("排序方向", "Sort order"),
    }
)
EXPLAINED = MappingProxyType(
    {
        "slot_precision": (
            "它听到的条件里，多少是客人真的提过的；低 = 爱添条件",
            "of the wishes it heard, those that the guest had; low: it invents some",
        ),
        "slot_recall": (
            "客人提的条件里，多少被它听到了；低 = 爱漏条件",
            "of the guest's wishes, those that it heard; low: it misses some",
        ),
        "slot_f1": (
            "上面两项合成一个数：不添也不漏，才会高",
            "the two above as one number: high only where it neither invents nor misses",
        ),
        "call_exact": (
            "用户的每一个条件都听对了，没有多也没有少",
            "every condition understood, none missing and none too many",
        ),
        "act_accuracy": ("该查酒店时查，该回答时回答", "it searches when it should and answers when it should"),
        "joint_goal_accuracy": (
            "聊到这一句为止，提过的条件合起来全对",
            "all that was wished so far in the talk, taken together, is right",
        ),
        "bleu4": (
            "回复的用词和参考答案有多像；换个说法就会低，不等于答错",
            "how like the sample answer its words are; other words score lower without being wrong",
        ),
        "grounded_rate": (
            "回复里的名称、电话、价格、评分、地址、设施都在酒店库里",
            "every name, phone, price, rating, address and facility stands in the database",
        ),
        "task_finish": (
            "模拟用户找到合意的酒店，并问到了所有想知道的",
            "the simulated user got a fitting hotel and every fact asked for",
        ),
        "pass^2": ("同一个需求换两种说法，两次都办成", "one need in two wordings: both times it worked"),
        "unparseable_rate": (
            "模型写的话程序读不懂；越低越好",
            "the program cannot read what it wrote; lower is better",
        ),
    }
)
"""What a figure says, in plain words."""
HIGHLIGHTS = ("call_exact", "act_accuracy", "grounded_rate", "task_finish")
"""The figures that a reader who reads nothing else should see."""
KINDS = MappingProxyType(
    {
        "act": ("该查没查，或不该查却查了", "Called instead of replying, or the reverse"),
        "slots": ("条件理解错", "Wrong conditions"),
        "ungrounded": ("说了没有依据的话", "Unsupported claim"),
        "unparseable": ("输出无法解析", "Unparseable output"),
    }
)
REASONS = MappingProxyType(
    {
        "no suitable hotel": ("没有给出符合条件的酒店", "No suitable hotel was offered"),
        "no true answer": ("没有如实回答", "No true answer"),
        "ungrounded claim": ("说了没有依据的话", "Unsupported claim"),
        "too long": ("拖得太久", "Too long"),
    }
)
CULPRITS = MappingProxyType(
    {
        "heard": ("听错了", "Heard wrong"),
        "searched": ("查错了", "Searched wrong"),
        "untrue": ("说了不实的话", "Said something untrue"),
        "left_out": ("问了没答", "Left something out"),
        "gave_up": ("用户放弃了", "The user gave up"),
    }
)
"""Whose fault a simulated user's failure is."""
PHENOMENA = MappingProxyType(
    {
        "name": ("名称", "Name"),
        "amount": ("价格", "Amount"),
        "facility_np": ("设施（名词）", "Facility by noun"),
        "facility_vp": ("设施（谓语）", "Facility by predicate"),
        "facility_need": ("设施（生活里的需要）", "Facility by need"),
        "type": ("类型", "Type"),
        "rating": ("评分", "Rating"),
        "place": ("地点", "Place"),
        "drop": ("放弃条件", "Drop"),
        "correction": ("更正", "Correction"),
        "replacement": ("改主意", "Replacement"),
        "reference": ("指代酒店", "Reference"),
        "several_at_once": ("一句几个条件", "Several at once"),
        "two_questions": ("一句两个问题", "Two questions"),
        "unknown_wish": ("查不到的愿望", "Unknown wish"),
    }
)
"""What a simulated user's words are examples of."""
FACTS = MappingProxyType(
    {
        "phone": ("电话", "phone"),
        "address": ("地址", "address"),
        "price": ("价格", "price"),
        "rating": ("评分", "rating"),
        "subway": ("地铁", "subway"),
        "nearby_attractions": ("周边景点", "sights nearby"),
        "nearby_restaurants": ("周边餐馆", "restaurants nearby"),
        "has": ("有没有某设施", "whether it has a facility"),
        "type": ("类型", "type"),
        "facilities": ("设施", "facilities"),
    }
)
SIMULATION = MappingProxyType(
    {
        "task_finish": ("任务完成率", "Task finish"),
        "pass^1": ("一次做对 pass^1", "pass^1"),
        "pass^2": ("连对两次 pass^2", "pass^2"),
        "pass^3": ("连对三次 pass^3", "pass^3"),
        "pass^4": ("连对四次 pass^4", "pass^4"),
        "turns_mean": ("平均轮数", "Mean turns"),
        "ungrounded": ("没有依据的说法", "Unsupported claims"),
        "replies": ("回复总数", "Replies"),
    }
)


def label(table: Mapping[str, tuple[str, str]], key: str, language: str = "zh") -> str:
    """A name in one language; a key without one is shown as it is."""
    return table.get(key, (key, key))[0 if language == "zh" else 1]


def explained(key: str, language: str = "zh") -> str:
    """What a figure says, in plain words; "" where its name says it."""
    return label(EXPLAINED, key, language) if key in EXPLAINED else ""


def model_name(model: str) -> str:
    """A model's id as people know it: of a folder only the run's name, never a path of this machine."""
    return folder_name(Path(model.removeprefix("adapter:"))) if "/" in model else model


def model_names(models: Sequence[str]) -> list[str]:
    """Names of several models, numbered where two have the same."""
    names = [model_name(model) for model in models]
    return [
        f"{name} ({names[:at].count(name) + 1})" if names.count(name) > 1 else name for at, name in enumerate(names)
    ]


def figure_text(name: str, value: float | None) -> str:
    """A figure as people read it: shares in percent, BLEU on its own scale, what could not be measured as a dash."""
    if value is None:
        return "—"
    return (
        f"{value:.1f}"
        if name in ("bleu4", "turns_mean")
        else f"{value:.0f}"
        if name in ("ungrounded", "replies")
        else f"{100 * value:.1f}%"
    )


def interval_text(name: str, bounds: list[float] | None) -> str:
    """A 95% interval in the unit of its figure, "" where there is none."""
    return f"{figure_text(name, bounds[0])} – {figure_text(name, bounds[1])}" if bounds else ""


def share_text(found: Mapping[str, Any] | None) -> tuple[str, str]:
    """A phenomenon's share and, smaller, its interval and number; dashes where it did not occur."""
    if not found:
        return "—", ""
    low, high = found["interval"]
    return figure_text(
        "share", found["share"]
    ), f"{figure_text('share', low)} – {figure_text('share', high)} · n = {found['n']}"


def entries_present(table: Mapping[str, tuple[str, str]], figures: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    """The entries of a table that occur under a key of any simulation, in the table's order."""
    return [name for name in table if any(name in ((f.get("simulation") or {}).get(key) or {}) for f in figures)]
