"""A batch three ways: examples one after the other and cut, padded to a row each, or packed; and who may look at whom in a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from chatbot.models.loading import load_tokenizer
from chatbot.models.registry import family_of
from chatbot.models.render import IGNORED
from chatbot.training.data import Example, load, rows

Way = Literal["concatenated", "padded", "packed"]
NOBODY = -1
"""The example of a place where nothing is."""


@dataclass(frozen=True)
class Row:
    """One row of a batch, place by place.

    Attributes:
        ids: token ids.
        example: which example each place belongs to, NOBODY where the row is empty.
        trained: whether the place carries loss.
        positions: the position id of each place.
    """

    ids: list[int]
    example: list[int]
    trained: list[bool]
    positions: list[int]

    def sees(self, at: int, other: int) -> bool:
        """Whether one place may look at another: not ahead, and not into another part."""
        part = at - self.positions[at]
        return self.example[at] != NOBODY and part <= other <= at


@dataclass(frozen=True)
class Batch:
    """Rows of one length."""

    rows: list[Row]
    length: int

    @property
    def waste(self) -> float:
        """The share (0–1) of the places that is empty."""
        empty = sum(row.example.count(NOBODY) for row in self.rows)
        return empty / (self.length * len(self.rows))

    @property
    def torn(self) -> int:
        """Examples that do not stand in one row as a whole."""
        held = [set(row.example) - {NOBODY} for row in self.rows]
        return sum(sum(number in some for some in held) > 1 for number in set().union(*held))


def some_examples(base: Path, data: Path, count: int, shuffle: int) -> list[Example]:
    """The first examples of a data set as a base's trainer gets them; `shuffle` is the seed of their order, 0 leaves it.

    Raises:
        InputError, ModelError: the data or the base cannot be used.
    """
    found = load(data, family_of(base), load_tokenizer(base), 10_000)[:count]
    return Random(shuffle).sample(found, len(found)) if shuffle else found


def lay_out(data: Sequence[Example], way: Way, length: int) -> Batch:
    """Fill rows of a length with examples; one that is longer is cut to a row, except where all are concatenated."""
    if way == "concatenated":
        return Batch(_concatenated(data, length), length)
    cut = [Example(e.id, e.source, e.ids[:length], e.labels[:length], e.length) for e in data]
    parts = [[(at, e)] for at, e in enumerate(cut)] if way == "padded" else _packed(cut, length)
    return Batch([_row(part, length) for part in parts], length)


def _packed(data: Sequence[Example], length: int) -> list[list[tuple[int, Example]]]:
    """Which examples share a row, by the packing that the trainer uses; a label of its own tells them apart."""
    marked = [Example(e.id, e.source, e.ids, [at] * len(e.ids), e.length) for at, e in enumerate(data)]
    out = []
    for row in rows(marked, length, packed=True):
        numbers = dict.fromkeys(row["labels"])
        out.append([(at, data[at]) for at in numbers])
    return out


def _row(parts: Sequence[tuple[int, Example]], length: int) -> Row:
    """Parts side by side, each with positions of its own from 0; the first token of a part carries no loss."""
    ids, example, trained, positions = list[int](), list[int](), list[bool](), list[int]()
    for number, part in parts:
        ids += part.ids
        example += [number] * len(part.ids)
        trained += [False, *(label != IGNORED for label in part.labels[1:])]
        positions += range(len(part.ids))
    empty = length - len(ids)
    return Row(ids + [0] * empty, example + [NOBODY] * empty, trained + [False] * empty, positions + [0] * empty)


def _concatenated(data: Sequence[Example], length: int) -> list[Row]:
    """One long text cut wherever a row is full: positions run on, and what comes later sees the example before it."""
    text = [
        (i, number, label != IGNORED) for number, e in enumerate(data) for i, label in zip(e.ids, e.labels, strict=True)
    ]
    out = []
    for start in range(0, len(text), length):
        part = text[start : start + length]
        ids, example, trained = (list(column) for column in zip(*part, strict=True))
        empty = length - len(part)
        out.append(
            Row(
                ids + [0] * empty,
                example + [NOBODY] * empty,
                [False, *trained[1:]] + [False] * empty,
                [*range(len(part))] + [0] * empty,
            )
        )
    return out
