"""Which fact of which hotel a question asks for, so that a small model's answer can be checked for answering it."""

import re
from collections.abc import Sequence
from typing import Any

from chatbot.corpus.replies import ANSWER, UNKNOWN
from chatbot.messages import Message
from chatbot.models.hotel_mini import value

_TOPICS = {
    "phone": r"电话|联系方式|怎么联系|号码",
    "subway": r"地铁",
    "nearby_attractions": r"景点|好玩",
    "nearby_restaurants": r"餐馆|好吃|附近.*(?:饭店|餐厅|吃饭)|周边.*(?:饭店|餐厅|吃饭)",
    "address": r"地址|在哪|位置|位于",
    "price": r"多少钱|什么价|(?:价格|价钱|房价)(?:是多少|多少|呢|怎么样)",
    "rating": r"(?:评分|口碑|评价)(?:是多少|多少|呢|怎么样|如何)|几分",
    "facilities": r"(?:什么|哪些|啥)设施|设施(?:有什么|有哪些|呢|怎么样)",
}
_ORDINALS = (r"第[一1]|头一|首家", r"第[二2]", r"第[三3]|最后[一]?[家个]")


def topic(words: str) -> str | None:
    """The one field that the words ask for; None for none or several."""
    found = [name for name, pattern in _TOPICS.items() if re.search(pattern, words)]
    return found[0] if len(found) == 1 else None


def pointed_at(words: str, records: Sequence[dict[str, Any]], messages: Sequence[Message]) -> dict[str, Any]:
    """The hotel in hand that is meant: by name, by ordinal, else the one that was named last, else the first."""
    named = [r for r in records if str(r["name"]) in words]
    ordinal = [r for pattern, r in zip(_ORDINALS, records, strict=False) if re.search(pattern, words)]
    before = next((m.content for m in reversed(messages) if m.role == "assistant" and not m.call), "")
    mentioned = [r for r in records if str(r["name"]) in before]
    return (named or ordinal or (mentioned if len(mentioned) == 1 else []) or list(records))[0]


def answers(reply: str, words: str, records: Sequence[dict[str, Any]], messages: Sequence[Message]) -> bool:
    """Whether a reply gives the fact that was asked for; True where no single fact was."""
    field = topic(words)
    return not field or not records or (value(pointed_at(words, records, messages), field) or "抱歉") in reply


def answer(words: str, records: Sequence[dict[str, Any]], messages: Sequence[Message]) -> str | None:
    """The answer from the record; None where no single fact was asked for."""
    field = topic(words)
    if not field or not records:
        return None
    record = pointed_at(words, records, messages)
    table = ANSWER if value(record, field) else UNKNOWN
    return table[field][0].format(**{key: value(record, key) for key in record})
