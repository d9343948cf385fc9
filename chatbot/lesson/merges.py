"""A tokenizer learning: the pairs that BPE merges on one sentence, one by one, and the same sentence in a finished tokenizer's pieces."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Literal

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from chatbot.understanding.normalise import model_words

Units = Literal["characters", "bytes"]
_WORD = re.compile(r" ?\w+| ?[^\w\s]+|\s+")
"""As GPT-2 cuts before it merges: nothing is merged across a word's end; a blank belongs to the word behind it."""
_BYTE, _BLANK = 0x100, "␣"
"""A byte stands as the letter so far behind it while it is merged: every one of those is a letter, none is white space."""


@dataclass(frozen=True)
class Merge:
    """A pair that became one piece, `whole`, and how often it stood side by side when it did; texts as people read them."""

    left: str
    right: str
    whole: str
    count: int


@dataclass(frozen=True)
class Learning:
    """A sentence after some merges.

    Attributes:
        pieces: the sentence as it is cut now.
        merges: all merges that the sentence gives, in their order.
        done: how many of them are made.
        pairs: the most frequent pairs now, as texts, with their counts.
    """

    pieces: list[str]
    merges: list[Merge]
    done: int
    pairs: list[tuple[str, int]]


def learn(text: str, units: Units, done: int, top: int = 6) -> Learning:
    """Train BPE on the sentence alone, with the library's trainer, and stop after `done` merges."""
    words = _words(text, units)
    pairs = _trained(words)
    made = pairs[:done]
    now = _cut(words, made)
    merges = [
        Merge(readable(a), readable(b), readable(a + b), _counts(_cut(words, pairs[:at]))[a, b])
        for at, (a, b) in enumerate(pairs)
    ]
    often = [(f"{readable(a)}+{readable(b)}", n) for (a, b), n in _counts(now).most_common(top)]
    return Learning([readable(piece) for word in now for piece in word], merges, len(made), often)


def _words(text: str, units: Units) -> list[str]:
    found = _WORD.findall(text)
    if units == "bytes":
        return ["".join(chr(_BYTE + byte) for byte in word.encode()) for word in found]
    return [re.sub(r"\s", _BLANK, word) for word in found]


def _trained(words: Sequence[str]) -> list[tuple[str, str]]:
    """The merges in the order in which the library learns them: a pair must stand twice."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    bpe.train_from_iterator(
        [" ".join(words)], trainers.BpeTrainer(vocab_size=4096, min_frequency=2, show_progress=False)
    )
    return [(a, b) for a, b in json.loads(bpe.to_str())["model"]["merges"]]


def _cut(words: Sequence[str], merges: Sequence[tuple[str, str]]) -> list[list[str]]:
    return [reduce(_merged, merges, list(word)) for word in words]


def _merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    """The pieces with this pair made one, from the left."""
    out: list[str] = []
    for piece in pieces:
        if out and (out[-1], piece) == pair:
            out[-1] += piece
        else:
            out.append(piece)
    return out


def _counts(words: Sequence[Sequence[str]]) -> Counter[tuple[str, str]]:
    return Counter(pair for pieces in words for pair in pairwise(pieces))


def readable(piece: str) -> str:
    """A piece for people: its text, or its bytes in hexadecimal where they are no whole character."""
    if not piece or not all(_BYTE <= ord(mark) < _BYTE + 256 for mark in piece):
        return piece
    found = bytes(ord(mark) - _BYTE for mark in piece)
    try:
        return found.decode().replace(" ", _BLANK)
    except UnicodeDecodeError:
        return found.hex(" ").upper()


def finished(folder: Path, text: str) -> list[str]:
    """The sentence in the pieces of a model's own tokenizer, in the spelling in which the model gets it."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.encode_special_tokens = True  # a typed mark is text
    return [str(piece) for piece in tokenizer.encode(model_words(text), add_special_tokens=False).tokens]


def as_bytes(text: str) -> list[str]:
    """Where byte-level tokenizers such as GPT-2's begin: one piece a byte of UTF-8."""
    return [f"{byte:02X}" for byte in text.encode()]
