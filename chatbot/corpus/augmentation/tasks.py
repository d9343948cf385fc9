"""Plans an augmentation: which conversation is asked which operation, as tasks."""

import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

from chatbot.core.messages import Conversation, Message
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.openings import cap_task, name_task
from chatbot.corpus.augmentation.prompts import FollowUp, Spoken
from chatbot.corpus.augmentation.task import Record, Rejected, Task, cleaned, grounded_exchange
from chatbot.corpus.selfplay.phrases import QUESTION
from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.query import HOTEL_TYPES
from chatbot.hotels.store import HotelStore

FACILITY = re.compile(
    "|".join(f"(?<!出){re.escape(name)}" for name in sorted(FACILITIES, key=len, reverse=True)), re.IGNORECASE
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SMALL_TALK = re.compile(
    r"谢|再见|拜拜|辛苦|知道了|好的|没有?问题|没别的|客气|添麻烦|^(?:ok|嗯|哦|行|好)+[吧的啊，。！~]*$", re.IGNORECASE
)
_ASKING = re.compile(
    r"[?？]|吗|呢(?:[?？]|$)|哪|什么|多少|几|怎么|有没有(?!问题)|告诉|(?<!的)推荐(?!不错)|帮(?!助|了|忙了|忙[，。！!]|忙$)"
)
_TOPIC = {
    "phone": "电话|联系|号码",
    "address": "地址|在哪|哪里|哪儿|位置|怎么走",
    "price": "价格|多少钱|贵|元|价|费用",
    "rating": "评分|口碑|评价|几分|分以上",
    "subway": "地铁",
    "facilities": "设施|服务",
    "type": "类型|档次|型",
    "nearby_attractions": "景|玩|逛|旅游",
    "nearby_restaurants": "餐馆|好吃|餐厅|吃|饭馆|美食",
}
"""What a question about a topic holds."""


def tasks(conversations: Sequence[Conversation], store: HotelStore, config: AugmentConfig) -> Iterator[Task]:
    """All tasks of a run in a fixed order; the same corpus and seed give the same ones."""
    for conversation in conversations:
        if "spoken" in config.operations and (task := spoken_task(conversation)):
            yield task
        if (
            "followup" in config.operations
            and random.Random(f"{config.seed}-followup-{conversation.id}").random() < config.followup_share
        ):
            task = followup_task(conversation, random.Random(f"{config.seed}-{conversation.id}"))
            if task:
                yield task
    for operation in ("by_name", "by_cap"):
        if operation in config.operations:
            for i in range(config.new):
                rng = random.Random(f"{config.seed}-{operation}-{i}")
                yield (name_task if operation == "by_name" else cap_task)(
                    store, rng, f"{operation.replace('_', '-')}-{config.seed}-{i}"
                )


def spoken_task(conversation: Conversation) -> Task | None:
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
    texts = {turn.turn: cleaned(turn.text) for turn in answer.turns}
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


def _open_topics(messages: Sequence[Message], record: Record) -> list[str]:
    """What has not come up: neither asked by the user nor told by the assistant; what the record does not know only where nothing else is left."""
    asked = "\n".join(m.content for m in messages if m.role == "user")
    told = "\n".join(m.content for m in messages if m.role == "assistant")
    topics = [topic for topic in QUESTION if not re.search(_TOPIC[topic], asked) and not told_of(told, topic, record)]
    return [topic for topic in topics if record[topic]] or topics


def told_of(told: str, topic: str, record: Record) -> bool:
    """Whether a hotel's phone number, price and the like stands in what was said; of its facilities, three."""
    value = record[topic]
    if topic == "subway" and "地铁站" in record["name"]:
        return True
    if topic.startswith("nearby"):
        return bool(re.search("景点" if topic == "nearby_attractions" else "餐馆|餐厅", told))
    if isinstance(value, list):
        return sum(item in told for item in value) >= 3
    return value is not None and (f"{value:g}" if isinstance(value, float) else str(value)) in told


def followup_task(conversation: Conversation, rng: random.Random) -> Task | None:
    """One or two questions more about the hotel in hand, and a closing; None where no hotel is in hand, or nothing is left to ask."""
    record, messages = hotel_in_hand(conversation), _open_end(conversation)
    topics = _open_topics(messages, record) if record else []
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
    for asked in answer.exchanges:
        more += grounded_exchange(asked.question, asked.answer, [record])
    more += grounded_exchange(answer.thanks, answer.farewell, [record])
    return conversation.model_copy(update={"id": f"{conversation.id}-followup", "messages": [*messages, *more]})


def first_task(operation: str, conversations: Sequence[Conversation], store: HotelStore) -> Task | None:
    """The first task of one operation, for a preview; None where the corpus has none."""
    rng = random.Random(0)
    if operation in ("by_name", "by_cap"):
        return (name_task if operation == "by_name" else cap_task)(store, rng, "preview")
    return next(
        (task for c in conversations if (task := spoken_task(c) if operation == "spoken" else followup_task(c, rng))),
        None,
    )
