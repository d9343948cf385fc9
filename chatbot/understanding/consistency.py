"""Whether a call and the words before it state the same wishes: what the words do not support, and what the call misses."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from chatbot.core.messages import Message, Observed
from chatbot.hotels.facilities import alternatives, canonical, match_facility, wish_text
from chatbot.understanding.rule_parser import Band, ParsedSlots, clauses

NAME_LIKENESS = 75
"""Lowest partial ratio (0–100, rapidfuzz) of a name in the call and the user's words."""


@dataclass(frozen=True)
class Step:
    """One call in its conversation: the words before it, the state before and with it, and what came back.

    `names` are the hotels that were spoken of so far; `observed` is what came back beside the records.
    """

    at: int
    words: str
    before: dict[str, Any]
    arguments: dict[str, Any]
    records: list[dict[str, Any]]
    names: list[str]
    observed: Observed = dataclasses.field(default_factory=Observed)

    def excluded(self, argument: str) -> list[str]:
        """What the call rules out: its types, names or facilities."""
        exclude = self.arguments.get("exclude")
        return list(exclude.get(argument) or []) if isinstance(exclude, dict) else []


def steps(messages: Sequence[Message]) -> Iterator[Step]:
    """The calls of a conversation, each with what the words up to it must explain."""
    before: dict[str, Any] = {}
    words, names = "", list[str]()
    for at, message in enumerate(messages):
        if message.role == "user":
            words = message.content
        if message.call:
            arguments = message.call.arguments
            records = messages[at + 1].records if at + 1 < len(messages) else []
            observed = messages[at + 1].observed if at + 1 < len(messages) else Observed()
            yield Step(at, words, before, arguments, records, [*names, str(arguments.get("name") or "")], observed)
            before = arguments
        names += [r["name"] for r in message.records if r.get("name")]


def _range(arguments: dict[str, Any], field: str) -> tuple[float | None, float | None]:
    return arguments.get(f"{field}_lower"), arguments.get(f"{field}_upper")


def range_in_words(field: str, arguments: dict[str, Any]) -> str:
    """A range in words, for a reason: 200–300元, 4.5分以上."""
    lower, upper = _range(arguments, field)
    unit = "元" if field == "price_range" else "分"
    if lower is not None and upper is not None:
        return f"{lower:g}–{upper:g}{unit}" if lower != upper else f"{lower:g}{unit}"
    return f"{lower:g}{unit}以上" if lower is not None else f"{upper:g}{unit}以下"


def _unsupported_facilities(step: Step, parsed: ParsedSlots) -> list[str]:
    fresh = [f for f in step.arguments.get("facilities") or [] if f not in (step.before.get("facilities") or [])]
    mentions = [
        *parsed.facilities,
        *(match_facility(part) for clause in clauses(step.words) for part in (clause, *clause.split("的")) if part),
    ]

    def is_said(word: str) -> bool:
        return word in step.words or any(canonical([word]) & mention for mention in mentions)

    return [wish_text(wish) for wish in fresh if not all(map(is_said, alternatives(wish)))]


def _unsupported_texts(step: Step) -> list[str]:
    """Names and places of the call that the words do not give."""
    out = []
    for slot in ("name", "address", "subway", "near"):
        value = step.arguments.get(slot)
        if value and value != step.before.get(slot) and fuzz.partial_ratio(str(value), step.words) < NAME_LIKENESS:
            out.append(str(value))
    return out


def unsupported_slots(step: Step, parsed: ParsedSlots) -> list[str]:
    """Wishes that the call newly states and the words do not."""
    out = _unsupported_facilities(step, parsed) + _unsupported_texts(step)
    kind = step.arguments.get("type")
    if kind and kind != step.before.get("type") and kind not in parsed.types:
        out.append(str(kind))
    for field, found in (("price_range", parsed.prices), ("rating_range", parsed.ratings)):
        now = _range(step.arguments, field)
        if now not in ((None, None), _range(step.before, field)) and not any(band.fits(*now) for band in found):
            out.append(range_in_words(field, step.arguments))
    return out


def _band_words(field: str, band: Band) -> str:
    return range_in_words(field, {f"{field}_lower": band.lower, f"{field}_upper": band.upper})


def missing_slots(step: Step, parsed: ParsedSlots) -> list[str]:
    """Wishes that the words state and the call does not."""
    wishes = [*(step.arguments.get("facilities") or []), *step.excluded("facilities")]
    asked = [canonical([wish]) for wish in wishes]
    sure = [] if step.arguments.get("name") else [min(mention) for mention in parsed.facilities if len(mention) == 1]
    out = [name for name in sure if not any(name in names for names in asked)]
    if len(parsed.types) == 1 and not step.arguments.get("type"):
        out += parsed.types - set(step.excluded("type"))
    for field, found in (("price_range", parsed.prices), ("rating_range", parsed.ratings)):
        now = _range(step.arguments, field)
        out += [
            _band_words(field, band) for band in found if not band.about and not band.fits(*now) and len(found) == 1
        ]
    return out
