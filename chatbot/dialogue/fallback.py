"""What stands before and in place of a reply that a language model writes: relaxations, unknown facilities, nothing found."""

from collections.abc import Sequence

LABELS = {
    "name": "名称",
    "type": "类型",
    "facilities": "设施",
    "price_range_lower": "价格下限",
    "price_range_upper": "价格上限",
    "rating_range_lower": "评分下限",
    "rating_range_upper": "评分上限",
    "address": "位置",
    "subway": "地铁站",
    "near": "附近的地点",
}
NOTHING = "抱歉，没有找到符合要求的酒店，您可以换一个条件试试。"


def label(argument: str) -> str:
    """An argument (price_range_upper, facilities:棋牌室) in words."""
    name, _, value = argument.partition(":")
    return value or LABELS.get(name, name)


def preface(relaxed: Sequence[str], unmatched: Sequence[str]) -> str:
    """The sentences before a reply that say which wish was given up and which words nothing matched; "" where all held."""
    out = ""
    if unmatched:
        out += f"数据里没有“{'、'.join(unmatched)}”这一项，没有作为条件。"
    if relaxed:
        out += f"没有完全符合的酒店，放宽了{'、'.join(map(label, relaxed))}。"
    return out
