"""The bank's facility wordings as short verb phrases: what can stand in a sentence where 有棋牌室 stood."""

import re
from functools import lru_cache

from chatbot.corpus.phrasebank.bank import read_bank
from chatbot.hotels.facilities import alternatives
from chatbot.understanding.normalise import simplified

LONGEST = 10
"""Characters of a phrase that a sentence holds without stumbling."""
_HOLDS = re.compile(r"(?:有|带|提供|配)")
_VERBS = re.compile(r"(?:能|可以|有|带|提供|配|支持)")
_SPEAKER = re.compile(r"[我俺咱您你他她侬伲吗呢吧么啊呀嘅得了不没爸妈爷奶姑叔舅哥姐弟妹]|就行|就中|最好|必须|要有|的$")
"""Words of the one who speaks and of his people, particles and denials: a phrase with one is a sentence of its own."""
_CHINESE = re.compile(rf"[\u4e00-\u9fff]{{3,{LONGEST}}}")


@lru_cache(maxsize=1)
def _phrases() -> dict[str, tuple[str, ...]]:
    """Facility → its phrases; lines kept apart are left out, and those that may mean several facilities."""
    out: dict[str, set[str]] = {}
    for row in read_bank(part="train").wordings:
        text, facility = row["text"], row["facility"]
        if row["lang"] != "zh" or not isinstance(facility, str) or row["form"] not in ("np", "vp"):
            continue
        noun = row["form"] == "np" and not _HOLDS.match(text)
        phrase = f"有{text}" if noun else text if _VERBS.match(text) else ""
        if _CHINESE.fullmatch(phrase) and not _SPEAKER.search(phrase) and simplified(phrase) == phrase:
            out.setdefault(facility, set()).add(phrase)
    return {facility: tuple(sorted(found)) for facility, found in out.items()}


def verb_phrases(facility: str) -> tuple[str, ...]:
    """Phrases that mean this facility and no other: 能搓麻将, 有牌桌."""
    return _phrases().get(facility, ())


def says(words: str, wish: str | tuple[str, ...] | list[str]) -> bool:
    """Whether the words hold one of the bank's phrases for each facility of a wish."""
    return all(any(phrase.removeprefix("有") in words for phrase in verb_phrases(name)) for name in alternatives(wish))
