"""The reply to a turn, computed from records: what was asked is answered, what was found is offered, what is unknown is said to be."""

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

from chatbot.core.messages import Message, call, user
from chatbot.dialogue.replies.answers import Answers, asks, pointed
from chatbot.dialogue.replies.facts import Fact, FieldFact, Shown, Unknown, shown
from chatbot.dialogue.replies.offers import Offer
from chatbot.dialogue.replies.situation import Reply, Situation
from chatbot.dialogue.replies.standing import affirm, again, as_heard
from chatbot.dialogue.replies.topics import is_dated, noun_of, starts_over, topic_of
from chatbot.dialogue.replies.wishes import dropped, facilities_dropped
from chatbot.dialogue.replies.wording import Voice
from chatbot.understanding.turn_act import Item, TurnAct

_WAY_ON = re.compile(r"[？?]$|再说一遍|您点|换[个别]|重新|照着查|我再|tell me|give it|search|find", re.I)
"""Words with which a sentence offers how to go on."""
__all__ = ["Reply", "Situation", "compose"]


def compose(situation: Situation, rng: random.Random) -> Reply:
    """The reply to a turn; the same for the same situation and state of `rng`."""
    return _Composer(situation, rng).reply()


class _Composer:
    """One reply in the making."""

    def __init__(self, situation: Situation, rng: random.Random) -> None:
        self.now = situation
        self.turn = situation.act
        self.hotels = shown(situation.records)[:5]
        self.earlier = shown(situation.earlier)[:5]
        self.focus = _within(situation.focus, len(self.earlier if situation.searched and self.earlier else self.hotels))
        self.facts: list[Fact] = []
        context: list[Message] = [user(situation.words), call(situation.after)]
        grounds = [self.hotels, [*self.earlier, *(h for h in self.hotels if h not in self.earlier)]]
        if self._asks_earlier():
            grounds = grounds[1:]
        self.voice = Voice(situation.language, rng, [[h.record() for h in hotels] for hotels in grounds], context)

    def reply(self) -> Reply:
        """Say all of it."""
        if self.turn.act == "attack":
            self._say("refuse")
        elif self.now.searched:
            self._searched()
        elif asks(self.turn) and not self.hotels and self.now.after:
            self._offer()
        elif asks(self.turn):
            self._asked(self.hotels)
            self._unknown()
        else:
            self._in_hand()
        if not self.voice.text:
            self.voice.say("lost")
        return Reply(self.voice.text, _within(self.focus, len(self.hotels)), tuple(self.facts))

    def _asks_earlier(self) -> bool:
        """Whether the turn's questions are about the hotels shown before its search."""
        named = self.turn.act == "by_name" or self.turn.has("name=")
        return self.now.searched and asks(self.turn) and bool(self.earlier) and not named

    def _searched(self) -> None:
        opening = {"restart": "restarted", "correct": "corrected"}.get(self.turn.act, "")
        if self._asks_earlier():
            self._asked(self.earlier)
        elif self.turn.act in ("complaint", "unsupported"):
            what = noun_of(topic_of("unsupported", self.now.words), self.voice.english)
            act = "apology" if self.turn.act == "complaint" else "unsupported_beside"
            self.voice.say(act, values={"what": what})
        elif opening and self.now.before:
            self.voice.say(opening)
        self._dropped()
        if (
            asks(self.turn)
            and not self._asks_earlier()
            and self.now.after.get("name")
            and self.hotels
            and not self.now.relaxed
        ):
            self._looked_up()
            return
        self._offer()
        self.focus = 0
        if asks(self.turn) and not self._asks_earlier() and self.hotels:
            self._asked(self.hotels)

    def _looked_up(self) -> None:
        """Answer about a hotel that was looked up by name; about each of them where several go by it."""
        self.focus = 0
        if len(self.hotels) > 1 and not self.turn.has("#"):
            self.voice.say("same_name", values={"n": str(max(self.now.total, len(self.hotels)))})
            self.turn = TurnAct(self.turn.act, (*self.turn.items, Item("#", "all")))
        self._asked(self.hotels)
        self._unknown()

    def _offer(self) -> None:
        now = self.now
        offer = Offer(
            self.voice, self.hotels, now.after, self.turn.act, now.relaxed, now.unmatched, self.turn.values("?"),
            max(now.total, now.first + len(self.hotels)), max(now.first, 0), [hotel.name for hotel in self.earlier],
            now.instead, now.unlisted,
        )  # fmt: skip
        self.facts += offer.say()

    def _dropped(self) -> None:
        """Say what the turn drops without putting anything in its place."""
        if self.turn.act not in ("drop", "refine", "replace"):
            return
        replaced = {item.op.rstrip("<>=~") for item in self.turn.items if not item.op.startswith("-")}
        items = [item for item in self.turn.items if item.op.startswith("-") and item.op[1:] not in replaced]
        wishes, let_in = facilities_dropped(self.turn, self.now.before)
        others = [dropped(item, self.voice) for item in items if item.op not in ("-", "-all")]
        if self.turn.has("-all"):
            self.voice.say("restarted")
        if others:
            self.voice.say("dropped", values={"what": self.voice.joined(others)})
        for topics, gone in ((("dropped_facility", "dropped"), wishes), (("let_in",), let_in)):
            if gone:
                self.voice.say(*topics, values={"what": self.voice.joined([*map(self.voice.facility, gone)])})

    def _asked(self, hotels: Sequence[Shown]) -> None:
        """Answer the questions; one about a hotel looked up by name that fits several is answered for all of them."""
        now, at = self.now, _within(self.focus, len(hotels))
        answers = Answers(self.voice, self.turn, hotels, at, now.after, now.searched, now.words)
        self.facts += answers.say()
        self.focus = answers.focus

    def _unknown(self) -> None:
        """Say that a wish is not known of the hotel in focus, beside what else was answered; 洗衣做吗 was, with 洗衣服务."""
        told = [name[:2] for name in self.turn.values("has:")]
        if wishes := [wish for wish in self.turn.values("?") if not any(name in wish for name in told)]:
            self._say_unknown(wishes)

    def _say_unknown(self, wishes: Sequence[str]) -> None:
        self.facts += [Unknown(wish) for wish in wishes]
        values = self._focus_values() | self.voice.quoted(wishes)
        if self.hotels:
            if self.voice.say("unknown_wish_one", "unheard_wish_one", values=values):
                return
            self.voice.say("unknown_wish", "unheard_wish", values=values) and self.voice.say("ask_by_phone")
        elif not self.voice.say("unsupported", values=values, topic="unknown_wish", need=frozenset(["no_other_wish"])):
            self.voice.say("unknown_wish", "unheard_wish", values=values)
            self._missing()

    def _focus_values(self) -> dict[str, str]:
        """The hotel that the turn points at, else the one in focus, as marks."""
        if not self.hotels:
            return {}
        at = pointed(self.turn, len(self.hotels), self.focus)
        self.focus = at[0] if at else _within(self.focus, len(self.hotels))
        return self.voice.values(self.hotels[self.focus])

    def _in_hand(self) -> None:
        """A turn that neither searched nor asked."""
        if self.turn.has("?"):
            self._say_unknown(self.turn.values("?"))
            return
        if self.turn.has("prev"):
            if not (self.hotels and self.voice.say("previous", values=self.voice.listing(self.hotels))):
                self._missing()
            return
        acts: dict[str, Callable[[], object]] = {
            "thanks": lambda: self.voice.say("welcome"),
            "bye": lambda: self._say("bye"),
            "hello": lambda: self._say("hello"),
            "smalltalk": lambda: self._say("smalltalk"),
            "off_topic": lambda: self._say("off_topic"),
            "complaint": self._complaint,
            "unsupported": self._unsupported,
            "affirm": self._affirmed,
            "deny": lambda: self.voice.say("denied"),
            "book": self._book,
            "cancel": self._cancel,
            "unclear": self._unclear,
            "ask_field": self._unclear,
            "ask_has": self._unclear,
            "restart": self._restart,
            "drop": self._drop,
            "more": self._more,
        }
        acts.get(self.turn.act, self._again)()

    def _say(self, act: str) -> bool:
        """A line on the topic of the words."""
        return self.voice.say(
            act, values=self._focus_values(), topic=topic_of(self.turn.act, self.now.words),
            fits=lambda row: not (self.hotels and starts_over(row["text"])),
        )  # fmt: skip

    def _complaint(self) -> None:
        heard = as_heard(self.now.after, self.voice)
        if heard and not topic_of("complaint", self.now.words):
            self.voice.say("sorry_as_heard", values=heard)
            return
        self._say("sorry")
        if not _WAY_ON.search(self.voice.text):
            self.voice.say("as_heard" if heard else "way_on", values=heard)

    def _unsupported(self) -> None:
        """What no hotel list tells, on the topic of the words, with the number of the hotel that can."""
        topic = topic_of("unsupported", self.now.words)
        if not self.hotels:
            if not (topic and self.voice.say("unsupported", topic=topic, need=frozenset(["no_hotel_yet"]))):
                self.voice.say("unsupported", topic=topic)
                self._missing()
            return
        values, named = self._focus_values(), len(self.hotels) > 1
        values["what"] = noun_of(topic, self.voice.english)
        helps = {"{phone}", "{address}"} if topic == "distance" else {"{phone}"} if "phone" in values else {""}
        said = topic and self.voice.say(
            "unsupported", values=values, topic=topic,
            fits=lambda row: row.get("topic") == topic and any(mark in row["text"] for mark in helps) and (not named or "{name}" in row["text"]),
        )  # fmt: skip
        if not said:
            self.voice.say("unsupported_one", "unsupported_no_phone", values=values)
        self.facts.append(FieldFact(values["name"], "phone", values.get("phone")))

    def _affirmed(self) -> None:
        if not self.hotels:
            self._missing()
            return
        values, one = self._focus_values(), self.now.spoken or len(self.hotels) == 1
        affirm(self.voice, self.hotels[self.focus], values, self.now.after, one=one)

    def _book(self) -> None:
        dated = is_dated(self.now.words)
        topic = topic_of("book", self.now.words)
        if not self.hotels:
            if not (dated and self.voice.say("cannot_book_date", need=frozenset(["no_hotel_yet"]))):
                self.voice.say("book_none")
            return
        values = self._focus_values()
        named = len(self.hotels) > 1
        self.voice.say(
            *(("cannot_book_date", "booked") if dated else ("booked",)), "booked_no_phone", values=values, topic=topic,
            fits=lambda row: ("{phone}" in row["text"] and (not named or "{name}" in row["text"])) or row["act"] == "booked_no_phone",
        )  # fmt: skip
        self.facts.append(FieldFact(values["name"], "phone", values.get("phone")))

    def _cancel(self) -> None:
        if self.hotels and topic_of("unsupported", self.now.words) == "cancel_rule":
            self._unsupported()
        else:
            self.voice.say("cancelled")

    def _unclear(self) -> None:
        self.voice.say("not_caught")
        if self.hotels:
            self.voice.say("unclear_shown")
        else:
            self._missing()

    def _restart(self) -> None:
        self.voice.say("restarted")
        self._missing({})

    def _drop(self) -> None:
        self._dropped()
        self._again() if self.now.after else self._missing()

    def _more(self) -> None:
        if self.hotels and self.now.after:
            self.voice.say("no_more", fits=lambda row: not row.get("when"))
        else:
            self._missing()

    def _again(self) -> None:
        """The wishes stand as they stood: the same hotels again, or what is missing."""
        if not self.now.after and not self.hotels:
            self._missing()
        elif not self.hotels:
            self._offer()
        elif (named := self.turn.act == "by_name" or self.turn.has("#")) or len(self.hotels) == 1:
            hotel = self.hotels[0] if not self._focus_values() else self.hotels[self.focus]
            values = {"name": hotel.name, "brief": self.voice.brief(hotel)}
            self.voice.say("found_by_name" if named else "again_one", values=values)
        else:
            again(self.voice, self.hotels, self.now.after)

    def _missing(self, state: dict[str, Any] | None = None) -> None:
        """One short question back, about the first thing that is not said yet."""
        state = self.now.after if state is None else state
        place = any(state.get(key) for key in ("address", "subway", "near", "name"))
        price = any(state.get(f"price_range_{end}") is not None for end in ("lower", "upper"))
        wanted = [kind for kind, there in (("place", place), ("price", price)) if not there]
        wanted = wanted or [
            kind for kind in ("type", "facility") if not state.get({"facility": "facilities"}.get(kind, kind))
        ]
        topic = self.voice.rng.choice(wanted) if wanted else "none"
        self.voice.say("missing", topic=topic, fits=lambda row: row.get("topic") == topic)


def _within(at: int, count: int) -> int:
    return min(max(at, 0), max(count - 1, 0))
