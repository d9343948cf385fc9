"""Offers: what a search found, with what it gave up, what it could not look up, and how many there are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.core.messages import Instead
from chatbot.corpus.phrasebank.bank import Row
from chatbot.dialogue.replies.facts import Fact, Shown, State, Unknown, best, offered
from chatbot.dialogue.replies.lost_place import lost_place
from chatbot.dialogue.replies.wishes import conditions, described, given_up, loosened, wish, without
from chatbot.dialogue.replies.wording import MARK, Voice

_FIGURES = {"price", "rating", "facilities", "phone", "address", "subway", "attractions", "restaurants"}
_ADVICE = re.compile(r"电话|号码|前台|去问|问过去|确认|\d{7}|\bring\b|number|call|front desk|until you", re.I)
"""Words that tell to ask the hotel."""
_ORDERS = {
    "sorted_price_asc": ("从便宜到贵", "cheapest first"), "sorted_price_desc": ("从贵到便宜", "dearest first"),
    "sorted_rating_asc": ("评分从低到高", "lowest rated first"), "sorted_rating_desc": ("评分从高到低", "best rated first"),
}  # fmt: skip


@dataclass
class Offer:
    """Says what a search found.

    Attributes:
        hotels: the hotels found, at most a page of them.
        state: the wishes.
        act: the act of the turn.
        unknown: wishes of the turn that no list tells about, "" where they are not quoted; unmatched: facility words.
        earlier: names of the hotels shown before.
        instead: what else could have been given up.
        unlisted: the district of a place that was given up, where no hotel of the list lies.
    """

    voice: Voice
    hotels: Sequence[Shown]
    state: State
    act: str
    relaxed: Sequence[str]
    unmatched: Sequence[str]
    unknown: Sequence[str]
    total: int
    first: int
    earlier: Sequence[str] = ()
    instead: Instead | None = None
    unlisted: str = ""

    def say(self) -> list[Fact]:
        """Say it; the facts that were told."""
        facts: list[Fact] = [offered(hotel, self.state) for hotel in self.hotels]
        facts += [Unknown(wish) for wish in (*self.unknown, *self.unmatched)]
        self.kept = not (self.relaxed or any(offered(h, self._matched()).broken for h in self.hotels))
        self.lost = lost_place(self.relaxed, self.state, self.hotels)
        self.wish = "" if self.first else described(self._matched(), self.voice)
        if not self.hotels:
            self._nothing()
            return facts
        if self.unknown or self.unmatched:
            self._say_unknown()
            advised = _ADVICE.search(self.voice.text)
            self._offer()
            if not advised:
                self._advise()
        else:
            self._offer()
        if self.lost and not self.first:
            self.lost.say(self.voice, self.unlisted)
        if self.instead and not self.first:
            self._other_way(self.instead)
        return facts

    @property
    def values(self) -> dict[str, str]:
        """The marks of an offer; figures of the first hotel are left to the list."""
        voice, head = self.voice, self.hotels[0]
        values = voice.values(head)
        values |= voice.listing(self.hotels) | {"first": head.name, "brief": voice.brief(head)}
        said = given_up(self.relaxed, self.state, voice)
        values |= {"given_up": said} if said else {}
        if self.total <= self.first + len(self.hotels):
            values["n"] = str(len(self.hotels))
        return values

    def _say_unknown(self) -> None:
        """Say which wishes cannot be looked up, as the user said them."""
        values = self.voice.quoted((*self.unknown, *self.unmatched))
        self.voice.say("unknown_wish" if self.unknown else "unmatched", "unheard_wish", values=values)

    def _advise(self) -> None:
        """Tell to ask the hotels, where one of them has a number."""
        if any(hotel.phone for hotel in self.hotels):
            self.voice.say("ask_by_phone")

    def _matched(self) -> State:
        """The state without the words that nothing in the database matches."""
        facilities = [f for f in self.state.get("facilities") or () if f not in self.unmatched]
        rest = {key: value for key, value in self.state.items() if key != "facilities"}
        return rest | ({"facilities": facilities} if facilities else {})

    def _offer(self) -> None:
        """The hotels: with what they were searched by, so that a misheard or missed wish shows at once, else in a line of the bank."""
        if self.first:
            self._more(self.values)
        elif self.kept and self.act == "superlative" and self._winner():
            return
        elif not ((self.kept or self.relaxed) and self.wish and self._by_wish()):
            self._plain(self.values)
        else:
            return
        self._total()

    def _by_wish(self) -> bool:
        """Say in one line what was searched for, how many there are, and which; whether the bank has a line for it."""
        shown = len(self.hotels)
        extent = "page" if self.total > shown else "all" if shown > 1 else "one"
        values = self.values | {"wish": self.wish, "total": str(self.total), "n": str(shown)}
        return self._matching(extent, values) if self.kept else self._near_miss(extent, values)

    def _matching(self, extent: str, values: dict[str, str]) -> bool:
        """All wishes are met: by the hotels in the order asked for, or by no others than were shown before."""
        same = self.total == len(self.hotels) and {hotel.name for hotel in self.hotels} == set(self.earlier)
        told = ["same", *({self.act} & {"cheaper", "better"})] if same else []
        order = (
            next((_ORDERS[o] for o in self._orders() if o in _ORDERS), None) if self.total > 1 and not same else None
        )
        values |= {"order": order[self.voice.english]} if order else {}
        return self.voice.say(
            f"matching_{extent}", values=values, when=frozenset(told),
            fits=lambda row: ("{order}" in row["text"]) == bool(order),
            prefer=lambda row: row.get("when", "") == ",".join(told),
        )  # fmt: skip

    def _near_miss(self, extent: str, values: dict[str, str]) -> bool:
        """Some wishes were given up: which, and what the hotels do meet."""
        voice, lost = self.voice, self.lost
        state = without(self.relaxed, self._matched())
        state |= {"address": instead} if lost and (instead := lost.instead(voice)) else {}
        if kept := described(state, voice):
            values["kept"] = kept
        if lost and lost.beside and list(self.relaxed) == [lost.field]:
            values["place"] = wish(lost.field, self.state, voice).removeprefix("near ")
            return voice.say(f"beside_{extent}", values=values)
        values["loosened"] = loosened(self.relaxed, self.state, voice)
        return voice.say(
            f"near_miss_{extent}", values=values, when=frozenset(["one_wish" if _single(self._matched()) else "wishes"]),
            fits=lambda row: ("{kept}" in row["text"]) == bool(kept),
        )  # fmt: skip

    def _other_way(self, other: Instead) -> None:
        """What to let go instead, for whoever cares most for what was given up."""
        kept, loose = given_up(other.kept, self.state, self.voice), loosened(other.relaxed, self.state, self.voice)
        self.voice.say("other_way", values={"kept": kept, "loosened": loose, "total": str(other.total)})

    def _plain(self, values: dict[str, str]) -> None:
        """The hotels where no wish can be named."""
        voice = self.voice
        if self.relaxed:
            self._relaxed(values)
        elif len(self.hotels) == 1:
            self._one(values)
        elif self.kept:
            when = conditions(self.state) | self._orders()
            voice.say("offer", "offer_plain", values=values, when=when, fits=self._lists, prefer=self._suits)
        else:
            voice.say("offer_plain", values=values)

    def _orders(self) -> frozenset[str]:
        """What holds of the first hotel among those listed."""
        out = set()
        if self.state.get("sort_by"):
            order = self.state.get("sort_order") or ("asc" if self.state["sort_by"] == "price" else "desc")
            out.add(f"sorted_{self.state['sort_by']}_{order}")
        if self.state.get("name"):
            out.add("by_name")
        return frozenset(out)

    def _winner(self) -> bool:
        """Name the one hotel that is first in the order asked for, then the others; whether there is one."""
        order = next((o[len("sorted_") :] for o in self._orders() if o.startswith("sorted_")), "")
        found = best(self.hotels, order) if order else None
        if not found or len(found.hotels) != 1 or found.hotels[0] != self.hotels[0].name:
            return False
        need = {
            "price_asc": "superlative_cheap",
            "price_desc": "superlative_dear",
            "rating_desc": "superlative_rating",
        }.get(order)
        values = {key: said for key, said in self.voice.values(self.hotels[0]).items() if key != "facilities"}
        figures = {"price", "rating"} & set(values)
        if self.wish:
            self.voice.say("among", values={"wish": self.wish, "total": str(self.total)})
        said = need and self.voice.say(
            "superlative",
            "offer_one",
            values=values,
            need=frozenset([need]),
            prefer=lambda row: figures <= set(MARK.findall(row["text"])),
        )
        if said:
            self.voice.say("runners_up", values=self.voice.listing(self.hotels[1:]))
        return bool(said)

    def _suits(self, row: Row) -> bool:
        """The better lines: one that tells the order where there is one, else one that numbers the hotels."""
        if self.state.get("sort_by"):
            return str(row.get("when", "")).startswith("sorted_")
        return _numbers(row)

    def _lists(self, row: Row) -> bool:
        """A line that lists the hotels without saying a price or rating twice, and without promising by name or place."""
        if row["act"] != "offer":
            return True
        marks, named = set(MARK.findall(row["text"])), self._orders() & set(str(row.get("when", "")).split(","))
        if "by_name" in self._orders() and "by_name" not in named:
            return False
        return "list" in marks and not marks & _FIGURES and ("type" not in marks or row.get("when") == "type_set")

    def _one(self, values: dict[str, str]) -> None:
        only = self.kept and self.total <= 1
        if self.act == "by_name" or self.state.get("name"):
            acts: tuple[str, ...] = ("found_by_name",) if self.kept else ("offer_plain_one",)
        else:
            acts = ("offer_one", "offer_brief") if only else ("offer_plain_one",)
        figures = {"price", "rating"} & set(values)
        self.voice.say(
            *acts, "offer_plain_one", values={k: v for k, v in values.items() if k not in ("facilities", "facility", "wish")},
            when=frozenset(["price_null"] if "price" not in values else []),
            fits=lambda row: "{brief}" in row["text"] or {"name", *figures} <= set(MARK.findall(row["text"])),
        )  # fmt: skip

    def _relaxed(self, values: dict[str, str]) -> None:
        self.voice.say("relaxed_one" if len(self.hotels) == 1 else "relaxed_plain", "offer_plain", values=values)

    def _more(self, values: dict[str, str]) -> None:
        last = self.first + len(self.hotels) >= self.total
        if self.relaxed:
            self.voice.say("more_relaxed", values=values)
        elif len(self.hotels) == 1:
            self.voice.say("more_one", values=values)
        elif self.kept:
            self.voice.say(
                "more", "more_plain", values=values, when=frozenset(["last_page"] if last else []),
                fits=_lists_alone, prefer=_numbers,
            )  # fmt: skip
        else:
            self.voice.say("more_plain", values=values)

    def _total(self) -> None:
        """How many there are, where they are more than these."""
        shown, last = len(self.hotels), self.first + len(self.hotels)
        values = {"total": str(self.total), "shown": str(shown), "from": str(self.first + 1), "to": str(last)}
        if self.first and last >= self.total:
            self.voice.say("total_last", values=values | {"total": str(last)})
        elif self.total > last:
            self.voice.say("total_page" if self.first else "total", values=values)

    def _nothing(self) -> None:
        voice = self.voice
        up = given_up(self.relaxed, self.state, voice)
        values = {"given_up": up} if up else {}
        values |= {"name": str(self.state["name"])} if self.state.get("name") else {}
        when = conditions(self.state) | (frozenset(["relax_failed"]) if self.relaxed else frozenset())
        if self.first:
            voice.say("no_more", values=values, when=when, fits=lambda row: "{given_up}" not in row["text"])
            return
        if self.unknown or self.unmatched:
            self._say_unknown()
        voice.say(
            "none_found", values=values, when=when, fits=lambda row: "name_set" not in when or "name_set" in str(row)
        )


def _single(state: State) -> bool:
    """Whether a state is one wish."""
    bounds = {key.partition("_range")[0] if "_range" in key else key for key in state if not key.startswith("sort_")}
    facilities = state.get("facilities") or ()
    return len(bounds - {"facilities"}) + len(facilities) == 1


def _lists_alone(row: Row) -> bool:
    """A line that lists the hotels and says no figure of one of them a second time."""
    marks = set(MARK.findall(row["text"]))
    return "list" in marks and not marks & _FIGURES


def _numbers(row: Row) -> bool:
    """A line in which the list can be numbered: easier to point at than names within a sentence."""
    return re.search(r"(?:：|: ){list}(?:[。.]|$)", row["text"]) is not None
