"""Plans the augmentation: which conversation is asked which operation, what the writer is told, and what its answer has to be to be taken."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from chatbot.core.messages import Conversation, Message, call, reply, user
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.prompts import SCHEMAS, FollowUp, NamedOpening, Opening, Spoken
from chatbot.corpus.selfplay.phrases import QUESTION
from chatbot.corpus.selfplay.wording import chinese, short_names
from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.query import HOTEL_TYPES, SEARCH_HOTELS, HotelQuery
from chatbot.hotels.store import HotelStore

Record = dict[str, Any]
FACILITY = re.compile(
    "|".join(f"(?<!出){re.escape(name)}" for name in sorted(FACILITIES, key=len, reverse=True)), re.IGNORECASE
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SMALL_TALK = re.compile(r"谢|再见|拜拜|辛苦|知道了|好的|没有?问题|没别的|客气")
_ASKING = re.compile(r"[?？]|吗|呢|哪|什么|多少|几|怎么|有没有|告诉|推荐|帮")
_TOPIC = {
    "phone": "电话|联系",
    "address": "地址|在哪|位置|怎么走",
    "price": "价格|多少钱|贵|元|价",
    "rating": "评分|口碑|评价|几分",
    "subway": "地铁",
    "facilities": "设施|服务",
    "type": "类型|档次|型",
    "nearby_attractions": "景点|好玩|游玩|逛",
    "nearby_restaurants": "餐馆|好吃|餐厅|吃",
}
"""What a question about a topic holds."""
LONGEST = 300
"""Characters of one utterance; a longer one is no utterance."""


class Rejected(Exception):
    """An answer that cannot be taken; the reason goes back to its writer, and to people when it gives up."""


@dataclass(frozen=True)
class Task:
    """One conversation to be written.

    Attributes:
        id: of the new conversation.
        payload: what the writer is told, as JSON.
        finish: makes the conversation of an answer, or raises Rejected.
        original: the conversation that it descends from, None for a new one.
    """

    id: str
    operation: str
    payload: dict[str, Any]
    finish: Callable[[Any], Conversation]
    original: Conversation | None = None

    @property
    def schema(self) -> type[BaseModel]:
        """What the answer must validate as."""
        return SCHEMAS[self.operation]


def tasks(conversations: Sequence[Conversation], store: HotelStore, config: AugmentConfig) -> Iterator[Task]:
    """All tasks of a run in a fixed order; the same corpus and seed give the same ones."""
    for conversation in conversations:
        if "spoken" in config.operations and (task := spoken(conversation)):
            yield task
        if (
            "followup" in config.operations
            and random.Random(f"{config.seed}-followup-{conversation.id}").random() < config.followup_share
        ):
            task = followup(conversation, random.Random(f"{config.seed}-{conversation.id}"))
            if task:
                yield task
    for operation in ("by_name", "by_cap"):
        if operation in config.operations:
            for i in range(config.new):
                rng = random.Random(f"{config.seed}-{operation}-{i}")
                yield (by_name if operation == "by_name" else by_cap)(
                    store, rng, f"{operation.replace('_', '-')}-{config.seed}-{i}"
                )


def spoken(conversation: Conversation) -> Task | None:
    """Facilities in the user's words become spoken language; None where there are none."""
    names = {str(record["name"]) for message in conversation.messages for record in message.records}
    turns = [
        turn
        for at, m in enumerate(conversation.messages)
        if m.role == "user" and (turn := _spoken_turn(at, m.content, names))["facilities"]
    ]
    if not turns:
        return None
    return Task(
        f"{conversation.id}-spoken",
        "spoken",
        {"turns": turns},
        lambda answer: _finish_spoken(conversation, turns, answer),
        conversation,
    )


def _spoken_turn(at: int, text: str, names: set[str]) -> dict[str, Any]:
    """A turn to be rewritten: the facilities in its words, and the hotel names that stay as they are (温泉 in one is no wish)."""
    kept = sorted((name for name in names if name in text), key=len, reverse=True)
    words = re.sub("|".join(map(re.escape, kept)) or "$^", "\n", text)
    return {"turn": at, "text": text, "facilities": sorted(set(FACILITY.findall(words)))} | (
        {"keep": kept} if kept else {}
    )


def _finish_spoken(conversation: Conversation, turns: list[dict[str, Any]], answer: Spoken) -> Conversation:
    texts = {turn.turn: _clean(turn.text) for turn in answer.turns}
    if set(texts) != {turn["turn"] for turn in turns}:
        raise Rejected(f"要改写的是第 {'、'.join(str(t['turn']) for t in turns)} 条，每条一次")
    for turn in turns:
        old, new = turn["text"], texts[turn["turn"]]
        kept = [*_NUMBER.findall(FACILITY.sub("", old)), *(t for t in HOTEL_TYPES if t in old), *turn.get("keep", ())]
        if lost := [word for word in kept if word not in new]:
            raise Rejected(f"“{new}”漏了“{lost[0]}”")
    if all(texts[turn["turn"]] == turn["text"] for turn in turns):
        raise Rejected("没有改写")
    messages = [
        m.model_copy(update={"content": texts[at]}) if at in texts else m for at, m in enumerate(conversation.messages)
    ]
    return conversation.model_copy(update={"id": f"{conversation.id}-spoken", "messages": messages})


def hotel_in_hand(conversation: Conversation) -> Record | None:
    """The hotel that the dialogue is about at its end: of the last records the one named last."""
    records: list[Record] = []
    hand: Record | None = None
    for message in conversation.messages:
        if message.role == "tool":
            records, hand = message.records, None
        named = [(message.content.rfind(r["name"]), at) for at, r in enumerate(records) if r["name"] in message.content]
        if message.role != "tool" and named:
            hand = records[max(named)[1]]
    return hand


def _open_end(conversation: Conversation) -> list[Message]:
    """The messages without a closing exchange of thanks."""
    messages = list(conversation.messages)
    while (
        len(messages) > 2
        and messages[-2].role == "user"
        and _SMALL_TALK.search(messages[-2].content)
        and not _ASKING.search(messages[-2].content)
    ):
        messages = messages[:-2]
    return messages


def _asked(messages: Sequence[Message], topic: str) -> bool:
    """Whether a topic has come up in the user's words."""
    return any(re.search(_TOPIC[topic], m.content) for m in messages if m.role == "user")


def followup(conversation: Conversation, rng: random.Random) -> Task | None:
    """One or two questions more about the hotel in hand, and a closing; None where no hotel is in hand."""
    record, messages = hotel_in_hand(conversation), _open_end(conversation)
    topics = [topic for topic in QUESTION if not _asked(messages, topic)]
    if record is None or not topics or not any(m.role == "assistant" and record["name"] in m.content for m in messages):
        return None
    said = [{"role": m.role, "content": m.content} for m in messages if m.role in ("user", "assistant") and m.content]
    payload = {"dialogue": said, "hotel": record, "ask": rng.sample(topics, min(len(topics), rng.choice((1, 2))))}
    return Task(
        f"{conversation.id}-followup",
        "followup",
        payload,
        lambda answer: _finish_followup(conversation, messages, record, answer),
        conversation,
    )


def _finish_followup(
    conversation: Conversation, messages: list[Message], record: Record, answer: FollowUp
) -> Conversation:
    if not 1 <= len(answer.exchanges) <= 3:
        raise Rejected("要一到三个问答")
    more: list[Message] = []
    for exchange in answer.exchanges:
        more += _exchange(exchange.question, exchange.answer, [record])
    more += _exchange(answer.thanks, answer.farewell, [record])
    return conversation.model_copy(update={"id": f"{conversation.id}-followup", "messages": [*messages, *more]})


def by_name(store: HotelStore, rng: random.Random, name: str) -> Task:
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
    wanted = _clean(answer.name)
    if wanted not in answer.utterance or len(wanted) > 80:
        raise Rejected(f"“{wanted}”没有原样出现在用户的话里")
    if not _finds(store, wanted, record):
        raise Rejected(f"用“{wanted}”找不到“{record['name']}”")
    if record["name"] not in answer.reply:
        raise Rejected("助手没有说出酒店的全名")
    query = HotelQuery.parse({"name": wanted})
    return _opening(name, query.arguments(), store.search(query).message(), [record], answer)


def by_cap(store: HotelStore, rng: random.Random, name: str) -> Task:
    """A new dialogue that gives a price cap and nothing or a type besides."""
    priced = [h for h in (rng.choice(store.hotels) for _ in range(50)) if h.price is not None and h.price < 3000]
    hotel = priced[0] if priced else rng.choice(store.hotels)
    price = int(hotel.price or 500)
    step = rng.choice((100, 100, 50))
    wish: dict[str, Any] = {"price_range_upper": max(step, -(-price // step) * step)}
    if hotel.type in HOTEL_TYPES and rng.random() < 0.5:
        wish = {"type": hotel.type, **wish}
    found = store.search(HotelQuery.parse(wish))
    ask = rng.choice([topic for topic in QUESTION if topic != "type"])
    payload = {"wish": wish, "hotels": found.records, "ask": ask}
    return Task(name, "by_cap", payload, lambda answer: _finish_by_cap(name, wish, found.message(), answer))


def _finish_by_cap(name: str, wish: dict[str, Any], found: Message, answer: Opening) -> Conversation:
    cap = wish["price_range_upper"]
    if not any(
        said in answer.utterance
        for said in (
            str(cap),
            chinese(cap),
            chinese(cap, spoken=True),
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
    asked, offered = _exchange(answer.utterance, answer.reply, facts)
    more = _exchange(answer.question, answer.answer, facts, [asked, call(arguments), offered])
    return Conversation(
        id=name,
        source=name,
        tools=[SEARCH_HOTELS],
        messages=[asked, call(arguments), found, offered, *more],
    )


def _exchange(question: str, answer: str, records: Sequence[Record], context: Sequence[Message] = ()) -> list[Message]:
    """Two utterances of which the second says nothing that the records don't hold."""
    asked, said = _clean(question), _clean(answer)
    if false := ungrounded(said, records, [*context, user(asked)]):
        raise Rejected(f"资料里没有：{false[0].partition(': ')[2] or false[0]}")
    return [user(asked), reply(said)]


def _clean(text: str) -> str:
    out = " ".join(text.split())
    if not out or len(out) > LONGEST:
        raise Rejected("有一句是空的" if not out else f"“{out[:20]}…”太长")
    return out


def first_task(operation: str, conversations: Sequence[Conversation], store: HotelStore) -> Task | None:
    """The first task of one operation, for a preview; None where the corpus has none."""
    rng = random.Random(0)
    if operation in ("by_name", "by_cap"):
        return (by_name if operation == "by_name" else by_cap)(store, rng, "preview")
    return next(
        (task for c in conversations if (task := spoken(c) if operation == "spoken" else followup(c, rng))), None
    )
