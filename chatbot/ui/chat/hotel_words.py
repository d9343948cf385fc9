"""What the database says in Chinese, in the page's language: facilities, types and districts; names and addresses stay as they are."""

import re
from collections.abc import Sequence
from typing import Any

from chatbot.dialogue.replies import english
from chatbot.hotels.facilities import OR, match_facility
from chatbot.ui.i18n.translate import in_language, translate


def facility_name(word: str) -> str:
    """The database's name of a facility; the word itself where it means several (wifi) or none."""
    names = match_facility(word)
    return min(names) if len(names) == 1 else word


def facility_words(word: str, who: Any) -> str:
    """What a word means by its name in the page's language: 室内泳池 is 室内游泳池, or indoor pool."""
    return recorded_facility(facility_name(word), who)


def recorded_facility(name: str, who: Any) -> str:
    """A facility as a record has it."""
    return in_language(who, (name, re.sub(r"^an? ", "", english.facility(name))))


def any_of(words: Sequence[str], who: Any) -> str:
    """A wish that any of these facilities meets."""
    return in_language(who, (OR, " or ")).join(facility_words(word, who) for word in words)


def type_words(name: str, who: Any) -> str:
    """A hotel type: 高档型, upscale (高档型)."""
    return in_language(who, (name, english.kind(name)))


def place_words(place: str, who: Any) -> str:
    """A place: 朝阳区, Chaoyang (朝阳区)."""
    return in_language(who, (place, english.district(place)))


def listed(words: Sequence[str], who: Any) -> str:
    """Words one after the other."""
    return in_language(who, ("、", ", ")).join(words)


def bounds(lower: float | None, upper: float | None, unit: str = "") -> str:
    """≥ 4.5, ≤ 300元, 200–300元, or nothing."""
    if lower is not None and upper is not None:
        return f"{lower:g}{unit}" if lower == upper else f"{lower:g}–{upper:g}{unit}"
    return f"≥ {lower:g}{unit}" if lower is not None else f"≤ {upper:g}{unit}" if upper is not None else ""


def price_bounds(lower: float | None, upper: float | None, who: Any) -> str:
    """Bounds of a price a night."""
    return bounds(lower, upper, translate(who, "cards.yuan"))
