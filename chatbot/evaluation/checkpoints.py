"""Figures from generated text for a model that is still training: slot F1, exact calls, and whether it calls when it should."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from chatbot.core.messages import Conversation
from chatbot.evaluation.runner import run_evaluation
from chatbot.hotels.store import HotelStore
from chatbot.models.families.family import Family
from chatbot.models.local import LocalModel
from chatbot.training.config import FinetuneConfig
from chatbot.training.prepared import prepare

FIGURES = ("slot_f1", "call_exact", "act_accuracy")


def checkpoint_evaluator(
    conversations: Sequence[Conversation], store: HotelStore, family: Family, tokenizer: PreTrainedTokenizerBase
) -> Callable[[Any], dict[str, float]]:
    """What a trainer calls at every checkpoint with its live model.

    Args:
        conversations: held out from training; few, because every turn is generated.
        store: what the calls are replayed on.
    """

    def evaluate(model: Any) -> dict[str, float]:
        report = run_evaluation(conversations, LocalModel("checkpoint", model, tokenizer, family), store)
        return {name: report[name] for name in FIGURES if report[name] is not None}

    return evaluate


def evaluator_of(
    config: FinetuneConfig, hotels: Path, limit: int | None = None
) -> Callable[[Any], dict[str, float]] | None:
    """The evaluator of a run, on held-out conversations drawn with its seed; None where it wants or holds out none.

    Args:
        hotels: the database that calls are replayed on.
        limit: fewer conversations than the run takes, to time them.
    """
    if not config.eval_limit:
        return None
    prepared = prepare(config)
    held = prepared.held_out_conversations
    few = random.Random(config.seed).sample(held, min(len(held), config.eval_limit, limit or config.eval_limit))
    return checkpoint_evaluator(few, HotelStore.load(hotels), prepared.family, prepared.tokenizer) if few else None
