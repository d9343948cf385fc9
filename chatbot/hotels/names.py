"""People shorten hotel names (如家燕莎店 for 如家快捷酒店(北京燕莎使馆区店)): what a name boils down to, and whether words mean it."""

import re
import unicodedata
from functools import cache, lru_cache

from rapidfuzz.distance import OSA, Levenshtein

GENERIC = re.compile(
    "北京市?|酒店式|大酒店|酒店|大饭店|饭店|宾馆|旅馆|旅店|旅社|客栈|民宿|公寓|大厦|山庄|度假村|会馆|会所|招待所|青年旅舍|快捷|连锁|商务|国际|精品|主题|时尚|假日|"
    "地铁站|总店|分店|店"
)
"""Words that tell no hotel from another."""
_SAME = str.maketrans("零一二三四五六七八九橘", "0123456789桔")


@lru_cache(maxsize=8192)
def normal(text: str) -> str:
    """One case and width, no punctuation or spaces, 七天 = 7天, 橘子 = 桔子."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower()).translate(_SAME)


def bare(name: str) -> str:
    """A normal name without the city in front."""
    return re.sub(r"^北京市?", "", name) or name


def parts(text: str) -> tuple[str, ...]:
    """The telling parts of a normal name: 如家快捷酒店北京燕莎店 → 如家, 燕莎."""
    return tuple(part for part in GENERIC.split(text) if part)


def grams(text: str) -> list[str]:
    """Overlapping pairs of characters, a single character for itself: the tokens that the text index knows."""
    return [a + b for a, b in zip(text, text[1:], strict=False)] or ([text] if text else [])


def abbreviates(wanted: tuple[str, ...], name: str) -> bool:
    """Whether the telling parts of what was said, cut into pieces of two characters or more, all stand in the name, one of them at its front."""
    pieces = [cut for part in wanted if (cut := _cut(part, name))]
    start = bare(name)
    return len(pieces) == len(wanted) and any(start.startswith(piece) for cut in pieces for piece in cut)


def _cut(part: str, name: str) -> tuple[str, ...] | None:
    """The part as pieces that the name holds, the longest first; None where it cannot be cut so."""

    @cache
    def cut(at: int) -> tuple[str, ...] | None:
        if at == len(part):
            return ()
        for end in range(len(part), at + 1, -1):
            if part[at:end] in name and (rest := cut(end)) is not None:
                return (part[at:end], *rest)
        return None

    return cut(0)


def is_typo_of(said: str, name: str) -> bool:
    """Whether a normal text is a normal name with small slips.

    At most one slip in eight characters, and in each telling part at most one in four, so that 国贸店 never becomes 国展店;
    two neighbours swapped count as one slip.
    """
    allowed = max(1, len(name) // 8)
    distance = OSA.distance(said, name, score_cutoff=allowed)
    if distance > allowed:
        return False
    if sorted(said) == sorted(name):
        return True
    slips = [op.dest_pos for op in Levenshtein.editops(said, name)]
    return all(sum(start <= slip < end for slip in slips) <= (end - start) // 4 for start, end in _spans(name))


def _spans(name: str) -> list[tuple[int, int]]:
    spans, at = [], 0
    for part in parts(name):
        start = name.index(part, at)
        at = start + len(part)
        spans.append((start, at))
    return spans
