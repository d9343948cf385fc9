"""Where an utterance names facilities: what stands around them decides which words can take their place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from chatbot.corpus.augmentation.tasks import FACILITY
from chatbot.hotels.facilities import FACILITIES

_ASKS = (
    r"(?P<asks>(?:有没有|有木有|是否是?|是不是|能不能|能否|可不可以|可否|有无|提不提供|提供不提供)(?:可以|能够?)?"
    r"(?:提供|支持|配备|配有|设有|具备|包含|包括|有|带|含)?)"
)
_HAS = (
    r"(?P<has>(?:可以|能够?)?(?:给我们?|为我们?)?"
    r"(?:提供|支持|配备|配有|具备|具有|拥有|设有|包含|包括|带有|含有|附带|自带|带|含|有)(?:了|着)?|可以|能够?)"
)
_SUBJECT = (
    r"(?P<subject>(?:里面|其中|(?<!还)有(?=酒店设施))?的?(?:(?<![此该本这那个家])酒店)?设施(?:里|中|方面)?"
    r"(?:需要|必须|应该|得|要)?(?:有|包括|包含|含|是|为)?)"
)
_NAME = rf"(?:{FACILITY.pattern})(?:服务)?"
_AND = (
    r"(?:[、，,/ ]|[，,]?(?:和|跟|与|及)(?:能?提供|有)|(?:和|跟|与|及|以及|还有|[，,]?(?:并且|而且|同时)有?|也有|又有|"
    r"[，,]?(?:并且?|还|并能|还能|并且能?|且)提供))"
)
_TAIL = (
    r"(?P<tail>\s?(?:等|这些|这项|这个|这种|这两项|这几项)?的?(?:服务设施|配套设施|设施服务|设施|服务|功能|设备)|\s?)"
)
_SPAN = re.compile(
    rf"{_SUBJECT}?(?:{_ASKS}|{_HAS}|)(?P<names>{_NAME}(?:{_AND}{_NAME})*){_TAIL}(?:有(?=吗|么|没|嘛))?",
    re.IGNORECASE,
)
_DENIED = re.compile(r"(?:不要?|没有?|别|无|未|非|除了|去掉|取消|不(?:用|需要|是|必)|无需)$")
_HALF = re.compile(r"(?:和|跟|与|及|在|何|或者?|想|免费|提供|是否|有没有)$")
"""What a facility cannot be taken from: the other half of a list, a place, 想 before a verb of its own."""
_NEEDS = re.compile(r"(?:需要|想要|要求有?|还要|要)$")
_WISH = re.compile(r"(?:希望|最好|需要|要求|想要|要)[^，。！？、]*(?:酒店|宾馆)$")
_NOUNS_AFTER = re.compile("(?:同时|设施上|房间里)$")
_IS_THERE = re.compile(r"的[^，。！？,.!?]*(?:酒店|宾馆)[吗么嘛]")
"""有无烟房的酒店吗 asks with its 有, which a verb would take away."""
_NOT = re.compile(r"没[？?。]")
_JOINED = re.compile(r"(?:和|跟|与|及|以及)(?!能|可以|有|提供|在)")
_NEXT = re.compile(
    r"的(?=酒店|宾馆|旅馆|店|地方|高档|豪华|舒适|经济|最低|价格|评分|\d|[，。！？；,.!?;、]|吗|呢|吧|哈|呀|并且|而且|$)|[，,、](?!和|跟|与|及)|[。！？；.!?;]|"
    r"吗|么|嘛|呢|吧|哈|呀|哟|啊(?!么)|就(?=行|好|可以|完美|更|最)|那就|并且|而且|且|没[？?。]|好吗|$"
)
"""What may follow: the sentence goes on with a word of its own, and not with one that hangs on the facility's name."""
_LEANS = re.compile(rf"[吗么][，,、]?{_NAME}")
"""有X吗，Y吗: what follows leans on the verb before."""
_POLAR = re.compile(r"(?:吗|么|嘛|没[？?。])")
_NOT_AFTER_ASKS = re.compile(r"[、；;]|的(?!酒店|宾馆|地方|[？?吗])|并且|而且|且|和|跟|与|及")

Kind = Literal["has", "asks", "which", "bare"]


@dataclass(frozen=True)
class Place:
    """A stretch of an utterance that names facilities.

    Attributes:
        start, end: where it stands.
        kind: how they are spoken of: 提供, 是否有, 有没有…的 (any hotel with them), or after 需要 alone.
        names: the facilities in their order.
        before: the words before it.
        lead: what has to stay of it before the facilities.
        polar: whether yes or no answers it.
        before_de: whether 的 follows: 有吃中餐的地方的酒店 has one too many.
        nouns_only: whether only nouns can stand here.
        joined: whether the list goes on after it, with its own 和.
        wish: whether it says what the hotel should be like, with the hotel before it as the subject.
        closed: whether 还 or 并 stands before it already.
        goes_on: whether 并且 and the like follow it.
    """

    start: int
    end: int
    kind: Kind
    names: tuple[str, ...]
    before: str
    lead: str = ""
    polar: bool = False
    before_de: bool = False
    nouns_only: bool = False
    joined: bool = False
    wish: bool = False
    closed: bool = False
    goes_on: bool = False


def places(text: str) -> Iterator[Place]:
    """The stretches of an utterance whose facilities can be said in other words; denials and broken sentences are left out."""
    for match in _SPAN.finditer(text):
        place = _place(text, match)
        if place:
            yield place


def _place(text: str, match: re.Match[str]) -> Place | None:
    before, after = text[: match.start()], text[match.end() :]
    kind = _kind(before, match, after)
    joined = bool(_JOINED.match(after))
    polar = kind == "asks" or bool(_POLAR.match(after))
    if kind is None or not (joined or _NEXT.match(after)) or (polar and before.endswith("还有")):
        return None
    if _LEANS.match(after) or (before.endswith("酒店") and (match["subject"] or "").startswith("酒店")):
        return None
    subject, names = match["subject"] or "", [_canonical(found) for found in FACILITY.findall(match["names"])]
    lead = _lead(subject, names[0], before, after)
    return Place(
        match.start(),
        match.end(),
        kind,
        tuple(names),
        before,
        lead=lead,
        polar=polar,
        before_de=after.startswith("的"),
        nouns_only=joined
        or kind == "bare"
        or bool(_NOUNS_AFTER.search(before))
        or bool(_NOT.match(after))
        or _asks_with_has(before, after),
        wish=bool(_WISH.search(before + lead.removesuffix("要"))),
        closed=before.endswith(("还", "也", "又", "并")),
        goes_on=bool(re.match(r"[，,]?(?:还|并且|而且|且|同时|也)", after)),
    )


def _asks_with_has(before: str, after: str) -> bool:
    return bool(_IS_THERE.match(after)) and not before.endswith("有")


def _kind(before: str, match: re.Match[str], after: str) -> Kind | None:
    """How the facilities are spoken of; None where other words would change what is said or break the sentence."""
    if _DENIED.search(before) or _HALF.search(before) or "等" in match["tail"]:
        return None
    if match["asks"]:
        if _NOT_AFTER_ASKS.match(after):
            return None
        if after.startswith("的"):
            return "which" if match["asks"].startswith("有") else None
        return "has" if _POLAR.match(after) else "asks"
    if match["has"]:
        return "has"
    if match["subject"]:
        return "has" if re.search("有|包括|包含|含|是|为", match["subject"]) else None
    wifi = all("提供" in name for name in FACILITY.findall(match["names"]))
    if wifi and (not before or re.search(r"[，。、,]$|酒店$|[家个]$", before)):
        return "has"
    return "bare" if _NEEDS.search(before) and not after.startswith("的") else None


def _lead(subject: str, first: str, before: str, after: str) -> str:
    """What is left of 酒店设施里要: who is spoken of, and that it is wished for; 这家酒店各处提供wifi keeps its 酒店 too."""
    spoken_of = subject.startswith("酒店") and not after.startswith("的") and not before.endswith("有")
    named = not subject and first.startswith("酒店") and bool(re.search("[这那该此哪]家?个?$", before))
    wished = re.search("需要|必须|应该|得|要", subject)
    return ("酒店" if spoken_of or named else "") + ("要" if wished else "")


def _canonical(found: str) -> str:
    return next((name for name in FACILITIES if name.lower() == found.lower()), found)
