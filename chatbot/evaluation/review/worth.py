"""What a slice of the reviewed data is worth: the same small training with more and more of it, measured on unseen wordings."""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.core.errors import InputError
from chatbot.core.events import Note, Progress, Reporter, Stopped
from chatbot.core.messages import Conversation, write_conversations
from chatbot.core.settings import settings
from chatbot.corpus.review.items import Filter
from chatbot.evaluation.metrics.bootstrap import Difference, interval, paired_difference, resampled
from chatbot.evaluation.metrics.metrics import METRICS, table
from chatbot.evaluation.review.config import WorthConfig
from chatbot.evaluation.review.doubt import review_of

SHARES = (0, 10, 25, 50, 100)
"""Percent of the slice that is added to the rest; 0 is without it."""
FIGURE = "slot_f1"
COUNTED = ("slots_right", "slots_predicted", "slots_gold")
Scores = dict[str, list[float]]
"""What a figure is made of, a value a dialogue, always the same dialogues in the same order."""
Train = Callable[[Path, Path], object]
"""(training conversations, folder of the adapter) → trains it."""
Score = Callable[[Path | None, Sequence[Conversation]], Scores]
"""(folder of an adapter or None for the bare base, held-out conversations) → its scores."""


@dataclass(frozen=True)
class Slice:
    """What is asked about: its conversations, the minutes spent on them, and everything else to train on."""

    chosen: list[Conversation]
    rest: list[Conversation]
    minutes: float


@dataclass(frozen=True)
class Point:
    """A point of the learning curve: percent and conversations of the slice, the figure and its 95% interval."""

    share: int
    n: int
    figure: float
    low: float
    high: float


def run_worth(config: WorthConfig, reporter: Reporter) -> dict[str, Any]:
    """Train and score with 0, 10, 25, 50 and 100 % of the slice.

    Raises:
        InputError: the slice has nothing that was let through, or no held-out conversation is left.
    """
    from chatbot.corpus.reading.reader import read_conversations

    corpus = read_conversations(config.corpus) if config.corpus else []
    with closing(review_of(config.workspace)) as review:
        only = replace(Filter(), **{config.by: config.value})  # type: ignore[arg-type]
        chosen = list(review.approved(only))
        inside = {one.id for one in chosen}
        others = [one for one in review.approved() if one.id not in inside]
        found = Slice(chosen, [*corpus, *others], review.team.minutes(only))
    if not chosen:
        raise InputError("evaluation.empty_slice", value=config.value)
    held = held_out(read_conversations(config.test), [*found.rest, *chosen])[: config.limit]
    return measure(config, found, held, reporter, trainer(config), scorer(config))


def held_out(conversations: Sequence[Conversation], trained: Sequence[Conversation]) -> list[Conversation]:
    """The conversations of which no training has seen the source or a user's sentence.

    Raises:
        InputError: there are fewer than two.
    """
    sources = {one.source for one in trained}
    said = {m.content for one in trained for m in one.messages if m.role == "user"}
    kept = [
        one
        for one in conversations
        if one.source not in sources and not any(m.role == "user" and m.content in said for m in one.messages)
    ]
    if len(kept) < 2:
        raise InputError("evaluation.nothing_held_out", value=len(conversations))
    return kept


def measure(
    config: WorthConfig, given: Slice, held: Sequence[Conversation], reporter: Reporter, train: Train, score: Score
) -> dict[str, Any]:
    """The learning curve of a slice, and what follows from it; a run that was cut off goes on where it was."""
    order = sorted(given.chosen, key=lambda one: hashlib.sha256(f"{config.seed}-{one.source}".encode()).hexdigest())
    scores: dict[int, Scores] = {}
    sizes = {share: -(-len(order) * share // 100) for share in SHARES}
    for done, share in enumerate(SHARES):
        reporter.event(Progress(done=done, total=len(SHARES), what=f"{share} %"))
        if reporter.should_stop():
            raise Stopped
        folder = config.folder / f"share-{share}"
        scores[share] = _kept(folder, [*given.rest, *order[: sizes[share]]], held, train, score)
        reporter.event(Note(text=f"{share} %: {_figure(scores[share]):.3f}"))
    reporter.event(Progress(done=len(SHARES), total=len(SHARES)))
    points = [_point(share, sizes[share], scores[share]) for share in SHARES]
    return {
        "slice": {"by": config.by, "value": config.value},
        "points": [asdict(point) for point in points],
        "held_out": len(held),
        "minutes": round(given.minutes, 1),
        "gain": _difference(scores[0], scores[100]),
        "last_half": _difference(scores[50], scores[100]),
    }


def _kept(
    folder: Path, data: Sequence[Conversation], held: Sequence[Conversation], train: Train, score: Score
) -> Scores:
    """One training's scores, which are worked out once for the same data."""
    told = hashlib.sha256("\n".join(one.to_json() for one in [*data, *held]).encode()).hexdigest()
    kept = folder / "scores.json"
    if kept.exists() and (found := json.loads(kept.read_text(encoding="utf-8")))["data"] == told:
        scores: Scores = found["scores"]
        return scores
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    adapter = folder / "adapter" if data else None
    if adapter:
        write_conversations(folder / "train.jsonl", data)
        train(folder / "train.jsonl", adapter)
    scores = score(adapter, held)
    kept.write_text(json.dumps({"data": told, "scores": scores}), encoding="utf-8")
    return scores


def _columns(scores: Scores) -> dict[str, np.ndarray]:
    return {name: np.array(scores[name]) for name in COUNTED}


def _figure(scores: Scores) -> float:
    value = float(METRICS[FIGURE]({name: np.array(sum(scores[name])) for name in COUNTED}))
    return 0.0 if np.isnan(value) else value


def _point(share: int, n: int, scores: Scores) -> Point:
    low, high = interval(METRICS[FIGURE](resampled(_columns(scores)))) or (0.0, 1.0)
    return Point(share, n, _figure(scores), low, high)


def _difference(first: Scores, second: Scores) -> dict[str, Any] | None:
    found: Difference | None = paired_difference(_columns(first), _columns(second), METRICS[FIGURE])
    return None if found is None else asdict(found) | {"significant": found.significant}


def trainer(config: WorthConfig) -> Train:
    """A small LoRA of the configuration's base."""

    def train(data: Path, out: Path) -> None:
        from chatbot.training.config import FinetuneConfig
        from chatbot.training.finetune import finetune

        given: dict[str, Any] = {"eval_share": 0.0, "eval_limit": 0, "eval_every": config.max_steps, "batch_size": 2}
        run = FinetuneConfig(
            base=config.base, data=data, out=out, method="lora", max_steps=config.max_steps, seed=config.seed, **given
        )
        finetune(run)

    return train


def scorer(config: WorthConfig) -> Score:
    """The model alone on held-out conversations, with the gold messages before each turn."""

    def score(adapter: Path | None, held: Sequence[Conversation]) -> Scores:
        from chatbot.evaluation.runner import predict
        from chatbot.hotels.store import HotelStore
        from chatbot.models.local import LocalModel

        store = HotelStore.load(config.hotels or settings().hotels)
        found = table(predict(held, LocalModel.load(config.base, adapter), store))
        return {name: found[name].tolist() for name in COUNTED}

    return score
