"""Grounds a call in the user's words: what a small model asks for must have been said, and what was said must be asked for."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chatbot.core.messages import FunctionCall, Message
from chatbot.hotels.facilities import canonical, either, match_facility, spoken
from chatbot.hotels.query import HotelQuery
from chatbot.understanding.consistency import Step, missing_slots, unsupported_slots
from chatbot.understanding.rule_parser import DROPPED, ParsedSlots, parse_slots

_POINTS = r"第.[家个]|它|[这那该]家|[这那该]个?酒店"
_DINING = {"中式餐厅", "西式餐厅"}
"""People say that they have eaten; a word that means either of these is no sure wish."""
_GIVEN_UP = {"type": "型|档次", "price_range": "价|钱|预算|贵|便宜|元|块|费|百|千", "rating_range": "评|分|口碑"}
"""What the words speak of when such a wish is given up."""
_BOUNDS = {"price_range": "prices", "rating_range": "ratings"}


def _step(wanted: FunctionCall, state: HotelQuery, messages: Sequence[Message]) -> tuple[Step, ParsedSlots]:
    words = next((m.content for m in reversed(messages) if m.role == "user"), "")
    names = [str(r["name"]) for m in messages for r in m.records if r.get("name")]
    arguments = HotelQuery.parse(wanted.arguments).arguments()
    names += [n for n in (arguments.get("name"),) if n and n in words]
    return Step(0, words, state.arguments(), arguments, [], names), parse_slots(words, names)


def contradictions(wanted: FunctionCall, state: HotelQuery, messages: Sequence[Message]) -> list[str]:
    """Wishes that the call adds and the last utterance lacks, and the other way round; [] where they agree."""
    return _wrong(*_step(wanted, state, messages))


def _wrong(step: Step, parsed: ParsedSlots) -> list[str]:
    named = {step.arguments.get("type"), *step.excluded("type")}
    other_type = [t for t in parsed.types if len(parsed.types) == 1 and t not in named]
    return list(
        dict.fromkeys(
            unsupported_slots(step, parsed)
            + missing_slots(step, parsed)
            + other_type
            + _forgotten(step)
            + _vague(step, parsed)
            + _malformed_slots(step)
        )
    )


def _vague(step: Step, parsed: ParsedSlots) -> list[str]:
    """Facilities that were said by a word for several (wifi, 泳池) and that the call lacks, as that word."""
    asked = canonical([*(step.arguments.get("facilities") or []), *step.excluded("facilities")])
    mentions = (
        [m for m in parsed.facilities if len(m) > 1 and not m & (asked | _DINING)]
        if not step.arguments.get("name")
        else []
    )
    return [word for mention in mentions if (word := _said(step.words, mention))]


def _said(words: str, mention: frozenset[str]) -> str:
    """The longest word of the user's that means just these facilities."""
    own = {spoken(name, words) for name in mention}
    return max((word for word in own if match_facility(word) == mention), key=len, default="")


def _malformed_slots(step: Step) -> list[str]:
    """A facility twice, or 一家全季酒店 taken for a hotel called 家全季酒店."""
    meant = [canonical([wish]) for wish in step.arguments.get("facilities") or []]
    name = str(step.arguments.get("name") or "")
    return ["repeated"] * (len(set(meant)) < len(meant)) + ["measured"] * (
        name != _strip_measure_word(name, step.words)
    )


def _strip_measure_word(name: str, words: str) -> str:
    return name[1:] if name[:1] in ("家", "个", "间") and f"一{name}" in words else name


def _forgotten(step: Step) -> list[str]:
    """Facilities and kinds of wishes that stood before, are gone from the call, and were not given up in words."""
    gone = [
        key
        for key in _GIVEN_UP
        if any(k.startswith(key) for k in step.before) and not any(k.startswith(key) for k in step.arguments)
    ]
    if re.search(DROPPED, step.words):
        return [key for key in gone if not re.search(_GIVEN_UP[key], step.words)]
    kept = step.arguments.get("facilities") or []
    return gone + [either(wish) for wish in step.before.get("facilities") or [] if wish not in kept]


def missed_call(state: HotelQuery, messages: Sequence[Message]) -> FunctionCall | None:
    """The call that a reply should have been: a type, price or rating was said that the state does not hold, and of no one hotel."""
    step, parsed = _step(FunctionCall(name="search_hotels", arguments=state.arguments()), state, messages)
    if refers_to_result(step.words) or any(name in step.words for name in step.names):
        return None
    sure = parsed if not step.names else replace(parsed, facilities=())
    return (
        add_parsed_slots(state, messages)
        if missing_slots(step, sure) or (len(parsed.types) == 1 and parsed.types != {state.type})
        else None
    )


def refers_to_result(words: str) -> bool:
    """Whether the words speak of one hotel in hand: 第一家, 它, 这家."""
    return bool(re.search(_POINTS, words))


def add_parsed_slots(state: HotelQuery, messages: Sequence[Message]) -> FunctionCall:
    """The search for what stood before and what the last utterance was parsed to add."""
    return repair_call(FunctionCall(name="search_hotels", arguments=state.arguments()), state, messages)


def repair_call(wanted: FunctionCall, state: HotelQuery, messages: Sequence[Message]) -> FunctionCall:
    """The call with every contradicting slot as it was parsed, or as it stood before where nothing was parsed for it."""
    step, parsed = _step(wanted, state, messages)
    wrong, out = set(_wrong(step, parsed)), dict(step.arguments)
    for field in ("name", "address", "subway", "near"):
        if out.get(field) in wrong:
            _put(out, field, step.before.get(field))
    if wrong & {"type", *parsed.types, str(out.get("type"))}:
        _put(out, "type", min(parsed.types) if len(parsed.types) == 1 else step.before.get("type"))
    _put(out, "name", _strip_measure_word(str(out.get("name") or ""), step.words) or None)
    _put(out, "facilities", _facilities(step, parsed, wrong))
    for field, kind in _BOUNDS.items():
        bands = [band for band in getattr(parsed, kind) if not band.about]
        now = (out.get(f"{field}_lower"), out.get(f"{field}_upper"))
        changed = now != (step.before.get(f"{field}_lower"), step.before.get(f"{field}_upper"))
        if len(bands) == 1 and not bands[0].fits(*now):
            _put(out, f"{field}_lower", bands[0].lower)
            _put(out, f"{field}_upper", bands[0].upper)
        elif changed and not getattr(parsed, kind) and (now != (None, None) or field in wrong):
            for end in ("lower", "upper"):
                _put(out, f"{field}_{end}", step.before.get(f"{field}_{end}"))
        _sort_bounds(out, field)
    return FunctionCall(name=wanted.name, arguments=out)


def _sort_bounds(arguments: dict[str, Any], field: str) -> None:
    """Bounds that were said the wrong way round (500到300) change places: no search can have them so."""
    lower, upper = arguments.get(f"{field}_lower"), arguments.get(f"{field}_upper")
    if lower is not None and upper is not None and lower > upper:
        arguments |= {f"{field}_lower": upper, f"{field}_upper": lower}


def _facilities(step: Step, parsed: ParsedSlots, wrong: set[str]) -> list[str | list[str]]:
    kept = [f for f in step.arguments.get("facilities") or [] if either(f) not in wrong]
    asked = [canonical([f]) for f in kept]
    kept = [f for f in step.before.get("facilities") or [] if either(f) in wrong and f not in kept] + kept
    added = [
        min(m) for m in parsed.facilities if len(m) == 1 and min(m) in wrong and not any(min(m) in a for a in asked)
    ]
    once = {canonical([f]): f for f in reversed(kept + added + _vague(step, parsed))}
    return list(reversed(once.values()))


def _put(arguments: dict[str, Any], key: str, value: Any) -> None:
    """Set an argument, or take it out where there is no value."""
    if value is None or value == []:
        arguments.pop(key, None)
    else:
        arguments[key] = value
