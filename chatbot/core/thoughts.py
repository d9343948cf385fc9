"""What a model thinks aloud in tags before it speaks: no part of what it says, neither shown nor kept."""

import re

_TAGS = ("think", "thinking", "thought", "reasoning")
_OPEN = re.compile(rf"<({'|'.join(_TAGS)})>")
_STRAY = re.compile(rf"</({'|'.join(_TAGS)})>")
_THOUGHT = re.compile(rf"<({'|'.join(_TAGS)})>.*?(?:</\1>|\Z)\s*", re.DOTALL)
_FIRST = re.compile(rf"\s*(?:<({'|'.join(_TAGS)})>.*?(?:</\1>|\Z)\s*)+", re.DOTALL)
MARKS = tuple(f"<{slash}{tag}>" for tag in _TAGS for slash in ("", "/"))
"""Every tag that opens or closes a thought."""


def without_thoughts(text: str) -> str:
    """A whole text without its thoughts; one that was never closed reaches to the end."""
    return _THOUGHT.sub("", text) if "<" in text else text


def without_first_thoughts(text: str) -> str:
    """A text without the thoughts that it begins with, whole or still growing."""
    found = _FIRST.match(text)
    return text[found.end() :] if found else text


class Speech:
    """What is said in a text that grows piece by piece.

    Args:
        is_thinking: the text begins inside a thought, because its opening tag stands in the prompt; where no tag closes it, it was none.

    Attributes:
        is_stray: a thought has ended that never began, so what was given out before was one.
    """

    def __init__(self, *, is_thinking: bool = False) -> None:
        self._tag = _TAGS[0] if is_thinking else ""
        self._assumed, self._after_thought, self._held = is_thinking, False, ""
        self.is_stray = False

    def more(self, text: str) -> str:
        """What may be shown after this piece; what could be the beginning of a tag waits for the next one."""
        self._held += text
        out = ""
        while (step := self._step()) is not None:
            out += self._said(step)
        return out

    def end(self) -> str:
        """What is left: the beginning of a tag that never came, or a thought that was only assumed to be one."""
        left, self._held = self._held if self._assumed or not self._tag else "", ""
        return self._said(left)

    def _step(self) -> str | None:
        """Text up to the next tag, None where the next piece is needed to go on."""
        if self._tag:
            return self._thought()
        if found := _OPEN.search(self._held):
            self._tag = found[1]
            return self._cut(found.start(), found.end())
        if found := _STRAY.search(self._held):
            self.is_stray, self._after_thought = True, True
            return self._cut(0, found.end())
        whole = len(self._held) - _unfinished(self._held)
        return self._cut(whole, whole) if whole else None

    def _thought(self) -> str | None:
        """Pass over a thought, of which only what may be the beginning of its last tag is kept."""
        mark = f"</{self._tag}>"
        at = self._held.find(mark)
        if at < 0:
            self._held = self._held if self._assumed else self._held[-len(mark) + 1 :]
            return None
        self._tag, self._assumed, self._after_thought = "", False, True
        return self._cut(0, at + len(mark))

    def _cut(self, said: int, rest: int) -> str:
        text, self._held = self._held[:said], self._held[rest:]
        return text

    def _said(self, text: str) -> str:
        """The text without the space between a thought and what is said after it."""
        text = text.lstrip() if self._after_thought else text
        self._after_thought = self._after_thought and not text
        return text


def _unfinished(text: str) -> int:
    """Length of the longest end of a text that could become a tag."""
    at = text.rfind("<")
    tail = text[at:] if at >= 0 else ""
    return len(tail) if tail and any(mark.startswith(tail) for mark in MARKS) else 0
