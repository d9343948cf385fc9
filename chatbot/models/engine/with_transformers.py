"""The engine for every model: transformers, one writing at a time, keys and values kept across turns."""

import math
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache

from chatbot.models.engine.writing import NEVER, Ask, Stopped, T, Waiting, Writing, result, shared
from chatbot.models.virtual import cut, decoder, starting_cache

KEPT_CACHES = 4
"""Conversations whose keys and values stay in memory, so that a page with several visitors reuses them too."""


@dataclass
class _Prefix:
    """Token ids and the keys and values that belong to them."""

    ids: list[int]
    cache: DynamicCache


class TransformersEngine:
    """Computes with the model as it stands, also while it is trained; `name` and methods as of `Engine`."""

    name = "transformers"
    longest: float = math.inf
    at_once = 1

    def __init__(self, model: Any) -> None:
        self._model = model
        self._prefixes: list[_Prefix] = []
        self._lock = threading.Lock()

    def stream(
        self, writing: Writing[T], lines: int = 1, stop: Callable[[], bool] = NEVER
    ) -> Generator[int | Waiting, None, T]:
        """As `Engine.stream`; others wait until this one has ended."""
        with self._lock:
            forward = self._beams() if lines > 1 else self._single()
            logits: torch.Tensor | None = None
            while not stop():
                try:
                    step = writing.send(logits)
                except StopIteration as end:
                    found: T = end.value
                    return found
                logits = forward(step) if isinstance(step, Ask) else None
                if not isinstance(step, Ask):
                    yield step
            raise Stopped

    def all(self, writings: Sequence[Writing[T]], lines: int = 1) -> list[T]:
        """As `Engine.all`, one after the other."""
        return [result(self.stream(writing, lines)) for writing in writings]

    def _beams(self) -> Callable[[Ask], torch.Tensor]:
        """Goes on with lines of one prompt; keys and values are not kept, for each turn's prompt is a new one."""
        cache = starting_cache(self._model)

        def forward(ask: Ask) -> torch.Tensor:
            with torch.inference_mode():
                cache.reorder_cache(torch.tensor(ask.parents, device=self._model.device))
                return self._logits(ask.new, cache)

        return forward

    def _single(self) -> Callable[[Ask], torch.Tensor]:
        """Goes on with one line, from what is kept of its prompt."""
        prefix: _Prefix | None = None

        def forward(ask: Ask) -> torch.Tensor:
            nonlocal prefix
            new = ask.new[0]
            if prefix is None:
                prefix = self._prefix(new)
                new = new[len(prefix.ids) :]
            out = self._logits([new], prefix.cache)
            prefix.ids += new
            return out

        return forward

    def _logits(self, new: list[list[int]], cache: DynamicCache) -> torch.Tensor:
        ids = torch.tensor(new, device=self._model.device)
        with torch.inference_mode():
            out = decoder(self._model)(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return out.logits[:, -1].to("cpu", torch.float32, copy=True)  # which a grammar may write into

    def _prefix(self, prompt: list[int]) -> _Prefix:
        """The kept keys and values that fit best, cut to what they share with the prompt but its last."""
        best = max(self._prefixes, key=lambda p: shared(p.ids, prompt), default=None)
        same = min(shared(best.ids, prompt), len(prompt) - 1) if best else 0
        if best is None or same < 8:
            best, same = _Prefix([], starting_cache(self._model)), 0
        else:
            self._prefixes.remove(best)
        if len(best.ids) > same:
            kept = cut(best.cache, len(best.ids) - same)
            best = _Prefix(best.ids[:same], best.cache) if kept else _Prefix([], starting_cache(self._model))
        self._prefixes = [*self._prefixes, best][-KEPT_CACHES:]
        return best
