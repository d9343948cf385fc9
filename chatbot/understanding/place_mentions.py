"""Where an utterance names a place: known ones (data/places.json) as whole as they stand, others that words like 附近 close.

A model only chooses among these stretches (chatbot/models/act_lines/constraint.py): it cannot write 国家图 of 国家图书馆站.
"""

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from chatbot.hotels.places import place_table
from chatbot.understanding.places import DISTRICTS, english_places

KINDS = ("address", "subway", "near")
"""Arguments of search_hotels that hold a place."""
LONGEST_UNKNOWN = 10
"""Characters of a place that no list knows."""
LONGEST_REST = 6
"""Characters that may follow a known place in a longer name."""
_ANY = frozenset(KINDS)
_REST = re.compile(r"(?!(?:地铁)?[站口]?$)(?:[\u4e00-\u9fff]+|[A-Za-z0-9]+)")
_CITY = "北京"
_KIND_OF_PLACE = 3
"""Characters up to which a known place can be a kind of place (动物园) that a longer name ends with."""
_NAME = re.compile(
    r"(?![住在去到离靠找要想是换搜查的和与或从我你他她它这那哪有没不别]|先[看查住去找]|最好)[\u4e00-\u9fff][\u4e00-\u9fffA-Za-z0-9]*"
)
_LATIN = re.compile(r"(?<=[\u4e00-\u9fff])[A-Za-z0-9]+")
_PART = re.compile(r"(?:^|[,，。;!？?！、\s])[住在去到]{0,2}([\u4e00-\u9fff]{2,6})(?=$|[,，。;!？?！、\s])")
_BESIDE = re.compile(
    r"的?(?:附近|旁边|旁|边上|周边|周围|一带|对面|对过|隔壁|那边|那块|那片|那头|这边|跟前|脚下|近旁|边边|地铁|站(?!着|起|票)|口|近(?![年期日视况况来两几]))"
)
"""What comes right after a place."""
_ENDED = re.compile(
    r"(?:大街|胡同|[路街桥庄村里镇乡寺庙园湖山宫巷坊屯]|湿地|书院|公园|大学|学院|中学|小学|附中|医院|广场|市场|商场|博物馆|图书馆|美术馆|展览馆|体育馆|体育场|"
    r"体育中心|会展中心|国展|剧院|剧场|机场|大厦|中心|大使馆|使馆|影城|乐园|度假区|滑雪场|艺术区|步行街|酒吧街|商圈|火车站|城)"
)
"""What a place ends with."""
_BEFORE = re.compile(
    r"(?:^|[^\u4e00-\u9fff]|[在住去到来离靠近找要想把和与跟从回换改选查搜往至是的有给订就个家下上内还果么叫过得嘛啊呢哦]|附近|位于|其次|同时|另外|而且)$"
)
"""What a place may begin after."""
_STATION = re.compile(r"(?:地铁)?站(?!着|起|票)|地铁| (?:subway |metro )?(?:station|stop)\b")


@dataclass(frozen=True)
class PlaceMention:
    """A stretch of the words that names a place.

    Attributes:
        start, end: where it stands.
        kinds: the arguments that it can be.
        known: whether a list knows it.
    """

    start: int
    end: int
    kinds: frozenset[str]
    known: bool


@cache
def known_places() -> MappingProxyType[str, frozenset[str]]:
    """Name in lower case → what it can be; Chinese names, short names, English and pinyin."""
    table = place_table()
    found: dict[str, set[str]] = {}
    for key, kind in (("areas", "address"), ("districts", "address"), ("stations", "subway"), ("sights", "near")):
        for name in table[key]:
            found.setdefault(name, set()).add(kind)
            if key == "districts":
                found.setdefault(f"{name}区", set()).add(kind)
    for name in DISTRICTS:
        found.setdefault(name, set()).add("address")
    for short, name in (*table.get("aliases", {}).items(), *english_places().items()):
        found.setdefault(short.lower(), set()).update(found.get(name, set()))
    return MappingProxyType({name: frozenset(kinds) for name, kinds in found.items() if kinds})


@cache
def _longest_known() -> int:
    return max(map(len, known_places()))


def place_mentions(words: str) -> list[PlaceMention]:
    """All stretches of normalised words that may name a place: known ones, what goes on from them, and others beside them.

    Where there is none, each short part between marks of punctuation may be one.
    """
    known = _known(words)
    found = [*known, *_longer(words, known), *_unknown(words, known)]
    return [mention for mention in found if not _said_whole(mention, known, words)] or _parts(words)


def _said_whole(mention: PlaceMention, known: list[PlaceMention], words: str) -> bool:
    """Whether a known name that ends with this one stands elsewhere in the words: 图书馆附近，国家图书馆."""
    name = words[mention.start : mention.end]
    names = (words[k.start : k.end] for k in known if k.end <= mention.start or mention.end <= k.start)
    return any(len(name) < len(whole) and whole.endswith(name) for whole in names)


def _known(words: str) -> list[PlaceMention]:
    """Known places from left to right, the longest at each spot; what follows may make a station of one."""
    table, lower = known_places(), words.lower().replace("’", "'")
    out: list[PlaceMention] = []
    at = 0
    while at < len(lower):
        size = next((n for n in range(min(_longest_known(), len(lower) - at), 1, -1) if _fits(lower, at, n)), 0)
        if size:
            kinds = table[lower[at : at + size]]
            if _STATION.match(lower, at + size):
                kinds = frozenset({"subway"})
            out.append(PlaceMention(at, at + size, kinds, known=True))
            if words[:at].endswith(_CITY):
                out.append(PlaceMention(at - len(_CITY), at + size, kinds, known=True))
        at += size or 1
    return out


def _fits(lower: str, at: int, size: int) -> bool:
    name = lower[at : at + size]
    if name not in known_places():
        return False
    before, after = lower[at - 1 : at], lower[at + size : at + size + 1]
    cut = name[0].isascii() and before.isascii() and before.isalnum()
    return not (cut or (name[-1].isascii() and after.isascii() and after.isalnum()))


def _longer(words: str, known: list[PlaceMention]) -> list[PlaceMention]:
    """A known place may be the beginning of one that no list knows: 朝阳门 of 朝阳门内大街."""
    return [
        PlaceMention(mention.start, end, _ANY, known=False)
        for mention in known
        for end in _ends(words)
        if mention.end < end <= mention.end + LONGEST_REST and _REST.fullmatch(words[mention.end : end])
    ]


def _unknown(words: str, known: list[PlaceMention]) -> list[PlaceMention]:
    """Stretches that no list knows: they end before 附近 or with 胡同 and the like, and begin where a place may begin."""
    return [
        PlaceMention(start, end, _ANY, known=False)
        for end in _ends(words)
        for start in range(max(0, end - LONGEST_UNKNOWN), end - 1)
        if _NAME.fullmatch(words[start:end])
        and _BEFORE.search(words[:start])
        and all(end <= k.start or k.end <= start or _is_a_kind(k, start, end) for k in known)
    ]


def _is_a_kind(known: PlaceMention, start: int, end: int) -> bool:
    """Whether a known place is but the end of a stretch: 动物园 in 泉棠动物园."""
    return known.end == end and start < known.start and known.end - known.start <= _KIND_OF_PLACE


def _parts(words: str) -> list[PlaceMention]:
    """The parts between marks of punctuation, and what stands in them after 住 or 在."""
    return [PlaceMention(*found.span(1), _ANY, known=False) for found in _PART.finditer(words)]


def _ends(words: str) -> list[int]:
    """Where a place that no list knows may end."""
    before = [found.start() for found in _BESIDE.finditer(words)]
    latin = [found.end() for found in _LATIN.finditer(words)]
    return sorted({*before, *latin, *(found.end() for found in _ENDED.finditer(words))})
