"""Facts → sentences: lines of the phrase bank, each used only where its marks can be filled, its condition holds and it is grounded."""

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from chatbot.core.messages import Message
from chatbot.corpus.phrasebank.bank import Row, read_replies
from chatbot.dialogue.replies import english
from chatbot.dialogue.replies.facts import Record, Shown
from chatbot.hotels.grounding import ungrounded

Language = Literal["zh", "en"]
MARK = re.compile(r"{(\w+)}")
LONGEST = 120
"""Chinese characters of a reply, where a shorter line says the same."""
GROUP_WORDS = {
    "无线": "无线网", "上网": "网络", "房间无线": "房间wifi", "公共无线": "公共区域wifi", "早餐": "早餐", "泳池": "泳池",
    "接送": "接送", "餐厅": "餐厅", "公共区域提供wifi": "公共区域wifi", "部分房间提供wifi": "部分房间wifi",
    "所有房间提供wifi": "所有房间wifi", "早餐服务": "早餐", "早餐服务免费": "免费早餐",
}  # fmt: skip
_PHONE_WORDS = re.compile(r"电话|号码|\bphone\b|\bnumber\b")
_ODD = re.compile(
    "37样|买票|坐轮椅|施工这种事我保证|您要写攻略|垫底的价|一宿|改期|链接我不会加|不参加这个游戏|一元一晚|已经去掉了|价格和现场不一样|设施写着有|不专门替哪一家|"
    "Done choosing|Fine taste|One yuan|Pretending|It's gone|That price was off|Jet lag|Two answers"
)
"""Lines that are true of one database only, or suppose more than a turn says."""
_FIELDS = {"nearby_attractions": "attractions", "nearby_restaurants": "restaurants"}


def number(value: float) -> str:
    """328, 4.6: no exponent, no needless zero."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def hanzi(text: str) -> int:
    """How many Chinese characters a text has."""
    return len(re.findall(r"[\u4e00-\u9fff]", text))


@dataclass
class Voice:
    """Says one reply, sentence by sentence, in one language.

    Attributes:
        language: of the reply.
        rng: what chooses among lines that fit.
        grounds: sets of records; with each of them every sentence must be grounded.
        context: what may be repeated: the user's words, the state.
        text: what has been said.
    """

    language: Language
    rng: random.Random
    grounds: Sequence[Sequence[Record]]
    context: Sequence[Message]
    text: str = ""

    @property
    def english(self) -> bool:
        return self.language == "en"

    def say(
        self,
        *acts: str,
        values: Mapping[str, str] | None = None,
        topic: str = "",
        when: frozenset[str] = frozenset(),
        need: frozenset[str] = frozenset(),
        fits: Callable[[Row], bool] = lambda row: True,
        prefer: Callable[[Row], bool] = lambda row: True,
    ) -> bool:
        """Add one line of the acts; an earlier act goes before a later one.

        Args:
            acts: acts of the bank's replies.
            values: what the marks are filled with; a line with another mark is left out.
            topic: lines on it come first, those without a topic next, others never.
            when: conditions that hold; need: those that the line must name.
            fits, prefer: which lines can be used at all, and which first.
        """
        found = values or {}
        for act in acts:
            rows = [row for row in _lines(self.language, act) if _true(row, found, topic, when, need) and fits(row)]
            self.rng.shuffle(rows)
            rows.sort(key=lambda row: (bool(topic) and row.get("topic") != topic, not prefer(row)))
            if self._first([self.fill(row["text"], found) for row in rows]):
                return True
        return False

    def _first(self, texts: Sequence[str]) -> bool:
        """Add the first text that is grounded and short; the shortest where all of them are long."""
        long = []
        for text in texts:
            if hanzi(self.text + text) > LONGEST:
                long.append(text)
            elif self.add(text):
                return True
        return any(self.add(text) for text in sorted(long, key=hanzi))

    def add(self, text: str) -> bool:
        """Add a sentence, unless what would then be said is not grounded."""
        whole = self.text + (" " if self.english and self.text else "") + text
        if any(ungrounded(whole, ground, self.context) for ground in self.grounds):
            return False
        self.text = whole
        return True

    def part(self, act: str, values: Mapping[str, str]) -> str:
        """A clause of a longer sentence; "" where the bank has none that can be filled."""
        rows = [row for row in _lines(self.language, act) if _true(row, values, "", frozenset(), frozenset())]
        return self.fill(self.rng.choice(rows)["text"], values) if rows else ""

    def fill(self, line: str, values: Mapping[str, str]) -> str:
        """A line with its marks filled, in one pass, so that nothing in a value is taken for a mark."""
        if self.english:
            line = line.replace("{subway} station", "{subway}")

        def value(mark: re.Match[str]) -> str:
            before, after = line[: mark.start()], line[mark.end() :]
            if mark[1] == "list":
                numbered = before.endswith(("：", ": ")) and after[:1] in ("。", ".", "")
                return values["list" if numbered else "inline"]
            said = self._article(before, values[mark[1]])
            opens = (
                self.english
                and mark[1] not in ("name", "name2", "first", "names")
                and (not before or before.endswith(". "))
            )
            return said[:1].upper() + said[1:] if opens else said

        return MARK.sub(value, line).replace("a \0", "an ").replace("\0", "")

    def _article(self, before: str, said: str) -> str:
        """English: no article after a determiner, "an" before a vowel (marked for `fill`)."""
        if not self.english:
            return said
        if re.search(r"\b(?:no|the|any|of|mention of)\s$", before, re.I):
            return re.sub(r"^an? ", "", said)
        return "\0" + said if before.endswith((" a ", "A ")) and said[:1] in "aeiou" else said

    def values(self, hotel: Shown, suffix: str = "") -> dict[str, str]:
        """A hotel's fields as the marks of the bank; unknown ones are left out."""
        out = {"name": hotel.name}
        for name in ("type", "address", "subway", "phone", "facilities", "nearby_attractions", "nearby_restaurants"):
            if hotel.known(name):
                out[_FIELDS.get(name, name)] = self.value(name, hotel.known(name))
        out |= {
            name: number(value)
            for name, value in (("price", hotel.price), ("rating", hotel.rating))
            if value is not None
        }
        return {key + suffix: value for key, value in out.items()}

    def value(self, name: str, value: Any) -> str:
        """One field's value in words."""
        if name == "facilities":
            return self.joined([self.facility(word) for word in value])
        if isinstance(value, tuple):
            return self.joined(list(value))
        if self.english and name in ("type", "subway"):
            return english.kind(value) if name == "type" else english.station(value)
        return number(value) if isinstance(value, float) else str(value)

    def district(self, name: str) -> str:
        """A district in words."""
        return english.district(name) if self.english else name

    def facility(self, name: str) -> str:
        """A facility, a group of them or several of which any is enough, in words."""
        parts = dict.fromkeys(name.split("/"))
        words = [english.facility(part) if self.english else GROUP_WORDS.get(part, part) for part in parts]
        return self.either(words)

    def either(self, words: Iterable[str]) -> str:
        """A或B, or A or B."""
        return (" or " if self.english else "或").join(words)

    def joined(self, words: Sequence[str]) -> str:
        """A、B、C or A, B and C."""
        return english.joined(list(words)) if self.english else "、".join(words)

    def quoted(self, wishes: Sequence[str]) -> dict[str, str]:
        """The mark for wishes that cannot be looked up, as the user said them; those whose words were not noted ("") are counted in.

        {} where no words were: what was not caught may well stand in the list, and nothing is said of it but that.
        """
        words = [f'"{wish}"' if self.english else f"“{wish}”" for wish in wishes if wish]
        if not words:
            return {}
        other = "another of your wishes" if self.english else "您说的另一点"
        return {"wish": self.joined([*words, *([other] if "" in wishes else [])])}

    def brief(self, hotel: Shown) -> str:
        """Price and rating in a clause, unknown ones as such."""
        values = self.values(hotel)
        return (", " if self.english else "，").join(
            self.part(f"part_{name}" if name in values else f"gap_{name}", values) for name in ("price", "rating")
        )

    def listing(self, hotels: Sequence[Shown]) -> dict[str, str]:
        """The hotels with price and rating: numbered, and within a sentence."""
        entries = [(hotel.name, self._figures(hotel)) for hotel in hotels]
        numbered = [f"{at}. {name}{figures}" for at, (name, figures) in enumerate(entries, 1)]
        return {
            "list": ("; " if self.english else "；").join(numbered),
            "inline": self.joined([name + figures for name, figures in entries]),
        }

    def _figures(self, hotel: Shown) -> str:
        values = self.values(hotel)
        if self.english:
            price = f"{values['price']} yuan" if "price" in values else "no price listed"
            score = f"rated {values['rating']}" if "rating" in values else "not rated"
            return f" ({price}, {score})"
        price = f"{values['price']}元" if "price" in values else "没标价"
        return f"（{price}，{values['rating']}分）" if "rating" in values else f"（{price}，暂无评分）"


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, str], tuple[Row, ...]]:
    """The bank's replies by language and act."""
    table: dict[tuple[str, str], tuple[Row, ...]] = {}
    for row in read_replies():
        key = (row["lang"], row["act"])
        table[key] = (*table.get(key, ()), row)
    return table


def _lines(language: str, act: str) -> tuple[Row, ...]:
    return _table().get((language, act), ())


def _true(row: Row, values: Mapping[str, str], topic: str, when: frozenset[str], need: frozenset[str]) -> bool:
    """Whether a line can be said: its marks are known, its topic is the one, its condition holds."""
    named = frozenset(part for key in ("when", "needs") for part in str(row.get(key, "")).split(",") if part)
    text = row["text"]
    if _ODD.search(text) or (_promises_phone(row) and "name" in values and "phone" not in values):
        return False
    filled = all(mark in values for mark in MARK.findall(text))
    return filled and row.get("topic", "") in ("", topic) and named <= when | need and need <= named


def _promises_phone(row: Row) -> bool:
    return str(row["act"]).startswith(("offer", "has", "more")) and bool(_PHONE_WORDS.search(row["text"]))
