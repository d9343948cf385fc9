"""What is known of a run before its first step: the data rendered and split, the rows of a batch, the number of steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from chatbot.core.messages import Conversation
from chatbot.corpus.reading.reader import read_conversations
from chatbot.models.bring.round_trip import refuse_broken
from chatbot.models.families.family import Family
from chatbot.models.loading import load_tokenizer
from chatbot.models.numerics import TrainingNumerics, training_numerics
from chatbot.training.config import FinetuneConfig
from chatbot.training.data import Example, cut_to, hold_out, rendered
from chatbot.training.fitted.row_length import context_of, row_length
from chatbot.training.fitted.shortening import shortened
from chatbot.training.methods import method
from chatbot.training.options.fitting import refuse_unfit


@dataclass(frozen=True)
class Prepared:
    """Everything that is known before the first step.

    Attributes:
        config: as it was asked for, with the row's length as it was fitted.
        shortened: examples whose records lost fields, because they were longer than a row.
    """

    config: FinetuneConfig
    family: Family
    tokenizer: PreTrainedTokenizerBase
    train: list[Example]
    held_out: list[Example]
    train_conversations: list[Conversation]
    held_out_conversations: list[Conversation]
    numerics: TrainingNumerics
    shortened: int = 0

    @property
    def lengths(self) -> list[int]:
        """Tokens of every example before a cut."""
        return [e.length for e in [*self.train, *self.held_out]]

    @property
    def packed(self) -> bool:
        """Whether rows hold several conversations."""
        return self.config.packing and not method(self.config.method).prompts

    @property
    def batch(self) -> tuple[int, int]:
        """(rows computed at once, batches that make a step): as many tokens a step unpacked as packed.

        The trainer lays packed rows end to end, and attention without a GPU's variable-length kernels costs the square of that: so a CPU takes them one
        by one.
        """
        config = self.config
        if self.packed:
            return (
                (config.batch_size, config.accumulation)
                if torch.cuda.is_available()
                else (1, config.batch_size * config.accumulation)
            )
        mean = sum(len(e.ids) for e in self.train) / len(self.train)
        return max(1, min(len(self.train), round(config.batch_size * config.max_length / mean))), config.accumulation

    @property
    def checkpointing(self) -> bool:
        """Whether activations are computed again instead of kept."""
        wanted = torch.cuda.is_available() if self.config.checkpointing is None else self.config.checkpointing
        return wanted and method(self.config.method).checkpointing

    def steps(self, row_count: int, processes: int = 1) -> int:
        """Optimiser steps of the whole run."""
        return self.config.max_steps or max(1, round(self.config.epochs * self.steps_an_epoch(row_count, processes)))

    def steps_an_epoch(self, row_count: int, processes: int = 1) -> int:
        """Optimiser steps of one pass over the data."""
        at_once, together = self.batch
        return ceil(ceil(row_count / (at_once * processes)) / together)


def prepare(config: FinetuneConfig, family: Family | None = None, before: Mapping[str, Any] | None = None) -> Prepared:
    """Read, render and split the data, and refuse what cannot be trained on.

    Args:
        before: the numerics in the record of the run that goes on.

    Raises:
        InputError: the data, the method or the setting of the CPU's dtype cannot be used.
        ModelError: the base folder holds no tokenizer, or not the family's, or a chat template that can't hold a conversation.
    """
    refuse_unfit(config)
    if family is None:
        from chatbot.models.registry import family_of

        family = family_of(config.base)
    tokenizer = load_tokenizer(config.base)
    refuse_broken(family, tokenizer)
    conversations = read_conversations(config.data)
    if config.eval_data:
        train, held = conversations, read_conversations(config.eval_data)
    else:
        train, held = hold_out(conversations, config.eval_share, config.seed)
    whole = [[rendered(c, family, tokenizer) for c in part] for part in (train, held)]
    lengths = [e.length for part in whole for found in part for e in found]
    length = config.max_length or row_length(lengths, context_of(config.base))

    def fits(conversation: Conversation) -> bool:
        return all(e.length <= length for e in rendered(conversation, family, tokenizer))

    def fitted(part: list[Conversation], found: list[list[Example]]) -> list[Example]:
        long = [any(e.length > length for e in examples) for examples in found]
        return [
            e
            for conversation, examples, shorten in zip(part, found, long, strict=True)
            for e in (rendered(shortened(conversation, fits), family, tokenizer) if shorten else examples)
        ]

    parts = fitted(train, whole[0]), fitted(held, whole[1])
    return Prepared(
        config.model_copy(update={"max_length": length}),
        family,
        tokenizer,
        cut_to(parts[0], length),
        cut_to(parts[1], length) if held else [],
        train,
        held,
        training_numerics(before),
        shortened=sum(n > length for n in lengths),
    )
