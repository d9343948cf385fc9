"""Runs a model over a data set: gold context, one prediction at every assistant turn, in batches, with progress."""

import hashlib
import json
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatbot.corpus.lab import read_any
from chatbot.errors import InputError, QueryError
from chatbot.evaluation.metrics import METRICS, evaluate
from chatbot.evaluation.predictions import Prediction, write_predictions
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.messages import Conversation, Message
from chatbot.models.backends import ChatModel
from chatbot.settings import settings

BATCH = 32
Progress = Callable[[int, int], None]
"""Told (turns done, turns in all)."""


@dataclass(frozen=True)
class Turn:
    """One assistant message of the data and where it stands."""

    conversation: Conversation
    index: int

    @property
    def gold(self) -> Message:
        """What the data says here."""
        return self.conversation.messages[self.index]

    @property
    def context(self) -> list[Message]:
        """Everything before it."""
        return self.conversation.messages[: self.index]

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The conversation's tools, or ours where it names none."""
        return self.conversation.tools or [SEARCH_HOTELS]


def turns(conversations: Sequence[Conversation]) -> list[Turn]:
    """Every assistant message that a user message precedes."""
    out = []
    for conversation in conversations:
        spoken = False
        for index, message in enumerate(conversation.messages):
            spoken = spoken or message.role == "user"
            if spoken and message.role == "assistant":
                out.append(Turn(conversation, index))
    return out


def _records(context: Sequence[Message]) -> list[dict[str, Any]]:
    return next((m.records for m in reversed(context) if m.role == "tool"), [])


def _found(store: HotelStore, arguments: dict[str, Any]) -> list[str] | None:
    """Names of the hotels that a call finds, or None where its arguments do not validate."""
    try:
        return [record["name"] for record in store.search(HotelQuery.parse(arguments)).records]
    except QueryError:
        return None


def _same_hotels(store: HotelStore, gold: Message, predicted: Message | None) -> bool | None:
    if gold.call is None:
        return None
    if predicted is None or predicted.call is None or predicted.call.name != gold.call.name:
        return False
    found = _found(store, predicted.call.arguments)
    return found is not None and found == _found(store, gold.call.arguments)


def _prediction(turn: Turn, predicted: Message | None, store: HotelStore) -> Prediction:
    gold, context = turn.gold, turn.context
    answer = predicted.content if predicted is not None and predicted.call is None else None
    called = predicted.call if predicted is not None else None
    return Prediction(
        id=turn.conversation.id,
        turn=turn.index,
        gold_call=gold.call.arguments if gold.call else None,
        predicted_call=called.arguments if called else None,
        gold_reply=None if gold.call else gold.content,
        predicted_reply=answer,
        gold_function=gold.call.name if gold.call else None,
        predicted_function=called.name if called else None,
        exchange=sum(m.role == "user" for m in context),
        after_empty=context[-1].role == "tool" and not context[-1].records,
        ungrounded=tuple(ungrounded(answer, _records(context), context)) if answer is not None else (),
        same_hotels=_same_hotels(store, gold, predicted),
    )


def _batches(todo: Sequence[Turn]) -> Iterator[Sequence[int]]:
    """Turns of like length together, longest first, so that little is padded and the time left is not promised too short."""
    order = sorted(range(len(todo)), key=lambda i: -sum(len(m.content) for m in todo[i].context))
    return (order[start : start + BATCH] for start in range(0, len(order), BATCH))


def predict(conversations: Sequence[Conversation], model: ChatModel, store: HotelStore, progress: Progress | None = None) -> list[Prediction]:
    """What the model writes at every assistant turn, given the gold messages before it.

    Raises:
        InputError: two conversations have one id, or there is no assistant turn to score.
    """
    ids = [conversation.id for conversation in conversations]
    if len(set(ids)) < len(ids):
        raise InputError("conversations of the data share an id", value=next(i for i in ids if ids.count(i) > 1), remedy="Give every conversation its own id.")
    todo = turns(conversations)
    if not todo:
        raise InputError("the data holds no assistant turn to score", remedy="Give conversations in which the assistant answers a user.")
    out: list[Prediction | None] = [None] * len(todo)
    done = 0
    for batch in _batches(todo):
        answers = model.predict([(todo[i].context, todo[i].tools) for i in batch])
        for i, answer in zip(batch, answers, strict=True):
            out[i] = _prediction(todo[i], answer, store)
        done += len(batch)
        if progress:
            progress(done, len(todo))
    return [row for row in out if row is not None]


def run_evaluation(conversations: Sequence[Conversation], model: ChatModel, store: HotelStore, progress: Progress | None = None) -> dict[str, Any]:
    """Measure a model on conversations: the figures of `metrics.evaluate`, the model's name, and the `predictions` behind them.

    Raises:
        InputError: the data cannot be scored.
        BackendError: the model cannot be reached.
    """
    rows = predict(conversations, model, store, progress)
    return {"model": model.name, **evaluate(rows), "predictions": rows}


def evaluate_file(
    data: Path, hotels: Path | None, model: str, out: Path, predictions: Path | None = None, *, limit: int | None = None, progress: Progress | None = None
) -> str:
    """What the `evaluate` command does: read, measure, write the report (and the predictions); returns a short table to read.

    Raises:
        WorkbenchError: the data, the database or the model cannot be used.
    """
    from chatbot.models.catalog import open_model

    hotels = hotels or settings().hotels
    started = time.monotonic()
    report = run_evaluation(read_any(data)[:limit], open_model(model), HotelStore.load(hotels), progress)
    return write_report(report | {"model": model, "seconds": round(time.monotonic() - started, 1)}, data, hotels, out, predictions)


def write_report(report: dict[str, Any], data: Path, hotels: Path, out: Path, predictions: Path | None = None) -> str:
    """Write what `run_evaluation` gave: the figures with what they were measured on, the predictions apart; returns `summary`."""
    figures = {key: value for key, value in report.items() if key != "predictions"} | provenance(data, hotels)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
    if predictions:
        write_predictions(predictions, report["predictions"])
    return summary(figures)


def provenance(data: Path, hotels: Path) -> dict[str, Any]:
    """What the figures were measured on and with: file names, hashes, versions."""
    from importlib.metadata import PackageNotFoundError, version

    versions = {"python": platform.python_version()}
    for package in ("torch", "transformers", "peft", "sacrebleu"):
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    files = {name: {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for name, path in (("data", data), ("hotels", hotels))}
    return {**files, "versions": versions, "made": datetime.now(UTC).isoformat(timespec="seconds")}


def summary(report: dict[str, Any]) -> str:
    """The figures as lines of text: name, value, 95% interval."""
    lines = []
    for name in METRICS:
        value, bounds = report[name], report["intervals"][name]
        lines.append(f"{name:30} " + ("—" if value is None else f"{value:8.4f}  [{bounds[0]:.4f}, {bounds[1]:.4f}]"))
    counts = report["counts"]
    return "\n".join([*lines, f"{counts['dialogues']} dialogues, {counts['turns']} turns"])
