"""People shorten hotel names (如家燕莎店 for 如家快捷酒店(北京燕莎使馆区店)): what a name boils down to, and whether words mean it."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import OSA, Levenshtein

GENERIC = re.compile(
    "北京市?(?![东南西北]?站)|酒店式|大酒店|酒店|大饭店|饭店|宾馆|旅馆|旅店|旅社|客栈|民宿|公寓|大厦|山庄|度假村|会馆|会所|招待所|青年旅舍|快捷|连锁|商务|国际|精品|主题|时尚|假日|"
    "地铁站|总店|分店|店"
)
"""Words that tell no hotel from another."""
ENDS = re.compile("酒店|饭店|宾馆|旅馆|旅店|旅社|旅舍|客栈|民宿|公寓|大厦|山庄|度假村|会馆|会所|招待所|中心|店[)）]?")
"""Where a name may end."""
BRANCH = re.compile(r"[\w(（·]{1,16}?店[)）]?")
"""What may follow the front of a name."""
_SAME = str.maketrans("零一二三四五六七八九橘", "0123456789桔")


@lru_cache(maxsize=8192)
def normal_text(text: str) -> str:
    """One case and width, no punctuation or spaces."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower())


def normal_name(text: str) -> str:
    """A hotel's name as it is compared: 七天 = 7天, 橘子 = 桔子. Not for places: 西四 is not the fourth house of a west side."""
    return normal_text(text).translate(_SAME)


def without_city(name: str) -> str:
    """A normal name without the city in front."""
    return re.sub(r"^北京市?", "", name) or name


def comparable_name(text: str) -> str:
    """A name or words as they are compared where both may lack the city and brackets."""
    return normal_name(text).replace("北京", "")


def name_parts(text: str) -> tuple[str, ...]:
    """The telling parts of a normal name: 如家快捷酒店北京燕莎店 → 如家, 燕莎."""
    return tuple(part for part in GENERIC.split(text) if part)


def grams(text: str) -> list[str]:
    """Overlapping pairs of characters, a single character for itself: the tokens that the text index knows."""
    return [a + b for a, b in pairwise(text)] or ([text] if text else [])


def abbreviates(wanted: tuple[str, ...], name: str, in_full: bool = False) -> bool:
    """Whether the telling parts of what was said, cut into pieces of two characters or more, all stand in the name, one of them at its front.

    Of a name meant in full, the front is a whole telling part: 北京王府井大酒店 is not 王府井希尔顿.
    """
    cuts = [_cut(part, name) for part in wanted]
    if not all(cuts):
        return False
    front = name_parts(name)[0] if in_full else name
    return any(piece == front or (not in_full and name.startswith(piece)) for cut in cuts for piece in cut)


def _cut(part: str, name: str) -> tuple[str, ...]:
    """The part as pieces that the name holds, the longest first; empty where it cannot be cut so."""
    for end in range(len(part), 1, -1):
        if part[:end] in name:
            if end == len(part):
                return (part,)
            if rest := _cut(part[end:], name):
                return (part[:end], *rest)
    return ()


def allowed_typos(text: str) -> int:
    """How many typos a normal text may hold: one in eight characters, at least one."""
    return max(1, len(text) // 8)


def is_typo_of(said: str, name: str) -> bool:
    """Whether a normal text is a normal name with small slips: few over all, and in each telling part at most one in four characters,
    so that 国贸店 never becomes 国展店. Neighbours swapped count as one slip wherever they stand.
    """
    if OSA.distance(said, name) > allowed_typos(said):
        return False
    if sorted(said) == sorted(name):
        return True
    places = [op.dest_pos for op in Levenshtein.editops(said, name)]
    return all(sum(start <= place < end for place in places) <= (end - start) // 4 for start, end in _spans(name))


def _spans(name: str) -> Iterator[tuple[int, int]]:
    """Where the telling parts of a name stand."""
    at = 0
    for part in name_parts(name):
        start = name.index(part, at)
        at = start + len(part)
        yield start, at
