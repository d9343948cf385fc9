"""A model on this machine: greedy decoding, calls under a grammar, act lines by beam search, computed by an engine."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from chatbot.core.errors import BackendError, CallParseError
from chatbot.core.messages import Message
from chatbot.core.settings import EngineName, settings
from chatbot.models.act_lines.beams import WIDTH, Line, best_line
from chatbot.models.act_lines.constraint import ActConstraint, ActGuide
from chatbot.models.act_lines.guesses import without_guesses
from chatbot.models.backends import CallDelta, Delta, MessageDelta, TextDelta, WaitDelta
from chatbot.models.constraint import CallConstraint, Guide
from chatbot.models.engine.choice import choose_engine
from chatbot.models.engine.with_transformers import TransformersEngine
from chatbot.models.engine.writing import NEVER, Ask, Engine, Stopped, Waiting, Writing
from chatbot.models.families.family import Family
from chatbot.models.loading import load_adapters, load_base, load_tokenizer
from chatbot.models.numerics import dtype_name
from chatbot.models.registry import family_of
from chatbot.models.render import render_prompt

MAX_NEW_TOKENS = 320
UNLIKELY = 5.0
"""How far below the best act line's log-probability a longer one is no longer an alternative (docs/log.md)."""


@dataclass
class LocalModel:
    """A causal language model with its tokenizer and family; thread-safe.

    Attributes:
        engine: what computes its tokens; transformers unless `load` finds that another can.
        slow_because: why it is transformers where another engine was looked for.
    """

    name: str
    model: Any
    tokenizer: PreTrainedTokenizerBase
    family: Family
    most_tokens: int = MAX_NEW_TOKENS

    def __post_init__(self) -> None:
        size = self.model.config.get_text_config().vocab_size
        self.constraint: ActConstraint | CallConstraint = (
            ActConstraint(self.tokenizer) if self.acts else CallConstraint(self.tokenizer, self.family, size)
        )
        self.stops = {
            i for i in (self.tokenizer.convert_tokens_to_ids(t) for t in self.family.stops) if isinstance(i, int)
        }
        self.stops.add(self.tokenizer.eos_token_id)
        self._plain = TransformersEngine(self.model)
        self.engine: Engine = self._plain
        self.slow_because = ""

    @property
    def acts(self) -> bool:
        """Whether it writes act lines."""
        return self.family.name == "act-line"

    @property
    def at_once(self) -> int:
        """Turns that it is best asked for at a time."""
        return self.engine.at_once

    @property
    def numerics(self) -> dict[str, str]:
        """Where, in which dtype and by which engine it computes, for the record of what it was measured with."""
        told = {"device": self.model.device.type, "dtype": dtype_name(self.model.dtype), "engine": self.engine.name}
        return told | ({"because": self.slow_because} if self.slow_because else {})

    @classmethod
    def load(
        cls, base: Path, adapter: Path | None = None, *, engine: EngineName | None = None, **options: Any
    ) -> "LocalModel":
        """Load a base and, on it, an adapter.

        Args:
            engine: instead of the setting.
            options: go to `load_base` (precision, device).

        Raises:
            ModelError: a folder holds no model, the two don't fit together, or the engine asked for cannot take it.
        """
        tokenizer = load_tokenizer(base, adapter)
        model: Any = load_base(base, **options)
        if adapter is not None:
            model = load_adapters(model, {"default": adapter})
        out = cls(name=Path(adapter or base).name, model=model, tokenizer=tokenizer, family=family_of(adapter or base))
        out.engine, out.slow_because = choose_engine(model, engine or settings().engine)
        return out

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

        Where it is stopped, what it has written so far stands; an act line that is not whole is none.

        Raises:
            CallParseError: what it wrote is not a call in its family's format.
        """
        if isinstance(self.constraint, ActConstraint):
            yield from self._act(self.constraint, messages, tools, stop, temperature, seed)
            return
        prompt = render_prompt(messages, tools, self.family, self.tokenizer)
        guide = self.constraint.start(messages, tools, must_call=must_call)
        writing = self._write(prompt, guide, temperature, seed)
        shown, written = "", list[int]()
        with contextlib.suppress(Stopped):
            for step in self._engine(len(prompt)).stream(writing, 1, stop):
                if isinstance(step, Waiting):
                    yield WaitDelta(step.before)
                    continue
                written.append(step)
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
        """The next assistant message of each context, computed side by side where the engine can."""
        prompts = [render_prompt(messages, tools, self.family, self.tokenizer) for messages, tools in contexts]
        engine = self._engine(max(map(len, prompts), default=0))
        if isinstance(constraint := self.constraint, ActConstraint):
            guides = [constraint.start(messages, tools) for messages, tools in contexts]
            lines = engine.all([self._line(*given) for given in zip(prompts, guides, strict=True)], WIDTH)
            written = [without_guesses(line, constraint.ids) for line in lines]
        else:
            calls = [constraint.start(messages, tools) for messages, tools in contexts]
            written = engine.all([self._write(*given, 0.0, 0) for given in zip(prompts, calls, strict=True)])
        return [self._read(ids, messages) for ids, (messages, _) in zip(written, contexts, strict=True)]

    def longer(self, messages: Sequence[Message], items: int) -> Message | None:
        """The most likely act line of at least so many items; None where it is an unlikely one, or of a model without act lines."""
        if not isinstance(constraint := self.constraint, ActConstraint):
            return None
        prompt = render_prompt(messages, [], self.family, self.tokenizer)
        writings = [self._line(prompt, constraint.start(messages, [], least)) for least in (0, items)]
        likeliest, found = self._engine(len(prompt)).all(writings, WIDTH)
        if found.score < likeliest.score - UNLIKELY:
            return None
        return self._read(without_guesses(found, constraint.ids), messages)

    def _read(self, ids: list[int], messages: Sequence[Message]) -> Message | None:
        try:
            return self.family.read(self._text(ids), messages)
        except CallParseError:
            return None

    def _act(
        self,
        constraint: ActConstraint,
        messages: Sequence[Message],
        tools: Sequence[dict[str, Any]],
        stop: Callable[[], bool],
        temperature: float,
        seed: int,
    ) -> Iterator[Delta]:
        """The message of the best act line; nothing where it is stopped."""
        prompt = render_prompt(messages, tools, self.family, self.tokenizer)
        writing = self._line(prompt, constraint.start(messages, tools), temperature, seed)
        stream = self._engine(len(prompt)).stream(writing, WIDTH, stop)
        try:
            while True:
                step = next(stream)
                if isinstance(step, Waiting):
                    yield WaitDelta(step.before)
        except StopIteration as end:
            ids = without_guesses(end.value, constraint.ids)
        except Stopped:
            return
        finally:
            stream.close()
        yield MessageDelta(self.family.read(self._text(ids), messages))

    def _engine(self, prompt: int) -> Engine:
        """What can compute a prompt of so many tokens and an answer to it."""
        return self.engine if prompt + self.most_tokens <= self.engine.longest else self._plain

    def _line(self, prompt: list[int], guide: ActGuide, temperature: float = 0.0, seed: int = 0) -> Writing[Line]:
        return best_line(prompt, guide, self.stops, self._room(prompt), temperature=temperature, seed=seed)

    def _room(self, prompt: list[int]) -> int:
        """Tokens that may still be written.

        Raises:
            BackendError: the prompt fills the context.
        """
        context: int = getattr(self.model.config, "max_position_embeddings", 4096)
        if len(prompt) + 16 > context:
            raise BackendError("models.too_long", tokens=len(prompt))
        return min(self.most_tokens, context - len(prompt))

    def _text(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=False))

    def _write(self, prompt: list[int], guide: Guide, temperature: float, seed: int) -> Writing[list[int]]:
        """New tokens one by one, the stop left out; what the grammar forces is written without the model."""
        return _written(prompt, guide, self.stops, self._room(prompt), temperature, seed)


def _written(
    prompt: list[int], guide: Guide, stops: Collection[int], longest: int, temperature: float, seed: int
) -> Writing[list[int]]:
    random = torch.Generator().manual_seed(seed)
    unread, out = prompt, list[int]()
    for _ in range(longest):
        token = guide.forced()
        if token is None:
            logits = (yield Ask([0], [unread]))[0]
            guide.mask(logits)
            token, unread = _choose(logits, temperature, random), []
        guide.accept(token)
        if token in stops:
            break
        out.append(token)
        unread = [*unread, token]
        yield token
    return out


def _choose(logits: torch.Tensor, temperature: float, random: torch.Generator) -> int:
    if temperature <= 0:
        return int(logits.argmax())
    return int(torch.multinomial(torch.softmax(logits / temperature, -1), 1, generator=random))
