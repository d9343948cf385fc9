"""What a search found: a page of hotels, how many there are, and which wishes it had to give up."""

from dataclasses import dataclass, replace
from typing import Any

from chatbot.core.messages import Instead, Message, observation


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        records: one page of the hotels in order.
        relaxed: arguments given up because nothing met them all: "price_range_upper", "facilities:温泉或桑拿".
        unmatched: facility words that mean nothing in this database; they were not used as a filter.
        total: how many hotels there are on all pages.
        offset: how many of them come before `records`.
        instead: what else could have been given up, for whoever cares most for what was.
        unlisted: the district of a place that was given up, where no hotel of the list lies; "" where some do.
    """

    records: list[dict[str, Any]]
    relaxed: list[str]
    unmatched: list[str]
    total: int
    offset: int = 0
    instead: Instead | None = None
    unlisted: str = ""

    def message(self) -> Message:
        """What the model is told of the search."""
        return observation(
            self.records, total=self.total, relaxed=self.relaxed, unmatched=self.unmatched, instead=self.instead,
            unlisted=self.unlisted or None,
        )  # fmt: skip

    def strict(self) -> "SearchResult":
        """The same search without relaxation: nothing, where a wish had to be given up."""
        return replace(self, records=[], relaxed=[], total=0, instead=None, unlisted="") if self.relaxed else self
