"""Cuts hotel conversations out of CrossWOZ: calls from the annotated state, records from the database, replies that the records hold."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, Message
from chatbot.corpus.crosswoz.annotations import HOTEL, acts
from chatbot.corpus.crosswoz.reground import Places
from chatbot.corpus.crosswoz.segment import AnnotatedExchange, Cutter, Unusable
from chatbot.corpus.reading.preview import CROSSWOZ
from chatbot.corpus.reading.reader import read
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.hotels.store import HotelStore

REASONS: dict[str, tuple[str, str]] = {
    "malformed": ("标注残缺的对话", "dialogues whose annotations are broken"),
    "other_domain": ("句子里混有其他领域", "mixed with another domain"),
    "no_wish": ("没有可查询的要求", "no wish to search for"),
    "nearby_unresolved": ("指代其他领域，无法还原", "points to another domain and cannot be resolved"),
    "name_unresolved": ("用户话里的酒店名无法替换", "the hotel's name in the user's words cannot be replaced"),
    "ungrounded": ("回复无法改成与记录一致", "the reply cannot be made to agree with the records"),
    "bad_query": ("标注的要求不合法", "the annotated wishes do not validate"),
    "cut_short": ("只保留了前几轮", "cut short before a turn that could not be kept"),
    "nearby_wish_cut": ("去掉了“周边”要求", "a wish about another place was cut out"),
    "hotel_named": ("把“这家酒店”换成了名字", "a pointer to a hotel was replaced by its name"),
    "state_value_corrected": (
        "标注状态与用户的话不一致，以用户为准",
        "the state differed from the words; the words stand",
    ),
    "wish_missing_in_state": ("标注状态漏了用户的要求", "the state lacked a wish that was said"),
    "carried_wish_dropped": ("去掉了上一段留下的要求", "a wish carried over from before the segment was dropped"),
    "stray_value": ("填错栏的评分已改正", "a rating in the price box was put right"),
    "value_left_out": ("无法识别的取值", "a value that fits no argument was left out"),
    "hotel_replaced": ("回复中的酒店换成了查到的酒店", "a hotel in the reply was replaced by one of the records"),
    "fact_replaced": ("回复中的信息按记录改正", "facts in the reply were replaced by the record's"),
    "reply_rewritten": ("回复按记录重写", "the reply was written anew from the records"),
}
"""What the report counts, in words (zh, en)."""


@dataclass
class Report:
    """What became of a file: segments found and kept, and why others were dropped or repaired."""

    dialogues: int = 0
    segments: int = 0
    kept: int = 0
    turns: int = 0
    drops: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, reasons with their counts, most frequent first."""
        counts = {"dialogues": self.dialogues, "segments": self.segments, "kept": self.kept, "turns": self.turns}
        return counts | {"drops": dict((+self.drops).most_common()), "repairs": dict((+self.repairs).most_common())}


@dataclass(frozen=True)
class Extraction:
    """The conversations that were kept and the report on all."""

    conversations: list[Conversation]
    report: Report


def exchanges(messages: list[dict[str, Any]]) -> list[AnnotatedExchange]:
    """The messages in pairs of user and system; a pair in another order is left out."""
    out = []
    for asked, answered in zip(messages[::2], messages[1::2], strict=False):
        if (asked.get("role"), answered.get("role")) != ("usr", "sys"):
            continue
        state = dict(answered.get("sys_state_init", {}).get(HOTEL) or {})
        last = answered.get("sys_state", {}).get(HOTEL) or {}
        selected = list(last.get("selectedResults") or state.get("selectedResults") or [])
        words = (" ".join(m["content"].split()).replace(", ", "、") for m in (asked, answered))
        out.append(AnnotatedExchange(next(words), acts(asked), next(words), acts(answered), state, selected))
    return out


def segments(pairs: list[AnnotatedExchange], report: Report) -> list[list[AnnotatedExchange]]:
    """Runs of hotel exchanges, each with the small talk that follows it."""
    runs: list[list[AnnotatedExchange]] = []
    open_run = False
    for pair in pairs:
        if pair.is_hotel:
            if not open_run:
                runs.append([])
            runs[-1].append(pair)
            open_run = True
        elif open_run and not pair.about:
            runs[-1].append(pair)
        else:
            report.drops["other_domain"] += HOTEL in pair.about
            open_run = False
    return runs


def cut(segment: list[AnnotatedExchange], cutter: Cutter, report: Report) -> list[Message]:
    """The messages of one segment as far as it can be kept; [] where not even its first exchange can."""
    for pair in segment:
        try:
            cutter.add(pair)
        except Unusable as reason:
            if not cutter.messages:
                report.drops[str(reason)] += 1
                return []
            cutter.repairs["cut_short"] += 1
            break
    report.repairs += cutter.repairs
    report.turns += sum(m.role == "user" for m in cutter.messages)
    return cutter.messages


def conversations(dialogues: dict[str, Any], store: HotelStore, report: Report) -> Iterator[Conversation]:
    """All hotel conversations of the dialogues; the report fills up as they come."""
    places = Places(hotel.record() for hotel in store.hotels)
    for key, dialogue in dialogues.items():
        report.dialogues += 1
        for number, segment in enumerate(segments(exchanges(dialogue["messages"]), report), 1):
            report.segments += 1
            source, name = f"crosswoz-{key}", f"crosswoz-{key}-s{number}"
            messages = cut(segment, Cutter(store, places, random.Random(name)), report)
            if messages:
                report.kept += 1
                yield Conversation(
                    id=name, source=source, tools=[SEARCH_HOTELS], messages=messages, meta={"origin": "crosswoz"}
                )


def extract(path: Path, store: HotelStore) -> Extraction:
    """Hotel conversations of a CrossWOZ file or archive, replayed on the database; malformed dialogues are counted.

    Raises:
        InputError: it cannot be read, or holds no dialogue of CrossWOZ.
    """
    reading = read(path)
    if reading.preview.form != CROSSWOZ and not reading.dialogues:
        raise InputError("corpus.no_crosswoz", path=path)
    if reading.preview.doubtful_encoding:
        raise InputError("reading.encoding", path=path, encoding=reading.preview.encoding.upper())
    report = Report()
    report.drops["malformed"] = reading.preview.malformed
    return Extraction(list(conversations(reading.dialogues, store, report)), report)
