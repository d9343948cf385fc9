"""An augmentation from files to files: what both the command and the page's job do around the run itself."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from pydantic import ValidationError

from chatbot.core.errors import InputError
from chatbot.core.events import Reporter
from chatbot.core.messages import write_conversations
from chatbot.core.settings import settings
from chatbot.corpus.augmentation.augment import augment, plan
from chatbot.corpus.augmentation.cache import AnswerCache
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.modes import cache_path, estimate
from chatbot.corpus.augmentation.prompts import OPERATIONS
from chatbot.corpus.augmentation.runs.feed import ReviewFeed, SecondParserModel
from chatbot.corpus.augmentation.writing import Augmented
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.review.queue import ReviewStore
from chatbot.corpus.review.runs import RunLedger
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
    """Run, put each result up for review with its checks, and write `augmented.jsonl` and `aside.jsonl`.

    Raises:
        InputError: a file, the key or the model's price is missing.
        BudgetError: the cap was reached; what was written until then is kept, and the run can be resumed with a higher one.
    """
    store, corpus = _store(config), read_conversations(config.corpus)
    with ExitStack() as opened:
        desk = opened.enter_context(_Desk(config).open()) if config.review else None
        got = augment(corpus, store, config, watch, feed=desk.feed(store) if desk else None)
        _write(got, config)
        return got.to_dict() | (desk.figures() if desk else {})


def _write(got: Augmented, config: AugmentConfig) -> None:
    write_conversations(config.out / "augmented.jsonl", (conversation for _, conversation in got.made))
    lines = [{"id": item.task.id, "operation": item.task.operation, "reason": item.reason} for item in got.aside]
    (config.out / "aside.jsonl").write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8"
    )


class _Desk:
    """The review as one run uses it."""

    def __init__(self, config: AugmentConfig) -> None:
        self._config, self._run = config, config.run_id

    @contextmanager
    def open(self) -> Iterator["_Desk"]:
        with closing(ReviewStore.of_settings()) as self._review, closing(RunLedger.of_settings()) as self._ledger:
            settings = self._config.model_dump(mode="json", exclude_defaults=True)
            self._ledger.enter(self._run, self._config.name, settings)
            yield self

    def feed(self, store: HotelStore) -> ReviewFeed:
        second_parser = SecondParserModel(self._config.second_parser) if self._config.second_parser else None
        hotels = (self._config.hotels or settings().hotels).stem
        return ReviewFeed(self._run, store, self._review, self._ledger, second_parser, hotels)

    def figures(self) -> dict[str, Any]:
        """What the run has put up so far, and what it has cost."""
        if self._config.mode != "offline":
            with closing(AnswerCache(cache_path(self._config))) as cache:
                spent = cache.spent(self._run)
                self._ledger.note_cost(self._run, spent.paid + spent.at_risk)
        return {"for_review": next(run.cards for run in self._ledger.all() if run.run == self._run)}
