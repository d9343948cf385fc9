"""The act line that rules read from an utterance, with no model at all: the baseline, and what stands in where no model is."""

import re

from chatbot.understanding.history import Context
from chatbot.understanding.places import DISTRICTS
from chatbot.understanding.rule_parser import DROPPED, ParsedSlots, parse_slots
from chatbot.understanding.turn_act import ADD, DROP, Item, TurnAct, facility_of, facility_value

_PLAIN = (
    ("thanks", r"谢|多谢|麻烦你了|thank"),
    ("bye", r"再见|拜拜|bye|回头见"),
    ("hello", r"^(?:你好|您好|嗨|hello|hi|在吗)"),
    ("book", r"[订定](?:这|那|它|第|一间|房|吧|了)|预[订定]|下单|book"),
    ("more", r"还有别的|换一批|再来几|其他的|别的(?:酒店|呢|吗)|下一页|更多|more|others"),
    ("cheaper", r"便宜[点些一]|太贵|贵了|再低|cheaper"),
    ("better", r"高档[点些一]|好[一]?点的|再好|上档次|better|nicer"),
)
_FIELDS = {
    "phone": r"(?<!长途)(?<!市内)(?<!打)电话(?!免费)|联系方式|怎么联系|号码|phone|number",
    "subway": r"地铁站?(?:是|叫|在|怎么|几号|哪)|哪[个]?(?:站|地铁)|subway|metro",
    "nearby_attractions": r"景点|好玩|attraction|sights",
    "nearby_restaurants": r"餐馆|好吃|(?:附近|周边|周围|旁边).*(?:饭店|餐厅|吃饭)|restaurant",
    "address": r"地址|在哪|位置|位于|address|where is",
    "price": r"多少钱|什么价|价格(?:呢|多少|是)|价钱|房价|房费|how much",
    "rating": r"评分(?:呢|多少|是|怎么)|打分|口碑(?:怎么|如何)|评价(?:怎么|如何)|几分|rating",
    "facilities": r"(?:什么|哪些|啥)(?:设施|服务)|设施(?:有什么|有哪些|呢|怎么样)|facilities",
}
_POINTERS = (
    ("1", r"第[一1]|头一|首家|first"),
    ("2", r"第[二2]|second"),
    ("3", r"第[三3]|third"),
    ("last", r"最后[一那]?[家个]|last"),
)
_THIS = r"它|[这那该他][一]?家|[这那该]个?酒店|\bit\b|this|that"
_WHETHER = r"有没有|有.{0,20}(?:没有|没|吗|么|不)[？?]?$|吗[？?]?$|么[？?]?$|是不是|能不能|可不可以|提供不|\?$"
_BEST = (
    ("price_asc", r"最便宜|最低价|cheapest"),
    ("price_desc", r"最贵|most expensive"),
    ("rating_desc", r"(?:评[分价]|口碑)最[高好]|best rated"),
)
_AREA = re.compile(rf"({'|'.join(sorted(DISTRICTS))})区?")
_STATION = re.compile(r"([\u4e00-\u9fff]{2,6}?)(?:地铁站|站)(?:附近|旁边|周边|那)?")


def rule_act(words: str, context: Context, *, searching: bool = True) -> TurnAct:
    """What the words do.

    Args:
        words: the utterance, normalised.
        context: what stands and what was shown.
        searching: whether a search may come of it; else only questions and small talk are read.
    """
    for name in context.shown:
        words = words.replace(name, f"第{context.shown.index(name) + 1}家") if name else words
    slots = parse_slots(words)
    asked = _questions(words, slots, context)
    if asked:
        return asked
    changes = _changes(words, slots, context) if searching else []
    if changes:
        return TurnAct("refine" if context.state else "request", tuple(changes))
    plain = next((act for act, pattern in _PLAIN if re.search(pattern, words, re.I)), "")
    if plain in ("more", "cheaper", "better") and not (searching and context.state):
        plain = ""
    return TurnAct(plain or "unclear", (Item("up"),) if plain == "better" else ())


def _pointers(words: str) -> list[Item]:
    found = [Item("#", which) for which, pattern in _POINTERS if re.search(pattern, words, re.I)]
    return found or ([Item("#", "it")] if re.search(_THIS, words, re.I) else [])


def _questions(words: str, slots: ParsedSlots, context: Context) -> TurnAct | None:
    """A question about a hotel in hand."""
    if not context.records:
        return None
    pointed = _pointers(words)
    fields = [name for name, pattern in _FIELDS.items() if re.search(pattern, words, re.I)]
    if fields and not (slots.prices or slots.ratings or slots.types):
        return TurnAct("ask_field", (*(Item("ask:", name) for name in fields), *pointed))
    wished = [facility_value(sorted(mention)) for mention in slots.facilities]
    if wished and pointed and re.search(_WHETHER, words):
        return TurnAct("ask_has", (*(Item("has:", value) for value in wished), *pointed))
    return None


def _changes(words: str, slots: ParsedSlots, context: Context) -> list[Item]:
    out: list[Item] = []
    dropped = bool(re.search(DROPPED, words))
    held = [facility_value(f) for f in context.state.get("facilities") or ()]
    if len(slots.types) == 1:
        out.append(Item("type=", min(slots.types)))
    out += [Item(ADD, facility_value(sorted(mention))) for mention in slots.facilities]
    if dropped:
        mentions = parse_slots(re.sub(DROPPED, "", words)).facilities
        out += [Item(DROP, value) for value in held for mention in mentions if set(_members(value)) & mention]
        out += [
            Item(f"-{kind}")
            for kind, said in (("price", "价|钱|贵"), ("rating", "评|分"), ("type", "型|档"))
            if re.search(said, words)
        ]
    for kind, bands in (("price", slots.prices), ("rating", slots.ratings)):
        if bands:
            out.append(_bound(kind, bands[0].lower, bands[0].upper, bands[0].about))
    out += [Item("sort=", order) for order, pattern in _BEST if re.search(pattern, words, re.I)][:1]
    return out + _places(words)


def _members(value: str) -> list[str]:
    facility = facility_of(value)
    return [facility] if isinstance(facility, str) else facility


def _bound(kind: str, lower: float | None, upper: float | None, about: bool) -> Item:
    if lower is not None and upper is not None:
        if about and kind == "price" and lower == upper:
            return Item("price~", f"{lower:g}")
        return Item(f"{kind}=", f"{lower:g}..{upper:g}" if lower != upper else f"{lower:g}")
    return Item(f"{kind}>=", f"{lower:g}") if lower is not None else Item(f"{kind}<=", f"{upper:g}")


def _places(words: str) -> list[Item]:
    area, station = _AREA.search(words), _STATION.search(words)
    out = [Item("address=", area[0])] if area else []
    stop = station[1].removeprefix(area[0] if area else "") if station else ""
    return out + ([Item("subway=", stop)] if stop else [])
