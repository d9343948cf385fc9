"""Frames that put an unknown wish, mostly as a question, in one breath with what the list can meet: 能带狗吗，要能打牌的."""

import random

from chatbot.corpus.phrasebank.bank import Row
from chatbot.corpus.phrasebank.plain_wishes import PLAIN

ALONE_SHARE = 0.15
"""How many of these unknown wishes are asked alone."""
_UNKNOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "zh": {
        "np": (
            *("有{}吗", "有没有{}", "{}有没有", "请问有{}不", "有{}没", "顺便问下有没有{}", "{}有吗"),
            *("有{}最好", "还想要{}", "要有{}", "带{}的话更好", "不知道有没有{}"),
        ),
        "vp": (
            *("{}吗", "{}不", "{}么", "请问{}吗", "顺便问下{}吗", "是不是{}啊", "想问{}吗", "{}没有", "不知道{}不"),
            *("最好{}", "要{}的", "{}就更好了", "还要{}"),
        ),
        "need": ("{}", "{}", "另外{}", "对了{}", "{}，行吗", "{}，这个能解决吗", "还有就是{}"),
    },
    "en": {
        "np": ("is there {}?", "do they have {}?", "any chance of {}?", "also {} if possible", "with {}", "and {}?"),
        "vp": ("one that {}?", "is there one that {}?", "ideally it {}", "it should also: {}"),
        "need": ("{}", "{}", "also, {}", "oh and {}", "{}, is that ok?"),
    },
}
_FACILITY: dict[str, tuple[tuple[str, ...], ...]] = {
    "zh": (
        ("要有{np1}", "得有{np1}", "想找带{np1}的", "{np1}要有", "有{np1}就行", "{np1}", "帮我找有{np1}的"),
        ("要{vp1}的", "得{vp1}", "{vp1}的", "{vp1}就行", "想找{vp1}的", "必须{vp1}"),
        ("{need1}", "{need1}", "{need1}，你看着找"),
    ),
    "en": (
        ("must have {np1}", "with {np1}", "we need {np1}", "{np1}", "looking for {np1}"),
        ("{need1}", "{need1}"),
    ),
}
_PLACES_AND_AMOUNTS = ("price<=hi", "district", "subway", "sight", "type")
FACILITY_SHARE = 0.7
"""How many of the known wishes are facilities."""
_GAPS = {"zh": ("，", "，", "，", "？", "。", " ", "，还有", "，然后"), "en": (", ", ". ", "? ", " and ", "; ")}


def unknown_part(wish: Row, rng: random.Random) -> str:
    """An unknown wish of the bank, asked or wished for."""
    return rng.choice(_UNKNOWN[wish["lang"]][wish["form"]]).replace("{}", wish["text"])


def mixed_frame(asked: list[str], lang: str, rng: random.Random) -> Row:
    """A frame of unknown wishes and up to two others in any order.

    Args:
        asked: the parts of the sentence that are unknown wishes.
    """
    known: dict[str, str] = {}
    for _ in range(0 if rng.random() < ALONE_SHARE else rng.choice((1, 1, 1, 2))):
        kind = "fac1" if rng.random() < FACILITY_SHARE else rng.choice(_PLACES_AND_AMOUNTS)
        shapes = rng.choice(_FACILITY[lang]) if kind == "fac1" else PLAIN[lang][kind]
        known[kind] = rng.choice(shapes)
    parts = [*asked, *known.values()]
    rng.shuffle(parts)
    text = parts[0]
    for part in parts[1:]:
        text = text.rstrip("?？") + rng.choice(_GAPS[lang]) + part
    return {"act": rng.choice(("request", "refine")), "text": text, "set": list(known), "drop": [], "lang": lang}
