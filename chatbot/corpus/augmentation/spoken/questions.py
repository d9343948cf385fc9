"""What a user asks about the hotel in hand, and what is answered: question and answer are chosen together, so that one fits the other."""

import random
import re
from typing import Any

from chatbot.corpus.augmentation.prompts import Exchange
from chatbot.corpus.augmentation.spoken.wordings import ABLE, wordings
from chatbot.corpus.augmentation.task import Record
from chatbot.corpus.selfplay import replies as r
from chatbot.hotels.facilities import FACILITIES, alias_in_text, fulfilling

IT = ("它", "这家", "这家酒店", "这个酒店")
_LEADS = ("", "", "", "请问", "那", "好的，")
_LEADS_AFTER_NO = ("", "", "请问", "那", "好吧，那")
_ORDERS = ("", "麻烦", "那麻烦")
ASK: dict[str, tuple[str, ...]] = {
    "phone": ("{w}的电话是多少？", "{w}的联系电话是多少？", "{w}怎么联系？", "把{w}的电话给我一下吧。"),
    "address": ("{w}在哪儿？", "{w}的地址是哪里？", "{w}在什么位置？", "把{w}的地址发我一下吧。"),
    "price": ("{w}多少钱一晚？", "{w}一晚上多少钱？", "{w}的价格是多少？", "{w}住一晚要多少钱？"),
    "rating": ("{w}的评分是多少？", "{w}评分怎么样？", "{w}的评分高吗？", "{w}评分多少？"),
    "subway": ("{w}附近有地铁站吗？", "{w}附近有地铁吗？", "{w}离哪个地铁站近？", "{w}附近的地铁站是哪个？"),
    "facilities": ("{w}有哪些设施？", "{w}都有什么设施？", "{w}有什么设施？", "{w}的设施都有哪些？"),
    "type": ("{w}是什么类型的？", "{w}属于什么类型？", "{w}是什么档次的？"),
    "nearby_attractions": ("{w}附近有什么好玩的？", "{w}周边有什么景点？", "{w}附近有哪些景点？", "{w}旁边有景点吗？"),
    "nearby_restaurants": (
        "{w}附近有什么好吃的？",
        "{w}周边有哪些餐馆？",
        "{w}附近有什么餐馆？",
        "{w}附近有吃饭的地方吗？",
    ),
}  # fmt: skip
"""Whole questions, {w} the hotel; an order (把…) takes no 请问 before it."""
_TOLD = r.ANSWER | {
    "subway": ("{name}附近的地铁站是{subway}。", "离{subway}比较近。", "附近有{subway}。"),
    "facilities": ("{name}的设施有{facilities}。", "设施有{facilities}。"),
}
_UNKNOWN = r.UNKNOWN | {"subway": ("抱歉，没有查到{name}附近的地铁站。",)}
_PARKING = ("有停车位", "能停车", "有停车的地方")
"""Who wants to park says nothing of paying; a no to that would be wrong where parking is free."""
_CALLED = {
    "早餐服务": "早餐",
    "早餐服务免费": "免费早餐",
    "租车": "租车服务",
    "行李寄存": "行李寄存服务",
    "宽带上网": "宽带",
}
"""What a facility is called in an answer, where its name makes no noun."""
_NEAR = {"早餐服务": "早餐|早饭|早点", "早餐服务免费": "早餐|早饭|早点", "收费停车位": "停车|车位"}


def question(record: Record, topic: str, subject: str, rng: random.Random, refused: bool = False) -> Exchange:
    """A question about one fact of a hotel and the answer; `refused` where the last answer was a no."""
    asked = rng.choice(ASK[topic]).format(w=subject)
    leads = _ORDERS if asked.startswith("把") else _LEADS_AFTER_NO if refused else _LEADS
    known = bool(record[topic]) or record[topic] == 0
    answer = filled(rng.choice((_TOLD if known else _UNKNOWN)[topic]), record)
    yes = "有的，" if known and re.search("有(?:地铁|景点).*吗", asked) else ""
    return Exchange(question=rng.choice(leads) + asked, answer=yes + answer)


def facility_question(record: Record, said: str, subject: str, rng: random.Random) -> Exchange | None:
    """A yes-or-no question about a facility in spoken language; None where the one that was drawn has come up in what was said."""
    name = rng.choice(FACILITIES)
    if "提供" in name or _came_up(name, said):
        return None
    held = not fulfilling(name).isdisjoint(record["facilities"])
    known = _PARKING if held and name == "收费停车位" else wordings(name).predicates()
    asked = [words for words in known if subject != "它" or words.startswith(("有", "带"))]
    if not asked:
        return None
    words = rng.choice(asked)
    return Exchange(question=f"{subject}{words}吗？", answer=_yes_or_no(name, words, held, record["name"], rng))


def _came_up(name: str, said: str) -> bool:
    words = {word for predicate in wordings(name).predicates() for word in (predicate, predicate[1:])}
    return (
        name in said
        or bool(alias_in_text(name, said))
        or bool(re.search(_NEAR.get(name, "$^"), said))
        or any(word in said for word in words if len(word) > 1)
    )


def _yes_or_no(name: str, words: str, held: bool, hotel: str, rng: random.Random) -> str:
    """A yes in the form of the question (有的 for 有…吗, 可以的 for 能…吗), or a no."""
    yes = "有的，" if words.startswith(("有", "带")) else "可以的，" if words.startswith(ABLE) else "是的，"
    no = rng.choice(("抱歉，", "不好意思，"))
    if name == "接待外宾":
        return f"{yes}{hotel}可以接待外宾。" if held else f"{no}{hotel}不能接待外宾。"
    called = _CALLED.get(name, name)
    return f"{yes}{hotel}{rng.choice(('有', '提供'))}{called}。" if held else f"{no}{hotel}没有{called}。"


def refuses(answer: str) -> bool:
    """Whether an answer says no, or that nothing is known."""
    return bool(re.search("抱歉|不好意思|没有|遗憾|查不到|不提供", answer))


def filled(template: str, record: Record) -> str:
    """A template with the facts of a record in it."""
    values: dict[str, Any] = {
        key: "、".join(v) if isinstance(v, list) else f"{v:g}" if isinstance(v, float) else str(v)
        for key, v in record.items()
    }
    return template.format(**values)
