"""Frames in which two things stand against each other: wished and excluded, given up and kept, the one or else the other, several ruled out together."""

import random

from chatbot.corpus.phrasebank.bank import Row
from chatbot.corpus.phrasebank.plain_wishes import PLAIN, Wordings, stay
from chatbot.corpus.phrasebank.values import TYPE_WORDS

_EXCLUDED: Wordings = {
    "zh": ("不要有{np1}的", "不要{np1}", "别有{np1}", "别带{np1}的", "不能有{np1}", "但是不要{np1}的", "{np1}就不要了", "有{np1}的不要"),
    "en": ("no {np1}", "without {np1}", "but no {np1}", "not one with {np1}", "and {np1} is a no"),
}  # fmt: skip
_WISHED: Wordings = {
    "zh": ("要{np2}", "要有{np2}的", "有{np2}", "得有{np2}", "想找带{np2}的", "{np2}要有", "{need2}", "要{vp2}的"),
    "en": ("with {np2}", "I want {np2}", "{np2} yes", "must have {np2}", "{need2}"),
}
_GIVEN_UP: Wordings = {
    "zh": (
        *("{np1}不要了", "{np1}算了", "{np1}无所谓", "{np1}可以没有", "{np1}去掉", "不用{np1}了", "{np1}取消", "{np1}不强求"),
        *("有没有{np1}都行", "{np1}免", "{np1}划掉", "{np1}撤了", "砍掉{np1}", "{np1}拉倒", "删{np1}", "{np1}不做硬要求"),
        *("{np1}没有也能凑合", "{np1}没有也行", "{np1}退了", "{np1}剔掉", "{np1}作废", "别管{np1}了", "{np1}不求了", "{np1}拜拜"),
        *("{np1}这条清掉", "{np1}cut", "{np1}不用找了", "{np1}随缘", "{np1}唔要啦", "{np1}我自己解决"),
    ),
    "en": (
        *("forget {np1}", "drop {np1}", "{np1} doesn't matter", "no need for {np1}", "skip {np1}", "{np1} can go"),
        *("lose {np1}", "{np1} is out", "I can live without {np1}", "scrap {np1}", "{np1} you can throw", "bin {np1}"),
    ),
}  # fmt: skip
_BOTH_GIVEN_UP: Wordings = {
    "zh": (
        "{np1}和{np3}都不要了",
        "{np1}、{np3}都不用了",
        "{np1}跟{np3}无所谓",
        "{np1}还有{np3}都可以不要",
        "{np1}{np3}都去掉",
    ),
    "en": ("forget {np1} and {np3}", "drop both {np1} and {np3}", "{np1} and {np3} don't matter"),
}
_KEPT: Wordings = {
    "zh": (
        *("{np2}留着", "{np2}还是要", "{np2}保留", "{np2}不能少", "但{np2}得有", "{np2}照旧", "{np2}必须有", "{np2}不动", "{np2}一定"),
        *("{np2}不许动", "{np2}雷打不动", "{np2}千万保留", "{np2}照常", "{np2}维持", "留{np2}", "保{np2}", "{np2}接着要", "{np2}别删"),
        *("{np2}不变", "{np2}不能没有", "{np2}仲要", "{np2}第一", "{np2}还得有", "只有{np2}不能商量"),
    ),
    "en": (
        *("keep {np2}", "{np2} stays", "but still {np2}", "{np2} is a must", "{np2} as it was", "don't touch {np2}"),
        *("leave {np2} in", "{np2} I never said was optional", "{np2} is not negotiable"),
    ),
}  # fmt: skip
_ADDED: Wordings = {
    "zh": ("再加{np1}", "加上{np1}", "{np1}也要", "添一条{np1}", "还要{np1}", "补一个{np1}"),
    "en": ("add {np1}", "and I also want {np1}", "plus {np1}", "{np1} too"),
}
_ONLY_KEPT: Wordings = {
    "zh": ("只留{np2}", "只保{np2}", "除了{np2}都去掉", "{np2}留下，其余全撤", "就{np2}，别的不要了", "其他设施都不要了，{np2}除外"),
    "en": ("keep only {np2}", "just {np2}, drop the rest", "everything but {np2} can go"),
}  # fmt: skip
_EXCHANGED: Wordings = {
    "zh": (
        *("{np1}换成{np3}", "{np1}换{np3}", "{np1}改成{np3}", "不要{np1}了，要{np3}", "用{np3}代替{np1}", "把{np1}换成{np3}"),
        *("{np1}不用，{np3}要", "去掉{np1}加上{np3}", "{np1}撤{np3}补上", "不是{np1}，是{np3}"),
    ),
    "en": ("{np3} instead of {np1}", "swap {np1} for {np3}", "not {np1} but {np3}", "drop {np1}, add {np3}"),
}  # fmt: skip
_LET_IN: Wordings = {
    "zh": ("{np1}又可以了", "{np1}放回来吧", "有{np1}的也行了", "不排除{np1}了", "{np1}不剔了", "{np1}解禁", "有{np1}也无妨"),
    "en": ("{np1} is fine after all", "allow {np1} again", "no longer rule out {np1}", "{np1} may come back"),
}  # fmt: skip
_BOUNDS_GIVEN_UP: dict[str, Wordings] = {
    "zh": {
        "price": ("价格不限了", "预算取消", "多少钱都行", "价钱先不管", "不限价了"),
        "rating": ("评分不要求了", "评分不管了", "不看评分了", "几分都行"),
    },
    "en": {"price": ("any price is fine", "forget the budget"), "rating": ("the rating doesn't matter", "any rating")},
}
_ELSE: Wordings = {
    "zh": (
        *("有{np1}最好，没有就{np2}也行", "{np1}最好，实在没有{np2}也凑合", "{np1}或者{np2}，有一样就行", "要么{np1}要么{np2}"),
        *("最好{np1}，不行就{np2}", "{np1}跟{np2}有一个就成", "没有{np1}的话，{np2}也可以"),
    ),
    "en": ("ideally {np1}, otherwise {np2} is fine", "{np1} or {np2}, either will do", "{np1}, or else {np2}"),
}  # fmt: skip
_TYPE_EXCLUDED: Wordings = {
    "zh": ("不想住{type}", "不要{type}", "别给我{type}", "除了{type}都行", "{type}就算了", "{type}不考虑", "只要不是{type}就行", "非{type}"),
    "en": ("anything but {type}", "no {type} hotels", "not a {type} one", "no {type} please"),
}  # fmt: skip
_SEVERAL_EXCLUDED: Wordings = {
    "zh": (
        *("不要{a}不要{b}", "{a}和{b}都不要", "{a}、{b}都别推", "不看{a}，不看{b}", "{a}跟{b}都不考虑", "别给我{a}和{b}", "{a}{b}都不要"),
        *("除了{a}和{b}都行", "既不要{a}也不要{b}", "{a}不行，{b}也不行", "{a}别碰，{b}也别碰", "{a}和{b}不取", "别是{a}，也别是{b}"),
        *("{a}跟{b}就算了", "莫给我{a}和{b}", "唔要{a}同{b}", "{a}还有{b}免了", "排除{a}、{b}"),
    ),
    "en": (
        *("no {a}, no {b}", "neither {a} nor {b}", "not {a} and not {b}", "no {a} or {b}", "skip {a} and {b}"),
        *("rule out {a} and {b}", "anything but {a} or {b}", "{a} and {b} are both out"),
    ),
}  # fmt: skip
_TWO_TYPES: Wordings = {
    "zh": (
        *(
            "{a}或者{b}都行",
            "{a}{b}都可以",
            "{a}的也行{b}的也行",
            "{a}跟{b}随便哪个",
            "{a}、{b}都成",
            "要么{a}要么{b}",
            "{a}或{b}",
        ),
    ),
    "en": ("{a} or {b}, I don't mind which", "either {a} or {b}", "{a} or {b} is fine", "class {a} or {b}"),
}
_FROM_TYPE: Wordings = {
    "zh": ("{a}起", "{a}以上", "{a}往上", "至少{a}", "最低{a}", "{a}及以上", "不低于{a}", "{a}打底"),
    "en": ("{a} or better", "at least {a}", "{a} and up", "nothing below {a}"),
}
_UP_TO_TYPE: Wordings = {
    "zh": ("最高{a}", "不超过{a}", "{a}封顶", "顶多{a}", "最多{a}就行"),
    "en": ("{a} at most", "nothing above {a}", "{a} or simpler"),
}
_CLASSES: Wordings = {
    "zh": ("经济型", "舒适型", "高档型", "豪华型"),
    "en": ("economy", "comfort", "upscale", "luxury"),
}
"""Words for a class that something can be above or below of, lowest first."""
THREE_SHARE = 0.2
"""How many of what is ruled out together are three."""
_OTHERS = ("price<=hi", "price<=hi", "district", "district", "type", "rating>=r")
_GAPS = {"zh": ("，", "，", "，", "，但", " ", "、", ""), "en": (", ", ", ", " but ", "; ")}


def contrast(lang: str, rng: random.Random) -> Row:
    """A frame of one of these kinds, now and then with another wish beside it."""
    kind = rng.choice(_KINDS)
    return kind(lang, rng) | {"lang": lang}


def _wished_and_excluded(lang: str, rng: random.Random) -> Row:
    parts, wishes = [rng.choice(_WISHED[lang]), rng.choice(_EXCLUDED[lang])], ["fac2", "not_fac1"]
    return _request(lang, parts, wishes, rng)


def _type_excluded(lang: str, rng: random.Random) -> Row:
    parts, wishes = [rng.choice(_TYPE_EXCLUDED[lang])], ["not_type"]
    if rng.random() < 0.5:
        parts.append(rng.choice(_WISHED[lang]))
        wishes.append("fac2")
    return _request(lang, parts, wishes, rng)


def _either(lang: str, rng: random.Random) -> Row:
    return _request(lang, [rng.choice(_ELSE[lang])], ["fac1|fac2"], rng)


def _request(lang: str, parts: list[str], wishes: list[str], rng: random.Random) -> Row:
    what = rng.choice(_OTHERS)
    if rng.random() < 0.4 and not (what == "type" and any(wish.startswith("not_type") for wish in wishes)):
        parts.insert(rng.choice((0, len(parts))), rng.choice(PLAIN[lang][what]))
        wishes.append(what)
    parts += stay(lang, rng)
    text = rng.choice(("，", "，", " ") if lang == "zh" else (", ",)).join(parts)
    return {"act": rng.choice(("request", "refine")), "text": text, "set": wishes, "drop": []}


def _several_excluded(lang: str, rng: random.Random) -> Row:
    """Types, hotels' names or facilities."""
    count = 3 if rng.random() < THREE_SHARE else 2
    kinds = rng.sample(_CLASSES["zh"], count)
    things, wishes = rng.choice(
        (
            ([rng.choice(TYPE_WORDS[lang][kind]) for kind in kinds], [f"not_type={kind}" for kind in kinds]),
            ([f"{{name{n}}}" for n in range(1, count + 1)], [f"not_name{n}" for n in range(1, count + 1)]),
            ([f"{{np{n}}}" for n in range(1, count + 1)], [f"not_fac{n}" for n in range(1, count + 1)]),
        )
    )
    first = (", " if lang == "en" else "、").join(things[:-1])
    said = rng.choice(_SEVERAL_EXCLUDED[lang]).format(a=first, b=things[-1])
    return _request(lang, [said], wishes, rng)


def _types_allowed(lang: str, rng: random.Random) -> Row:
    """Two types are as good, or all from one on or up to one: the others are ruled out."""
    shapes, classes = rng.choice((_TWO_TYPES, _FROM_TYPE, _UP_TO_TYPE)), _CLASSES["zh"]
    at = rng.choice((1, 2))
    allowed, words = classes[at:] if shapes is _FROM_TYPE else classes[: at + 1], {"a": _CLASSES[lang][at]}
    if shapes is _TWO_TYPES:
        allowed = tuple(rng.sample(classes, 2))
        words = {mark: rng.choice(TYPE_WORDS[lang][kind]) for mark, kind in zip("ab", allowed, strict=True)}
    wishes = [f"not_type={kind}" for kind in classes if kind not in allowed]
    return _request(lang, [rng.choice(shapes[lang]).format(**words)], wishes, rng)


def _only_kept(lang: str, rng: random.Random) -> Row:
    """What goes is `unsaid`: it stands in the state, and the words do not name it."""
    gone = rng.choice((1, 1, 2))
    row = _drop(lang, [rng.choice(_ONLY_KEPT[lang])], ["fac1", "fac3"][:gone], ["fac2"], rng)
    return row | {"unsaid": ["np1", "np3"][:gone]}


def _exchanged(lang: str, rng: random.Random) -> Row:
    keep = ["fac2"] if rng.random() < 0.5 else []
    parts = [rng.choice(_EXCHANGED[lang]), *(rng.choice(_KEPT[lang]) for _ in keep)]
    return _drop(lang, parts, ["fac1"], keep, rng) | {"act": "replace", "set": ["fac3"]}


def _let_in(lang: str, rng: random.Random) -> Row:
    """What is dropped was excluded, and nobody wishes for it."""
    keep = ["fac2"] if rng.random() < 0.4 else []
    parts = [rng.choice(_LET_IN[lang]), *(rng.choice(_KEPT[lang]) for _ in keep)]
    return _drop(lang, parts, ["fac1"], keep, rng) | {"let_in": True}


def _given_up_and_kept(lang: str, rng: random.Random) -> Row:
    """One or two given up and up to two kept, now and then with a new bound beside them."""
    both = rng.random() < 0.35
    if both and rng.random() < 0.5:  # each in a clause of its own
        parts = [rng.choice(_GIVEN_UP[lang]), rng.choice(_GIVEN_UP[lang]).replace("np1", "np3")]
    else:
        parts = [rng.choice((_BOTH_GIVEN_UP if both else _GIVEN_UP)[lang])]
    keep = ["fac2", "fac4"][: rng.choice((0, 1) if both else (1, 1, 1, 2))]
    parts += [rng.choice(_KEPT[lang]).replace("np2", f"np{what[-1]}") for what in keep]
    row = _drop(lang, parts, ["fac1", "fac3"] if both else ["fac1"], keep, rng)
    if rng.random() < 0.2:
        row["text"] += rng.choice(_GAPS[lang]) + rng.choice(PLAIN[lang]["price<=hi"])
        row |= {"act": "replace", "set": ["price<=hi"]}
    return row


def _kept(lang: str, rng: random.Random) -> Row:
    """What stands is only kept, and now and then something is added."""
    keep, adds = ["fac2", "fac4"][: rng.choice((1, 1, 2))], rng.random() < 0.5
    parts = [rng.choice(_KEPT[lang]).replace("np2", f"np{what[-1]}") for what in keep]
    if adds:
        parts.insert(rng.choice((0, len(parts))), rng.choice(_ADDED[lang]))
    return _drop(lang, parts, [], keep, rng) | ({"act": "refine", "set": ["fac1"]} if adds else {"act": "affirm"})


def _bound_given_up(lang: str, rng: random.Random) -> Row:
    bound = rng.choice(("price", "rating"))
    parts = [rng.choice(_BOUNDS_GIVEN_UP[lang][bound]), rng.choice(_KEPT[lang])]
    return _drop(lang, parts, [bound], ["fac2"], rng)


def _drop(lang: str, parts: list[str], drop: list[str], keep: list[str], rng: random.Random) -> Row:
    rng.shuffle(parts)
    return {"act": "drop", "text": rng.choice(_GAPS[lang]).join(parts), "set": [], "drop": drop, "keep": keep}


_KINDS = (
    *(_wished_and_excluded, _type_excluded, _bound_given_up, _either, _several_excluded, _types_allowed),
    *(_given_up_and_kept, _given_up_and_kept, _kept, _only_kept, _exchanged, _let_in),
)
