"""Figures from generated text for a model that is still training: slot F1, exact calls, and whether it calls when it should."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import PreTrainedTokenizerBase

from chatbot.core.events import Note, NullReporter, Progress, Reporter
from chatbot.core.messages import Conversation, Message
from chatbot.evaluation.runner import run_evaluation
from chatbot.hotels.store import HotelStore
from chatbot.models.families.family import Family
from chatbot.models.local import MAX_NEW_TOKENS, LocalModel
from chatbot.models.render import IGNORED
from chatbot.training.data import Example
from chatbot.training.prepared import Prepared
from chatbot.training.run_record import HIGH, LOW
from chatbot.training.trainer import Evaluator, EvaluatorOf

FIGURES = ("slot_f1", "call_exact", "act_accuracy")
EVERY = 3.0
"""Seconds between two reports of how far a look is."""


class TooSlow(Exception):
    """The look at the untrained base takes longer than it may."""


@dataclass(frozen=True)
class Look:
    """How a look at generated text is held within bounds.

    Attributes:
        most_tokens: tokens of a message, after which a model that babbles is cut off.
        first: seconds that the bare base may take; None for as long as it wants.
        reporter: told how far it is.
        clock: seconds.
    """

    most_tokens: int = MAX_NEW_TOKENS
    first: float | None = None
    reporter: Reporter = field(default_factory=NullReporter)
    clock: Callable[[], float] = time.monotonic

    def progress(self, total: int, *, bare: bool) -> Callable[[], None]:
        """Told after each of so many turns; raises TooSlow where the bare base has had its time."""
        began = said = self.clock()
        done = 0

        def tell() -> None:
            nonlocal said, done
            now, done = self.clock(), done + 1
            if now - said > EVERY:
                said = now
                self.reporter.event(Progress(done=done, total=total, what="evaluate"))
            if bare and self.first is not None and now - began > self.first and done < total:
                self.reporter.event(
                    Note(
                        text=f"the untrained base answered {done} of {total} turns in {self.first:.0f} s; its figures are left out"
                    )
                )
                raise TooSlow

        return tell


@dataclass
class Watched(LocalModel):
    """A local model that tells of every turn that it has answered."""

    tell: Callable[[], None] = lambda: None

    def predict(self, contexts: Sequence[tuple[Sequence[Message], Sequence[dict[str, Any]]]]) -> list[Message | None]:
        """As the local model's; raises what `tell` raises."""
        out: list[Message | None] = []
        for context in contexts:
            out += super().predict([context])
            self.tell()
        return out


def checkpoint_evaluator(
    conversations: Sequence[Conversation],
    store: HotelStore,
    family: Family,
    tokenizer: PreTrainedTokenizerBase,
    look: Look | None = None,
) -> Evaluator:
    """What a trainer calls at every checkpoint with its live model; no figures of a bare base that is too slow.

    Args:
        conversations: held out from training; few, because every turn is generated.
        store: what the calls are replayed on.
    """
    bounds = look or Look()

    def evaluate(model: Any) -> dict[str, float]:
        turns = sum(m.role == "assistant" for c in conversations for m in c.messages)
        tell = bounds.progress(turns, bare=not isinstance(model, PeftModel))
        local = Watched("checkpoint", model, tokenizer, family, most_tokens=bounds.most_tokens, tell=tell)
        try:
            report = run_evaluation(conversations, local, store)
        except TooSlow:
            return {}
        return with_intervals(report)

    return evaluate


def with_intervals(report: Mapping[str, Any]) -> dict[str, float]:
    """The figures of a checkpoint, each with the ends of its 95% interval beside it."""
    out: dict[str, float] = {}
    for name in FIGURES:
        if report[name] is not None:
            low, high = report["intervals"][name]
            out |= {name: report[name], f"{name}{LOW}": low, f"{name}{HIGH}": high}
    return out


def longest_written(data: Sequence[Example]) -> int:
    """Tokens of the longest message that the data teaches to write, and a quarter more."""
    longest = max(
        (len(list(run)) for e in data for ignored, run in groupby(e.labels, IGNORED.__eq__) if not ignored), default=0
    )
    return min(MAX_NEW_TOKENS, longest * 5 // 4 + 8)


def evaluators(hotels: Path, limit: int | None = None, reporter: Reporter | None = None) -> EvaluatorOf:
    """What gives a run its evaluator, on held-out conversations drawn with its seed; none where it wants or holds out none.

    Args:
        hotels: the database that calls are replayed on, where the run names none.
        limit: fewer conversations than the run takes, to time them.
        reporter: told how far each look is.
    """

    def evaluator_of(prepared: Prepared) -> Evaluator | None:
        config, held = prepared.config, prepared.held_out_conversations
        count = min(len(held), config.eval_limit, limit or config.eval_limit)
        if not count:
            return None
        few = random.Random(config.seed).sample(held, count)
        store = HotelStore.load(config.hotels or hotels)
        look = Look(longest_written(prepared.train), config.first_eval, reporter or NullReporter())
        return checkpoint_evaluator(few, store, prepared.family, prepared.tokenizer, look)

    return evaluator_of
