"""Grounding: every name, price, rating, phone, address, station and facility in a reply must stand in the records."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chatbot.core.messages import Message
from chatbot.hotels.facilities import FACILITIES, fulfilling

_NAME = re.compile(
    r"(?P<name>[\w·&]{2,24}?(?:酒店|宾馆|饭店|旅馆|客栈|公寓|度假村|招待所|青年旅舍|会议中心)(?:及服务公寓)?(?:[(（][^()（）]{1,24}[)）])?|[\w·&]{2,16}[(（][^()（）]{1,24}店[)）])"
)
_GENERIC = re.compile(
    r"(这|那|哪|本|该|各|每|几|两|三|家|个|种|样|什么|些|类|的|型|经济|舒适|高档|豪华|其他|其它|别的|合适|符合|条件|要求|满足|入住|预订|查询|负责|提供|推荐|找到|查找|搜索|所有|附近|周边|帮您|您|你|和|以及|或|是|在|有|找)$"
)
_PHONE = re.compile(r"\d{3,4}-\d{6,8}(?:-\d+)?|(?<!\d)1\d{10}(?!\d)|(?<![\d-])\d{7,8}(?!\d)")
_PRICE = re.compile(r"(?<![\d.\-])(\d{2,6}(?:\.\d+)?)(?=\s*(?:元|块|￥|人民币))|[¥￥]\s*(\d{2,6}(?:\.\d+)?)")
_RATING = re.compile(r"(?<![\d.\-])(\d(?:\.\d)?)(?=\s*分(?!钟))|评分(?:是|为|有|高达|达到)?\s*(\d(?:\.\d)?)(?![\d.分])")
_STATION = re.compile(r"[\w·]{1,12}?地铁站(?:[A-Z]\d?(?:东|西|南|北)?口)?")
_ADDRESS = re.compile(r"(?:地址(?:是|在|为|：|:)|位于)\s*([^，。！？；\n]{4,60})")
_NEARBY = re.compile(r"(?:景点|餐馆|餐厅|吃饭的|好玩的)(?:有|是|：|:|包括)\s*([^，。！？；\n]{2,200})")
_DENIED = re.compile(r"(没有|没|不|无法|未|不提供|不含|暂无)[^，。！？]{0,8}$|放宽了[^，。！？]*$")
_QUERY = re.compile(r"[^，。！？；\n]*的没查到")
"""Says what was searched for, which is no claim of any hotel."""
_FACILITY = re.compile("|".join(sorted(map(re.escape, FACILITIES), key=len, reverse=True)))


def ungrounded(reply: str, records: Sequence[dict[str, Any]], context: Sequence[Message] = ()) -> list[str]:
    """The claims of a reply that the records don't hold; [] means grounded.

    A claim is checked against the hotel that was named last before it (against all where none was). What the user
    said or the call asked for (`context`) may be repeated, but a name only if the user gave it.
    """
    said = "\n".join(m.content for m in context if m.role == "user")
    asked = said + " ".join(str(m.call.arguments) for m in context if m.call)
    claims = _Claims(reply, records)
    out = [f"name: {x}" for x in _names(reply, records) if x not in said]
    out += claims.wrong("phone", _PHONE, lambda x, r: x in str(r.get("phone") or ""), said)
    out += claims.wrong(
        "price", _PRICE, lambda x, r: r.get("price") is not None and float(x) == float(r["price"]), asked
    )
    out += claims.wrong(
        "rating", _RATING, lambda x, r: r.get("rating") is not None and float(x) == float(r["rating"]), asked
    )
    out += claims.wrong("subway", _STATION, _stops_at, asked)
    out += claims.wrong("address", _ADDRESS, _at, said)
    out += claims.wrong("nearby", _NEARBY, _nearby, said)
    return out + (claims.facilities(asked) if records else [])


def _stops_at(text: str, record: dict[str, Any]) -> bool:
    """The station as a whole or in part; words before it (可以坐到前门地铁站) may be caught with it, a station that is only asked for is none."""
    text = re.sub(r"^(?:[^是到在离]*)[是到在离](?=.{2,}地铁站)", "", text)
    station, address = str(record.get("subway") or ""), str(record.get("address") or "")
    return (
        text in station
        or text in address
        or bool(station and station in text)
        or text.endswith(("的地铁站", "记地铁站", "到地铁站", "个地铁站"))
    )


def _at(text: str, record: dict[str, Any]) -> bool:
    places = (str(record.get("address") or ""), str(record.get("subway") or ""))
    return any(place and (text in place or place in text) for place in places)


def _nearby(text: str, record: dict[str, Any]) -> bool:
    known = "、".join(map(str, [*(record.get("nearby_attractions") or []), *(record.get("nearby_restaurants") or [])]))
    return all(part.strip() in known for part in re.split(r"、|和|等|以及", text) if part.strip())


def _names(reply: str, records: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Hotel-like names in the reply that belong to no record; short forms of a record's name count as its own."""
    for known in sorted((str(r.get("name", "")) for r in records), key=len, reverse=True):
        reply = reply.replace(known, "，") if known else reply
    for text in (
        str(x)
        for r in records
        for key in ("address", "nearby_restaurants", "nearby_attractions")
        for x in _many(r.get(key))
    ):
        reply = reply.replace(text, "，")
    for match in _NAME.finditer(reply):
        name = match["name"]
        stem = re.sub(r"(酒店|宾馆|饭店|旅馆|客栈|公寓|度假村|招待所|青年旅舍|会议中心)$", "", name)
        if not _GENERIC.search(stem) and not any(name in str(r.get("name", "")) for r in records):
            yield name


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


class _Claims:
    """A reply with the record names in it located, so that each claim has an owner."""

    def __init__(self, reply: str, records: Sequence[dict[str, Any]]) -> None:
        self.records = records
        self.owners: list[tuple[int, dict[str, Any]]] = []
        for record in sorted(records, key=lambda r: -len(str(r.get("name", "")))):
            name = str(record.get("name", ""))
            while name and (at := reply.find(name)) >= 0:
                self.owners.append((at, record))
                reply = reply.replace(name, "\0" * len(name), 1)
        self.owners.sort(key=lambda pair: pair[0])
        self.reply = reply

    def _of(self, position: int) -> Sequence[dict[str, Any]]:
        before = [record for at, record in self.owners if at < position]
        return before[-1:] or self.records

    def wrong(
        self, kind: str, pattern: re.Pattern[str], holds: Callable[[str, dict[str, Any]], bool], repeated: str
    ) -> list[str]:
        """Claims of one kind that neither their owner holds nor `repeated` contains."""
        out = []
        for match in pattern.finditer(self.reply):
            claim = next((g for g in match.groups() if g), match[0]).replace("\0", "")
            if claim and claim not in repeated and not any(holds(claim, record) for record in self._of(match.start())):
                out.append(f"{kind}: {claim}")
        return out

    def facilities(self, asked: str) -> list[str]:
        """Facilities that are affirmed of a hotel without them, or denied of one that has them."""
        out = []
        queries = [match.span() for match in _QUERY.finditer(self.reply)]
        for match in _FACILITY.finditer(self.reply):
            if match[0] in asked and any(start <= match.start() < end for start, end in queries):
                continue
            denied = bool(_DENIED.search(self.reply[: match.start()]))
            owners = self._of(match.start())
            holds = {match[0]} if denied else fulfilling(match[0])
            held = [not holds.isdisjoint(record.get("facilities") or []) for record in owners]
            if (all(held) if denied else not any(held)) and not (denied and len(owners) > 1):
                out.append(f"{'denied ' if denied else ''}facility: {match[0]}")
        return out
