"""The sentences on what a model gains on the first of a study: the change, and better, worse or too few to tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from chatbot.evaluation.metrics.certainty import Judgement, adjusted, detectable, judgement
from chatbot.evaluation.metrics.metrics import LOWER_IS_BETTER
from chatbot.evaluation.reporting.labels import METRICS, label

OWN_SCALE = frozenset({"bleu4"})
"""Figures from 0 to 100; all others are shares, whose differences are told in points."""
TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "better": ("更好", "better"),
        "worse": ("更差", "worse"),
        "too_few": ("样本太少，看不出：至少差 {least:.1f} 才看得出", "too few to tell: {least:.1f} would show"),
        "head": ("{second} 比 {first}", "{second} against {first}"),
        "verdict": (
            "{second} 相对 {first}：{name} {change} 个百分点（95% 区间 {low} 到 {high}），{words}。",
            "{second} against {first}: {name} {change} points (95% {low} to {high}), {words}.",
        ),
    }
)


@dataclass(frozen=True)
class FigureChange:
    """One figure of a model against the first one's.

    Attributes:
        change, bounds: in points, as text.
        least: the smallest change, in points, that the set at hand would show four times in five.
    """

    change: str
    bounds: str
    judged: Judgement
    least: float

    @property
    def edges(self) -> list[str]:
        """The bounds one by one."""
        return self.bounds.split(" – ")

    def words(self, language: str = "zh") -> str:
        """Better, worse, or too few to tell with the least change that would show."""
        return label(TEXTS, self.judged, language).format(least=self.least)


def figure_changes(pairs: Sequence[Mapping[str, Any]], dialogues: int) -> dict[int, dict[str, FigureChange]]:
    """Position of every other model → its figures against the first one's, p-values corrected over all of them."""
    ps = adjusted(pairs, dialogues)
    return {
        pair["second"]: {
            name: _figure_change(name, found, p[name], dialogues) for name, found in pair["metrics"].items()
        }
        for pair, p in zip(pairs, ps, strict=True)
        if pair["first"] == 0
    }


def comparison_count(pairs: Sequence[Mapping[str, Any]]) -> int:
    """How many comparisons the p-values are corrected for."""
    return sum(len(pair["metrics"]) for pair in pairs)


def heads(models: Sequence[str], pairs: Sequence[Mapping[str, Any]], language: str = "zh") -> list[str]:
    """The columns of a table of figures: the models, then each against the first."""
    head = label(TEXTS, "head", language)
    others = (models[pair["second"]] for pair in pairs if pair["first"] == 0)
    return [*models, *(head.format(second=second, first=models[0]) for second in others)]


def verdicts(
    models: Sequence[str], pairs: Sequence[Mapping[str, Any]], dialogues: int, language: str = "zh"
) -> list[str]:
    """One sentence a comparison with the first model, for a reader who reads nothing else."""
    out = []
    for second, changes in figure_changes(pairs, dialogues).items():
        name = next((name for name in ("slot_f1", "act_accuracy") if name in changes), None)
        if name is None:
            continue
        found, (low, high) = changes[name], changes[name].edges
        values = {"first": models[0], "second": models[second], "name": label(METRICS, name, language)}
        values |= {"change": found.change, "low": low, "high": high, "words": found.words(language)}
        out.append(label(TEXTS, "verdict", language).format(**values))
    return out


def _figure_change(name: str, found: Mapping[str, Any], p: float, dialogues: int) -> FigureChange:
    points = 1 if name in OWN_SCALE else 100
    low, high = (points * edge for edge in found["interval"])
    return FigureChange(
        f"{points * found['difference']:+.1f}",
        f"{low:+.1f} – {high:+.1f}",
        judgement(found["difference"], p, lower_is_better=name in LOWER_IS_BETTER),
        detectable((low, high), dialogues, 100),
    )
