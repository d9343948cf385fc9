"""What a study tells of each model against the first: the change, and better, worse or too few to tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.evaluation.metrics.certainty import Judgement, adjusted, detectable, judgement
from chatbot.evaluation.metrics.metrics import LOWER_IS_BETTER

OWN_SCALE = frozenset({"bleu4"})
"""Figures from 0 to 100; all others are shares, whose differences are told in points."""
FEWEST = 30
"""Conversations below which intervals by resampling are too narrow to conclude anything."""
WORDS: Mapping[Judgement, str] = {"better": "更好", "worse": "更差", "too_few": "样本太少，看不出"}
"""For the report, which is in Chinese."""


@dataclass(frozen=True)
class Told:
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
    def words(self) -> str:
        """In Chinese, as the report says it."""
        return WORDS[self.judged] + (f"（至少差 {self.least:.1f}）" if self.judged == "too_few" else "")


def told(pairs: Sequence[Mapping[str, Any]], dialogues: int) -> dict[int, dict[str, Told]]:
    """Position of every other model → its figures against the first one's, p-values corrected over all of them."""
    ps = adjusted(pairs, dialogues)
    return {
        pair["second"]: {name: _told(name, found, p[name], dialogues) for name, found in pair["metrics"].items()}
        for pair, p in zip(pairs, ps, strict=True)
        if pair["first"] == 0
    }


def tests(pairs: Sequence[Mapping[str, Any]]) -> int:
    """How many comparisons the p-values are corrected for."""
    return sum(len(pair["metrics"]) for pair in pairs)


def _told(name: str, found: Mapping[str, Any], p: float, dialogues: int) -> Told:
    points = 1 if name in OWN_SCALE else 100
    low, high = (points * edge for edge in found["interval"])
    return Told(
        f"{points * found['difference']:+.1f}",
        f"{low:+.1f} – {high:+.1f}",
        judgement(found["difference"], p, lower_is_better=name in LOWER_IS_BETTER),
        detectable((low, high), dialogues, 100),
    )
