"""Money: what a call can cost at most is set aside before it is made, so that the cap is never crossed."""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from chatbot.core.errors import BudgetError, InputError
from chatbot.core.settings import DATA

PRICES = DATA / "prices.json"
"""What models cost, as published on the date that it names; other models need their prices given."""
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4}|latest)$")
"""What a model's name ends with where one state of it is meant, which costs the same."""
PER_MESSAGE = 8
"""Tokens that a chat format adds to each message, at most."""


@cache
def published() -> dict[str, Any]:
    """The price file: `date`, `batch_share`, and `models` with US dollars a million tokens `in` and `out`."""
    return dict(json.loads(PRICES.read_text(encoding="utf-8")))


def plain_model(name: str) -> str:
    """A model's name without the date of its state."""
    return _SNAPSHOT.sub("", name)


@dataclass(frozen=True)
class Prices:
    """US dollars a million tokens.

    Attributes:
        model: whose published prices these are; "" where they were given, for whatever model answers.
        share: 0.5 in batches, which the prices hold already.
    """

    tokens_in: float
    tokens_out: float
    model: str = ""
    share: float = 1.0

    @classmethod
    def of(
        cls, model: str, tokens_in: float | None = None, tokens_out: float | None = None, share: float = 1.0
    ) -> "Prices":
        """The prices given, or else the published ones of a known model; `share` is 0.5 in batches.

        Raises:
            InputError: the model's price is not known.
        """
        known = published()["models"].get(plain_model(model))
        if known is None and (tokens_in is None or tokens_out is None):
            raise InputError("corpus.price", value=model, date=published()["date"])
        given = (known["in"] if tokens_in is None else tokens_in, known["out"] if tokens_out is None else tokens_out)
        own = tokens_in is not None and tokens_out is not None
        return cls(share * given[0], share * given[1], "" if own else plain_model(model), share)

    def answered_by(self, model: str) -> "Prices | None":
        """The prices of the model that an answer says it is from; None where they are not known."""
        if self.is_for(model):
            return self
        known = plain_model(model) in published()["models"]
        return Prices.of(model, share=self.share) if known else None

    def is_for(self, model: str) -> bool:
        """Whether an answer of this model costs what was reckoned with; one that does not say its name is believed."""
        return not self.model or not model or plain_model(model) == self.model

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
