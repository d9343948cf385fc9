"""Augmentation without a key: the same tasks, answered from the project's own phrase and alias tables."""

import random
import re
from typing import Any

from chatbot.core.messages import Conversation
from chatbot.corpus.augmentation.prompts import Exchange, FollowUp, NamedOpening, Opening, Spoken, Turn
from chatbot.corpus.augmentation.spoken.questions import ASK, IT, facility_question, filled, question, refuses
from chatbot.corpus.augmentation.spoken.rewrite import rewrite
from chatbot.corpus.augmentation.task import Record, Rejected, Task
from chatbot.corpus.augmentation.tasks import told_of
from chatbot.corpus.selfplay import phrases as p
from chatbot.corpus.selfplay import replies as r
from chatbot.corpus.selfplay.speaker import Speaker
from chatbot.hotels.grounding import ungrounded

_THANKS = ("谢谢", "谢谢你", "好的，谢谢！", "好的，谢谢你", "非常感谢", "多谢", "知道了，谢谢", "好的，知道了，谢谢")
_BOOKS = ("好的，就订这家了，谢谢", "行，那就住这家吧，谢谢你")
"""Said where the last answer was no refusal."""
_CAPPED = (
    "{cap}元以内的{kind}酒店",
    "不超过{cap}元的{kind}酒店",
    "每晚{cap}元以下的{kind}酒店",
    "价格在{cap}以内的{kind}酒店",
)
_THEN_CAPPED = ("{kind}酒店，价格不超过{cap}元的", "{kind}酒店，一晚最多{cap}元的", "{kind}酒店，{cap}块以内的")
"""How a price cap is said before and after the hotel."""


class OfflineWriter:
    """Writes from tables; the same seed and task give the same text."""

    name = "offline"

    def __init__(self, seed: int) -> None:
        self._seed, self.anew = seed, set[str]()

    async def write(self, task: Task) -> Conversation:
        """The task's conversation.

        Raises:
            Rejected: the tables have no wording that fits.
        """
        self.anew.add(task.id)
        return task.finish(_WRITERS[task.operation](task.payload, random.Random(f"{self._seed}-{task.id}")))


def _spoken(payload: dict[str, Any], rng: random.Random) -> Spoken:
    return Spoken(
        turns=[
            Turn(turn=turn["turn"], text=rewrite(turn["text"], rng, turn.get("keep", ()))) for turn in payload["turns"]
        ]
    )


def _followup(payload: dict[str, Any], rng: random.Random) -> FollowUp:
    record, dialogue = payload["hotel"], payload["dialogue"]
    said = "\n".join(message["content"] for message in dialogue)
    exchanges: list[Exchange] = []
    for at, topic in enumerate(payload["ask"]):
        last = exchanges[-1].answer if exchanges else dialogue[-1]["content"]
        clear = (at or _chosen(dialogue, record)) and not _elsewhere(
            [*(m["content"] for m in dialogue[-2:]), last], record
        )
        subject = rng.choice(IT) if clear else record["name"]
        asked = question(record, topic, subject, rng, refused=refuses(last))
        if at == len(payload["ask"]) - 1 and "facilities" not in payload["ask"] and rng.random() < 0.5:
            asked = facility_question(record, said, subject, rng) or asked
        exchanges.append(asked)
    thanks = rng.choice(_THANKS if refuses(exchanges[-1].answer) else (*_THANKS, *_BOOKS))
    farewell = "不客气，祝您入住愉快！" if thanks in _BOOKS else rng.choice(r.WELCOME)
    return FollowUp(exchanges=exchanges, thanks=thanks, farewell=farewell)


def _chosen(dialogue: list[dict[str, str]], record: Record) -> bool:
    """Whether 这家 can mean the hotel only: where it was named last, no other was named beside it."""
    last = next((m["content"] for m in reversed(dialogue) if record["name"] in m["content"]), "")
    return not any(claim.startswith("name") for claim in ungrounded(last, [record]))


def _elsewhere(texts: list[str], record: Record) -> bool:
    """Whether a place beside the hotel was just spoken of, so that 这家 may mean that one."""
    places = (*record["nearby_attractions"], *record["nearby_restaurants"])
    return any(place in text for place in places for text in texts)


def _detail(record: Record, rng: random.Random) -> str:
    tables = {
        (True, True): r.DETAIL,
        (False, True): r.DETAIL_NO_PRICE,
        (True, False): ("价格{price}元",),
        (False, False): r.DETAIL_PLAIN,
    }
    return filled(rng.choice(tables[record["price"] is not None, record["rating"] is not None]), record)


def _offer(records: list[Record], rng: random.Random) -> str:
    """A reply that offers one to three hotels."""
    values: dict[str, str] = {}
    for at, record in enumerate(records[:3]):
        values |= {str(at): record["name"], f"d{at}": _detail(record, rng), f"s{at}": _detail(record, rng)}
    text = rng.choice(r.RECOMMEND[len(records[:3])])
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], text)


def _untold(topic: str, reply: str, record: Record, rng: random.Random) -> str:
    """The topic to ask about, or another where the offer has told of it already."""
    others = [other for other in ASK if record[other] and not told_of(reply, other, record)]
    return rng.choice(others) if told_of(reply, topic, record) and others else topic


def _by_name(payload: dict[str, Any], rng: random.Random) -> NamedOpening:
    record = payload["hotel"]
    name = rng.choice([*payload["short_names"], record["name"]])
    asked = rng.choice(p.NAME_ASK).format(x=name)
    end = "？" if re.search("吗$|呢$|怎么样$|有没有", asked) else rng.choice(("", "。", "，谢谢"))
    reply = _offer([record], rng)
    more = question(record, _untold(payload["ask"], reply, record, rng), rng.choice(IT), rng)
    return NamedOpening(
        name=name,
        utterance=rng.choice(p.GREETINGS) + asked + end,
        reply=reply,
        question=more.question,
        answer=more.answer,
    )


def _by_cap(payload: dict[str, Any], rng: random.Random) -> Opening:
    records, wish = payload["hotels"], payload["wish"]
    if not records:
        raise Rejected("没有查到酒店")
    speaker = Speaker(rng)
    cap, reply, about = speaker.number(wish["price_range_upper"]), _offer(records, rng), rng.choice(records)
    kind = speaker.type(wish["type"]) if "type" in wish else ""
    kind = kind if wish.get("type", "")[:2] in kind else wish.get("type", "")
    body = rng.choice((*_CAPPED, *_THEN_CAPPED)).format(cap=cap, kind=kind and f"{kind.removesuffix('的')}的")
    lead = rng.choice(p.LEADS)
    end = rng.choice(("", "。", "，谢谢", "，有推荐吗？"))
    end = "？" if "不能" in lead or "有没有" in lead else "吗？" if lead.startswith("可以") else end
    more = question(about, _untold(payload["ask"], reply, about, rng), about["name"], rng)
    return Opening(
        utterance=rng.choice(p.GREETINGS) + lead + body + end, reply=reply, question=more.question, answer=more.answer
    )


_WRITERS = {"spoken": _spoken, "followup": _followup, "by_name": _by_name, "by_cap": _by_cap}
