"""Frames that ask about the hotels that the same line is to find: 朝阳区的，第一家有停车场吗."""

import random

from chatbot.corpus.phrasebank.bank import Row
from chatbot.corpus.phrasebank.plain_wishes import PLAIN, Wordings, stay

_WISHED: Wordings = {
    "zh": ("要有{np1}", "带{np1}的", "得{vp1}", "{need1}"),
    "en": ("with {np1}", "I need {np1}", "{need1}"),
}
_PLACES_AND_AMOUNTS = ("price<=hi", "district", "district", "subway", "sight", "type", "rating>=r")
_HOTELS: Wordings = {
    "zh": ("第一家", "第一个", "头一家", "第二家", "它们", "这些酒店", "这几家", "排第一的那家", "搜到的", "你推荐的"),
    "en": ("the first one", "they", "the top one", "the second one", "these hotels"),
}
_HAS: Wordings = {
    "zh": (
        "{which}有{np2}吗",
        "{which}有没有{np2}",
        "{which}{vp2}吗",
        "{which}都有{np2}么",
        "顺便看下{which}有{np2}没",
    ),
    "en": ("do you know if {which} got {np2}?", "tell me if {which} offer {np2}", "{which} with {np2} or not?"),
}
_FIELDS: dict[str, Wordings] = {
    "zh": {
        "phone": ("{which}电话多少", "{which}的电话给我", "把{which}电话也发我"),
        "price": ("{which}多少钱一晚", "{which}什么价", "{which}的价格也说下"),
        "rating": ("{which}评分多少", "{which}几分"),
        "address": ("{which}地址在哪", "{which}在哪条路上", "{which}具体位置告诉我"),
        "subway": ("{which}靠哪个地铁站", "{which}附近地铁是哪站"),
        "nearby_attractions": ("{which}附近有什么景点", "{which}周边有啥好逛的"),
        "nearby_restaurants": ("{which}旁边有什么吃的", "{which}附近有啥馆子"),
    },
    "en": {
        "phone": ("give me the phone of {which}", "and the number of {which}?"),
        "price": ("what's the price of {which}?", "how much for {which}?"),
        "address": ("where exactly: the address of {which}", "address of {which}?"),
        "rating": ("rating of {which}?", "how is {which} rated"),
    },
}
_GAPS: Wordings = {"zh": ("，", "，", "。", " ", "，然后", "，顺便问下"), "en": (", ", ". ", " and ", "; ")}


def asked_along(lang: str, rng: random.Random) -> Row:
    """One or two wishes, then one question about what they find."""
    chosen = rng.sample(_PLACES_AND_AMOUNTS, rng.choice((1, 1, 2)))
    wishes = {what: rng.choice(PLAIN[lang][what]) for what in chosen}
    if rng.random() < 0.5:
        wishes["fac1"] = rng.choice(_WISHED[lang])
    parts = [*wishes.values(), *stay(lang, rng)]
    rng.shuffle(parts)
    asked: Row = {"has": ["fac2"]}
    question = rng.choice(_HAS[lang])
    if rng.random() < 0.5:
        field = rng.choice(list(_FIELDS[lang]))
        asked, question = {"fields": [field]}, rng.choice(_FIELDS[lang][field])
    text = ", ".join(parts) if lang == "en" else "，".join(parts)
    text += rng.choice(_GAPS[lang]) + question.replace("{which}", rng.choice(_HOTELS[lang]))
    return {"act": "request", "text": text, "set": list(wishes), "drop": [], "lang": lang} | asked
