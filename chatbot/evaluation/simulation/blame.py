"""Who failed at what: heard wrong, searched wrong, said something untrue, left something out, or a user who gave up."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chatbot.dialogue.events import TurnEvent
from chatbot.evaluation.simulation.goals import DENIAL, Part, Record, delivered, satisfies
from chatbot.evaluation.understanding import same_state
from chatbot.hotels.facilities import match_facility
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.understanding.dialogue_state import State
from chatbot.understanding.history import act_of
from chatbot.understanding.places import place

HEARD, SEARCHED, UNTRUE, LEFT_OUT, GAVE_UP = CULPRITS = ("heard", "searched", "untrue", "left_out", "gave_up")
_UNSURE = re.compile(DENIAL.pattern + r"|问|确认|致电|打电话|放宽")
_EVERYTHING = re.compile(r"(?:都|全部|完全|全都)(?:能|可以)?(?:满足|符合|合您|做到)")


@dataclass(frozen=True)
class Fault:
    """One thing that went wrong: who (of CULPRITS), at what (a slot, a fact, a claim), in which turn."""

    culprit: str
    what: str
    turn: int

    @classmethod
    def read(cls, plain: dict[str, Any] | None) -> "Fault | None":
        """A fault that was kept as plain data; None for none."""
        return cls(plain["culprit"], plain["what"], plain["turn"]) if plain else None

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def state_of(parts: Iterable[Part]) -> State:
    """The dialogue state that constraints make up."""
    state: State = {}
    for part in parts:
        for key, value in part.items():
            if key == "facilities":
                state[key] = [*state.get(key, []), *value]
            else:
                state[key] = place(key, value) if key in ("address", "subway", "near") else value
    return state


def wrong_slots(parts: Iterable[Part], heard: TurnEvent, store: HotelStore, *, named: bool = False) -> set[str]:
    """The slots in which the chatbot's state differs from what was told; `facilities:桑拿` where one is missing.

    Args:
        parts: all that the user has told and not taken back.
        heard: the turn.
        store: says which hotels a name may mean.
        named: the user has just spoken of a hotel by its name, which may stand in the state.
    """
    right, got = state_of(parts), heard.query.arguments()
    wrong = {key for key in {*right, *got} - {"facilities", "name"} if right.get(key) != got.get(key)}
    left = [_canonical(f) for f in got.get("facilities") or () if not _unknown(f, heard.unmatched)]
    for facility in right.get("facilities") or ():
        hit = next((f for f in left if same_state({"facilities": [facility]}, {"facilities": [f]})), None)
        if hit is None:
            wrong.add(f"facilities:{facility}")
        else:
            left.remove(hit)
    wrong |= {"facilities"} if left else set()
    name, said = right.get("name"), got.get("name")
    if name != said and not (name is None and named) and not (name and said and _means(said, name, store)):
        wrong.add("name")
    return wrong


def _unknown(facility: str | list[str], unmatched: Sequence[str]) -> bool:
    return all(word in unmatched for word in ([facility] if isinstance(facility, str) else facility))


def _canonical(facility: str | list[str]) -> str | list[str]:
    """A facility in the user's own words as the names that it may mean."""
    words = [facility] if isinstance(facility, str) else facility
    names = sorted({name for word in words for name in (match_facility(word) or (word,))})
    return names[0] if len(names) == 1 else names


def _means(said: str, name: str, store: HotelStore) -> bool:
    return any(record["name"] == name for record in store.search(HotelQuery(name=said)).records)


def slots_of(part: Part) -> set[str]:
    """The slots of `wrong_slots` that show that a constraint was not heard."""
    return {f"facilities:{x}" for x in part["facilities"]} if "facilities" in part else set(part)


def phenomenon_of(part: Part, forms: dict[str, str]) -> str:
    """What a constraint is an example of; `forms` tells how facilities were said."""
    key = next(iter(part)).partition("_range_")[0]
    if key == "facilities":
        return f"facility_{forms.get(part[key][0], 'np')}"
    return {"price": "amount", "address": "place", "subway": "place", "near": "place"}.get(key, key)


def broken_wish(offered: Sequence[Record], parts: Sequence[Part]) -> str:
    """The first wish that a hotel on offer breaks; "" where all meet them all."""
    for record in offered:
        for part in parts:
            if not satisfies(record, [part]):
                return next(iter(part))
    return ""


def claims_wish(reply: str, wish: str, said: str) -> bool:
    """Whether a reply says that an unknown wish is met."""
    sentences = [sentence for sentence in re.split(r"[。！？!?；;\n]", reply) if sentence]
    about = [s for s in sentences if wish in s or said in s]
    if about:
        return any(not _UNSURE.search(s.replace(wish, "").replace(said, "")) for s in about)
    return bool(_EVERYTHING.search(reply)) and not _UNSURE.search(reply)


def answer_fault(heard: TurnEvent, chosen: Record, request: tuple[str, str], turn: int) -> Fault:
    """Why a question got no true answer: another hotel's fact, the contrary, another question heard, or nothing said."""
    field, facility = request
    if tells_of_another(heard, chosen, request) or (field == "has" and facility in heard.reply):
        return Fault(UNTRUE, f"{field}: of another hotel" if field != "has" else f"has: {facility}", turn)
    acts = [act for message in heard.messages if (act := act_of(message))]
    asked = "has:" if field == "has" else "ask:"
    if acts and not any(item.op == asked and (asked == "has:" or item.value == field) for item in acts[-1].items):
        return Fault(HEARD, f"question: {field}", turn)
    return Fault(LEFT_OUT, field, turn)


def tells_of_another(heard: TurnEvent, chosen: Record, request: tuple[str, str]) -> bool:
    """Whether a reply gives the fact that was asked for as another hotel in hand has it."""
    field, _ = request
    others = [r for r in heard.records if r["name"] != chosen["name"] and field != "has" and r.get(field)]
    return not delivered(heard.reply, chosen, request) and any(delivered(heard.reply, r, request) for r in others)
