"""The simulated user: an agenda of wishes and questions, believing only what the replies say and checking it against the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from chatbot.dialogue.events import TurnEvent
from chatbot.evaluation.metrics.metrics import NOTHING_FOUND
from chatbot.evaluation.simulation import wording
from chatbot.evaluation.simulation.goals import Goal, Part, Record, delivered, satisfies
from chatbot.hotels.store import HotelStore

PATIENCE = 2
"""How often in a row the user says or asks the same thing again before giving up."""
SUCCESS = "success"


@dataclass
class SimulatedUser:
    """An agenda after Schatzmann et al. 2007: constraints to tell, a hotel to choose, facts to ask.

    `outcome` is "" while the dialogue goes on, SUCCESS, or why the user gave up. It believes only what the replies say, and
    checks it against the database.
    """

    goal: Goal
    store: HotelStore
    rng: Random
    outcome: str = ""
    told: list[Part] = field(default_factory=list)
    untold: list[Part] = field(default_factory=list)
    changed: bool = False
    chosen: Record | None = None
    asked: int = 0
    repeats: int = 0

    def __post_init__(self) -> None:
        self.untold = self.rng.sample(self.goal.parts, len(self.goal.parts))

    def answer(self, heard: TurnEvent | None) -> str | None:
        """The user's next utterance after a turn of the chatbot (None: the dialogue opens); None when there is nothing left to say."""
        if self.outcome:
            return None
        if heard is None or self.untold:
            return self._tell(wording.OPEN if heard is None else wording.MORE)
        return self._choose(heard) if self.chosen is None else self._check(heard, self.chosen)

    def _pick(self, table: Sequence[str]) -> str:
        return self.rng.choice(table)

    def _tell(self, table: Sequence[str]) -> str:
        count = self.rng.randint(1, len(self.untold))
        new, self.untold = self.untold[:count], self.untold[count:]
        self.told += new
        if "name" in new[0]:
            return self._pick(wording.NAMED).format(x=spoken_name(new[0]["name"], self.rng))
        return self._pick(table).format(x=self._spoken(new))

    def _spoken(self, parts: Sequence[Part]) -> str:
        return self._pick(wording.JOIN).join(spoken(part, self.rng) for part in parts)

    def _choose(self, heard: TurnEvent) -> str | None:
        """Take the first hotel on offer that really meets what was told; otherwise change the wish, or insist."""
        offered = [known for record in named(heard) if (known := self.store.get(record["name"]))]
        fitting = next((record for record in offered if satisfies(record, self.told)), None)
        if (
            self.goal.change
            and not self.changed
            and (NOTHING_FOUND.search(heard.reply) if self.goal.impossible else fitting)
        ):
            return self._change()
        if fitting:
            self.chosen = fitting
            return self._ask(self._reference(heard, fitting))
        return self._insist("no suitable hotel", lambda: self._pick(wording.AGAIN).format(x=self._restated()))

    def _restated(self) -> str:
        return str(self.told[0]["name"]) if "name" in self.told[0] else self._spoken(self.told)

    def _change(self) -> str:
        self.changed = True
        new = [part for part in self.goal.change if part not in self.told]
        self.told = list(self.goal.change)
        return self._pick(wording.CHANGE if self.goal.impossible else wording.CHANGE_OF_MIND).format(
            x=self._spoken(new)
        )

    def _reference(self, heard: TurnEvent, record: Record) -> str:
        """How a person points at the hotel: this one, the second one, or its name."""
        names = [offer["name"] for offer in named(heard)]
        if names == [record["name"]]:
            return self._pick(wording.THIS)
        in_order = names == [offer["name"] for offer in heard.records[: len(names)]]
        return (
            wording.ORDINAL[names.index(record["name"])]
            if in_order and len(names) <= len(wording.ORDINAL) and self.rng.random() < 0.5
            else record["name"]
        )

    def _ask(self, hotel: str) -> str:
        field_name, facility = self.goal.requests[self.asked]
        if field_name == "has":
            return self._pick(wording.HAS).format(h=hotel, x=facility)
        return self._pick(wording.ASK[field_name]).format(h=hotel)

    def _check(self, heard: TurnEvent, chosen: Record) -> str | None:
        request = self.goal.requests[self.asked]
        if not delivered(heard.reply, chosen, request):
            return self._insist(f"no true answer: {request[0]}", lambda: self._ask(chosen["name"]))
        self.asked, self.repeats = self.asked + 1, 0
        if self.asked < len(self.goal.requests):
            return self._ask(self._pick((*wording.THIS, chosen["name"])))
        self.outcome = SUCCESS
        return self._pick(wording.BYE) if self.rng.random() < 0.3 else None

    def _insist(self, reason: str, again: Callable[[], str]) -> str | None:
        self.repeats += 1
        if self.repeats > PATIENCE:
            self.outcome = reason
            return None
        return again()


def named(heard: TurnEvent) -> list[Record]:
    """The hotels in hand that the reply names, in the order in which it does."""
    found = [record for record in heard.records if record["name"] in heard.reply]
    return sorted(found, key=lambda record: heard.reply.index(record["name"]))


def spoken_name(name: str, rng: Random) -> str:
    """A name in full, or as said aloud: without brackets and without the city in them."""
    return name if rng.random() < 0.5 else name.replace("(北京", "").replace("(", "").replace(")", "")


def spoken(part: Part, rng: Random) -> str:
    """One constraint in the user's words."""
    if "type" in part:
        return rng.choice(wording.TYPE[part["type"]])
    if "facilities" in part:
        return rng.choice(wording.FACILITY[part["facilities"][0]])
    if "rating_range_lower" in part:
        return rng.choice(wording.RATING_LEAST).format(a=part["rating_range_lower"])
    lower, upper = part.get("price_range_lower"), part.get("price_range_upper")
    table = wording.PRICE_MOST if lower is None else wording.PRICE_LEAST if upper is None else wording.PRICE_BETWEEN
    return rng.choice(table).format(a=lower, b=upper)
