"""The page's words in Chinese and English: labels are translated in the browser, sentences made for one person on the server."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from gradio.i18n import I18n, I18nData

Language = Literal["zh", "en"]
_WITHIN = re.compile(r'__i18n__\{[^}]*"key": "([^"]+)"')
"""A label within a longer text, as Gradio writes it."""


def label(key: str) -> I18nData:
    """A label, placeholder or button text that the browser shows in its own language."""
    return I18nData(key)


def language(request: Any) -> Language:
    """Chinese, unless the browser asks for another language first."""
    asked = (getattr(request, "headers", None) or {}).get("accept-language") or "zh"
    return "zh" if asked.strip().lower().startswith("zh") else "en"


def translate(who: Any, key: str, **values: object) -> str:
    """A sentence for one person: `who` is their request, or a language; `{name}` fields are filled from values."""
    return in_language(who, words()[key]).format(**values)


def in_language(who: Any, pair: tuple[str, str]) -> str:
    """One of (Chinese, English), as tables outside this page name their entries: `who` is a person's request, or a language."""
    asked = who if who in ("zh", "en") else language(who)
    return pair[0 if asked == "zh" else 1]


@cache
def words() -> MappingProxyType[str, tuple[str, str]]:
    """The sentences of all files beside this one: key → (Chinese, English).

    Raises:
        ValueError: two files use one key for different words.
    """
    merged: dict[str, tuple[str, str]] = {}
    for path in sorted(Path(__file__).parent.glob("*.json")):
        own = {key: (zh, en) for key, (zh, en) in json.loads(path.read_text(encoding="utf-8")).items()}
        clash = [key for key, pair in own.items() if merged.get(key, pair) != pair]
        if clash:
            raise ValueError(f"{path.name}: these keys have other words elsewhere: {clash}")
        merged |= own
    return MappingProxyType(merged)


def translations(config: Mapping[str, Any]) -> I18n:
    """The words that the parts of a page name, in the form that Gradio's `launch` takes; what only the server says is not sent.

    Args:
        config: the page's configuration as Gradio has built it.
    """
    named = sorted(set(_named(config)))
    zh, en = ({key: words()[key][i] for key in named} for i in (0, 1))
    return I18n(zh=zh, en=en)


def _named(part: object) -> Iterator[str]:
    if isinstance(part, I18nData):
        yield part.key
    elif isinstance(part, str):
        yield from _WITHIN.findall(part)
    elif isinstance(part, Mapping):
        yield from (key for value in part.values() for key in _named(value))
    elif isinstance(part, list | tuple):
        yield from (key for value in part for key in _named(value))
