"""Compares what a model understood with what rules hear in the same words: it may doubt a draft, it never changes one."""

import re
from collections.abc import Sequence
from typing import Protocol

from chatbot.core.errors import InputError, QueryError
from chatbot.core.messages import Message
from chatbot.hotels.facilities import match_facility
from chatbot.hotels.query import HotelQuery
from chatbot.understanding.consistency import Step, unsupported_slots
from chatbot.understanding.dialogue_state import State, next_state
from chatbot.understanding.history import Context, act_of
from chatbot.understanding.named_hotels import guests_name, unheard_name
from chatbot.understanding.normalise import model_words
from chatbot.understanding.rule_parser import DROPPED, Band, ParsedSlots, parse_slots
from chatbot.understanding.turn_act import DROP, EXCLUDE, TurnAct, facility_of

_POINTS = r"第.[家个]|它|[这那该]家|[这那该]个?酒店|其中|这几|那几|刚才"
_UNSURE = r"不是|不要|不用|别|不想|不必|没必要|除了|\bnot\b|n't|\bno\b|without|except|instead"
"""Words that turn a wish around: where they stand, rules that only find words are not sure of anything."""
_SPOKEN_OF = {
    *(
        "ask_field",
        "ask_has",
        "compare",
        "book",
        "cancel",
        "complaint",
        "attack",
        "off_topic",
        "unsupported",
        "smalltalk",
    )
}
"""Acts in which amounts and facilities are spoken of without being wished for: questions, and stories."""
_ORDERING = {"superlative", "better", "cheaper"}


class CallVerifier(Protocol):
    """What looks at a draft before it is used."""

    name: str

    def doubts(self, draft: Message, context: Context, words: str) -> list[str]:
        """Why the draft may be wrong, in words for the trace; [] where nothing speaks against it."""
        ...


class NoVerifier:
    """The model alone."""

    name = "none"

    def doubts(self, draft: Message, context: Context, words: str) -> list[str]:
        """Nothing is ever doubted."""
        return []


class RuleVerifier:
    """Doubts a draft where sure signs in the words say otherwise: a plain amount, one type, a facility by its own name."""

    name = "rules"

    def doubts(self, draft: Message, context: Context, words: str) -> list[str]:
        """The sure signs that the draft misses, and, of a call without an act line, what the words do not support."""
        act = act_of(draft)
        if act is None and draft.call is None:
            return []
        if act is not None and act.act in _SPOKEN_OF:
            return []
        said = model_words(words)
        if act and (name := guests_name(act, said)):
            return [f"name: {name} is the guest's own"]
        if act and (name := unheard_name(act, context.shown, said)):
            return [f"name: {name} was said"]
        slots = parse_slots(said, [name for name in context.shown if name])
        after = (
            next_state(context.state, act, context.shown) if act else dict(draft.call.arguments if draft.call else {})
        )
        if re.search(_UNSURE, said) or re.search(DROPPED, said) or re.search(_POINTS, said):
            return [] if act else _unsupported(after, context, said, slots)
        turn = act or TurnAct("refine")
        out = [
            *_missing_amounts(slots, after, turn),
            *_missing_type(slots, after, turn),
            *_missing_facilities(slots, after, turn),
        ]
        return out if act else out + _unsupported(after, context, said, slots)


VERIFIERS: dict[str, type[NoVerifier] | type[RuleVerifier]] = {"none": NoVerifier, "rules": RuleVerifier}


def verifier(name: str) -> CallVerifier:
    """A verifier by name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in VERIFIERS:
        raise InputError("understanding.verifier", value=name, choices=VERIFIERS)
    return VERIFIERS[name]()


def _missing_amounts(slots: ParsedSlots, after: State, turn: TurnAct) -> list[str]:
    """Amounts that were said and that the state does not hold, unless the line gives that kind up."""
    out = []
    for kind, bands in (("price", slots.prices), ("rating", slots.ratings)):
        held = (after.get(f"{kind}_range_lower"), after.get(f"{kind}_range_upper"))
        if len(bands) != 1 or bands[0].fits(*held) or turn.has(f"-{kind}"):
            continue
        if None in (bands[0].lower, bands[0].upper) or not _touches(bands[0], held):
            out.append(f"{kind}: {bands[0].lower or ''}–{bands[0].upper or ''} was said")
    return out


def _touches(band: Band, held: Sequence[float | None]) -> bool:
    """Whether a number that was said is one of the bounds: which of them, the model may know better."""
    numbers = {number for number in (band.lower, band.upper) if number is not None}
    return bool(numbers & set(held))


def _missing_type(slots: ParsedSlots, after: State, turn: TurnAct) -> list[str]:
    """One type that was said; 最实惠 and 档次高点 order the hotels, whatever type the words are found under."""
    if turn.act in _ORDERING:
        return []
    if len(slots.types) != 1 or after.get("type") in slots.types or turn.has("-type"):
        return []
    excluded = (after.get("exclude") or {}).get("type") or ()
    return [] if set(excluded) & slots.types else [f"type: {min(slots.types)} was said"]


def _missing_facilities(slots: ParsedSlots, after: State, turn: TurnAct) -> list[str]:
    """Facilities that the words speak of by a name or an alias, and that neither the state holds nor the line gives up or asks for."""
    spoken = [facility_of(value) for value in turn.values(DROP, EXCLUDE, "has:")]
    held = {name for facility in (*(after.get("facilities") or ()), *spoken) for name in _members(facility)}
    return [f"facility: {min(mention)} was said" for mention in slots.facilities if not mention & held]


def _members(facility: str | Sequence[str]) -> set[str]:
    words = [facility] if isinstance(facility, str) else facility
    return {name for word in words for name in (match_facility(word) or {word})}


def _unsupported(after: State, context: Context, said: str, slots: ParsedSlots) -> list[str]:
    """What a call asks for and the words do not give."""
    try:
        arguments = HotelQuery.parse(after).arguments()
    except QueryError as error:
        return [error.what]
    names = [*context.shown, str(arguments.get("name") or "")]
    step = Step(0, said, context.state, arguments, [], names)
    return [f"not said: {what}" for what in unsupported_slots(step, slots)]
