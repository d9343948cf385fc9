"""Builds one conversation out of a hotel segment of CrossWOZ, exchange by exchange, and repairs what the records do not hold."""

import random
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chatbot.core.errors import QueryError
from chatbot.core.messages import Message, call, reply, user
from chatbot.corpus.crosswoz import reground
from chatbot.corpus.crosswoz.annotations import (
    HOTEL,
    NEARBY_SLOTS,
    Act,
    Wishes,
    agreed_wishes,
    arguments,
    domains,
    informed_wishes,
    requested_slots,
)
from chatbot.corpus.crosswoz.nearby import cut_nearby, mentions_elsewhere
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.store import HotelStore


@dataclass(frozen=True)
class AnnotatedExchange:
    """A user's utterance and the reply, with their acts and the wizard's first hotel query."""

    said: str
    said_acts: list[Act]
    answer: str
    answer_acts: list[Act]
    state: dict[str, Any]
    selected: list[str]

    @property
    def about(self) -> set[str]:
        """The domains of both sides."""
        return domains(self.said_acts) | domains(self.answer_acts)

    @property
    def points_elsewhere(self) -> bool:
        """Whether the user searches around a place of another domain."""
        return any(intent == "Select" for intent, *_ in self.said_acts)

    @property
    def is_hotel(self) -> bool:
        """Whether it is about hotels and nothing else; another domain may only be named as the place to search around."""
        others = [a for a in self.said_acts if a[0] != "General" and a[1] != HOTEL]
        named = all((intent, slot) == ("Inform", "名称") for intent, _, slot, _ in others)
        return HOTEL in self.about and named and domains(self.answer_acts) <= {HOTEL}


class Unusable(Exception):
    """An exchange that cannot be kept; its text is the reason's key."""


@dataclass
class Cutter:
    """Builds one conversation out of one segment, exchange by exchange."""

    store: HotelStore
    places: reground.Places
    rng: random.Random
    repairs: Counter[str] = field(default_factory=Counter)
    messages: list[Message] = field(default_factory=list)
    said: Wishes = field(default_factory=Wishes)
    hand: list[dict[str, Any]] = field(default_factory=list)
    stands_for: dict[str, dict[str, Any]] = field(default_factory=dict)
    focus: dict[str, Any] | None = None
    nearby_cut: bool = False

    def add(self, pair: AnnotatedExchange) -> None:
        """Append one exchange; after an error the segment ends before it.

        Raises:
            Unusable: with the reason.
        """
        now = informed_wishes(pair.said_acts)
        words = self._words(pair, now)
        query = self._query(pair, now)
        if query is None and not self.hand:
            raise Unusable("no_wish")
        if query is None:
            answered = self._answer(pair, now)
            new = [user(words), reply(answered)]
        else:
            found = self.store.search(query)
            answered = self._offer(pair, found.records, found.relaxed)
            new = [user(words), call(query.arguments()), found.message(), reply(answered)]
            self.hand = found.records
        if self._loose(answered, self.hand, words):
            raise Unusable("ungrounded")
        self.messages += new

    def _words(self, pair: AnnotatedExchange, now: Wishes) -> str:
        """The user's words with hotels and pointers resolved."""
        words = pair.said
        for original, record in self.stands_for.items():
            words = words.replace(original, record["name"])
        if now.name in self.stands_for and self.stands_for[now.name]["name"] not in words:
            raise Unusable("name_unresolved")
        self.nearby_cut = pair.points_elsewhere or (
            bool(now) and mentions_elsewhere(words) and not set(NEARBY_SLOTS) & set(requested_slots(pair.said_acts))
        )
        if self.nearby_cut:
            words = self._without_nearby(words, pair)
        if not self.hand and not now and not now.name and requested_slots(pair.said_acts) != ["名称"]:
            words = self._named(words, pair, now)
        return words

    def _without_nearby(self, words: str, pair: AnnotatedExchange) -> str:
        """The words without the wish about another place, which the state or the database names."""
        source = next((str(pair.state[s]) for s in NEARBY_SLOTS if pair.state.get(s)), "")
        cut = cut_nearby(words, source or self.places.longest(words))
        if cut is None:
            raise Unusable("nearby_unresolved")
        self.repairs["nearby_wish_cut"] += cut != words
        return cut

    def _named(self, words: str, pair: AnnotatedExchange, now: Wishes) -> str:
        """The first utterance of a segment that points to a hotel from before: its name is put in."""
        name = pair.state.get("名称") or (pair.selected[0] if len(pair.selected) == 1 else "")
        pointer = next((p for p in ("这家酒店", "这个酒店", "那家酒店", "该酒店", "这酒店", "酒店") if p in words), "")
        if not name or not pointer:
            raise Unusable("no_wish")
        self.repairs["hotel_named"] += 1
        now.name = name
        return words.replace(pointer, name, 1)

    def _query(self, pair: AnnotatedExchange, now: Wishes) -> HotelQuery | None:
        """The search of this turn, None where the hotels in hand answer it."""
        known = {r["name"] for r in self.hand} | set(self.stands_for)
        noted = agreed_wishes(pair.state, now, Wishes(), Counter())
        if now.name and now.name not in known and not noted:
            wanted: dict[str, Any] = {"name": now.name}
        elif self._searches(pair, now, bool(noted)):
            self.said.add(now)
            wanted = arguments(agreed_wishes(pair.state, self.said, now, self.repairs), self.repairs)
            wanted |= {"name": now.name} if now.name else {}
        else:
            return None
        try:
            return HotelQuery.parse(wanted)
        except QueryError as error:
            raise Unusable("bad_query") from error

    def _searches(self, pair: AnnotatedExchange, now: Wishes, noted: bool) -> bool:
        """Whether wishes said just now start a search: always with no hotel in hand, else unless they ask about that hotel."""
        if not now or not self.hand:
            return bool(now)
        if now.name or reground.asks_of_hand(pair.said):
            return False
        return noted or not reground.QUESTION.search(pair.said.rstrip("。！"))

    def _offer(self, pair: AnnotatedExchange, records: list[dict[str, Any]], relaxed: list[str]) -> str:
        """The reply to a search: the human one with the hotels found, or one from templates."""
        names = reground.hotels_named(pair.answer_acts, pair.answer)
        refused = any(intent == "NoOffer" for intent, *_ in pair.answer_acts)
        stand_ins = self._stand_ins(names, records)
        self.focus = next(iter(stand_ins or records), None)
        asked = [s for s in requested_slots(pair.said_acts) if s != "名称"]
        elsewhere = self.nearby_cut and mentions_elsewhere(pair.answer)
        text = pair.answer
        for name, record in zip(names, stand_ins, strict=False):
            if name != record["name"]:
                self.repairs["hotel_replaced"] += 1
                self.stands_for[name] = record
            text = text.replace(name, record["name"])
        unsaid = len(stand_ins) < len(names) or any(n not in pair.answer for n in names)
        checked = None
        if records and not (relaxed or refused or elsewhere or unsaid) and (names or asked):
            checked = self._checked(text, pair, (stand_ins or records)[0], records)
        if checked is None and not names and asked and records and not relaxed:
            return self._written(reground.answers(asked, records[0], self.rng))
        return checked or self._announced(stand_ins or records, relaxed, asked)

    def _announced(self, records: list[dict[str, Any]], relaxed: list[str], asked: list[str]) -> str:
        """The hotels found and the answers about the first of them, from templates."""
        more = reground.answers(asked, self.focus, self.rng) if asked and self.focus else ""
        return self._written(reground.recommend(records, relaxed, self.rng) + more)

    def _stand_ins(self, names: list[str], records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """For each hotel named its record, or one not yet used in its place."""
        free = [r for r in records if r["name"] not in names]
        by_name = {r["name"]: r for r in records}
        out = []
        for name in names:
            if original := self.store.get(name):
                free.sort(key=partial(reground.mismatch, original))
            record = by_name.get(name) or (free.pop(0) if free else None)
            out += [record] if record else []
        return out

    def _answer(self, pair: AnnotatedExchange, now: Wishes) -> str:
        """The reply to a question or to small talk, about the hotel in hand."""
        by_name = {r["name"]: r for r in self.hand} | self.stands_for
        named = [by_name[n] for n in [now.name, *reground.hotels_named(pair.answer_acts, pair.answer)] if n in by_name]
        self.focus = named[0] if named else self.focus
        asked = [s for s in requested_slots(pair.said_acts) if s != "名称"] or list(
            reground.stated_facts(pair.answer_acts)
        )
        if self.focus is None:
            raise Unusable("ungrounded")
        text = pair.answer
        for original, record in self.stands_for.items():
            text = text.replace(original, record["name"])
        checked = self._checked(text, pair, self.focus, self.hand)
        if checked is None and not asked:
            raise Unusable("ungrounded")
        return checked or self._written(reground.answers(asked, self.focus, self.rng))

    def _checked(
        self, text: str, pair: AnnotatedExchange, record: dict[str, Any], hand: list[dict[str, Any]]
    ) -> str | None:
        """The reply with the record's facts, None where it would still say what the records do not."""
        stated = reground.restate(text, pair.answer_acts, record)
        if stated is None or self._loose(stated, hand, pair.said):
            return None
        self.repairs["fact_replaced"] += stated != text
        return stated

    def _loose(self, text: str, hand: list[dict[str, Any]], words: str) -> bool:
        """Whether a reply says what neither the hotels in hand nor the conversation hold."""
        return bool(ungrounded(text, hand, [*self.messages, user(words)]) or self.places.foreign(text, hand))

    def _written(self, text: str) -> str:
        self.repairs["reply_rewritten"] += 1
        return text
