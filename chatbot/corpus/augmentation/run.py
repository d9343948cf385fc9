"""An augmentation from files to files: what both the command and the page's job do around the run itself."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from chatbot.core.errors import InputError
from chatbot.core.events import Reporter
from chatbot.core.messages import Message, write_conversations
from chatbot.core.settings import settings
from chatbot.corpus.augmentation.augment import augment, plan
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.modes import estimate
from chatbot.corpus.augmentation.prompts import OPERATIONS
from chatbot.corpus.augmentation.writing import Augmented
from chatbot.corpus.checks import SecondParser, check, unique_checks
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.review.items import Candidate
from chatbot.corpus.review.queue import ReviewStore
from chatbot.hotels.store import HotelStore


def config_of(given: dict[str, Any]) -> AugmentConfig:
    """The configuration of what was given on the command line or on the page.

    Raises:
        InputError: naming the option that does not fit.
    """
    try:
        config = AugmentConfig.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError("corpus.option", value=first["input"], option=where, reason=first["msg"]) from error
    if unknown := set(config.operations) - set(OPERATIONS):
        raise InputError("corpus.operation", value=sorted(unknown)[0], choices=OPERATIONS)
    return config


def _store(config: AugmentConfig) -> HotelStore:
    return HotelStore.load(config.hotels or settings().hotels)


def estimate_cost(config: AugmentConfig) -> dict[str, Any]:
    """What a run would take, as plain data."""
    return estimate(plan(read_conversations(config.corpus), _store(config), config), config).to_dict()


def run_augment(config: AugmentConfig, watch: Reporter) -> dict[str, Any]:
    """Run, write `augmented.jsonl` and `aside.jsonl`, and put the results up for review with their checks.

    Raises:
        InputError: a file, the key or the model's price is missing.
        BudgetError: the cap was reached; what was written until then is kept, and the run can be resumed with a higher one.
    """
    store = _store(config)
    got = augment(read_conversations(config.corpus), store, config, watch)
    write_conversations(config.out / "augmented.jsonl", (conversation for _, conversation in got.made))
    lines = [{"id": item.task.id, "operation": item.task.operation, "reason": item.reason} for item in got.aside]
    (config.out / "aside.jsonl").write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8"
    )
    figures = got.to_dict()
    if config.review:
        ear, hotels = SecondParserModel(config.ear) if config.ear else None, config.hotels or settings().hotels
        figures["for_review"] = queue_for_review(got, store, ear=ear, hotels=hotels.stem)
    return figures


class SecondParserModel:
    """A model of the catalog as a second parser; it is opened when the word list first finds a difference, which is rare."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._model: SecondParser | None = None

    def predict(self, contexts: Sequence[tuple[Sequence[Message], Sequence[dict[str, Any]]]]) -> list[Message | None]:
        """What the model would say."""
        from chatbot.models.catalog import open_model

        self._model = self._model or open_model(self._name)
        return self._model.predict(contexts)


def queue_for_review(
    got: Augmented,
    store: HotelStore,
    review: ReviewStore | None = None,
    ear: SecondParser | None = None,
    hotels: str = "",
) -> int:
    """Put results up for review with their checks and the name of their database; returns how many were not there yet."""
    review = review or ReviewStore.of_settings()
    twins = unique_checks([made for _, made in got.made])
    checked = (
        (task, made, [*check(made, store, task.original, ear), twin])
        for (task, made), twin in zip(got.made, twins, strict=True)
    )
    return review.add_many(
        Candidate(made, task.operation, task.original, found, hotels) for task, made, found in checked
    )
