"""A self-play dialogue while it grows: what was said, the state, the hotels in hand, and the system's answers from their records."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from chatbot.core.messages import Message, call, reply, user
from chatbot.corpus.selfplay import replies as r
from chatbot.corpus.selfplay.human_wording import HumanWording
from chatbot.corpus.selfplay.speaker import Speaker
from chatbot.corpus.selfplay.wishes import WishMaker
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.store import HotelStore

FIELDS = tuple(r.ANSWER)
SLOT_OF = {
    "type": ("type",),
    "price": ("price_range_lower", "price_range_upper"),
    "rating": ("rating_range_lower", "rating_range_upper"),
    "facilities": ("facilities",),
}


@dataclass
class Dialogue:
    """What has been said, the state, and the hotels in hand."""

    store: HotelStore
    rng: random.Random
    speaker: Speaker
    wishes: WishMaker
    human: HumanWording | None = None
    limit: int = 3
    messages: list[Message] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    focus: int = 0

    def pick(self, table: tuple[str, ...]) -> str:
        return self.rng.choice(table)

    def say(self, utterance: str, answer: str) -> None:
        """A user's turn that needs no search."""
        self.messages += [user(utterance), reply(answer)]

    def search(self, utterance: str, answer: Callable[[], str] | None = None) -> None:
        """A user's turn that changes the state: call, records, reply."""
        query = HotelQuery.parse(self.state)
        self.state = query.arguments()
        found = self.store.search(query, self.limit)
        if found.relaxed and self.rng.random() >= 0.5:
            found = found.strict()
        self.records = found.records
        self.focus = 0
        self.messages += [user(utterance), call(self.state), found.message()]
        self.messages.append(reply((answer or self.recommend)() if self.records else self.pick(r.NOTHING)))

    def recommend(self) -> str:
        """Offer the hotels in hand."""
        values: dict[str, Any] = {}
        for k, record in enumerate(self.records):
            values |= {
                str(k): record["name"],
                f"d{k}": self.detail(record, r.DETAIL),
                f"s{k}": self.detail(record, r.SHORT),
            }
        text = self.pick(r.RECOMMEND[len(self.records)])
        for key, value in values.items():
            text = text.replace("{" + key + "}", value)
        return text

    def detail(self, record: dict[str, Any], table: tuple[str, ...]) -> str:
        """A few facts of a record, leaving out what it does not hold."""
        if record["price"] is None:
            table = r.DETAIL_NO_PRICE
        if record["rating"] is None:
            table = r.DETAIL_PLAIN if record["price"] is None else ("价格{price}元",)
        return self.fill(self.pick(table), record)

    def fill(self, template: str, record: dict[str, Any], **more: str) -> str:
        """Put a record's values into a template."""
        values = {
            key: "、".join(v) if isinstance(v, list) else f"{v:g}" if isinstance(v, float) else str(v)
            for key, v in record.items()
        }
        return template.format(**values | more)

    def answers(self, topics: Iterable[str], index: int | None = None) -> str:
        """Answer questions about one of the hotels in hand, one after the other."""
        return "".join(self.answer(topic, index) for topic in topics)

    def answer(self, topic: str, index: int | None = None) -> str:
        """Answer a question about one of the hotels in hand."""
        self.focus = self.focus if index is None else index
        record = self.records[self.focus]
        table = r.ANSWER if record[topic] or record[topic] == 0 else r.UNKNOWN
        return self.fill(self.pick(table[topic]), record)
