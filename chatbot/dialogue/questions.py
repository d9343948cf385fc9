"""Which fact of which hotel in hand the user asks for, so that a small model can be held to answering it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.core.messages import Message
from chatbot.corpus.selfplay.replies import ANSWER, NO, UNKNOWN, YES
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.names import spoken
from chatbot.models.families.hotel_mini import value
from chatbot.understanding.rule_parser import DROPPED, ParsedSlots, parse_slots

_TOPICS = {
    "phone": r"(?<!长途)(?<!市内)(?<!打)电话(?!免费)|联系方式|怎么联系|号码",
    "subway": r"地铁",
    "nearby_attractions": r"景点|好玩",
    "nearby_restaurants": r"餐馆|好吃|(?:附近|周边|周围|旁边).*(?:饭店|餐厅|吃饭)",
    "address": r"地址|在哪|位置|位于",
    "price": r"多少钱|什么价|价格|价钱|房价|房费",
    "rating": r"评分|打分|口碑|评价|几分",
    "facilities": r"(?:什么|哪些|啥)(?:设施|服务)|设施(?:有什么|有哪些|呢|怎么样)",
}
_COMPARES = r"最|便宜|贵|更|高一|低一|高些|低些|高点|低点|高的|低的|哪[家个]|[谁哪].{0,2}(?:高|低|近)"
_ORDINALS = ((0, r"第[一1]|头一|首家|一号"), (1, r"第[二2]|二号"), (2, r"第[三3]|三号"), (-1, r"最后[一那]?[家个]"))
_THIS = r"它|[这那该他][一]?家|[这那该]个?酒店"
_WHETHER = r"有没有|有.{0,20}(?:没有|没|吗|么|不)[？?]?$|吗[？?]?$|么[？?]?$|是不是|能不能|可不可以|提供不"


@dataclass(frozen=True)
class Question:
    """A question about one hotel in hand.

    Attributes:
        record: the hotel.
        field: the record's field that is asked for, or "has".
        facility: at "has": the facility that the hotel has or not.
        pointed: the words point at the hotel: by name, by number, or as this one.
    """

    record: dict[str, Any]
    field: str
    facility: str
    pointed: bool

    @property
    def told(self) -> str:
        """The true answer."""
        if self.field == "has":
            return (YES if self.facility in (self.record.get("facilities") or []) else NO)[0].format(
                name=self.record["name"], x=self.facility
            )
        table = ANSWER if value(self.record, self.field) else UNKNOWN
        return table[self.field][0].format(**{key: value(self.record, key) for key in self.record})

    def answered(self, reply: str) -> bool:
        """Whether a reply gives the fact, of this hotel."""
        if self.field == "has":
            return self.facility in reply and not ungrounded(reply, [self.record])
        truth = self.record.get(self.field)
        if isinstance(truth, list) and truth:
            return any(str(entry) in reply for entry in truth)
        return (value(self.record, self.field) or "抱歉") in reply


def question(words: str, records: Sequence[dict[str, Any]], messages: Sequence[Message]) -> Question | None:
    """What the words ask of the hotels in hand; None where they ask for no single fact."""
    if not records:
        return None
    record, pointed = _pointed_at(words, records, messages)
    for name in sorted((str(r["name"]) for r in records), key=len, reverse=True):
        words = words.replace(name, "，")
    field, facility = topic(words), ""
    if not field and (facility := _whether(words)) and (pointed or len(records) == 1):
        field = "has"
    return Question(record, field, facility, pointed) if field else None


def is_off_topic(words: str, reply: str) -> bool:
    """Whether the words speak of facilities, ask for no other fact, and the reply says nothing of any of them."""
    asked = {name for mention in parse_slots(words).facilities for name in mention}
    return bool(asked) and not topic(words) and not any(asked & mention for mention in parse_slots(reply).facilities)


def topic(words: str) -> str | None:
    """The one field that the words ask for; None for none or several, and where they wish instead."""
    found = [name for name, pattern in _TOPICS.items() if re.search(pattern, words)]
    if len(found) != 1 or (found[0] in ("price", "rating") and _wishes(words)):
        return None
    return found[0]


def _wishes(words: str) -> bool:
    """Whether a price or rating is wished for or compared rather than asked for; so it is where anything else is wished for."""
    parsed = parse_slots(words)
    return bool(parsed != ParsedSlots() or re.search(_COMPARES, words) or re.search(DROPPED, words))


def _whether(words: str) -> str:
    """The one facility about which the words ask whether there is it; "" for none."""
    parsed = parse_slots(words)
    one = (
        len(parsed.facilities) == 1
        and len(parsed.facilities[0]) == 1
        and not (parsed.types or parsed.prices or parsed.ratings)
    )
    return min(parsed.facilities[0]) if one and re.search(_WHETHER, words) else ""


def _pointed_at(
    words: str, records: Sequence[dict[str, Any]], messages: Sequence[Message]
) -> tuple[dict[str, Any], bool]:
    """The hotel in hand that is meant, and whether the words say so: by name, by number, else the one named last, else the first."""
    named = called(words, records)
    ordinal = [records[at] for at, pattern in _ORDINALS if at < len(records) and re.search(pattern, words)]
    return (named or ordinal or _last_named(records, messages) or list(records))[0], bool(
        named or ordinal or re.search(_THIS, words)
    )


def _last_named(records: Sequence[dict[str, Any]], messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The hotel that the last reply with a hotel's name in it speaks of; [] where it names several."""
    replies = (m.content for m in reversed(messages) if m.role == "assistant" and not m.call)
    found = next((named for reply in replies if (named := [r for r in records if str(r["name"]) in reply])), [])
    return found if len(found) == 1 else []


def called(words: str, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The hotels in hand that the words name, in full or by what stands before the branch where that is one hotel's alone."""
    said = spoken(words)
    whole = [r for r in records if spoken(str(r["name"])) in said]
    fronts = [r for r in records if len(front := spoken(re.split("[(（]", str(r["name"]))[0])) > 3 and front in said]
    return whole or (fronts if len(fronts) == 1 else [])
