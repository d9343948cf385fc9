"""People say 打麻将, the database says 棋牌室: the canonical facilities and the way from spoken words to them."""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from types import MappingProxyType

from rapidfuzz import fuzz, process

from chatbot.core.settings import DATA

ALIASES_FILE = DATA / "facility_aliases.json"
CLOSE_ENOUGH = 80
"""Lowest rapidfuzz ratio (0–100) for a near spelling: one wrong character of five."""
OR = "或"
"""Stands between the facilities of a wish that any of them fulfils."""

_SAME = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"wi[-_]?fi|wlan|无线(?:网络|上网|网)?", "wifi"),
        (r"公共?(?:场所|场合|地方|空间|区域|部分|区)|大堂|大厅", "公共区域"),
        (r"客房|间房间?|房间里面?|房间内", "房间"),
        (r"(?:有)?一?部分的?|有?一些|有些|有的(?=房)|某些|个别", "部分"),
        (r"(?:所有|全部|每一?个?|各个|各)(?:的)?房间?|(?<!部分)房间都", "全部房间"),
        (
            r"(?:每一?个|各个?|任何|所有|全部)(?:的)?(?:角落|地方|位置|区域)|到处|处处|随处|哪里|哪儿|四处|全面|全酒店|整个酒店|全店|全馆",
            "各处",
        ),
        (r"二十四小时|24h(?:ours?)?|全天候?|全日|整天|一整天|24个小时|24时", "24小时"),
        (r"[及与跟加]|以及|还有", "和"),
        (r"小朋友|儿童|小孩子|小孩|宝宝|娃娃|孩儿", "孩子"),
        (r"不要钱|不收费|不花钱|不用钱|赠送", "免费"),
        (r"飞机场", "机场"),
        (r"泳池|游泳池", "泳池"),
    )
)
_TURNS = re.compile("不(?!间断|停|限)|没|无(?!线|障碍)|非(?!常)|免费")
"""What turns a meaning around, or makes it another."""
_FILLERS = re.compile(
    r"[^\w]|_|可不可以|能不能|有没有|是否|可以|能够?|提供|供应|支持|服务|设施|设备|功能|配备|配有|具备|拥有|需要|希望|想要|最好|必须|一定|帮忙|(?:酒店|宾馆)内?|里面|内部|"
    r"^[带含]|[有的要想都了吗呢啊得着里很在]"
)


def simplify(words: str) -> str:
    """The core of a facility's name or a wish: one case and width, synonyms made one, fillers (能, 有, 提供, 服务 …) gone."""
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", words).lower())
    for pattern, word in _SAME:
        text = pattern.sub(word, text)
    return _FILLERS.sub("", text) or text


@cache
def _raw() -> dict[str, list[str]]:
    return dict(json.loads(ALIASES_FILE.read_text(encoding="utf-8")))


FACILITIES: tuple[str, ...] = tuple(name for name in _raw() if name)
"""The canonical names of CrossWOZ's hotel database."""


@cache
def _meanings() -> MappingProxyType[str, frozenset[str]]:
    """Simplified alias → canonical names. A word under several names means any of them; one under "" means none of them."""
    meanings: dict[str, set[str]] = {}
    for name, aliases in _raw().items():
        for alias in (name, *aliases) if name else aliases:
            meanings.setdefault(simplify(alias), set()).update([name] if name else [])
    return MappingProxyType({alias: frozenset(names) for alias, names in meanings.items()})


@lru_cache(maxsize=8192)
def match_facility(words: str) -> frozenset[str]:
    """Canonical facilities any of which satisfies the words; empty where nothing is meant by them.

    In order: a canonical name, an alias, the longest alias inside the words, a near spelling.
    """
    if words in FACILITIES:
        return frozenset([words])
    key, meanings = simplify(words), _meanings()
    if key in meanings:
        return meanings[key]
    inside = [alias for alias in meanings if len(alias) > 1 and alias in key]
    if inside:
        longest = max(inside, key=len)
        return meanings[longest] if _harmless(key.replace(longest, "", 1)) else frozenset()
    near = process.extractOne(key, meanings.keys(), scorer=fuzz.ratio, score_cutoff=CLOSE_ENOUGH)
    return meanings[near[0]] if near and _TURNS.findall(key) == _TURNS.findall(near[0]) else frozenset()


def facility_called(words: str) -> frozenset[str]:
    """Canonical facilities whose name or alias the words are as a whole, fillers aside: 停车, but not 停车顺手给冲冲."""
    return _meanings().get(simplify(words), frozenset())


_MORE_THAN = {
    "公共区域提供wifi": ("公共区域和部分房间提供wifi", "酒店各处提供wifi"),
    "部分房间提供wifi": ("公共区域和部分房间提供wifi", "所有房间提供wifi", "酒店各处提供wifi"),
    "公共区域和部分房间提供wifi": ("酒店各处提供wifi",),
    "所有房间提供wifi": ("酒店各处提供wifi",),
    "早餐服务": ("早餐服务免费",),
}


def fulfilling(name: str) -> frozenset[str]:
    """The facilities that hold what one promises: itself, and those that promise it and more."""
    return frozenset((name, *_MORE_THAN.get(name, ())))


def _harmless(rest: str) -> bool:
    """Whether what stands around an alias leaves its meaning: 不含早餐 is no wish for 早餐, 免费接机 is more than 接机."""
    return not _TURNS.search(rest)


def alias_in_text(name: str, text: str) -> str:
    """How a text says a facility where it does not use its name: the longest of its aliases there; "" where none stands in it."""
    return max((alias for alias in _raw().get(name, ()) if alias in text.replace(name, "")), key=len, default="")


def alternatives(wish: str | Sequence[str]) -> tuple[str, ...]:
    """The words of a wish, any of which is enough: itself, or all of a list."""
    return (wish,) if isinstance(wish, str) else tuple(wish)


def wish_text(wish: str | Sequence[str]) -> str:
    """A wish as people say it: 温泉, 温泉或桑拿."""
    return OR.join(alternatives(wish))


def canonical(wishes: Iterable[str | Sequence[str]]) -> frozenset[str]:
    """Facility wishes as one set of canonical names, for comparing two; an unknown word stays as it is."""
    words = (word for wish in wishes for word in alternatives(wish))
    return frozenset(name for word in words for name in (match_facility(word) or (word,)))
