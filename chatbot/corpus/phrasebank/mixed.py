"""Frames that put an unknown wish, mostly as a question, in one breath with what the list can meet: 能带狗吗，要能打牌的."""

import random

from chatbot.corpus.phrasebank.bank import Row

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
_KNOWN: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "zh": (
        ("fac1", ("要有{np1}", "得有{np1}", "想找带{np1}的", "{np1}要有", "有{np1}就行", "{np1}", "帮我找有{np1}的")),
        ("fac1", ("要{vp1}的", "得{vp1}", "{vp1}的", "{vp1}就行", "想找{vp1}的", "必须{vp1}")),
        ("fac1", ("{need1}", "{need1}", "{need1}，你看着找")),
        ("price<=hi", ("{hi}以内", "预算{hi}", "不超过{hi}", "{hi}以下的")),
        ("district", ("{district}", "在{district}", "{district}那边的", "住{district}")),
        ("subway", ("{subway}站附近", "靠近{subway}地铁站", "{subway}地铁口")),
        ("sight", ("{sight}附近", "{sight}旁边", "离{sight}近")),
        ("type", ("{type}的", "要{type}的", "{type}酒店")),
    ),
    "en": (
        ("fac1", ("must have {np1}", "with {np1}", "we need {np1}", "{np1}", "looking for {np1}")),
        ("fac1", ("{need1}", "{need1}")),
        ("price<=hi", ("under {hi}", "max {hi}", "{hi} tops")),
        ("district", ("in {district}", "around {district}")),
        ("sight", ("near {sight}", "close to {sight}")),
        ("type", ("{type}", "a {type} one")),
    ),
}
_GAPS = {"zh": ("，", "，", "，", "？", "。", " ", "，还有", "，然后"), "en": (", ", ". ", "? ", " and ", "; ")}


def unknown_part(wish: Row, rng: random.Random) -> str:
    """An unknown wish of the bank, asked or wished for."""
    return rng.choice(_UNKNOWN[wish["lang"]][wish["form"]]).replace("{}", wish["text"])


def mixed_frame(asked: list[str], lang: str, rng: random.Random) -> Row:
    """A frame of unknown wishes and up to two others in any order.

    Args:
        asked: the parts of the sentence that are unknown wishes.
    """
    chosen = (
        []
        if rng.random() < ALONE_SHARE
        else rng.choices(_KNOWN[lang], (4, 4, 3, *[1] * 5)[: len(_KNOWN[lang])], k=rng.choice((1, 1, 1, 2)))
    )
    known = {kind: rng.choice(shapes) for kind, shapes in chosen}
    parts = [*asked, *known.values()]
    rng.shuffle(parts)
    text = parts[0]
    for part in parts[1:]:
        text = text.rstrip("?？") + rng.choice(_GAPS[lang]) + part
    return {"act": rng.choice(("request", "refine")), "text": text, "set": list(known), "drop": [], "lang": lang}
