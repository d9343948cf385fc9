"""Puts a wish, a number or a hotel's name into a user's words; the same wish has hundreds of wordings."""

import json
import random
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from chatbot.core.settings import DATA
from chatbot.corpus.selfplay import phrases as p
from chatbot.hotels.facilities import match_facility

_DIGITS = "零一二三四五六七八九"
_BRANCH = re.compile(r"^(?P<base>[^(（]+)[(（](?P<branch>[^)）]+)[)）]")
_SUFFIX = re.compile(
    r"(国际大酒店|快捷酒店|连锁酒店|商务酒店|大酒店|国际酒店|酒店|宾馆|饭店|旅馆|客栈|公寓|度假村|会议中心)$"
)


def chinese(n: int, colloquial: bool = False) -> str:
    """A number below 10,000 in Chinese numerals; colloquially without the last unit (三百五, 一千二)."""
    out, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, n_left = divmod(n, unit)
        if digit:
            out += ("零" if zero and out else "") + _DIGITS[digit] + name
            zero = False
            if colloquial and n_left and n_left % (unit // 10 or 1) == 0 and unit >= 100:
                return out + _DIGITS[n_left // (unit // 10)]
        else:
            zero = True
        n = n_left
    return out or "零"


@cache
def aliases() -> dict[str, tuple[str, ...]]:
    """Spoken words that mean just one canonical facility (早餐 counts as 早餐服务), by its name."""
    table = json.loads((DATA / "facility_aliases.json").read_text(encoding="utf-8"))
    return {
        name: (name, *(word for word in table[name] if match_facility(word) in ({name}, {name, "早餐服务免费"})))
        for name in p.FACILITY_VERBS
    }


@dataclass(frozen=True)
class Wish:
    """A change of the dialogue state and the argument names that it concerns."""

    kind: str
    arguments: dict[str, Any]
    text: str


@dataclass
class Speaker:
    """One simulated user's way of speaking; formal speakers use canonical words, full names and plain bands only."""

    rng: random.Random
    colloquial: bool = True
    numerals: float = field(init=False)

    def __post_init__(self) -> None:
        self.numerals = self.rng.choice((0.0, 0.2, 0.7)) if self.colloquial else 0.0

    def number(self, n: int) -> str:
        """Digits, or Chinese numerals from a speaker who uses them."""
        if n < 10_000 and self.rng.random() < self.numerals:
            return chinese(n, colloquial=self.rng.random() < 0.6)
        return str(n)

    def facility(self, name: str) -> str:
        """A facility as a phrase that can follow 要 and stand before 的酒店."""
        roll = self.rng.random()
        if not self.colloquial or roll < 0.25:
            return self.rng.choice(
                ("有{}", "提供{}", "能提供{}", "带{}", "设施有{}", "{}", "酒店提供{}", "可以提供{}服务")
            ).format(name)
        if roll < 0.7:
            return self.rng.choice(p.FACILITY_VERBS[name])
        word = self.rng.choice(aliases()[name])
        lead = (
            ""
            if word.startswith(("能", "可以", "有", "带"))
            else self.rng.choice(("有{}", "提供{}", "能{}", "可以{}", "{}"))
        )
        return lead.format(word) if lead else word

    def facility_noun(self, name: str) -> str:
        """A facility as a noun, canonical for formal speakers."""
        return (
            self.rng.choice(aliases()[name])
            if self.colloquial and name in p.FACILITY_VERBS and self.rng.random() < 0.6
            else name
        )

    def bound(self, kind: str, lower: float | None, upper: float | None) -> str:
        """A price or rating range as a noun: 400-500元, 1000元以上, 500元以下, 4.5分以上, 5分."""
        unit, show = ("元", lambda x: self.number(int(x))) if kind == "price" else ("分", "{:g}".format)
        if upper is None:
            return f"{show(lower)}{unit}以上"
        if lower is None:
            return self.rng.choice(("{x}以下", "{x}以内" if kind == "price" else "{x}以下", "不超过{x}")).format(
                x=show(upper) + unit
            )
        return f"{show(lower)}{unit}" if lower == upper else f"{show(lower)}-{show(upper)}{unit}"

    def type(self, name: str) -> str:
        """A hotel type in this speaker's words."""
        return self.rng.choice(p.TYPE_WORDS[name][: 7 if self.colloquial else 3])

    def price(self, lower: int | None, upper: int | None) -> str:
        """A price range in words; half-open ranges and approximate ones only from colloquial users."""
        rng, noun = self.rng, self.rng.choice(p.PRICE_NOUN)
        a, b = (self.number(x) if x is not None else "" for x in (lower, upper))
        if lower is None or upper is None:
            table: tuple[str, ...] = p.PRICE_LEAST if upper is None else p.PRICE_MOST + p.PRICE_SPEND
        else:
            table = p.PRICE_BAND
            if self.colloquial and (text := self._colloquial_band(lower, upper)) and rng.random() < 0.4:
                return noun + text
        return rng.choice(table).format(n=noun, a=a, b=b)

    def _colloquial_band(self, lower: int, upper: int) -> str:
        hundred, rest = divmod(lower, 100)
        if rest or upper != lower + 100 or not 1 <= hundred <= 8:
            return ""
        more = (
            f"{_DIGITS[hundred]}百多",
            f"{_DIGITS[hundred]}百来块",
            f"{lower}多",
            f"{lower}多块钱",
            f"{_DIGITS[hundred]}百多元",
        )
        pair = (
            f"{_DIGITS[hundred]}{_DIGITS[hundred + 1]}百",
            f"{_DIGITS[hundred]}{_DIGITS[hundred + 1]}百块",
            f"{_DIGITS[hundred]}百到{_DIGITS[hundred + 1]}百",
        )
        return self.rng.choice(more + pair)

    def about(self, price: int) -> str:
        """An approximate price, meaning ±50."""
        return self.rng.choice(p.PRICE_ABOUT).format(n=self.rng.choice(p.PRICE_NOUN), a=self.number(price))

    def rating(self, lower: float | None, upper: float | None) -> str:
        """A rating bound in words."""
        table = p.RATING_EXACT if lower == upper else p.RATING_LEAST if upper is None else p.RATING_MOST
        value = lower if lower is not None else upper
        text = f"{value:g}"
        if self.rng.random() < self.numerals:
            whole, _, part = text.partition(".")
            text = _DIGITS[int(whole)] + (f"点{_DIGITS[int(part)]}" if part else "")
        return self.rng.choice(table).format(a=text)

    def name(self, full: str) -> str:
        """A hotel's name as people shorten it; formal speakers give it in full."""
        return self.rng.choice(short_names(full)) if self.colloquial and self.rng.random() < 0.8 else full


@cache
def short_names(name: str) -> tuple[str, ...]:
    """Plausible short forms of a full name: without 北京, without the suffix, brand with the start of its branch."""
    match = _BRANCH.match(name)
    base, branch = (match["base"], match["branch"].removeprefix("北京")) if match else (name, "")
    bare = base.removeprefix("北京")
    stem = _SUFFIX.sub("", bare)
    out = {bare if len(bare) > 2 else base, stem if len(stem) > 2 and not branch else bare}
    if branch:
        place = re.sub(r"(地铁站)?店$", "", branch)
        out = {
            f"{brand}{start}{end}"
            for brand in {stem if len(stem) > 1 else bare, bare}
            for start in {place, place[:2], place[:4]}
            for end in ("店", "")
        }
    return tuple(sorted(x for x in out if len(x) > 2)) or (name,)
