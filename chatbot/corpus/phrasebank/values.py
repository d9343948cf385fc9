"""What is put into the marks of a frame: types, prices, ratings, places, names and words that point at a hotel shown."""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from chatbot.core.settings import DATA
from chatbot.hotels.records import Hotel
from chatbot.understanding.places import english_places

_MARKS = json.loads((DATA / "phrases" / "marks.json").read_text(encoding="utf-8"))
TYPE_WORDS: dict[str, dict[str, list[str]]] = _MARKS["types"]
"""Language → type → how people call it."""
POINTERS: dict[str, dict[str, list[str]]] = _MARKS["pointers"]
"""Language → value of HOTELS → words that point at that hotel."""
GROUPS: dict[str, dict[str, list[str]]] = _MARKS["groups"]
"""Language → numbers of several hotels shown, or "all" (of so many) → words that point at them together."""
BEST: dict[str, dict[str, list[str]]] = _MARKS["best"]
"""Language → order of the hotels shown → words that point at the first of them by it."""
BRANDS: list[str] = _MARKS["brands"]
ENGLISH_PLACES = 0.75
"""How often an English sentence names a place in English."""
RATINGS = (3, 3.5, 3.8, 4, 4, 4.2, 4.3, 4.5, 4.5, 4.6, 4.7, 4.8)
_DIGITS = "零一二三四五六七八九"
_SUFFIXES = (
    "酒店",
    "宾馆",
    "饭店",
    "大酒店",
    "快捷酒店",
    "国际酒店",
    "商务酒店",
    "客栈",
    "公寓",
    "度假村",
    "大厦",
    "精品酒店",
    "酒店公寓",
)


@dataclass(frozen=True)
class Names:
    """Words of the world that turns speak of, taken from hotels and from lists."""

    hotels: Sequence[str]
    districts: Sequence[str]
    roads: Sequence[str]
    stations: Sequence[str]
    sights: Sequence[str]
    alphabet: Sequence[str] = field(default=())

    @classmethod
    def of(cls, hotels: Sequence[Hotel], places: dict[str, list[str]]) -> "Names":
        """From hotels' names, stations and sights, and from lists of places by kind."""
        stations = sorted({h.subway.split("地铁站")[0] for h in hotels if h.subway} | set(places["stations"]))
        sights = sorted({s for h in hotels for s in h.nearby_attractions if len(s) < 12} | set(places["sights"]))
        alphabet = sorted({c for h in hotels for c in h.name if "\u4e00" <= c <= "\u9fff"})
        names = sorted({h.name for h in hotels})
        return cls(
            names, places["districts"], places["areas"], [s for s in stations if 1 < len(s) < 9], sights, alphabet
        )

    @cached_property
    def only_stations(self) -> list[str]:
        """Stations whose name is no area's, road's or sight's too."""
        other = {*self.districts, *self.roads, *self.sights}
        return [name for name in self.stations if name not in other] or list(self.stations)


def price(number: int, rng: random.Random, english: bool = False) -> str:
    """An amount as people write it: mostly digits, sometimes a Chinese numeral."""
    if english or rng.random() < 0.65:
        return str(number)
    return chinese(number)


def chinese(number: int) -> str:
    """A Chinese numeral below 10,000, as spoken: 250 → 二百五, 1200 → 一千二."""
    thousands, hundreds, tens, ones = number // 1000, number // 100 % 10, number // 10 % 10, number % 10
    out = f"{_DIGITS[thousands]}千" if thousands else ""
    if hundreds:
        out += _DIGITS[hundreds] + ("百" if not thousands or tens or ones else "")
    elif thousands and (tens or ones):
        out += "零"
    if tens:
        out += _DIGITS[tens] + ("十" if ones or not hundreds else "")
    elif hundreds and ones:
        out += "零"
    return out + (_DIGITS[ones] if ones else "")


HOUSE_IN_HOUSE_SHARE = 0.05
"""How many names hold a building's: 海航大厦万豪酒店."""
NEAR_HOTEL_SHARE = 0.04
"""How often a place to be near is a hotel, which is then no name to look up."""


def invented_name(names: Names, rng: random.Random) -> str:
    """A hotel's name that nobody has seen, so that names can only be copied."""

    def word(*lengths: int) -> str:
        return "".join(rng.choice(names.alphabet) for _ in range(rng.choice(lengths)))

    brand = word(2, 2, 3, 3, 4, 5, 6) + rng.choice(_SUFFIXES)
    if rng.random() < 0.2:  # 金融街…大酒店: a place is part of the name
        brand = rng.choice(rng.choice((names.roads, names.stations, names.sights))) + brand
    elif rng.random() < HOUSE_IN_HOUSE_SHARE:
        brand = word(2, 2, 3) + rng.choice(("大厦", "广场", "中心", "花园")) + brand
    return rng.choice((brand, brand, f"北京{brand}", f"{brand}(北京{word(2, 3)}店)", f"{brand}({word(2, 3, 4)}店)"))


def hotel_name(names: Names, rng: random.Random) -> str:
    """A real or an invented name."""
    return rng.choice(names.hotels) if rng.random() < 0.4 else invented_name(names, rng)


def short_name(name: str, rng: random.Random) -> str:
    """A name as people shorten it: without its branch, its city or its kind of house."""
    core = name.split("(", maxsplit=1)[0].split("（", maxsplit=1)[0]
    core = core.removeprefix("北京") if rng.random() < 0.6 and len(core) > 4 else core
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if rng.random() < 0.4 and core.endswith(suffix) and len(core) - len(suffix) >= 2:
            return core.removesuffix(suffix)
    return core


def called(name: str, rng: random.Random) -> str:
    """A hotel that was shown, as people call it: by its whole name or a short form."""
    return rng.choice((name, short_name(name, rng)))


def asked_name(names: Names, rng: random.Random) -> str:
    """How a hotel is asked for by name: a brand, a short form, or the whole name."""
    roll = rng.random()
    if roll < 0.25:
        brand = rng.choice(BRANDS)
        return brand + rng.choice(("", "", "酒店"))
    name = hotel_name(names, rng)
    return short_name(name, rng) if roll < 0.65 else name


_STATION = re.compile(r"站|地铁|号线|轻轨|城铁|捷運|metro|subway|station|underground|tube|\bline\b|\bstop\b", re.I)


def says_station(text: str) -> bool:
    """Whether a frame's own words show that a station stands in it; without them a made-up name could be any place."""
    return bool(_STATION.search(re.sub(r"{\w+}", "", text)))


def station(names: Names, rng: random.Random, *, known: bool = False) -> str:
    """A station without 站; sometimes one that no map has, unless it must be `known` as one and as nothing else."""
    if known:
        return rng.choice(names.only_stations)
    return rng.choice(names.stations) if rng.random() < 0.8 else "".join(rng.choice(names.alphabet) for _ in range(3))


def sight(names: Names, rng: random.Random) -> str:
    """A sight, school, hospital, hotel or other landmark."""
    if rng.random() < NEAR_HOTEL_SHARE:
        return rng.choice(names.hotels).split("(", maxsplit=1)[0]
    if rng.random() < 0.75:
        return rng.choice(names.sights)
    kind = rng.choice(
        (
            "公园",
            "大学",
            "医院",
            "体育馆",
            "博物馆",
            "小学",
            "商场",
            "广场",
            "寺",
            "机场",
            "会展中心",
            "中学",
            "剧院",
        )
    )
    return "".join(rng.choice(names.alphabet) for _ in range(rng.choice((2, 2, 3)))) + kind


def english_place(mark: str, names: Names, rng: random.Random) -> str:
    """A place by its English or pinyin name, as foreigners say it; "" now and then, and for what has no such name."""
    kinds = {"district": (*names.districts, *names.roads), "subway": names.stations, "sight": names.sights}
    if mark not in kinds or rng.random() > ENGLISH_PLACES:
        return ""
    return rng.choice(_english_names(tuple(kinds[mark]))).title()


@lru_cache(maxsize=8)
def _english_names(places: tuple[str, ...]) -> tuple[str, ...]:
    known = set(places)
    return tuple(name for name, chinese in english_places().items() if chinese in known) or ("",)


def area(names: Names, rng: random.Random) -> str:
    """A district (with or without 区), a business area or a road."""
    roll = rng.random()
    if roll < 0.55:
        name = rng.choice(names.districts)
        return f"{name}区" if rng.random() < 0.4 else name
    if roll < 0.85:
        return rng.choice(names.roads)
    kind = rng.choice(("路", "大街", "街", "桥", "里", "庄", "湾", "胡同", "园", "屯"))
    return "".join(rng.choice(names.alphabet) for _ in range(rng.choice((2, 2, 3)))) + kind
