"""Figures from generated text for a model that is still training: slot F1, exact calls, and whether it calls when it should."""

from collections.abc import Callable, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from chatbot.evaluation.runner import run_evaluation
from chatbot.hotels.store import HotelStore
from chatbot.messages import Conversation
from chatbot.models.families import Family
from chatbot.models.local import LocalModel

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
