"""Frames that list several wishes in one breath: two or three facilities, with a type, an amount and a place now and then."""

import random

from chatbot.corpus.phrasebank.bank import Row
from chatbot.corpus.phrasebank.plain_wishes import PLAIN, of_one_kind, stay

_FACILITY = (
    *(("{np%d}", "要有{np%d}", "带{np%d}", "有{np%d}", "得有{np%d}", "{np%d}") * 2),
    *("{vp%d}", "要{vp%d}", "最好{vp%d}", "还得{vp%d}", "{vp%d}"),
    *("{need%d}", "{need%d}", "{need%d}"),
)
TOGETHER_SHARE = 0.5
"""How many lists name two facilities under one verb."""
COMPACT_ENGLISH_SHARE = 0.2
_BARE: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "zh": (
        ("type", ("{type}", "{type}的")),
        ("price<=hi", ("{hi}内", "{hi}以内", "{hi}封顶", "不过{hi}", "{hi}往下", "预算{hi}")),
        ("rating>=r", ("{r}分", "{r}以上", "{r}分以上", "{r}分起")),
        ("district", ("{district}", "{district}", "{district}一带")),
        ("subway", ("{subway}站", "{subway}地铁", "地铁{subway}")),
        ("sight", ("{sight}附近", "{sight}旁", "近{sight}")),
    ),
    "en": (
        ("price<=hi", ("{hi} max", "under {hi}", "<={hi}", "{hi} tops")),
        ("rating>=r", ("{r}+", "{r} and up", "rated {r}+")),
        ("district", ("{district}", "in {district}")),
        ("subway", ("{subway} station", "{subway} metro")),
    ),
}
_CLOSE = ("", "", "、", "和", "跟")
_GAPS = {"zh": (" ", " ", "，", "，", "。", "、", "+", "/", "；"), "en": (", ", ". ", " ", "; ", " + ", " and ")}
_JOINTS = ("，", "，", "，", "、", " ", "，还要", "，另外", "，最好", "还", "，而且", "，同时")
_AND = ("和", "和", "和", "、", "及", "与", "以及", "还有", "并且有", "、还有")
_HELD = ("有", "要有", "提供", "能提供", "带", "需要", "配有", "可以提供", "里面有")
_AFTER_NOUN = ("", "", "的", "服务", "服务的", "的那种", "设施")
_OPENINGS = ("", "", "", "找个酒店，", "帮我找", "想订一家，", "有没有", "我要", "求推荐：", "麻烦找一家")
_ENDS = ("", "", "", "的", "的酒店", "，有吗", "，谢谢", "，帮我看看", "都要")


def wish_list(rng: random.Random) -> Row:
    """A frame of two to five wishes in any order."""
    facilities = rng.choice((1, 2, 2, 2, 3, 3))
    parts = [(f"fac{n}", rng.choice(_FACILITY) % n) for n in range(1, facilities + 1)]
    if facilities > 1 and rng.random() < TOGETHER_SHARE:
        parts = [("fac1,fac2", _together(rng)), *parts[2:]]
    more = rng.sample(
        list(PLAIN["zh"].items()), rng.choice((0, 1, 1, 2, 2)) if facilities > 1 else rng.choice((1, 2, 3))
    )
    for kind, shapes in more:
        if not any(of_one_kind(kind, what) for what, _ in parts):
            parts.append((kind, rng.choice(shapes)))
    parts += [("", said) for said in stay("zh", rng)]
    rng.shuffle(parts)
    joint = rng.choice(_JOINTS) if rng.random() < 0.4 else ""
    text = parts[0][1]
    for _, part in parts[1:]:
        text += (joint or rng.choice(_JOINTS)) + part
    act = "request" if rng.random() < 0.65 else "refine"
    text = rng.choice(_OPENINGS) + text + rng.choice(_ENDS)
    return {
        "act": act,
        "text": text,
        "set": [mark for what, _ in parts if what for mark in what.split(",")],
        "drop": [],
        "lang": "zh",
    }


def compact_list(rng: random.Random) -> Row:
    """Two to six wishes as few words say them, often without a joint between them: 西直门站 400内 洗衣热水停车."""
    lang = "en" if rng.random() < COMPACT_ENGLISH_SHARE else "zh"
    facilities = rng.choice((1, 2, 2, 3, 3, 4))
    marks = [f"{{short{n}}}" for n in range(1, facilities + 1)]
    close = lang == "zh" and rng.random() < 0.5
    parts = [rng.choice(_CLOSE).join(marks)] if close else marks
    chosen = rng.sample(_BARE[lang], rng.choice((1, 2, 2, 3)) if facilities < 3 else rng.choice((0, 1, 2)))
    parts += [rng.choice(shapes) for _, shapes in chosen]
    rng.shuffle(parts)
    return {
        "act": "request" if rng.random() < 0.6 else "refine",
        "text": rng.choice(_GAPS[lang]).join(parts),
        "set": [*(f"fac{n}" for n in range(1, facilities + 1)), *(kind for kind, _ in chosen)],
        "drop": [],
        "lang": lang,
    }


def _together(rng: random.Random) -> str:
    """Two nouns under one verb: 提供{np1}和{np2}的."""
    return f"{rng.choice(_HELD)}{{np1}}{rng.choice(_AND)}{{np2}}{rng.choice(_AFTER_NOUN)}"


def english_list(rng: random.Random) -> Row:
    """The same in English: a pool, free parking and breakfast, under 900."""
    facilities = rng.choice((2, 2, 3))
    nouns = [f"{{np{n}}}" for n in range(1, facilities + 1)]
    text = ", ".join(nouns[:-1]) + rng.choice((" and ", ", ", " plus ", " & ")) + nouns[-1]
    wishes = [f"fac{n}" for n in range(1, facilities + 1)]
    for kind, shapes in rng.sample(list(PLAIN["en"].items()), rng.choice((0, 1, 1, 2))):
        if any(of_one_kind(kind, what) for what in wishes):
            continue
        wishes.append(kind)
        text += rng.choice((", ", " ", "; ")) + rng.choice(shapes)
    text = ", ".join([text, *stay("en", rng)])
    opening = rng.choice(
        ("", "", "I need ", "Looking for a hotel with ", "with ", "Must have ", "we want ", "Find me ")
    )
    return {
        "act": rng.choice(("request", "request", "refine")),
        "text": opening + text,
        "set": wishes,
        "drop": [],
        "lang": "en",
    }
