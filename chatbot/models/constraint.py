"""Decodes calls under a grammar (xgrammar), so that every call parses and validates, and names are only ever copied."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
import xgrammar
from transformers import PreTrainedTokenizerBase

from chatbot.core.errors import InputError
from chatbot.core.messages import Message
from chatbot.models.families.family import Family
from chatbot.models.grammar import call_grammar, token_info

CACHE_BYTES = 256_000_000
"""Of compiled grammars, in memory: other programs may bring tools of their own with every request."""


class Guide:
    """Follows one generation: free until the call starts, under the grammar from there on; without a grammar no call may start.

    With `must_call` nothing is free: the call's start is written first.
    """

    def __init__(self, owner: "CallConstraint", grammar: str, *, must_call: bool = False) -> None:
        self.owner, self.grammar = owner, grammar
        self.matcher: xgrammar.GrammarMatcher | None = owner.matcher(grammar) if must_call else None
        self.start = owner.start_ids() if must_call else []
        self.written: list[int] = []
        self._bitmask = xgrammar.allocate_token_bitmask(1, owner.vocabulary)
        self.decided = must_call or not grammar

    def mask(self, logits: torch.Tensor) -> None:
        """Rule out, in place, what the grammar does not allow next. `logits` has shape (vocabulary,)."""
        if not self.grammar and self.owner.call_token is not None:
            logits[self.owner.call_token] = -torch.inf
        if self.start:
            kept = logits[self.start[0]].clone()
            logits.fill_(-torch.inf)
            logits[self.start[0]] = kept
        elif self.matcher and not self.matcher.is_terminated():
            self.matcher.fill_next_token_bitmask(self._bitmask)
            xgrammar.apply_token_bitmask_inplace(logits.unsqueeze(0), self._bitmask)

    def forced(self) -> int | None:
        """The only token that may come next, which needs no model; None where there are several."""
        if self.start:
            return self.start[0]
        if not self.matcher or self.matcher.is_terminated():
            return None
        self.matcher.fill_next_token_bitmask(self._bitmask)
        words = self._bitmask[0].nonzero()
        if len(words) != 1:
            return None
        at, word = int(words), int(self._bitmask[0, int(words)]) & 0xFFFFFFFF
        return at * 32 + word.bit_length() - 1 if word & (word - 1) == 0 else None

    def accept(self, token: int) -> None:
        """Take note of the chosen token."""
        if self.start:
            self.start = self.start[1:]
        elif self.matcher:
            self.matcher.accept_token(token)
        elif not self.decided:
            self.written.append(token)
            self._decide(self.owner.text(self.written))

    def _decide(self, text: str) -> None:
        start = self.owner.family.call_start
        called = self.owner.family.is_call(text)
        self.decided = called is False
        if called and text.startswith(start):
            matcher = self.owner.matcher(self.grammar)
            if matcher.accept_string(text.removeprefix(start)):
                self.matcher = matcher


class CallConstraint:
    """Compiles a family's call grammar for its tokenizer; keeps what it has compiled."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, family: Family, vocabulary: int) -> None:
        self.tokenizer, self.family, self.vocabulary = tokenizer, family, vocabulary
        stops = [
            i
            for i in (tokenizer.convert_tokens_to_ids(t) for t in family.stops)
            if isinstance(i, int) and i != tokenizer.unk_token_id
        ]
        self.call_token = next(
            (
                i
                for t in family.special_tokens
                if t == family.call_start and isinstance(i := tokenizer.convert_tokens_to_ids(t), int)
            ),
            None,
        )
        self._compiler = xgrammar.GrammarCompiler(
            token_info(tokenizer, vocabulary, stops or [tokenizer.eos_token_id]),
            max_threads=2,
            cache_limit_bytes=CACHE_BYTES,
        )
        self._compiled = lru_cache(maxsize=4)(self._compiler.compile_grammar)

    def text(self, ids: list[int]) -> str:
        """Generated ids as the family reads them."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=False))

    def matcher(self, grammar: str) -> xgrammar.GrammarMatcher:
        """A fresh matcher at the start of a call's arguments.

        Raises:
            InputError: xgrammar can make nothing of the tools.
        """
        try:
            return xgrammar.GrammarMatcher(self._compiled(grammar))
        except (RuntimeError, ValueError) as error:
            raise InputError("models.schema", value=str(error).splitlines()[0] if str(error) else "") from error

    def start_ids(self) -> list[int]:
        """What stands before a call's arguments, as ids."""
        if self.call_token is not None:
            return [self.call_token]
        text = self.family.call_start
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []

    def start(
        self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], least: int = 0, *, must_call: bool = False
    ) -> Guide:
        """Begin a generation after these messages; without tools it is a reply, where the family starts its calls with a token of its own."""
        grammar = call_grammar(self.family.name, list(tools)) if tools else ""
        return Guide(self, grammar, must_call=must_call and bool(grammar))
