"""Blind votes: a person sees two answers without knowing whose they are, and says which is better."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal, get_args

from chatbot.core.errors import InputError
from chatbot.core.locks import append_whole
from chatbot.evaluation.metrics.bootstrap import share_interval

Choice = Literal["left", "right", "tie"]


@dataclass(frozen=True)
class Vote:
    """One vote; `left` and `right` are the models as they stood on the page."""

    left: str
    right: str
    choice: Choice
    text: str
    voter: str = ""
    time: float = 0.0

    @property
    def winner(self) -> str | None:
        """The model that was found better, None for a tie."""
        return {"left": self.left, "right": self.right}.get(self.choice)


def shuffle(models: Sequence[str], rng: Random) -> tuple[str, str]:
    """Two models in an order that tells nothing.

    Raises:
        InputError: there are not two different models.
    """
    if len(set(models)) != 2 or len(models) != 2:
        raise InputError("evaluation.two_models", value=", ".join(models))
    left, right = rng.sample(list(models), 2)
    return left, right


def record_vote(path: Path, vote: Vote) -> None:
    """Append a vote; several pages may vote at once.

    Raises:
        InputError: the choice is none of left, right, tie.
    """
    if vote.choice not in get_args(Choice):
        raise InputError("evaluation.vote", value=vote.choice)
    append_whole(path, json.dumps({**asdict(vote), "time": vote.time or time.time()}, ensure_ascii=False))


def read_votes(path: Path) -> list[Vote]:
    """All votes so far, the oldest first; a line torn by a kill is left out."""
    if not path.exists():
        return []
    text, out = path.read_text(encoding="utf-8", errors="replace"), []
    for line in text.split("\n"):  # a person's words may hold other breaks
        try:
            vote = Vote(**json.loads(line))
        except (ValueError, TypeError, RecursionError):
            continue
        if vote.choice in get_args(Choice) and isinstance(vote.left, str) and isinstance(vote.right, str):
            out.append(vote)
    return out


def standings(votes: Sequence[Vote]) -> list[dict[str, Any]]:
    """Each pair of models that met: wins, ties, and the first's share of the decided votes with its 95% interval (Wilson)."""
    pairs: dict[tuple[str, str], Counter[str]] = {}
    for vote in votes:
        a, b = sorted((vote.left, vote.right))
        pairs.setdefault((a, b), Counter())[vote.winner or "tie"] += 1
    out = []
    for (a, b), count in sorted(pairs.items()):
        low, high = share_interval(count[a], count[a] + count[b])
        rate = count[a] / (count[a] + count[b]) if count[a] + count[b] else None
        out.append(
            {
                "first": a,
                "second": b,
                "first_wins": count[a],
                "second_wins": count[b],
                "ties": count["tie"],
                "win_rate": rate,
                "interval": [low, high],
            }
        )
    return out
