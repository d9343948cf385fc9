"""Prices and ratings are read whole or not at all: 500以内, 四五百, "4.5 or better" with their bounds; hours, rooms and dates never."""

import re
from dataclasses import dataclass
from typing import Literal

from chatbot.understanding.amount_words import (
    ABOUT_AFTER,
    ABOUT_BEFORE,
    ACCEPTED,
    BARE,
    BARE_AFTER,
    BETWEEN_AFTER,
    BETWEEN_BEFORE,
    COMPARED,
    CURRENCY,
    JUST_OVER,
    LATER,
    LEAST_AFTER,
    LEAST_BEFORE,
    MORE,
    MOST_AFTER,
    MOST_BEFORE,
    NEVER,
    NEVER_UNDER,
    NIGHT,
    NOT_BEFORE,
    NOT_THIS,
    NOT_UNIT,
    NUMBER,
    OPEN_JOIN,
    PRICED,
    RATED,
    RATED_AFTER,
    REFUSED_AFTER,
    REFUSED_BEFORE,
    SIDE_COST,
    SPEND_BEFORE,
    STRIP,
    TOLD,
    N,
)
from chatbot.understanding.normalise import normalise

Kind = Literal["price", "rating"]
How = Literal["about", "most", "least", "range", "exact"]
ABOUT_PRICE = 50
"""左右, 上下 and 来块 leave this many CNY to either side (the phrase bank's semantics)."""
ABOUT_RATING = 0.2
"""The same for ratings: two steps of the scale."""
MOST_RATING = 5.0
_OTHER_WAY: dict[How, How] = {"most": "least", "least": "most"}


@dataclass(frozen=True)
class Amount:
    """One price or rating that was said.

    Attributes:
        kind: "price" (a night) or "rating" (0–5).
        lower, upper: bounds, inclusive; None where open.
        span: its place in `normalise(text)`, words of direction left out.
        how: what the words made of the number: about, most, least, range, exact.
        currency: of a price; CNY unless another was named.
    """

    kind: Kind
    lower: float | None
    upper: float | None
    span: tuple[int, int]
    how: How
    currency: str = "CNY"


@dataclass(frozen=True)
class _Said:
    """Numbers with the words of their clause on either side."""

    values: tuple[float, ...]
    before: str
    after: str
    span: tuple[int, int]
    later: bool = False

    @property
    def bare(self) -> str:
        """What follows, units and nights left out."""
        return STRIP.sub("", self.after)

    @property
    def alone(self) -> bool:
        """Whether the number is all that its clause, or its item in a list set off by spaces, says."""
        before = re.split(r"[:→]|(?<![A-Za-z]) ", self.before.rstrip())[-1].strip()
        after = re.split(r"(?<=\S) (?![A-Za-z])", self.after)[0]
        return bool(BARE.fullmatch(before) and BARE_AFTER.fullmatch(after))


def _numbers(text: str) -> list[_Said]:
    out: list[_Said] = []
    last = 0
    for m in NUMBER.finditer(text):
        end = m.end()
        rest = m[2]
        if rest and OPEN_JOIN.search(rest):
            joined = BETWEEN_AFTER.match(text, end) or BETWEEN_BEFORE.search(
                text[max(last, m.start() - 14) : m.start()]
            )
            if not joined:
                end, rest = m.end(1), ""
        before = re.split(r"[,，。;!?！？、\n…]", text[max(last, m.start() - 40) : m.start()])[-1]
        after = re.split(r"[,，。;!?！？、\n□]|(?<!\d)(?=\d)", text[end : end + 24])[0]
        values = tuple(float(n) for n in (m[1], *re.findall(N, rest)))
        out.append(_Said(values, before, after, (m.start(), end), bool(LATER.match(text, end))))
        last = end
        if not rest and m[2]:
            out += [
                _Said(s.values, s.before, s.after, (s.span[0] + end, s.span[1] + end), s.later)
                for s in _numbers(text[end : m.end() + 24])
                if s.span[0] + end < m.end()
            ]
            last = m.end()
    return out


def _excluded(said: _Said) -> bool:
    fraction = said.values[-1] % 1 and re.match(r"[ -]?stars?\b|星", said.after, re.I)
    return not fraction and bool(NOT_UNIT.match(said.after) or re.match(r" *-?(?:stars?)\b", said.after, re.I))


def _direction(said: _Said) -> How | None:
    """What the words around a number make of it; None where they say nothing."""
    after, before = said.bare, said.before
    compared = COMPARED.match(said.after) if re.search(r"比 ?$", before) else None
    if compared:
        return "least" if bool(compared[1]) != bool(re.search(r"[别不莫]\w{0,2}比 ?$", before)) else "most"
    way = _stated(after, before, said)
    refused = way in ("most", "least") and (
        REFUSED_AFTER.match(said.after) or (REFUSED_BEFORE.search(before) and _direct(after))
    )
    return _OTHER_WAY[way] if refused and way else way


def _direct(after: str) -> bool:
    return bool(MOST_AFTER.match(after) or LEAST_AFTER.match(after))


def _stated(after: str, before: str, said: _Said) -> How | None:
    if MOST_AFTER.match(after):
        return "most"
    if LEAST_AFTER.match(after):
        return "least"
    if ABOUT_AFTER.match(after) or ABOUT_AFTER.match(said.after):
        return "about"
    if MOST_BEFORE.search(before) and not NEVER_UNDER.search(before):
        return "most"
    if LEAST_BEFORE.search(before) or NEVER_UNDER.search(before):
        return "least"
    if ABOUT_BEFORE.search(before):
        return "about"
    return "most" if SPEND_BEFORE.search(before) or said.later else None


def _is_rating(said: _Said) -> bool:
    value = max(said.values)
    if value > MOST_RATING or re.match(r"元|块|折|[kK]", said.after) or value < 1 or said.before.endswith("满分"):
        return False
    if RATED.search(said.before) or RATED_AFTER.match(said.after):
        return True
    way = _direction(said)
    if value % 1:
        alone = value >= 3 and round(value * 10) == value * 10 and said.alone
        return bool(alone or re.match(r"[ -]?stars?\b|星", said.after, re.I) or way in ("most", "least"))
    plain = r"(?:及|或)?(?:以上|往上|之上|朝上)|\+|↑|起(?!床|飞)|打底| *(?:min|minimum|upwards?)\b"
    return value >= 3 and way == "least" and bool(re.match(plain, said.after))


def _is_price(said: _Said, text: str) -> bool:
    if not 20 <= said.values[-1] <= 20_000 or re.match(r"分", said.after) or SIDE_COST.search(said.before):
        return False
    unit = re.match(
        rf" *(?:元|块|蚊|rmb|cny|yuan|kuai|人民币|bucks|{CURRENCY}|多(?!少)|来(?=[块元的]|$)|出头)", said.after, re.I
    )
    if unit or re.match(rf" *(?:{NIGHT})", said.after, re.I) or BETWEEN_AFTER.match(said.after):
        return True
    if NOT_BEFORE.search(said.before) and not PRICED.search(said.before):
        return bool(
            len(said.values) == 1
            and re.match(r"以[内下里上]|左右|封顶", said.after)
            and not re.search(r"离|走", said.before)
        )
    if _direction(said) or JUST_OVER.match(said.after) or PRICED.search(said.before):
        return True
    low, high = min(said.values), max(said.values)
    if len(said.values) > 1 and 50 <= low < high <= 20000:
        return True
    if low >= 50 and low % 10 == 0 and (TOLD.search(said.before) or ACCEPTED.match(said.after)):
        return True
    return said.alone and (len(said.values) > 1 or 50 <= said.values[0] <= 20000)


def _step(value: float) -> float:
    """The place of the last digit that was said: 300 → 100, 1200 → 100, 350 → 10."""
    place = 1.0
    while value % (place * 10) == 0 and place < 10_000:
        place *= 10
    return place


def _firm(said: _Said) -> bool:
    """Whether words before the number bound it (不超过三百多), so that 多 and 出头 add nothing."""
    bound = MOST_BEFORE.search(said.before) or LEAST_BEFORE.search(said.before) or NEVER_UNDER.search(said.before)
    return bool(bound) and not re.search(r"最[低高]价\w?$", said.before)


def _bounds(said: _Said, kind: Kind) -> tuple[float | None, float | None, How]:
    low, high = min(said.values), max(said.values)
    if len(said.values) > 1:
        return low, high, "range"
    way = _direction(said)
    if kind == "price" and not _firm(said):
        if JUST_OVER.match(said.after):
            return low, low + (100 if low >= 1000 else 50), "range"
        if MORE.match(said.after) and low % 10 == 0:
            return low, low + _step(low), "range"
    if way == "about":
        around = ABOUT_PRICE if kind == "price" else ABOUT_RATING
        top = round(low + around, 2)
        return max(0, round(low - around, 2)), min(MOST_RATING, top) if kind == "rating" else top, "about"
    if way == "most":
        return None, low, "most"
    return (low, None, "least") if way == "least" else (low, low, "exact")


def _currency(said: _Said, text: str) -> str:
    found = re.search(CURRENCY, text[said.span[0] : said.span[1] + 12].split(",", maxsplit=1)[0], re.I)
    near = found or re.search(rf"(?:{CURRENCY}) ?$", said.before, re.I)
    if not near:
        return "CNY"
    word = near[0].lower().strip()
    names = {
        "美": "USD",
        "do": "USD",
        "us": "USD",
        "欧": "EUR",
        "eu": "EUR",
        "英": "GBP",
        "po": "GBP",
        "gb": "GBP",
        "港": "HKD",
        "hk": "HKD",
    }
    return names.get(word[:2]) or names.get(word[:1]) or {"台": "TWD", "日": "JPY"}.get(word[:1], "CNY")


def _joined(found: list[Amount]) -> list[Amount]:
    """A lower and an upper bound of one kind said apart (不低于300不高于500) as one range."""
    for kind in ("price", "rating"):
        own = [a for a in found if a.kind == kind]
        if sorted(a.how for a in own) == ["least", "most"]:
            lower = next(a.lower for a in own if a.lower is not None)
            upper = next(a.upper for a in own if a.upper is not None)
            if lower <= upper:
                whole = Amount(own[0].kind, lower, upper, (own[0].span[0], own[1].span[1]), "range", own[0].currency)
                found = [whole if a is own[0] else a for a in found if a is not own[1]]
    return found


def amounts(text: str) -> list[Amount]:
    """Each price and rating that a text says, in its order; spans are places in `normalise(text)`."""
    text = normalise(text)
    if not re.search(r"[0-9]", text):
        return []
    text = NEVER.sub(lambda m: "□" * len(m[0]), text)
    found: list[Amount] = []
    numbers = _numbers(text)
    for said in numbers:
        if _excluded(said) or (len(numbers) > 1 and NOT_THIS.search(said.before)):
            continue
        kind: Kind | None = "rating" if _is_rating(said) else "price" if _is_price(said, text) else None
        if kind:
            lower, upper, how = _bounds(said, kind)
            currency = _currency(said, text) if kind == "price" else "CNY"
            found.append(Amount(kind, lower, upper, said.span, how, currency))
    return _joined(found)
