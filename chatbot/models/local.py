"""A model on this machine: greedy decoding with KV-cache reuse across turns, calls under a grammar, one generation at a time."""

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedTokenizerBase

from chatbot.core.errors import BackendError, CallParseError
from chatbot.core.messages import Message
from chatbot.models.act_lines.beams import Line, Step, best_line
from chatbot.models.act_lines.constraint import ActConstraint
from chatbot.models.act_lines.guesses import without_guesses
from chatbot.models.backends import CallDelta, Delta, MessageDelta, TextDelta
from chatbot.models.constraint import CallConstraint
from chatbot.models.families.family import Family
from chatbot.models.loading import load_adapters, load_base, load_tokenizer
from chatbot.models.numerics import dtype_name
from chatbot.models.registry import family_of
from chatbot.models.render import render_prompt
from chatbot.models.virtual import cut, decoder, starting_cache

KEPT_CACHES = 4
"""Conversations whose keys and values stay in memory, so that a page with several visitors reuses them too."""
MAX_NEW_TOKENS = 320
UNLIKELY = 5.0
"""How far below the best act line's log-probability a longer one is no longer an alternative (docs/log.md)."""
NEVER: Callable[[], bool] = lambda: False  # noqa: E731


@dataclass
class _Prefix:
    """Token ids and the keys and values that belong to them."""

    ids: list[int]
    cache: DynamicCache


@dataclass
class LocalModel:
    """A causal language model with its tokenizer and family; thread-safe, one generation at a time."""

    name: str
    model: Any
    tokenizer: PreTrainedTokenizerBase
    family: Family
    most_tokens: int = MAX_NEW_TOKENS
    _prefixes: list[_Prefix] = field(default_factory=list, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        size = self.model.config.get_text_config().vocab_size
        self.constraint: ActConstraint | CallConstraint = (
            ActConstraint(self.tokenizer) if self.acts else CallConstraint(self.tokenizer, self.family, size)
        )
        self.stops = {
            i for i in (self.tokenizer.convert_tokens_to_ids(t) for t in self.family.stops) if isinstance(i, int)
        }
        self.stops.add(self.tokenizer.eos_token_id)

    @property
    def acts(self) -> bool:
        """Whether it writes act lines."""
        return self.family.name == "act-line"

    @property
    def numerics(self) -> dict[str, str]:
        """Where and in which dtype it computes, for the record of what it was measured with."""
        return {"device": self.model.device.type, "dtype": dtype_name(self.model.dtype)}

    @classmethod
    def load(cls, base: Path, adapter: Path | None = None, **options: Any) -> "LocalModel":
        """Load a base and, on it, an adapter; `options` go to `load_base` (precision, device).

        Raises:
            ModelError: a folder holds no model, or the two don't fit together.
        """
        tokenizer = load_tokenizer(base, adapter)
        model: Any = load_base(base, **options)
        if adapter is not None:
            model = load_adapters(model, {"default": adapter})
        return cls(name=Path(adapter or base).name, model=model, tokenizer=tokenizer, family=family_of(adapter or base))

    def generate(
        self,
        messages: Sequence[Message],
        tools: Sequence[dict[str, Any]],
        *,
        stop: Callable[[], bool] = NEVER,
        temperature: float = 0.0,
        seed: int = 0,
        must_call: bool = False,
    ) -> Iterator[Delta]:
        """Stream the next assistant message: text deltas, or calls; a model of act lines knows no `must_call`.

        Raises:
            CallParseError: what it wrote is not a call in its family's format.
        """
        if isinstance(self.constraint, ActConstraint):
            yield MessageDelta(self._act(self.constraint, messages, tools, temperature=temperature, seed=seed))
            return
        prompt = render_prompt(messages, tools, self.family, self.tokenizer)
        shown = ""
        with self._lock:
            written: list[int] = []
            for token in self._tokens(prompt, messages, tools, temperature, seed, must_call=must_call):
                if token in self.stops or stop():
                    break
                written.append(token)
                text = self._text(written)
                if self.family.is_call(text) is False and not text.endswith("\ufffd"):
                    visible = self.family.visible(text, messages)
                    if len(visible) > len(shown):
                        yield TextDelta(visible[len(shown) :])
                        shown = visible
        message = self.family.read(self._text(written), messages)
        if message.tool_calls:
            yield from (CallDelta(call.function) for call in message.tool_calls)
        elif len(message.content) > len(shown):
            yield TextDelta(message.content[len(shown) :])

    def prompt_tokens(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> int:
        """Tokens that it reads before it writes the next message."""
        return len(render_prompt(messages, tools, self.family, self.tokenizer))

    def predict(self, contexts: Sequence[tuple[Sequence[Message], Sequence[dict[str, Any]]]]) -> list[Message | None]:
        """The next assistant message of each context; consecutive contexts of one conversation share their keys and values."""
        return [self._predict(messages, tools) for messages, tools in contexts]

    def longer(self, messages: Sequence[Message], items: int) -> Message | None:
        """The most likely act line of at least so many items; None where it is an unlikely one, or of a model without act lines."""
        if not isinstance(self.constraint, ActConstraint):
            return None
        likeliest = self._line(self.constraint, messages, []).score
        found = self._line(self.constraint, messages, [], items)
        if found.score < likeliest - UNLIKELY:
            return None
        try:
            return self._read(found, self.constraint, messages)
        except CallParseError:
            return None

    def _predict(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> Message | None:
        try:
            if isinstance(self.constraint, ActConstraint):
                return self._act(self.constraint, messages, tools)
            with self._lock:
                prompt = render_prompt(messages, tools, self.family, self.tokenizer)
                tokens = itertools.takewhile(
                    lambda token: token not in self.stops, self._tokens(prompt, messages, tools, 0.0, 0)
                )
                written = list(tokens)
            return self.family.read(self._text(written), messages)
        except CallParseError:
            return None

    def _act(
        self,
        constraint: ActConstraint,
        messages: Sequence[Message],
        tools: Sequence[dict[str, Any]],
        *,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Message:
        """The message of the best act line."""
        line = self._line(constraint, messages, tools, temperature=temperature, seed=seed)
        return self._read(line, constraint, messages)

    def _line(
        self,
        constraint: ActConstraint,
        messages: Sequence[Message],
        tools: Sequence[dict[str, Any]],
        least: int = 0,
        *,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Line:
        """The best act line of at least so many items; keys and values are not kept, for each turn's prompt is a new one."""
        prompt = render_prompt(messages, tools, self.family, self.tokenizer)
        longest = min(self.most_tokens, self._room(prompt))
        guide = constraint.start(messages, tools, least)
        with self._lock:
            step = _beam_step(self.model)
            return best_line(step, prompt, guide, self.stops, longest, temperature=temperature, seed=seed)

    def _read(self, line: Line, constraint: ActConstraint, messages: Sequence[Message]) -> Message:
        return self.family.read(self._text(without_guesses(line, constraint.ids)), messages)

    def _room(self, prompt: list[int]) -> int:
        """Tokens that may still be written.

        Raises:
            BackendError: the prompt fills the context.
        """
        context: int = getattr(self.model.config, "max_position_embeddings", 4096)
        if len(prompt) + 16 > context:
            raise BackendError("models.too_long", tokens=len(prompt))
        return context - len(prompt)

    def _text(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=False))

    def _tokens(
        self,
        prompt: list[int],
        messages: Sequence[Message],
        tools: Sequence[dict[str, Any]],
        temperature: float,
        seed: int,
        *,
        must_call: bool = False,
    ) -> Iterator[int]:
        """New tokens one by one, a stop token included; the keys and values are kept for the next turn."""
        room = self._room(prompt)
        prefix = self._prefix(prompt)
        guide = self.constraint.start(messages, tools, must_call=must_call)
        random = torch.Generator().manual_seed(seed)
        new = prompt[len(prefix.ids) :]
        for _ in range(min(self.most_tokens, room)):
            logits = self._forward(prefix, new)
            guide.mask(logits)
            token = _choose(logits, temperature, random)
            guide.accept(token)
            yield token
            if token in self.stops:
                break
            new = [token]

    def _forward(self, prefix: _Prefix, new: list[int]) -> torch.Tensor:
        """Logits after the last of `new`, shape (vocabulary,), fp32 on the CPU; extends the prefix."""
        ids = torch.tensor([new], device=self.model.device)
        with torch.inference_mode():
            out = decoder(self.model)(input_ids=ids, past_key_values=prefix.cache, use_cache=True, logits_to_keep=1)
        prefix.ids += new
        return out.logits[0, -1].to(
            "cpu", torch.float32, copy=True
        )  # a tensor of its own, which a grammar may write into

    def _prefix(self, prompt: list[int]) -> _Prefix:
        """The kept keys and values that fit best, cut to what they share with the prompt (its last token is always computed)."""
        best = max(self._prefixes, key=lambda p: _shared(p.ids, prompt), default=None)
        shared = min(_shared(best.ids, prompt), len(prompt) - 1) if best else 0
        if best is None or shared < 8:
            best, shared = _Prefix([], starting_cache(self.model)), 0
        else:
            self._prefixes.remove(best)
        if len(best.ids) > shared:
            kept = cut(best.cache, len(best.ids) - shared)
            best = _Prefix(best.ids[:shared], best.cache) if kept else _Prefix([], starting_cache(self.model))
        self._prefixes = [*self._prefixes, best][-KEPT_CACHES:]
        return best


def _beam_step(model: Any) -> Step:
    """Goes on with lines of one prompt, their keys and values in one cache."""
    cache = starting_cache(model)

    def step(parents: list[int], new: list[list[int]]) -> torch.Tensor:
        with torch.inference_mode():
            cache.reorder_cache(torch.tensor(parents, device=model.device))
            ids = torch.tensor(new, device=model.device)
            out = decoder(model)(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return out.logits[:, -1].to("cpu", torch.float32)

    return step


def _shared(left: list[int], right: list[int]) -> int:
    """Length of the common prefix."""
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def _choose(logits: torch.Tensor, temperature: float, random: torch.Generator) -> int:
    if temperature <= 0:
        return int(logits.argmax())
    return int(torch.multinomial(torch.softmax(logits / temperature, -1), 1, generator=random))
