"""Money: what a call can cost at most is set aside before it is made, so that the cap is never crossed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.core.errors import BudgetError, InputError

PRICES = {
    "gpt-4o-mini": (0.15, 0.60),
    "gpt-4o": (2.50, 10.00),
    "gpt-4.1": (2.00, 8.00),
    "gpt-4.1-mini": (0.40, 1.60),
    "gpt-4.1-nano": (0.10, 0.40),
}
"""US dollars a million tokens in and out, as published; other models need their prices given."""
PER_MESSAGE = 8
"""Tokens that a chat format adds to each message, at most."""


@dataclass(frozen=True)
class Prices:
    """US dollars a million tokens."""

    tokens_in: float
    tokens_out: float

    @classmethod
    def of(
        cls, model: str, tokens_in: float | None = None, tokens_out: float | None = None, share: float = 1.0
    ) -> "Prices":
        """The prices given, or else the published ones of a known model; `share` is 0.5 in batches.

        Raises:
            InputError: the model's price is not known.
        """
        known = PRICES.get(model)
        if known is None and (tokens_in is None or tokens_out is None):
            raise InputError("corpus.price", value=model)
        first, second = known or (0.0, 0.0)
        return cls(
            share * (first if tokens_in is None else tokens_in), share * (second if tokens_out is None else tokens_out)
        )

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """US dollars."""
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1_000_000

    def most(self, texts: Sequence[str], max_tokens: int) -> float:
        """The most that a call can cost: a token is never shorter than a byte."""
        return self.cost(sum(len(t.encode()) + PER_MESSAGE for t in texts), max_tokens)

    def typical(self, texts: Sequence[str], tokens_out: int) -> float:
        """What a call will cost about: Chinese takes a little less than a token a character."""
        return self.cost(sum(len(t) + PER_MESSAGE for t in texts), tokens_out)


class Budget:
    """A hard cap in US dollars (None for no cap) over what is spent and what calls under way may still cost."""

    def __init__(self, cap: float | None, spent: float = 0.0) -> None:
        self.cap, self.spent, self.reserved = cap, spent, 0.0
        self._changed = asyncio.Condition()

    def fits(self, amount: float) -> bool:
        """Whether the amount can be set aside now."""
        return self.cap is None or self.spent + self.reserved + amount <= self.cap + 1e-12

    async def reserve(self, amount: float) -> None:
        """Set an amount aside, waiting for calls under way where they may leave enough.

        Raises:
            BudgetError: it would cross the cap whatever they cost.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self.fits(amount) or self.reserved <= 1e-12)
            if not self.fits(amount):
                raise BudgetError("corpus.cap", value=f"${self.cap:.4f}", spent=f"${self.spent:.4f}")
            self.reserved += amount

    async def settle(self, amount: float, cost: float) -> None:
        """Replace what was set aside by what it did cost."""
        async with self._changed:
            self.reserved, self.spent = max(0.0, self.reserved - amount), self.spent + cost
            self._changed.notify_all()
