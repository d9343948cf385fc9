"""Grounds a call in the user's words: what a small model asks for must have been said, and what was said must be asked for."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chatbot.corpus.checks import Step, lost, unheard
from chatbot.corpus.lexicon import DROPPED, Heard, hear
from chatbot.hotels.facilities import match_facility
from chatbot.hotels.query import HotelQuery
from chatbot.messages import FunctionCall, Message

_POINTS = r"第.[家个]|它|[这那该]家|[这那该]个?酒店|哪[家个]"
_BOUNDS = {"price_range": "prices", "rating_range": "ratings"}


def _step(wanted: FunctionCall, state: HotelQuery, messages: Sequence[Message]) -> tuple[Step, Heard]:
    words = next((m.content for m in reversed(messages) if m.role == "user"), "")
    names = [str(r["name"]) for m in messages for r in m.records if r.get("name")]
    arguments = HotelQuery.parse(wanted.arguments).arguments()
    names += [n for n in (arguments.get("name"),) if n and n in words]
    return Step(0, words, state.arguments(), arguments, [], names), hear(words, names)


def contradictions(wanted: FunctionCall, state: HotelQuery, messages: Sequence[Message]) -> list[str]:
    """Wishes that the call adds and the last utterance lacks, and the other way round; [] where they agree."""
    return _wrong(*_step(wanted, state, messages))


def _wrong(step: Step, heard: Heard) -> list[str]:
    other_type = [t for t in heard.types if len(heard.types) == 1 and t != step.arguments.get("type")]
    return list(dict.fromkeys(lost(step, heard) + unheard(step, heard) + other_type + _forgotten(step)))


def _forgotten(step: Step) -> list[str]:
    """Facilities and kinds of wishes that stood before, are gone from the call, and were not given up in words."""
    if re.search(DROPPED, step.words):
        return []
    gone = [key for key in ("type", *_BOUNDS) if any(k.startswith(key) for k in step.before) and not any(k.startswith(key) for k in step.arguments)]
    return gone + [f for f in step.before.get("facilities") or [] if f not in (step.arguments.get("facilities") or [])]


def missed_call(state: HotelQuery, messages: Sequence[Message]) -> FunctionCall | None:
    """The call that a reply should have been: a type, price or rating was said that the state does not hold, and of no one hotel."""
    step, heard = _step(FunctionCall(name="search_hotels", arguments=state.arguments()), state, messages)
    if re.search(_POINTS, step.words) or any(name in step.words for name in step.names):
        return None
    sure = heard if not step.names else replace(heard, facilities=())
    wanted = corrected(FunctionCall(name="search_hotels", arguments=state.arguments()), state, messages)
    return wanted if unheard(step, sure) or (len(heard.types) == 1 and heard.types != {state.type}) else None


def corrected(wanted: FunctionCall, state: HotelQuery, messages: Sequence[Message]) -> FunctionCall:
    """The call with every contradicting slot as it was heard, or as it stood before where nothing was heard for it."""
    step, heard = _step(wanted, state, messages)
    wrong, out = set(_wrong(step, heard)), dict(step.arguments)
    for field in ("name", "address", "subway"):
        if out.get(field) in wrong:
            _put(out, field, step.before.get(field))
    if wrong & {"type", *heard.types, str(out.get("type"))}:
        _put(out, "type", min(heard.types) if len(heard.types) == 1 else step.before.get("type"))
    _put(out, "facilities", _facilities(step, heard, wrong))
    for field, kind in _BOUNDS.items():
        bands = [band for band in getattr(heard, kind) if not band.about]
        now = (out.get(f"{field}_lower"), out.get(f"{field}_upper"))
        changed = now != (step.before.get(f"{field}_lower"), step.before.get(f"{field}_upper"))
        if len(bands) == 1 and not bands[0].fits(*now):
            _put(out, f"{field}_lower", bands[0].lower)
            _put(out, f"{field}_upper", bands[0].upper)
        elif changed and not getattr(heard, kind) and (now != (None, None) or field in wrong):
            for end in ("lower", "upper"):
                _put(out, f"{field}_{end}", step.before.get(f"{field}_{end}"))
    return FunctionCall(name=wanted.name, arguments=out)


def _facilities(step: Step, heard: Heard, wrong: set[str]) -> list[str]:
    kept = [f for f in step.arguments.get("facilities") or [] if f not in wrong]
    asked = [match_facility(f) or {f} for f in kept]
    kept = [f for f in step.before.get("facilities") or [] if f in wrong and f not in kept] + kept
    return kept + [min(m) for m in heard.facilities if len(m) == 1 and min(m) in wrong and not any(min(m) in a for a in asked)]


def _put(arguments: dict[str, Any], key: str, value: Any) -> None:
    """Set an argument, or take it out where there is no value."""
    if value is None or value == []:
        arguments.pop(key, None)
    else:
        arguments[key] = value
