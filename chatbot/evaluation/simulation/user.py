"""The simulated user: an agenda of wishes and questions, believing only what the replies say and checking it against the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random

from chatbot.dialogue.events import TurnEvent
from chatbot.evaluation.metrics.metrics import NOTHING_FOUND
from chatbot.evaluation.simulation import blame
from chatbot.evaluation.simulation.blame import Fault
from chatbot.evaluation.simulation.goals import DENIAL, Goal, Part, Record, delivered, satisfies
from chatbot.evaluation.simulation.held_out_wording import HeldOutWording, Words
from chatbot.hotels.store import HotelStore
from chatbot.understanding.history import act_of

PATIENCE = 2
"""How often in a row the user says or asks the same thing again before giving up."""
SUCCESS = "success"
PAIR = 0.5
"""How often two facts that are wanted are asked for in one turn."""
Request = tuple[str, str]


@dataclass(frozen=True)
class UserUtterance:
    """One utterance and what must follow from it.

    Attributes:
        text: the words.
        checks: (phenomenon, slots): the phenomenon was understood if none of these slots is wrong after the turn.
        asked: the facts that it asks for.
        reference: it points at a hotel among several.
        wish: how an unknown wish was said, "" for none.
    """

    text: str
    checks: tuple[tuple[str, frozenset[str]], ...] = ()
    asked: tuple[Request, ...] = ()
    reference: bool = False
    wish: str = ""


@dataclass
class SimulatedUser:
    """An agenda after Schatzmann et al. 2007: constraints to tell, a hotel to choose, facts to ask.

    `outcome` is "" while the dialogue goes on, SUCCESS, or why the user gave up; `fault` says whose fault that is.
    `faults` are all that went wrong on the way, `checks` what was and was not understood. It believes only what the replies say,
    and checks it against the database.
    """

    goal: Goal
    store: HotelStore
    rng: Random
    outcome: str = ""
    fault: Fault | None = None
    faults: list[Fault] = field(default_factory=list)
    checks: list[tuple[str, bool]] = field(default_factory=list)
    claimed: list[str] = field(default_factory=list)
    told: list[Part] = field(default_factory=list)
    untold: list[Part] = field(default_factory=list)
    open: list[Request] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)
    last: UserUtterance | None = None
    changed: bool = False
    wished: bool = False
    chosen: Record | None = None
    asking: bool = False
    repeats: int = 0
    turn: int = 0

    def __post_init__(self) -> None:
        self.untold = self.rng.sample(self.goal.parts, len(self.goal.parts))
        self.open = list(self.goal.requests)

    @cached_property
    def words(self) -> HeldOutWording:
        """Where the user's sentences come from."""
        return HeldOutWording(self.rng)

    def answer(self, heard: TurnEvent | None) -> str | None:
        """The user's next utterance after a turn of the chatbot (None: the dialogue opens); None when there is nothing left to say."""
        if heard is not None and self.last is not None:
            self.turn += 1
            self._judge(heard, self.last)
        self.last = None if self.outcome else self._next(heard)
        return self.last.text if self.last else None

    def _next(self, heard: TurnEvent | None) -> UserUtterance | None:
        if heard is None or self.untold:
            return self._tell(opening=heard is None)
        return self._check(heard) if self.asking and self.chosen else self._choose(heard)

    def _judge(self, heard: TurnEvent, last: UserUtterance) -> None:
        """What the chatbot made of the last utterance: its state against what was told, its offers against that."""
        wrong = blame.wrong_slots(self.told, heard, self.store, named=self.asking)
        for slot in sorted(wrong - self.wrong):
            self.faults.append(Fault(blame.HEARD, slot.partition(":")[0], self.turn))
        self.wrong = wrong
        self.checks += [(phenomenon, not slots & wrong) for phenomenon, slots in last.checks]
        if last.wish:
            self._judge_wish(heard, last.wish)
        if (
            not wrong
            and not last.asked
            and self._possible
            and (what := blame.broken_wish(self._offered(heard), self.told))
        ):
            self.faults.append(Fault(blame.SEARCHED, what, self.turn))

    def _judge_wish(self, heard: TurnEvent, said: str) -> None:
        claimed = blame.claims_wish(heard.reply, self.goal.wish, said)
        self.checks.append(("unknown_wish", not claimed and "facilities" not in self.wrong))
        if claimed:
            self.claimed.append(f"wish: {self.goal.wish}")
            self.faults.append(Fault(blame.UNTRUE, self.claimed[-1], self.turn))

    @property
    def _possible(self) -> bool:
        """Whether some hotel meets what was told: always, but for goals that are impossible at first."""
        return self.changed or not self.goal.impossible

    def _tell(self, *, opening: bool) -> UserUtterance:
        count = self.rng.randint(1, len(self.untold))
        new, self.untold = self.untold[:count], self.untold[count:]
        self.told += new
        said = self.words.tell(self._named(new), opening=opening)
        checks = [(blame.phenomenon_of(part, said.forms), frozenset(blame.slots_of(part))) for part in new]
        if len(new) > 1:
            checks.append(("several_at_once", frozenset(slot for _, slots in checks for slot in slots)))
        return UserUtterance(said.text, tuple(checks))

    def _named(self, parts: Sequence[Part]) -> list[Part]:
        """The constraints with a hotel's name as it is said aloud."""
        return [{"name": name_as_said(part["name"], self.rng)} if "name" in part else part for part in parts]

    def _offered(self, heard: TurnEvent) -> list[Record]:
        return [known for record in named(heard) if (known := self.store.get(record["name"]))]

    def _choose(self, heard: TurnEvent) -> UserUtterance | None:
        """Take the first hotel on offer that really meets what was told; otherwise change the wish, or insist."""
        fitting = next((record for record in self._offered(heard) if satisfies(record, self.told)), self.chosen)
        if self.goal.change and not self.changed and self._time_to_change(heard, fitting):
            return self._change()
        if fitting:
            self.chosen, self.repeats = fitting, 0
            if self.goal.wish and not self.wished:
                return self._wish()
            return self._point(heard, fitting)
        return self._insist("no suitable hotel", lambda: self._no_hotel(heard), self._again)

    def _time_to_change(self, heard: TurnEvent, fitting: Record | None) -> bool:
        if self.goal.impossible:
            return bool(NOTHING_FOUND.search(heard.reply) or DENIAL.search(heard.reply))
        return self.goal.how == "correct" or fitting is not None

    def _no_hotel(self, heard: TurnEvent) -> Fault:
        """Why no suitable hotel was offered."""
        if self.wrong:
            return Fault(blame.HEARD, sorted(self.wrong)[0].partition(":")[0], self.turn)
        offered = self._offered(heard)
        if not self._possible:
            return Fault(blame.UNTRUE if offered else blame.LEFT_OUT, "nothing found", self.turn)
        if offered or not any(satisfies(record, self.told) for record in heard.records):
            return Fault(blame.SEARCHED, blame.broken_wish(offered, self.told) or "nothing found", self.turn)
        return Fault(blame.LEFT_OUT, "hotel", self.turn)

    def _again(self) -> UserUtterance:
        return UserUtterance(
            self.words.again(self._named(self.told)).text if "name" not in self.told[0] else self._by_name()
        )

    def _by_name(self) -> str:
        return self.words.tell([self.told[0]]).text

    def _change(self) -> UserUtterance:
        self.changed, self.chosen = True, None
        new = next((part for part in self.goal.change if part not in self.told), None)
        old = next(part for part in self.told if part not in self.goal.change)
        how = self.goal.how or ("impossible" if self.goal.impossible else "replace")
        self.told = list(self.goal.change)
        if new is None:
            gone = frozenset({"facilities"} if "facilities" in old else old)
            return UserUtterance(self.words.dropped(old).text, (("drop", gone),))
        said: Words = self.words.changed(old, new, "correct" if how == "correct" else "replace")
        slots = frozenset(blame.slots_of(new) | ({"facilities"} if "facilities" in old else set(old)))
        kind = "correction" if how == "correct" else "replacement"
        return UserUtterance(said.text, ((kind, slots), (blame.phenomenon_of(new, said.forms), slots)))

    def _wish(self) -> UserUtterance:
        self.wished = True
        said = self.words.wish(self.goal.wish)
        return UserUtterance(said.text, wish=said.wish)

    def _point(self, heard: TurnEvent, record: Record) -> UserUtterance:
        """Point at the hotel chosen, as this one, as the second one, or by name, and ask."""
        self.asking = True
        offers = [offer["name"] for offer in named(heard)]
        if offers == [record["name"]]:
            return self._ask(self.words.pointer("it"), focus=self.repeats == 0)
        in_order = offers == [offer["name"] for offer in heard.records[: len(offers)]]
        if record["name"] in offers and in_order and len(offers) <= 3 and self.rng.random() < 0.5:
            at = offers.index(record["name"]) + 1
            which = "last" if at == len(offers) and self.rng.random() < 0.3 else str(at)
            return self._ask(self.words.pointer(which), reference=True)
        return self._ask(record["name"], reference=True)

    def _ask(self, hotel: str, *, focus: bool = False, reference: bool = False) -> UserUtterance:
        count = 2 if len(self.open) > 1 and self.rng.random() < PAIR else 1
        asked = tuple(self.open[:count])
        return UserUtterance(self.words.ask(asked, hotel, focus=focus), asked=asked, reference=reference)

    def _check(self, heard: TurnEvent) -> UserUtterance | None:
        """Look at the answers to the last questions; ask again what was not answered truly, and then what is left."""
        assert self.chosen and self.last
        chosen, asked, reference = self.chosen, self.last.asked, self.last.reference
        lost = any(act.act == "unclear" for message in heard.messages if (act := act_of(message)))
        missed = [request for request in asked if lost or not delivered(heard.reply, chosen, request)]
        if len(asked) > 1:
            self.checks.append(("two_questions", not missed))
        if reference:
            self.checks.append(("reference", len(missed) < len(asked) or chosen["name"] in heard.reply))
        why = [blame.answer_fault(heard, chosen, request, self.turn) for request in missed]
        self.faults += why
        self.open = [request for request in self.open if request not in asked or request in missed]
        if missed:
            self.repeats = 0 if len(missed) < len(asked) else self.repeats
            return self._insist(
                f"no true answer: {missed[0][0]}", lambda: self._untruth() or why[0], lambda: self._ask(chosen["name"])
            )
        self.repeats = 0
        if self.open:
            return self._ask(self.rng.choice((self.words.pointer("it"), chosen["name"])), focus=True)
        self.outcome = SUCCESS
        return UserUtterance(self.words.leave()) if self.rng.random() < 0.3 else None

    def _untruth(self) -> Fault | None:
        """What the last turn said that is not true."""
        return next((f for f in self.faults if f.culprit == blame.UNTRUE and f.turn == self.turn), None)

    def _insist(
        self, reason: str, why: Callable[[], Fault], again: Callable[[], UserUtterance]
    ) -> UserUtterance | None:
        self.repeats += 1
        if self.repeats > PATIENCE:
            self.outcome, self.fault = reason, why()
            return None
        return again()

    def end(self) -> str:
        """Why the dialogue is over; a user that is still talking has given up. Untrue words spoil a success."""
        if not self.outcome:
            slot = min(self.wrong, default="").partition(":")[0]
            self.outcome = "too long"
            self.fault = Fault(blame.HEARD if slot else blame.GAVE_UP, slot or "too long", self.turn)
        if self.outcome == SUCCESS:
            self.fault = next((f for f in self.faults if f.culprit == blame.UNTRUE), None)
        return self.outcome


def named(heard: TurnEvent) -> list[Record]:
    """The hotels in hand that the reply names, in the order in which it does."""
    found = [record for record in heard.records if record["name"] in heard.reply]
    return sorted(found, key=lambda record: heard.reply.index(record["name"]))


def name_as_said(name: str, rng: Random) -> str:
    """A name in full, or as said aloud: without brackets and without the city in them."""
    return name if rng.random() < 0.5 else name.replace("(北京", "").replace("(", "").replace(")", "")
