"""An independent ear: recovers hotel wishes from Chinese words by alias lexicon and number grammar, to check what was annotated."""

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from chatbot.hotels.facilities import ALIASES_FILE, FACILITIES, simplify

DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "俩": 2}
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}
TYPES = {
    "豪华型": "豪华|奢华|顶级",
    "高档型": "高档|高端|档次高|上档次|有档次",
    "舒适型": "舒适|舒服",
    "经济型": "经济|实惠|平价",
}
NUMBER = r"\d+(?:\.\d+)?"
TO = r"\s*(?:-|~|－|—+|–|〜|至|到|和|与)\s*"
LEAST_BEFORE = r"不低于|不少于|不小于|不能低于|(?<!不)(?:高于|大于|多于|超过|超)|至少|起码|最低|最少|下限|满|达到|够得?[上到]|超出|过"
MOST_BEFORE = (
    r"不超过|不要超过|不能超过|别超过|不超|别超|不高于|不大于|不多于|不要高于|不能高于|(?<!不)(?:低于|小于|少于)|最多|至多|最高|顶多|不到|上限|控制在|"
    r"花不了|不过|别高于|封顶"
)
BUDGET = r"预算|手头就|手头"
DROPPED = r"不用(?!钱|花)|算了$|去掉|不要了|无所谓|不限|不考虑|不看|也行$|随便|都行|取消"
LEAST_AFTER = r"以上|往上|之上|朝上|开外|起步|起|及以上|或以上|上(?!下)"
MOST_AFTER = r"以内|以下|之内|之下|封顶|打住|及以下|或以下|往下|内"
ABOUT = r"左右|上下|大概|差不多|大约|大致|约|前后"
NO_PRICE = r"小时|店|楼|号|度|天|晚|人|家|个|层|点|寸|星|平|位|间|分|岁|年|月|日|路|次|名|公里|米|：|:"
RATING_WORDS = r"评分|打分|评价|口碑|分数|评级|得分|好评"
PRICE_WORDS = r"价|钱|预算|消费|花|费|房费|元|块|便宜|贵|一晚|每晚"


def _open(upper: float | None) -> float | None:
    """No rating is above 5, so that bound says nothing."""
    return None if upper == 5 else upper


@dataclass(frozen=True)
class Band:
    """A range of prices (CNY) or ratings (0–5), bounds inclusive; `about` marks one number that the speaker left open."""

    lower: float | None
    upper: float | None
    about: bool = False

    def fits(self, lower: float | None, upper: float | None) -> bool:
        """Whether annotated bounds say the same."""
        if self.about and self.lower is not None:
            return (
                (lower is None or lower <= self.lower)
                and (upper is None or self.lower <= upper)
                and (lower, upper) != (None, None)
            )
        return (self.lower, _open(self.upper)) == (lower, _open(upper))


@dataclass(frozen=True)
class ParsedSlots:
    """What the words ask for; each facility mention is a set of canonical names any of which may be meant."""

    types: frozenset[str] = frozenset()
    facilities: tuple[frozenset[str], ...] = ()
    prices: tuple[Band, ...] = ()
    ratings: tuple[Band, ...] = ()

    def arguments(self) -> dict[str, Any]:
        """The wishes as arguments of search_hotels; the first of several where only one can stand."""
        out: dict[str, Any] = {"type": min(self.types)} if len(self.types) == 1 else {}
        if self.facilities:
            out["facilities"] = [min(names) for names in self.facilities]
        for field, bands in (("price_range", self.prices), ("rating_range", self.ratings)):
            if bands and bands[0].lower is not None:
                out[f"{field}_lower"] = bands[0].lower
            if bands and bands[0].upper is not None:
                out[f"{field}_upper"] = bands[0].upper
        return out


def number(words: str) -> int | None:
    """The value of a Chinese numeral (三百五十, 一千二, 两百五); None for what is none."""
    total, digit, unit = 0, 0, 1
    for char in words:
        if char in DIGITS:
            digit = DIGITS[char]
        elif char == "万":
            total, digit, unit = (total + digit) * UNITS[char], 0, UNITS[char]
        elif char in UNITS:
            total, digit, unit = total + (digit or 1) * UNITS[char], 0, UNITS[char]
        else:
            return None
    if digit and unit >= 100 and len(words) > 1 and words[-2] in UNITS:
        digit *= unit // 10
    return total + digit


def digits(text: str) -> str:
    """The text with Chinese numerals that are amounts or ratings as digits: 四五百 → 400-500, 四点五分 → 4.5分, 三百以内 → 300以内."""
    text = unicodedata.normalize("NFKC", text)

    def both(m: re.Match[str]) -> str:
        return f"{DIGITS[m[1]] * UNITS[m[3]]}-{DIGITS[m[2]] * UNITS[m[3]]}"

    def shared(m: re.Match[str]) -> str:
        return f"{DIGITS[m[1]] * UNITS[m[3]]}{m[2]}"

    text = re.sub(r"([一二两三四五六七八九])([一二三四五六七八九])([百千])", both, text)
    text = re.sub(
        rf"(?<![零一二两三四五六七八九十百千万])([一二两三四五六七八九])({TO})(?=[一二三四五六七八九]([百千]))",
        shared,
        text,
    )
    text = re.sub(r"([零一二三四五])点([零一二三四五六七八九])", lambda m: f"{DIGITS[m[1]]}.{DIGITS[m[2]]}", text)
    text = re.sub(r"([一二三四五])(?=分(?!钟|店|部))", lambda m: str(DIGITS[m[1]]), text)
    named = rf"((?:{RATING_WORDS}|分数?)[^,，。\d一二三四五]{{0,6}})([一二三四五])(?![家个间百千万十.]|(?<=一)[下些点])"
    text = re.sub(named, lambda m: m[1] + str(DIGITS[m[2]]), text)
    return re.sub(
        r"[零〇一二两三四五六七八九十百千万]*[百千万][零〇一二两三四五六七八九十百千万]*",
        lambda m: str(number(m[0])),
        text,
    )


def _direction(before: str, after: str) -> tuple[bool, bool, bool]:
    """Whether the words around a number make it a lower bound, an upper bound, or a rough value."""
    after = re.sub(r"^(?:元|块钱|块|分|rmb|人民币|/晚|每晚|一晚|的)+", "", after)
    most = re.search(rf"(?:{MOST_BEFORE})[^,，。；\d]{{0,4}}$", before) or re.match(MOST_AFTER, after)
    compared = re.match(r"(高|贵|多)|(低|便宜|少)", after) if before.endswith("比") else None
    if compared:
        return bool(compared[1]), bool(compared[2]), False
    least = not most and (
        re.search(rf"(?:{LEAST_BEFORE})(?:是|为|在|要|花|价)?$", before) or re.match(LEAST_AFTER, after)
    )
    about = re.search(rf"(?:{ABOUT})[是在为]?$", before) or re.match(ABOUT, after)
    spend = not (least or about) and re.search(rf"(?:{BUDGET})(?:只有|是|在|为|就|有)?$", before)
    return bool(least), bool(most or spend), bool(about)


def _band(low: float, before: str, after: str, exact: bool) -> Band:
    if not exact and low % 100 == 0 and re.match(r"多|来|几", after):
        return Band(low, low + 100)
    least, most, about = _direction(before, after)
    if about or not (least or most or exact):
        return Band(low, low, about=True)
    return Band(None if most else low, None if least else low)


def _is_rating(value: float, before: str, after: str) -> bool:
    named = re.search(rf"(?:{RATING_WORDS})[^,，。；\d]{{0,8}}$", before)
    return value <= 5 and bool(
        named or re.match(r"分(?!钟|店|部)", after) or (value % 1 and any(_direction(before, after)))
    )


def _is_price(value: float, before: str, after: str) -> bool:
    if value < 20 or re.match(NO_PRICE, after):
        return False
    unit = re.match(r"元|块|rmb|人民币|多|来", after)
    return bool(unit or any(_direction(before, after)) or re.search(rf"(?:{PRICE_WORDS})[^,，。；\d]{{0,5}}$", before))


def bands(text: str) -> tuple[tuple[Band, ...], tuple[Band, ...]]:
    """Prices and ratings in a text whose numerals are digits."""
    prices: list[Band] = []
    ratings: list[Band] = []
    for m in re.finditer(rf"(?<![\d.a-zA-Z])({NUMBER})(?:(?:元|块钱?|分)?{TO}(?:最多|不高于)?({NUMBER}))?", text):
        before, after, low = text[: m.start()][-14:], text[m.end() :], float(m[1])
        if m[2] is not None:
            (ratings if _is_rating(float(m[2]), before, after) else prices).append(
                Band(min(low, float(m[2])), max(low, float(m[2])))
            )
        elif _is_rating(low, before, after):
            ratings.append(_band(low, before, after, exact=True))
        elif _is_price(low, before, after):
            prices.append(_band(low, before, after, exact=False))
    return _joined(prices), _joined(ratings)


def _joined(found: list[Band]) -> tuple[Band, ...]:
    """A lower bound and an upper bound said apart (不低于300不高于500) as one band; repetitions once."""
    found = list(dict.fromkeys(found))
    lower = [b for b in found if b.upper is None]
    upper = [b for b in found if b.lower is None]
    if len(lower) == len(upper) == 1 and len(found) == 2:
        return (Band(lower[0].lower, upper[0].upper),)
    return tuple(found)


@cache
def _aliases() -> tuple[tuple[str, frozenset[str]], ...]:
    """Every spoken alias in its core form with the facilities it can mean (none for look-alikes), longest first."""
    table: dict[str, set[str]] = {}
    for name, aliases in json.loads(ALIASES_FILE.read_text(encoding="utf-8")).items():
        for alias in (name, *aliases) if name else aliases:
            core = simplify(alias)
            if len(core) > 1:
                table.setdefault(core, set()).update([name] if name else [])
    return tuple(sorted(((a, frozenset(n)) for a, n in table.items()), key=lambda item: (-len(item[0]), item[0])))


def clauses(text: str) -> list[str]:
    """The parts of an utterance that wish for something; parts that give a wish up (不用早餐了) are left out."""
    parts = re.split(r"[，。！？；、,!?;]|以及|并且|而且|还要|还有|同时", text)
    return [part for part in parts if part and not re.search(DROPPED, part)]


def facilities(text: str) -> tuple[frozenset[str], ...]:
    """The facilities that a text mentions; of overlapping aliases the longest counts."""
    found: list[frozenset[str]] = []
    for clause in clauses(text):
        plain = [name for name in FACILITIES if name in clause]
        found += [
            frozenset([name])
            for name in plain
            if not any(name != other and name in other for other in plain) and frozenset([name]) not in found
        ]
        core = simplify(re.sub("|".join(map(re.escape, sorted(plain, key=len, reverse=True))) or "$^", "\n", clause))
        for alias, names in _aliases():
            if alias in core:
                core = core.replace(alias, "\n")
                found += [names] if names and names not in found else []
    return tuple(found)


def parse_slots(text: str, names: Iterable[str] = ()) -> ParsedSlots:
    """What an utterance asks for.

    Args:
        text: the user's words.
        names: hotel names that may occur in it; their digits and words (7天, 舒适酒店) are no wishes.
    """
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "\n")
    text = digits(text)
    prices, ratings = bands(text)
    types = frozenset(t for t, words in TYPES.items() if re.search(words, text))
    return ParsedSlots(types, facilities(text), prices, ratings)
