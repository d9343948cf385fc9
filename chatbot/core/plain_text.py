"""Text that shows what it holds: without characters that are invisible or turn its direction, and as long as an utterance may be."""

import re

from chatbot.core.errors import InputError

LONGEST = 4_000
"""Characters of an utterance; what the rules take for one grows faster than its length."""
MOST_ALIKE = 30
"""Of one character in a row more say nothing more."""
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Controls, zero-width characters, marks of direction, fillers, halves of surrogate pairs, tags."""
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_PILES = re.compile(f"({_MARK}{{2}}){_MARK}+")
"""Marks that are piled upon one letter until they cover the lines above."""
_ALIKE = re.compile(rf"(.)\1{{{MOST_ALIKE},}}", re.DOTALL)


def plain(text: str) -> str:
    """A text without what cannot be seen in it."""
    if text.isascii() and text.isprintable():
        return text
    return _PILES.sub(r"\1", _UNSEEN.sub("", text))


def utterance(text: str) -> str:
    """What somebody said, as it is shown, kept and understood.

    Raises:
        InputError: it is longer than LONGEST.
    """
    if len(text) > LONGEST:
        raise InputError("dialogue.long_utterance", most=LONGEST)
    return _ALIKE.sub(lambda run: run[1] * MOST_ALIKE, plain(text)).strip()
