"""Frames in which two things stand against each other: wished and excluded, given up and kept, the one or else the other."""

import random

from chatbot.corpus.phrasebank.bank import Row
from chatbot.corpus.phrasebank.plain_wishes import PLAIN, Wordings, stay

_EXCLUDED: Wordings = {
    "zh": ("不要有{np1}的", "不要{np1}", "别有{np1}", "别带{np1}的", "不能有{np1}", "但是不要{np1}的", "{np1}就不要了", "有{np1}的不要"),
    "en": ("no {np1}", "without {np1}", "but no {np1}", "not one with {np1}", "and {np1} is a no"),
}  # fmt: skip
_WISHED: Wordings = {
    "zh": ("要{np2}", "要有{np2}的", "有{np2}", "得有{np2}", "想找带{np2}的", "{np2}要有", "{need2}", "要{vp2}的"),
    "en": ("with {np2}", "I want {np2}", "{np2} yes", "must have {np2}", "{need2}"),
}
_GIVEN_UP: Wordings = {
    "zh": ("{np1}不要了", "{np1}算了", "{np1}无所谓", "{np1}可以没有", "{np1}去掉", "不用{np1}了", "{np1}取消", "{np1}不强求", "有没有{np1}都行"),
    "en": ("forget {np1}", "drop {np1}", "{np1} doesn't matter", "no need for {np1}", "skip {np1}"),
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
        "{np2}留着",
        "{np2}还是要",
        "{np2}保留",
        "{np2}不能少",
        "但{np2}得有",
        "{np2}照旧",
        "{np2}必须有",
    ),
    "en": ("keep {np2}", "{np2} stays", "but still {np2}", "{np2} is a must"),
}
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
_OTHERS = ("price<=hi", "price<=hi", "district", "district", "type", "rating>=r")
_GAPS = {"zh": ("，", "，", "，", "，但", " ", "、", ""), "en": (", ", ", ", " but ", "; ")}


def contrast(lang: str, rng: random.Random) -> Row:
    """A frame of one of these kinds, now and then with another wish beside it."""
    kind = rng.choice((_wished_and_excluded, _type_excluded, _given_up_and_kept, _bound_given_up, _either))
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
    if rng.random() < 0.4 and not (what == "type" and "not_type" in wishes):
        parts.insert(rng.choice((0, len(parts))), rng.choice(PLAIN[lang][what]))
        wishes.append(what)
    parts += stay(lang, rng)
    text = rng.choice(("，", "，", " ") if lang == "zh" else (", ",)).join(parts)
    return {"act": rng.choice(("request", "refine")), "text": text, "set": wishes, "drop": []}


def _given_up_and_kept(lang: str, rng: random.Random) -> Row:
    both = rng.random() < 0.3
    parts = [rng.choice((_BOTH_GIVEN_UP if both else _GIVEN_UP)[lang])]
    keep = [] if both and rng.random() < 0.5 else ["fac2"]
    parts += [rng.choice(_KEPT[lang])] if keep else []
    return _drop(lang, parts, ["fac1", "fac3"] if both else ["fac1"], keep, rng)


def _bound_given_up(lang: str, rng: random.Random) -> Row:
    bound = rng.choice(("price", "rating"))
    parts = [rng.choice(_BOUNDS_GIVEN_UP[lang][bound]), rng.choice(_KEPT[lang])]
    return _drop(lang, parts, [bound], ["fac2"], rng)


def _drop(lang: str, parts: list[str], drop: list[str], keep: list[str], rng: random.Random) -> Row:
    rng.shuffle(parts)
    return {"act": "drop", "text": rng.choice(_GAPS[lang]).join(parts), "set": [], "drop": drop, "keep": keep}
