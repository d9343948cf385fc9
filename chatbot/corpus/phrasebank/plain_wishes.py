"""Short ways to say an amount, a place, a type or an order, for frames that put several wishes together."""

import random
import re

Wordings = dict[str, tuple[str, ...]]
"""Language (or what is said) → ways to say it."""
PLAIN: dict[str, Wordings] = {
    "zh": {
        "type": ("{type}", "{type}的", "要{type}的", "{type}酒店"),
        "price<=hi": ("{hi}以内", "不超过{hi}", "预算{hi}", "{hi}以下", "最多{hi}", "{hi}块以内的"),
        "price=lo..hi": ("{lo}到{hi}", "{lo}-{hi}", "{lo}到{hi}之间", "价格{lo}-{hi}元"),
        "price>=lo": ("{lo}以上", "不低于{lo}", "{lo}起"),
        "price~lo": ("{lo}左右", "大概{lo}", "{lo}上下"),
        "rating>=r": ("{r}分以上", "评分{r}以上", "评分{r}分以上的", "评分不低于{r}"),
        "district": ("{district}", "住{district}", "在{district}", "{district}那边"),
        "subway": ("{subway}站附近", "靠近{subway}地铁站", "{subway}地铁口"),
        "sight": ("{sight}附近", "{sight}旁边", "离{sight}近"),
        "sort=price_asc": (
            *("别太贵", "不要太贵的", "价格别太高", "不想花太多钱", "便宜点的"),
            *("从便宜到贵排", "按价格从低到高"),
        ),
        "sort=price_desc": ("按价格从高到低", "价格由高到低排", "最贵的排前面"),
        "sort=rating_desc": ("按评分从高到低", "评分高的排前面", "口碑好的"),
    },
    "en": {
        "type": ("{type}", "a {type} one"),
        "price<=hi": ("under {hi}", "max {hi}", "up to {hi} a night", "below {hi}", "no more than {hi}"),
        "rating>=r": ("rated {r} or better", "{r}+ rating", "rating at least {r}", "rating above {r}"),
        "district": ("in {district}", "around {district}"),
        "subway": ("near {subway} station", "by {subway} metro"),
        "sight": ("near {sight}", "close to {sight}", "walking distance to {sight}"),
        "sort=price_asc": (
            *("not too expensive", "nothing too pricey"),
            *("I don't want to spend much", "price from low to high"),
        ),
        "sort=price_desc": ("sorted by price from high to low", "priciest first"),
    },
}
"""Language → what a wish sets, as in a frame's `set` → ways to say it."""
_DATES: Wordings = {
    "zh": (
        *("{m}月{d}号入住", "{m}月{d}号到{e}号", "{m}.{d}-{m}.{e}", "{d}号住到{e}号", "下周{w}到", "这周{w}入住", "大年初{n}去"),
        *("住{n}晚", "{n}个人", "{n}大一小", "一家{n}口", "待{n}天", "订{n}间", "{n}个人住{k}晚"),
    ),
    "en": ("from {m}/{d} to {m}/{e}", "for {k} nights", "{k} people", "checking in on the {d}th", "{k} adults and a kid"),
}  # fmt: skip
STAY_SHARE = 0.08
"""How many of these frames tell of dates or guests too, which change no state and whose numbers are no prices."""


def of_one_kind(first: str, second: str) -> bool:
    """Whether two wishes speak of one thing: two bounds of a price, 别太贵 beside one, two orders."""
    kinds = {"sort" if what.startswith("sort") else re.split("\\W", what)[0] for what in (first, second)}
    return len(kinds) == 1 or (kinds == {"sort", "price"} and "sort=price_asc" in (first, second))


def stay(lang: str, rng: random.Random) -> list[str]:
    """Now and then a part of the sentence that tells when people come, for how long or how many they are."""
    if rng.random() >= STAY_SHARE:
        return []
    day, many = rng.randint(1, 26), rng.randint(2, 5)
    number = str(many) if rng.random() < 0.4 else "两三四五"[many - 2]
    shape = rng.choice(_DATES[lang])
    week = rng.choice("一二三四五六日")
    month, end = rng.randint(1, 12), day + rng.randint(1, 4)
    return [shape.format(m=month, d=day, e=end, n=number, k=rng.randint(2, 6), w=week)]
