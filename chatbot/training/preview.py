"""Look before you start: what the model will see of an example, what of it is trained, and how examples share rows."""

from dataclasses import dataclass

from chatbot.models.families.family import Family
from chatbot.models.render import IGNORED, render
from chatbot.training.config import FinetuneConfig
from chatbot.training.data import Statistics, statistics
from chatbot.training.prepared import Prepared, prepare

BINS = 16


@dataclass(frozen=True)
class Token:
    """One token of an example; `kept` is False behind the cut."""

    text: str
    id: int
    trained: bool
    kept: bool


@dataclass(frozen=True)
class Row:
    """One row of a batch: (conversation's id, its tokens) in their order, and what stays empty."""

    parts: list[tuple[str, int]]
    empty: int


@dataclass(frozen=True)
class Preview:
    """What the page and the command show before a run.

    Attributes:
        tokens: the chosen example, token by token.
        length: tokens of a row.
        packed, padded: the first rows as they will be, and as they would be with one conversation a row.
        histogram: (shortest, longest, conversations) of each bin of token lengths.
    """

    id: str
    length: int
    tokens: list[Token]
    packed: list[Row]
    padded: list[Row]
    histogram: list[tuple[int, int, int]]
    statistics: Statistics
    steps: int


def preview(config: FinetuneConfig, index: int = 0, family: Family | None = None) -> Preview:
    """Render the data as the trainer will.

    Args:
        index: which training example to show; wraps around.

    Raises:
        InputError, ModelError: what was given cannot be trained on.
    """
    prepared = prepare(config, family)
    config = prepared.config
    chosen = prepared.train[index % len(prepared.train)]
    count = statistics(prepared.train, config.max_length)
    packed = _rows(prepared)
    return Preview(
        id=chosen.id,
        length=config.max_length,
        tokens=_tokens(prepared, chosen.id),
        packed=packed[:8],
        padded=[Row([(e.id, len(e.ids))], config.max_length - len(e.ids)) for e in prepared.train[:8]],
        histogram=histogram(count.lengths),
        statistics=count,
        steps=prepared.steps(len(packed) if prepared.packed else len(prepared.train)),
    )


def _tokens(prepared: Prepared, chosen: str) -> list[Token]:
    conversation = next(c for c in prepared.train_conversations if c.id == chosen)
    rendered = render(conversation.messages, conversation.tools, prepared.family, prepared.tokenizer)
    texts = [str(prepared.tokenizer.decode([i])) for i in rendered.ids]
    cut = prepared.config.max_length
    labels = [IGNORED, *rendered.labels[1:]]  # nothing predicts the first token
    return [
        Token(text, i, label != IGNORED, at < cut)
        for at, (text, i, label) in enumerate(zip(texts, rendered.ids, labels, strict=True))
    ]


def _rows(prepared: Prepared) -> list[Row]:
    """Which conversations share a row, by the library's own packing (best fit decreasing)."""
    from datasets import Dataset
    from trl import pack_dataset

    length = prepared.config.max_length
    marked = Dataset.from_dict({"input_ids": [[number] * len(e.ids) for number, e in enumerate(prepared.train)]})
    rows = pack_dataset(marked, length, "bfd", {"load_from_cache_file": False, "batch_size": len(marked)})
    out = []
    for row in rows:
        starts = [sum(row["seq_lengths"][:k]) for k in range(len(row["seq_lengths"]))]
        parts = [
            (prepared.train[row["input_ids"][at]].id, size) for at, size in zip(starts, row["seq_lengths"], strict=True)
        ]
        out.append(Row(parts, length - len(row["input_ids"])))
    return out


def histogram(lengths: list[int], bins: int = BINS) -> list[tuple[int, int, int]]:
    """Count lengths in equal bins from the shortest to the longest."""
    low, high = min(lengths), max(lengths)
    width = max(1, -(-(high - low + 1) // bins))
    counts = [sum(low + k * width <= n < low + (k + 1) * width for n in lengths) for k in range(bins)]
    return [
        (low + k * width, low + (k + 1) * width - 1, count) for k, count in enumerate(counts) if low + k * width <= high
    ]
