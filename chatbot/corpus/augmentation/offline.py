"""Augmentation without a key: the same tasks, answered from the project's own phrase and alias tables."""

import json
import random
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from chatbot.core.messages import Conversation
from chatbot.corpus.augmentation.prompts import Exchange, FollowUp, NamedOpening, Opening, Spoken, Turn
from chatbot.corpus.augmentation.task import Record, Rejected, Task
from chatbot.corpus.augmentation.tasks import FACILITY
from chatbot.corpus.phrasebank.phrases import verb_phrases
from chatbot.corpus.selfplay import phrases as p
from chatbot.corpus.selfplay import replies as r
from chatbot.corpus.selfplay.speaker import Speaker
from chatbot.hotels.facilities import FACILITIES, match_facility
from chatbot.understanding.rule_parser import parse_slots

_ASKS = r"(?P<asks>(?:有没有|有木有|是否|是不是|能不能|能否|可不可以|可否|有无|提不提供|提供不提供)(?:可以|能够?)?(?:提供|支持|配备|配有|包含|包括|有|带|含|打)?)"
_HAS = (
    r"(?:(?:可以|能够?)?(?:给我们?|为我们?)?"
    r"(?:提供|支持|配备|配有|具备|具有|拥有|设有|包含|包括|带有|含有|附带|自带|拨?打|使?用|享受|蒸|泡|带|含|有)?(?:了|着)?)"
)
_SUBJECT = r"(?:(?:里面|其中|有(?=酒店设施))?(?:的)?(?:(?<![此该本这那个家])酒店)?设施(?:里|中|方面)?(?:需要|必须|应该|得|要)?(?:有|包括|包含|含|是|为)?)"
_NAME = FACILITY.pattern
_AND = (
    r"(?:[、，,/ ]|(?:[，,])?(?:(?:和|跟|与|及)(?:能?提供|有)|和|跟|与|及|以及|还有|并且有?|而且有?|同时有?|也有|又有|"
    r"并|提供|并提供|还提供|并能提供|还能提供|且提供|并且提供)+)"
)
_TAIL = r"(?:(?:等|这些|这项|这个|这种|这两项|这几项)?的?(?:服务设施|配套设施|设施|服务|功能|设备))?"
SPAN = re.compile(
    rf"(?:{_SUBJECT}?(?:{_ASKS}|{_HAS}))(?P<names>(?:{_NAME})(?:服务)?(?:{_AND}(?:{_NAME})(?:服务)?)*){_TAIL}(?P<after>有?(?=吗|么|没|嘛))?",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?:不要?|没|别|无|未|和|跟|与|及|在)$")
"""What must not stand before a phrase: a denial, or the last link of a list of nouns."""
_ALSO = re.compile(r"\s*(?:和|跟|与|及|以及)")
_ABLE = ("能", "可以")
_NOUN = re.compile(r"有(?!人|车|地方|的|些)")
_HEARD_ONLY = ("有跑步机", "有洗衣机", "可以吃牛排", "可以泡汤", "接外宾", "有国际通话", "提供洗涤服务", "能提供叫醒", "可以桑拿", "可以宽带上网", "没有烟味",
               "无烟环境", "有有线网络", "免费本地通话", "帮忙洗衣服", "帮忙看行李", "适合坐轮椅的人", "有棋盘室")  # fmt: skip
"""Phrases that are understood but never written into a rewrite: they mean less than the facility, or sound wrong in some of its sentences."""
_SHORT_IT = ("它", "这家", "这家酒店", "这个酒店", "那家酒店", "该酒店")


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


@lru_cache(maxsize=64)
def wordings(name: str) -> tuple[str, ...]:
    """Spoken phrases that mean this facility and no other (早餐 may be a free one), and that say more than 有 and its name: 能打麻将, 能泡温泉.

    The phrase bank's stand as its writers labelled them, whether a rule understands them or not.
    """
    spoken = (
        phrase
        for phrase in p.FACILITY_VERBS.get(name, ())
        if phrase not in _HEARD_ONLY and (name not in phrase or phrase.startswith(_ABLE))
    )
    return tuple(dict.fromkeys((*(phrase for phrase in spoken if _means(phrase, name)), *verb_phrases(name))))


def _means(phrase: str, name: str) -> bool:
    """Whether both the store and the checks' independent ear take the phrase for this facility."""
    meant = match_facility(phrase)
    parsed = any(name in mention for mention in parse_slots(f"找一家{phrase}的酒店").facilities)
    return parsed and name in meant and all(other.startswith(name) for other in meant)


def _spoken(payload: dict[str, Any], rng: random.Random) -> Spoken:
    return Spoken(
        turns=[
            Turn(turn=turn["turn"], text=rewrite(turn["text"], rng, turn.get("keep", ()))) for turn in payload["turns"]
        ]
    )


def rewrite(text: str, rng: random.Random, names: Sequence[str] = ()) -> str:
    """An utterance with the facilities that it names in spoken language; what has no spoken wording, what is denied, and hotels' names stay."""
    parts = re.split(f"({'|'.join(map(re.escape, names))})", text) if names else [text]
    return "".join(part if part in names else _rewrite(part, rng) for part in parts)


def _rewrite(text: str, rng: random.Random) -> str:

    def spoken(match: re.Match[str]) -> str:
        names = [_canonical(found) for found in FACILITY.findall(match["names"])]
        if _BEFORE.search(text[: match.start()]):
            return match[0]
        joined = bool(_ALSO.match(text, match.end()))  # what follows is one more noun: only a noun can stand before it
        choices = [[phrase for phrase in wordings(name) if not joined or _NOUN.match(phrase)] for name in names]
        if not all(choices):
            return match[0]
        said = [rng.choice(found) for found in choices]
        if match["asks"]:
            return _asked(said)
        if text[: match.start()].endswith("想"):
            said[0] = said[0].removeprefix("能").removeprefix("可以")
        return rng.choice(("、", "，还") if len(said) == 2 and said[-1].startswith((*_ABLE, "有")) else ("、",)).join(
            said
        )

    return re.sub(r"(要|需|希望|最好|想|有)\1", r"\1", SPAN.sub(spoken, text))


def _canonical(found: str) -> str:
    return next((name for name in FACILITIES if name.lower() == found.lower()), found)


def _asked(said: list[str]) -> str:
    """是否有棋牌室 → 能不能打麻将; 是否包含部分房间提供wifi → 是不是有些房间有无线网."""
    if len(said) == 1 and not said[0].startswith(("有的", "有些")):
        for start, question in (("能", "能不能"), ("可以", "可不可以"), ("有", "有没有")):
            if said[0].startswith(start):
                return question + said[0].removeprefix(start)
    return "是不是" + "、".join(said)


def _followup(payload: dict[str, Any], rng: random.Random) -> FollowUp:
    record = payload["hotel"]
    exchanges = [_question(record, topic, rng.choice(_SHORT_IT), rng) for topic in payload["ask"]]
    if rng.random() < 0.5 and (has := _has(record, json.dumps(payload["dialogue"], ensure_ascii=False), rng)):
        exchanges[-1] = has
    thanks = rng.choice((*p.THANKS, "好的，就订这家了，谢谢", "行，那就住这家吧，谢谢你", "知道了，谢谢"))
    return FollowUp(exchanges=exchanges, thanks=thanks, farewell=rng.choice(r.WELCOME))


def _question(record: Record, topic: str, subject: str, rng: random.Random) -> Exchange:
    lead = rng.choice(("", "", "请问", "那", "好的，", "嗯，"))
    answer = _fill(rng.choice((r.ANSWER if record[topic] or record[topic] == 0 else r.UNKNOWN)[topic]), record)
    return Exchange(
        question=f"{lead}{subject}{rng.choice(p.QUESTION[topic])}{rng.choice(('？', '？', '', '?'))}", answer=answer
    )


def _has(record: Record, said: str, rng: random.Random) -> Exchange | None:
    """A question about one facility, in spoken language; None where the dialogue has mentioned it, or its name is half a sentence (…提供wifi)."""
    name = rng.choice(FACILITIES)
    if not wordings(name) or name in said or "提供" in name:
        return None
    held = name in {_canonical(f) for f in record["facilities"]}
    return Exchange(
        question=f"{rng.choice(_SHORT_IT)}{rng.choice(wordings(name))}吗？",
        answer=_fill(rng.choice(r.YES if held else r.NO), record, x=name),
    )


def _fill(template: str, record: Record, **more: str) -> str:
    values = {
        key: "、".join(v) if isinstance(v, list) else f"{v:g}" if isinstance(v, float) else str(v)
        for key, v in record.items()
    }
    return template.format(**values | more)


def _detail(record: Record, rng: random.Random) -> str:
    tables = {
        (True, True): r.DETAIL,
        (False, True): r.DETAIL_NO_PRICE,
        (True, False): ("价格{price}元",),
        (False, False): r.DETAIL_PLAIN,
    }
    return _fill(rng.choice(tables[record["price"] is not None, record["rating"] is not None]), record)


def _offer(records: list[Record], rng: random.Random) -> str:
    """A reply that offers one to three hotels."""
    values: dict[str, str] = {}
    for at, record in enumerate(records[:3]):
        values |= {str(at): record["name"], f"d{at}": _detail(record, rng), f"s{at}": _detail(record, rng)}
    text = rng.choice(r.RECOMMEND[len(records[:3])])
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], text)


def _by_name(payload: dict[str, Any], rng: random.Random) -> NamedOpening:
    record = payload["hotel"]
    name = rng.choice([*payload["short_names"], record["name"]])
    utterance = rng.choice(p.GREETINGS) + rng.choice(p.NAME_ASK).format(x=name) + rng.choice(("", "。", "，谢谢"))
    more = _question(record, payload["ask"], rng.choice(_SHORT_IT), rng)
    return NamedOpening(
        name=name, utterance=utterance, reply=_offer([record], rng), question=more.question, answer=more.answer
    )


def _by_cap(payload: dict[str, Any], rng: random.Random) -> Opening:
    records, wish = payload["hotels"], payload["wish"]
    if not records:
        raise Rejected("没有查到酒店")
    speaker = Speaker(rng)
    price = speaker.price(None, wish["price_range_upper"])
    kind = speaker.type(wish["type"]) + rng.choice(("", "的")) if "type" in wish else ""
    kind = kind if wish.get("type", "")[:2] in kind else wish.get("type", "")
    body = rng.choice((f"{price}的{kind}酒店", f"{kind}酒店，{price}", f"{kind}酒店，{price}的"))
    utterance = rng.choice(p.GREETINGS) + rng.choice(p.LEADS) + body + rng.choice(("", "。", "，谢谢", "，有推荐吗？"))
    about = rng.choice(records)
    more = _question(about, payload["ask"], about["name"], rng)
    return Opening(utterance=utterance, reply=_offer(records, rng), question=more.question, answer=more.answer)


_WRITERS = {"spoken": _spoken, "followup": _followup, "by_name": _by_name, "by_cap": _by_cap}
