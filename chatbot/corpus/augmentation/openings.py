"""New dialogues that open with a hotel's name or with a price cap: the third operation of the augmentation."""

import random
import re
from typing import Any

from chatbot.core.messages import Conversation, Message, call
from chatbot.corpus.augmentation.prompts import NamedOpening, Opening
from chatbot.corpus.augmentation.task import Record, Rejected, Task, cleaned, grounded_exchange
from chatbot.corpus.selfplay.phrases import QUESTION
from chatbot.corpus.selfplay.speaker import chinese, short_names
from chatbot.hotels.query import HOTEL_TYPES, SEARCH_HOTELS, HotelQuery
from chatbot.hotels.store import HotelStore


def name_task(store: HotelStore, rng: random.Random, name: str) -> Task:
    """A new dialogue that asks for a hotel by its name, in full or short."""
    record = rng.choice(store.hotels).record()
    found = [
        short for short in short_names(record["name"]) if _whole(short, record["name"]) and _finds(store, short, record)
    ] or [record["name"]]
    payload = {"hotel": record, "short_names": rng.sample(found, min(3, len(found))), "ask": rng.choice(list(QUESTION))}
    return Task(name, "by_name", payload, lambda answer: _finish_by_name(store, name, record, answer))


def _whole(short: str, full: str) -> bool:
    """Whether a short form holds its branch whole or as its first two characters: 亚运村, 亚运, not 亚运村鸟."""
    branch = re.search(r"[(（](?:北京)?(.+?)店?[)）]", full)
    return branch is None or branch[1] in short or short.removesuffix("店").endswith(branch[1][:2])


def _finds(store: HotelStore, words: str, record: Record) -> bool:
    """Whether the hotel comes first when it is searched by these words."""
    return bool(words) and [r["name"] for r in store.search(HotelQuery.parse({"name": words[:80]})).records][:1] == [
        record["name"]
    ]


def _finish_by_name(store: HotelStore, name: str, record: Record, answer: NamedOpening) -> Conversation:
    wanted = cleaned(answer.name)
    if wanted not in answer.utterance or len(wanted) > 80:
        raise Rejected(f"“{wanted}”没有原样出现在用户的话里")
    if not _finds(store, wanted, record):
        raise Rejected(f"用“{wanted}”找不到“{record['name']}”")
    if record["name"] not in answer.reply:
        raise Rejected("助手没有说出酒店的全名")
    query = HotelQuery.parse({"name": wanted})
    return _opening(name, query.arguments(), store.search(query).message(), [record], answer)


def cap_task(store: HotelStore, rng: random.Random, name: str) -> Task:
    """A new dialogue that gives a price cap and nothing or a type besides."""
    priced = [h for h in (rng.choice(store.hotels) for _ in range(50)) if h.price is not None and h.price < 3000]
    hotel = priced[0] if priced else rng.choice(store.hotels)
    price = int(hotel.price or 500)
    step = rng.choice((100, 100, 50))
    wish: dict[str, Any] = {"price_range_upper": max(step, -(-price // step) * step)}
    if hotel.type in HOTEL_TYPES and rng.random() < 0.5:
        wish = {"type": hotel.type, **wish}
    found = store.search(HotelQuery.parse(wish))
    payload = {
        "wish": wish,
        "hotels": found.records,
        "ask": rng.choice([topic for topic in QUESTION if topic != "type"]),
    }
    return Task(name, "by_cap", payload, lambda answer: _finish_by_cap(name, wish, found.message(), answer))


def _finish_by_cap(name: str, wish: dict[str, Any], found: Message, answer: Opening) -> Conversation:
    cap = wish["price_range_upper"]
    if not any(
        said in answer.utterance
        for said in (
            str(cap),
            chinese(cap),
            chinese(cap, colloquial=True),
            chinese(cap).replace("二百", "两百").replace("二千", "两千"),
        )
    ):
        raise Rejected(f"用户没有说出价格上限 {cap}")
    if "type" in wish and wish["type"][:2] not in answer.utterance:
        raise Rejected(f"用户没有说出类型“{wish['type']}”")
    if not any(record["name"] in answer.reply for record in found.records):
        raise Rejected("助手没有推荐查到的酒店")
    return _opening(name, wish, found, found.records, answer)


def _opening(
    name: str, arguments: dict[str, Any], found: Message, facts: list[Record], answer: Opening
) -> Conversation:
    """A new conversation: search, offer, one question."""
    asked, offered = grounded_exchange(answer.utterance, answer.reply, facts)
    more = grounded_exchange(answer.question, answer.answer, facts, [asked, call(arguments), offered])
    return Conversation(
        id=name,
        source=name,
        tools=[SEARCH_HOTELS],
        messages=[asked, call(arguments), found, offered, *more],
    )
