"""People say 朝阳, 三元桥地铁站, 首都机场附近: what of a place's words a hotel's record can hold."""

import json
import math
import re
from functools import cache, lru_cache
from typing import Any

from chatbot.core.settings import DATA

DISTRICTS_FILE = DATA / "place_districts.json"
"""Places of Beijing by the district that they lie in."""
PLACES_FILE = DATA / "places.json"
"""What `place_table` reads."""
NEIGHBOURS_FILE = DATA / "place_neighbours.json"
"""Places of Beijing and, the nearest first, the business areas, roads and stations next to them."""
CENTRES_FILE = DATA / "district_centres.json"
"""Where the seat of each district of Beijing lies: degrees east and north."""
LONGEST_ENDING = 4
"""Characters of a road or house that may follow a known place's name: 玉泉营花卉市场."""
FIELDS = ("near", "subway", "address")
"""Arguments of a search that are places, the one that is given up first before the others."""
_BESIDE = r"(?:附近|旁边?|周边|边上|一带)"
_RAILWAY = re.compile(r"北京(?:东|西|南|北|朝阳|丰台)?站|.站")
"""Stations whose 站 is part of the name: 北京西站, and 西站 for short."""


@cache
def place_table() -> dict[str, Any]:
    """Names of places by their kind, `aliases` (short → full name) and `english` (→ Chinese name); read once, not to be changed."""
    return dict(json.loads(PLACES_FILE.read_text(encoding="utf-8")))


def station(words: str) -> str:
    """A station without the words around it: 三元桥地铁站, 地铁三元桥站 → 三元桥; railway stations keep their 站."""
    said = re.sub(rf"^地铁|{_BESIDE}$", "", words.strip())
    core = said.removesuffix("地铁站").removesuffix("地铁")
    return (core if _RAILWAY.fullmatch(core) else core.removesuffix("站")) or words


def railway_names(words: str) -> tuple[str, ...]:
    """A railway station as hotels' names write it: 北京西站 → 西站, 西客站; none for another station."""
    core = station(words).removeprefix("北京")
    return (core, f"{core.removesuffix('站')}客站") if _RAILWAY.fullmatch(station(words)) and len(core) > 1 else ()


def address(words: str) -> list[str]:
    """The words that an address must hold, a district by itself: 朝阳区建国路附近, 昌平小汤山 → 朝阳区, 建国路; 昌平, 小汤山."""
    core = re.sub(rf"^北京市?|{_BESIDE}", "", words.strip()) or words
    bare = next((name for name in map(_short, _centres()) if core.startswith(name)), "")
    rest = core.removeprefix(bare)
    if bare and rest in _districts() and core not in _districts():
        return [bare, rest]
    return re.sub(r"(?<=区)(?=.)", " ", core).split()


def spellings(words: str) -> tuple[str, ...]:
    """A sight, school, hospital or airport as records may write it: 首都机场附近 → 首都机场, 首都国际机场; 地坛公园 → 地坛.

    What has a full name goes by that: 北大 → 北京大学, as two characters alone stand in 湖北大厦 and 西单北大街 too.
    """
    core = re.sub(rf"(?:的|{_BESIDE})+$", "", words.strip()) or words
    full = place_table()["aliases"].get(core, core)
    found: dict[str, None] = {}
    park = core.removesuffix("公园")
    names = [full, *([core] if len(core) > 2 else []), *([park] if park != core and _stands_for_its_park(park) else [])]
    for name in names:
        short = name.replace("国际机场", "机场")
        found |= dict.fromkeys((name, short, short.replace("机场", "国际机场")))
    return tuple(found)


def _stands_for_its_park(place: str) -> bool:
    """Whether a park may go by this name alone: 地坛 for 地坛公园, but 朝阳 is a district."""
    return place in _districts() and f"{place}区" not in _centres()


def district_in(address: str) -> str:
    """The district that an address begins with; "" where it begins with none."""
    said = re.match(r"(?:北京市?)?(.{2,3}?区)", address)
    return said[1] if said else ""


def district_of(words: str) -> str:
    """The district that a place lies in, said in it or known of it: 朝阳区建国路, 广济寺附近, 慕田峪 → 朝阳区, 西城区, 怀柔区.

    "" where it is not known.
    """
    known, core = _districts(), spellings(words)[0]
    if (said := district_in(words.strip())) in known.values():
        return said
    whole = next((known[name] for name in (core, station(core), f"{core}站") if name in known), "")
    begun = {known[name] for name in known if name.startswith(core)} if len(core) > 1 and not whole else set()
    if len(begun) == 1:
        return begun.pop()
    within = next((name for name in _centres() if core.startswith(_short(name)) and len(address(core)) > 1), "")
    return whole or within or known.get(_beginning(core), "")


def _beginning(place: str) -> str:
    """The longest known place that a longer name begins with, "" where none is: 琉璃厂东街 lies where 琉璃厂 does."""
    for end in range(len(place) - 1, max(1, len(place) - LONGEST_ENDING - 1), -1):
        beginning = place[:end]
        if beginning in _districts() and f"{beginning}区" not in _centres():
            return beginning
    return ""


def neighbours(words: str) -> tuple[str, ...]:
    """Business areas, roads and stations next to a place, the nearest first: 国子监街 → 雍和宫, 安定门; () where none is known."""
    known, core = _neighbours(), spellings(re.sub(r"^(?:北京市?)?.{2,3}?区(?=.)", "", words.strip()))[0]
    if f"{core}区" in _centres():
        return ()
    for name in (core, station(core), f"{core}站"):
        if name in known:
            return known[name]
    begun = _beginning(core)
    return (begun, *known.get(begun, ())) if begun else ()


@cache
def nearest_districts(district: str) -> tuple[str, ...]:
    """All districts by the distance of their seats, this one first; only itself where it is not known."""
    centres = _centres()
    if district not in centres:
        return (district,)
    shrink = math.cos(math.radians(40))  # a degree of longitude at Beijing, in degrees of latitude
    east, north = centres[district]
    return tuple(
        sorted(centres, key=lambda other: math.hypot((centres[other][0] - east) * shrink, centres[other][1] - north))
    )


@lru_cache(maxsize=1024)
def others_with(words: str) -> tuple[str, ...]:
    """Other places that a place's words stand in: 航天桥 for 天桥, 苹果园 for 果园 (each in another district), 西四环 for 西四, 西国贸 for 国贸."""
    known, core = _districts(), spellings(words)[0]
    ring = (f"{core}环",) if core[-1:] in "二三四五六" else ()
    if core not in known:
        return ring
    longer = (place for place in known if core in place and not place.startswith(core) and known[place] != known[core])
    beside = (f"{side}{core}" for side in "东西南北" if known.get(f"{side}{core}") != known[core])
    return (*longer, *beside, *ring)


@cache
def _districts() -> dict[str, str]:
    found: dict[str, list[str]] = json.loads(DISTRICTS_FILE.read_text(encoding="utf-8"))
    return {place: district for district, places in found.items() for place in places}


@cache
def _neighbours() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = json.loads(NEIGHBOURS_FILE.read_text(encoding="utf-8"))
    return {place: tuple(near) for place, near in found.items()}


@cache
def _centres() -> dict[str, tuple[float, float]]:
    return dict(json.loads(CENTRES_FILE.read_text(encoding="utf-8")))


def _short(district: str) -> str:
    return district.removesuffix("区")
