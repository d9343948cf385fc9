"""The page's words in Chinese and English: labels are translated in the browser, sentences made for one person on the server."""

import json
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from gradio.i18n import I18n, I18nData

Language = Literal["zh", "en"]


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


def translations() -> I18n:
    """All words in the form that Gradio's `launch` takes."""
    zh, en = ({key: pair[i] for key, pair in words().items()} for i in (0, 1))
    return I18n(**{"zh": zh, "zh-CN": zh, "zh-TW": zh, "en": en})
