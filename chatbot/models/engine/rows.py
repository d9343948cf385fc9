"""The keys and values of many lines side by side, a row each, and the one place that runs a session over them."""

from typing import Any

import numpy as np
import onnxruntime

from chatbot.models.engine.graph import Shape, cache_names
from chatbot.models.engine.writing import shared

Array = np.ndarray[Any, Any]


ROOM = 128
"""Tokens for which rows have room at first; it doubles where one needs more."""


def row_bytes(shape: Shape) -> int:
    """Bytes of a row as long as a text may be."""
    return 2 * shape.layers * shape.key_heads * shape.positions * shape.head_size * 4


class Rows:
    """Rows of one size, which take memory as they are used; `lengths` says how many tokens each holds."""

    def __init__(self, session: onnxruntime.InferenceSession, shape: Shape, rows: int) -> None:
        self.shape, self.lengths = shape, np.zeros(rows, np.int32)
        self._session, self._binding = session, session.io_binding()
        none = np.empty((0, shape.key_heads, 0, shape.head_size), np.float32)
        self._caches = dict.fromkeys(cache_names(shape.layers), none)

    @property
    def _size(self) -> tuple[int, int]:
        """Rows and tokens for which there is memory."""
        rows, _, tokens, _ = self._caches["key.0"].shape
        return rows, tokens

    def run(self, first: int, ids: Array, grown: Array) -> Array:
        """Logits after each row's last new token, shape (rows, vocabulary).

        Args:
            first: the rows are this one and those that follow it.
            ids: new tokens, shape (rows, new); with several rows one token each.
            grown: whether each row keeps what it reads; in one that is idle it will be written over.
        """
        rows, new = ids.shape
        lengths = self.lengths[first : first + rows]
        self._reach(first + rows, min(int(lengths.max()) + new, self.shape.positions))
        before = np.minimum(lengths, self._size[1] - new)
        last, longest = (before + new - 1).astype(np.int32), np.array(before.max() + new, np.int32)
        at = np.arange(rows, dtype=np.int64) * new + new - 1
        logits = np.empty((rows, self.shape.vocabulary), np.float32)
        for name, array in (("ids", ids), ("last", last), ("longest", longest), ("at", at)):
            self._bind_input(name, array)
        for name, cache in self._caches.items():
            self._bind_input(f"past_{name}", cache[first : first + rows])
            self._bind_output(f"present_{name}", cache[first : first + rows])  # the same memory: written in place
        self._bind_output("logits", logits)
        self._session.run_with_iobinding(self._binding)
        self.lengths[first : first + rows] += np.where(grown, new, 0).astype(np.int32)
        return logits

    def copy(self, source: int, target: int, begin: int = 0) -> None:
        """Make a row hold what another one does, where it does not yet: from the token `begin` on."""
        end = self.lengths[source]
        self._reach(target + 1, end)
        for cache in self._caches.values():
            cache[target, :, begin:end] = cache[source, :, begin:end]
        self.lengths[target] = end

    def saved(self, row: int) -> Array:
        """A row's keys and values, to be given back to `restore`."""
        end = self.lengths[row]
        return np.stack([cache[row, :, :end] for cache in self._caches.values()])

    def restore(self, row: int, saved: Array, tokens: int) -> None:
        """Make a row hold the first tokens of one that was saved."""
        self._reach(row + 1, tokens)
        for cache, kept in zip(self._caches.values(), saved, strict=True):
            cache[row, :, :tokens] = kept[:, :tokens]
        self.lengths[row] = tokens

    def _reach(self, rows: int, tokens: int) -> None:
        """Have memory for so many rows of so many tokens."""
        held, room = self._size
        if rows <= held and tokens <= room:
            return
        while held < rows:
            held = min(max(held * 2, 4), len(self.lengths))
        while room < tokens:
            room = min(max(room * 2, ROOM), self.shape.positions)
        for name, cache in self._caches.items():
            self._caches[name] = np.zeros((held, cache.shape[1], room, cache.shape[3]), np.float32)
            self._caches[name][: cache.shape[0], :, : cache.shape[2]] = cache

    def _bind_input(self, name: str, array: Array) -> None:
        self._binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)

    def _bind_output(self, name: str, array: Array) -> None:
        self._binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)


class Prefixes:
    """Keys and values of the latest prompts, up to so many bytes: what a prompt shares with one is not read again."""

    def __init__(self, most: int = 128_000_000, least: int = 8) -> None:
        self._most, self._least = most, least
        self._kept: list[tuple[list[int], Array]] = []

    def keep(self, ids: list[int], saved: Array) -> None:
        """Keep a prefix; what it begins with need not be kept beside it."""
        self._kept = [kept for kept in self._kept if kept[0] != ids[: len(kept[0])]] + [(ids, saved)]
        while sum(array.nbytes for _, array in self._kept) > self._most:
            self._kept.pop(0)

    def best(self, prompt: list[int]) -> tuple[int, Array] | None:
        """The longest one that is kept of a prompt, and how much of it is shared; the last token is always read."""
        found = [(min(shared(ids, prompt), len(prompt) - 1), array) for ids, array in self._kept]
        best = max(found, key=lambda entry: entry[0], default=None)
        return best if best and best[0] >= self._least else None
