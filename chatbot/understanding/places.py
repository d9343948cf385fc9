"""Places as the database writes them: districts end in 区, stations lose 站, English and pinyin names become Chinese."""

import re
from functools import cache
from types import MappingProxyType

from chatbot.hotels.places import place_table

DISTRICTS = frozenset(
    [
        "东城",
        "西城",
        "朝阳",
        "海淀",
        "丰台",
        "石景山",
        "门头沟",
        "房山",
        "通州",
        "顺义",
        "昌平",
        "大兴",
        "怀柔",
        "平谷",
        "密云",
        "延庆",
        "崇文",
        "宣武",
    ]
)
_ENGLISH_ENDS = re.compile(r"\b(?:district|subway|metro|station|area|the|stop|line \d+)\b|['’]s?$")
_PLAIN_STATIONS = re.compile(r"北京[东西南北]?站")


@cache
def english_places() -> MappingProxyType[str, str]:
    """English or pinyin name in lower case → the Chinese name."""
    found = place_table()["english"]
    return MappingProxyType({str(name): str(chinese) for name, chinese in found.items()})


def in_chinese(words: str) -> str:
    """A place in Chinese where its English or pinyin name is known; as it is otherwise."""
    if not re.fullmatch(r"[A-Za-z0-9'’ .\-]+", words):
        return words
    name = re.sub(r"\s+", " ", words.lower().replace("’", "'")).strip()
    core = re.sub(r"\s+", " ", _ENGLISH_ENDS.sub(" ", name)).strip()
    for key in (name, core, core.replace(" ", "").replace("-", "")):
        if key in english_places():
            return english_places()[key]
    return words


def place(kind: str, words: str) -> str:
    """A place as the state holds it; `kind` is "address", "subway", "near" or "name"."""
    words = words.strip()
    if kind == "name":
        return words
    words = in_chinese(words)
    if kind == "subway":
        words = re.sub(r"^地铁\s*", "", words)
        return words if _PLAIN_STATIONS.fullmatch(words) else re.sub(r"\s*(?:地铁)?站?$", "", words) or words
    if kind == "address":
        core = re.sub(r"^北京市?(?=.)", "", words)
        return f"{core}区" if core in DISTRICTS else core
    return words


def said_in_english(value: str, words: str) -> str:
    """The English or pinyin name of a place as it stands in the words; "" where none does. The longest one counts."""
    core = value.removesuffix("区") if value.removesuffix("区") in DISTRICTS else value
    lower = words.lower().replace("’", "'")
    names = [name for name, chinese in english_places().items() if chinese in (core, value) and name in lower]
    name = max(names, key=len, default="")
    return words[lower.index(name) : lower.index(name) + len(name)] if name else ""
