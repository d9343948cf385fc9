"""Answers to what a turn asks of hotels in hand: fields, facilities, the best of them, comparisons; all computed from records."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.corpus.phrasebank.bank import Row
from chatbot.dialogue.replies.facts import Best, Fact, Has, Shown, State, best, field_fact, has
from chatbot.dialogue.replies.wording import MARK, Voice, number
from chatbot.understanding.turn_act import FIELDS, HOTELS, SORTS, TurnAct, facility_of

_CHARGE = re.compile(r"要钱|收钱|花钱|付钱|收费|付费|免费|另算|\bfree\b|\bcharges?d?\b|\bcosts?\b|\bpay\b", re.I)
FEW = 6
"""Facilities that a sentence beside the answer may list."""
_WAYS = {
    "price_asc": ("superlative_cheap", "top_cheap_many"), "price_desc": ("superlative_dear", "top_dear_many"),
    "rating_desc": ("superlative_rating", "top_rating_many"), "rating_asc": ("superlative_rating_low", "top_rating_low_many"),
}  # fmt: skip
_FIGURES = {"phone", "address", "price", "rating", "subway"}
"""What helps where the field asked for is not known, and is not wanted where it is."""
_NULLS = {"price": "price_null", "rating": "rating_null", "subway": "subway_null", "phone": "phone_null",
          "nearby_restaurants": "restaurants_null"}  # fmt: skip


def asks(turn: TurnAct) -> bool:
    """Whether a turn asks anything of hotels in hand."""
    return turn.act == "compare" or turn.has("ask:", "has:", "top:")


def pointed(turn: TurnAct, count: int, focus: int) -> list[int] | None:
    """Positions of the hotels that a turn points at, [] where it points at none; None where one is not there."""
    out: list[int] = []
    for which in (value for value in turn.values("#") if value in HOTELS):
        at = (
            {"last": [count - 1], "it": [focus], "all": list(range(count))}.get(which) or [int(which) - 1]
            if count
            else []
        )
        if not all(0 <= position < count for position in at):
            return None
        out += [position for position in at if position not in out]
    return out


@dataclass
class Answers:
    """Answers one turn's questions about hotels in hand, through a voice.

    Attributes:
        focus: the hotel last spoken of; after `say` the one that the answer was about.
        state: the wishes, which a price or rating is compared with.
        named: whether every answer has to name its hotel.
        words: what was asked.
    """

    voice: Voice
    turn: TurnAct
    hotels: Sequence[Shown]
    focus: int
    state: State
    named: bool = False
    words: str = ""

    def say(self) -> list[Fact]:
        """Say the answers; the facts that were told."""
        if not self.hotels:
            self.voice.say("no_hotel")
            return []
        at = pointed(self.turn, len(self.hotels), self.focus)
        if at is None and len(self.hotels) == 1:
            self.voice.say("only_one")
            at = [0]
        if at is None:
            self.voice.say("no_such", values={"n": str(len(self.hotels))})
            return []
        facts: list[Fact] = []
        for order in (order for order in self.turn.values("top:") if order in SORTS):
            facts += self._top([self.hotels[k] for k in at] if len(at) > 1 else self.hotels, order)
            at = [self.focus]  # 便宜的那家，电话: what else is asked is asked of the best
        at = at or self._unpointed()
        about = [self.hotels[k] for k in at]
        asked = [value for value in self.turn.values("has:") if value]
        if asked:
            facts += self._has(about, asked)
        facts += self._fields(about)
        if len(at) == 1:
            self.focus = at[0]
        return facts

    def _unpointed(self) -> list[int]:
        if self.turn.act in ("compare", "superlative"):
            return list(range(len(self.hotels)))
        return [self.focus]

    def _fields(self, about: Sequence[Shown]) -> list[Fact]:
        fields = [field for field in dict.fromkeys(self.turn.values("ask:")) if field in FIELDS]
        if self.turn.act == "compare":
            about = about if len(about) > 1 else self._with_another(about)
            figures = [f for f in fields or ["price", "rating"] if f in ("price", "rating")]
            if len(about) == 2:
                for field in figures:
                    self._compare(about[0], about[1], field)
                fields = [f for f in fields if f not in figures]
                facts: list[Fact] = [field_fact(hotel, field) for hotel in about for field in figures]
                return facts + self._tell(about, fields)
            fields = fields or figures
        return self._tell(about, fields)

    def _with_another(self, about: Sequence[Shown]) -> list[Shown]:
        """One hotel that is to be compared, with the one in focus, or with all where it is that one."""
        focus = self.hotels[self.focus]
        return [*about, focus] if about and about[0] is not focus else list(self.hotels)

    def _tell(self, about: Sequence[Shown], fields: Sequence[str]) -> list[Fact]:
        if fields and len(about) == 1:
            self._tell_one(about[0], fields)
        elif fields:
            self._tell_many(about, fields)
        return [field_fact(hotel, field) for hotel in about for field in fields]

    def _named(self) -> bool:
        """Whether an answer has to name its hotel: a person sees at once where another was meant."""
        return self.named or len(self.hotels) > 1

    def _clear(self, row: Row) -> bool:
        return not self._named() or "{name}" in row["text"]

    def _tell_one(self, hotel: Shown, fields: Sequence[str]) -> None:
        values = self.voice.values(hotel)
        when = frozenset(_NULLS[f] for f in fields if f in _NULLS and hotel.known(f) is None) | self._within(hotel)
        if len(fields) == 1:
            unknown = hotel.known(fields[0]) is None
            others = _FIGURES - {fields[0]}
            said = self.voice.say(
                f"{'unknown' if unknown else 'answer'}_{fields[0]}", values=values, when=when,
                fits=self._clear, prefer=lambda row: bool(others & set(MARK.findall(row["text"]))) == unknown,
            )  # fmt: skip
        else:
            said = self.voice.say(
                "answer_fields", values=values, when=when,
                fits=lambda row: set(row.get("fields", ())) == set(fields) and self._clear(row),
            )  # fmt: skip
        if not said:
            self._tell_many([hotel], fields)
            if any(hotel.known(f) is None for f in fields) and "phone" not in fields:
                self.voice.say("phone_help", values=values)
            elif hotel.known("phone") is None and not {"address"} & set(fields):
                self.voice.say("address_help", values=values)

    def _within(self, hotel: Shown) -> frozenset[str]:
        """How price and rating stand to what was asked for."""
        limit, score = self.state.get("price_range_upper"), self.state.get("rating_range_lower")
        out = set()
        if isinstance(limit, int | float) and hotel.price is not None:
            out.add("within_budget" if hotel.price <= limit else "over_budget")
        if isinstance(score, int | float) and hotel.rating is not None:
            out.add("rating_met" if hotel.rating >= score else "rating_unmet")
        return frozenset(out)

    def _tell_many(self, about: Sequence[Shown], fields: Sequence[str]) -> None:
        """Hotel by hotel, all fields; then who is cheapest and dearest, or best and worst rated."""
        voice = self.voice
        comma, stop, end = (", ", "; ", ".") if voice.english else ("，", "；", "。")
        colon = ": " if voice.english else "：" if len(fields) > 1 or "facilities" in fields else ""
        lines = []
        for hotel in about:
            values = voice.values(hotel)
            if len(about) > 1 and len(hotel.facilities) > FEW:
                values["facilities"] = self._shortened(hotel)
            parts = [voice.part(f"part_{f}" if hotel.known(f) is not None else f"gap_{f}", values) for f in fields]
            lines.append(hotel.name + colon + comma.join(filter(None, parts)))
        if not voice.add(stop.join(lines) + end):
            for line in lines:
                voice.add(line + end)
        for field in [f for f in fields if f in ("price", "rating") and len(about) > 1]:
            self._range(about, field)

    def _shortened(self, hotel: Shown) -> str:
        first = self.voice.joined([self.voice.facility(name) for name in hotel.facilities[:FEW]])
        count = len(hotel.facilities)
        return f"{first}, {count} in all" if self.voice.english else f"{first}等{count}项"

    def _range(self, about: Sequence[Shown], field: str) -> None:
        low, high = best(about, f"{field}_asc"), best(about, f"{field}_desc")
        known = len(about) - len(low.unknown)
        if known > 1 and low.value == high.value:
            self.voice.say(f"same_{field}") if known == len(about) else None
        elif known > 1:
            first, last = (low, high) if field == "price" else (high, low)
            names = {"name": self.voice.joined(first.hotels), "name2": self.voice.joined(last.hotels)}
            self.voice.say(f"range_{field}", values=names)

    def _compare(self, one: Shown, other: Shown, field: str) -> None:
        """Two hotels by price (the cheaper first) or rating (the better first)."""
        mine, theirs = getattr(one, field), getattr(other, field)
        if mine is None or theirs is None:
            need = "both_null" if mine is theirs else f"{field}2_null"
            first, second = (one, other) if mine is not None or theirs is None else (other, one)
        else:
            need = "equal" if mine == theirs else ""
            first, second = (one, other) if (mine <= theirs if field == "price" else mine >= theirs) else (other, one)
        asked = self.turn.values("ask:")
        alone = set() if field in asked else {"rating", "rating2"} if field == "price" else {"price", "price2"}
        both = len(self.hotels) > 2 and not self.voice.text
        values = self.voice.values(first) | self.voice.values(second, "2")
        said = self.voice.say(
            f"compare_{field}", values=values, need=frozenset([need] if need else []),
            fits=lambda row: not (alone & set(MARK.findall(row["text"])))
            and (not both or {"name", "name2"} <= set(MARK.findall(row["text"]))),
            prefer=lambda row: "name2" in MARK.findall(row["text"]),
        )  # fmt: skip
        if not said:
            self._tell_many([first, second], [field])

    def _top(self, hotels: Sequence[Shown], order: str) -> list[Fact]:
        """The cheapest, dearest, best or worst rated of the hotels in hand, ties named, unknown values left out and said."""
        found = best(hotels, order)
        field = order.partition("_")[0]
        if found.value is None:
            self.voice.say(f"top_none_{field}")
            return [found]
        if len(hotels) == 1:
            self.voice.say(f"top_only_{field}", values=self.voice.values(hotels[0]))
        else:
            self._say_best(hotels, found, field)
        if found.unknown:
            self.voice.say(f"left_out_{field}", values={"names": self.voice.joined(found.unknown)})
        self.focus = next(k for k, hotel in enumerate(self.hotels) if hotel.name == found.hotels[0])
        return [found]

    def _say_best(self, hotels: Sequence[Shown], found: Best, field: str) -> None:
        first = [hotel for hotel in hotels if hotel.name in found.hotels]
        when, many = _WAYS[found.order]
        values = self.voice.values(first[0]) | {"names": self.voice.joined(found.hotels)}
        if len(hotel_facilities := first[0].facilities) > FEW and hotel_facilities:
            values.pop("facilities", None)
        need = {when, "equal"} if len(first) == 2 else {when}
        if len(first) == 2:
            values |= self.voice.values(first[1], "2")
        count = {"three"} if len(hotels) == 3 else set()
        said = len(first) < 3 and self.voice.say(
            "superlative", values=values, need=frozenset(need), when=frozenset({"in_hand"} | count)
        )
        if not said:
            self.voice.say(
                many if len(first) > 1 else "top_rating_low", many, values=values | {field: number(found.value or 0)}
            )

    def _has(self, about: Sequence[Shown], asked: Sequence[str]) -> list[Fact]:
        facts = [has(hotel, value) for hotel in about for value in asked]
        if len(about) > 1:
            for value in asked:
                self._has_many([fact for fact in facts if fact.asked == value], value)
        elif len(asked) > 1 or _CHARGE.search(self.words):  # 要钱吗: what is listed, neither yes nor no
            self._has_several(about[0], facts)
        else:
            self._has_one(about[0], facts[0])
        return list(facts)

    def _has_one(self, hotel: Shown, fact: Has) -> None:
        values = self.voice.values(hotel)
        if len(hotel.facilities) > FEW:
            values.pop("facilities", None)
        exact = facility_of(fact.asked) in fact.held
        values["facility"] = self._held(fact) if fact.held else self.voice.facility(fact.asked)
        acts = (("has", "has_yes") if exact else ("has_some",)) if fact.held else ("has_not", "has_no")
        when = frozenset() if fact.held else frozenset(["facilities_without_facility"])
        self.voice.say(
            *acts, values=values, when=when, fits=self._clear,
            prefer=lambda row: "{facility}" in row["text"],
        )  # fmt: skip

    def _held(self, fact: Has) -> str:
        return self.voice.joined([self.voice.facility(name) for name in fact.held])

    def _has_several(self, hotel: Shown, facts: Sequence[Has]) -> None:
        """One hotel, several facilities: what it has, then what it lacks."""
        voice = self.voice
        held = list(dict.fromkeys(name for fact in facts for name in fact.held))
        lacking = [voice.facility(fact.asked) for fact in facts if not fact.held]
        parts = (
            [voice.part("part_has", {"facility": voice.joined([voice.facility(name) for name in held])})]
            if held
            else []
        )
        parts += [voice.part("part_has_not", {"facility": name}) for name in lacking]
        voice.add(f"{hotel.name} {', '.join(parts)}." if voice.english else f"{hotel.name}{'，'.join(parts)}。")

    def _has_many(self, facts: Sequence[Has], value: str) -> None:
        """Several hotels, one facility: who has it, who does not."""
        yes = [fact.hotel for fact in facts if fact.held]
        no = [fact.hotel for fact in facts if not fact.held]
        values = {
            "facility": self.voice.facility(value),
            "names": self.voice.joined(yes or no),
            "names2": self.voice.joined(no),
        }
        self.voice.say("has_all" if not no else "has_none" if not yes else "has_split", values=values)
