"""What other hotel files call our fields, and how they write values: the names to offer, and each value as ours or why it is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

NAME, PRICE, RATING = "名称", "价格", "评分"
OTHER_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        NAME: ("酒店名", "酒店名称", "名字", "name", "hotel", "hotelname", "title"),
        "酒店类型": ("类型", "档次", "星级", "type", "hoteltype", "category"),
        "地址": ("酒店地址", "位置", "address", "location"),
        "地铁": ("地铁站", "附近地铁", "subway", "metro"),
        "电话": ("电话号码", "联系电话", "酒店电话", "手机", "phone", "tel", "telephone"),
        "酒店设施": ("设施", "服务设施", "设施服务", "facilities", "amenities"),
        PRICE: ("房费", "房价", "单价", "价钱", "每晚价格", "最低价", "price", "roomprice", "rate"),
        RATING: ("分数", "得分", "用户评分", "score", "rating", "stars"),
        "周边景点": ("附近景点", "景点", "nearbyattractions", "attractions"),
        "周边餐馆": ("附近餐馆", "附近餐厅", "餐馆", "nearbyrestaurants", "restaurants"),
    }
)
"""Our field → what else it is called, written small and without space."""
ASIDE = ("领域", "周边酒店")
"""Keys of CrossWOZ's own file that are not used."""
LISTS = ("酒店设施", "周边景点", "周边餐馆")
HIGHEST = 5.0
_KNOWN = {other: field for field, names in OTHER_NAMES.items() for other in names}
_PLAIN = re.compile(r"[\s_\-]+")
_UNIT = re.compile(r"人民币|每晚|/\s*[晚天]|[¥￥元块分晚起,，\s]|RMB|CNY", re.IGNORECASE)
_MARKS = re.compile(r"\s*[、，,;；|/\n]\s*")
"""What stands between the words of a list; where none does, blanks do."""


def meant(key: str) -> str:
    """The field that a key of another name is taken for; "" for one of ours, and for one that is not known."""
    return "" if key in OTHER_NAMES or key in ASIDE else _KNOWN.get(_PLAIN.sub("", key).casefold(), "")


@dataclass(frozen=True)
class Wrong:
    """A value that cannot be used: out of the field's range, or of another form."""

    out_of_range: bool


def value_of(field: str, value: Any, *, ten_points: bool = False) -> Any:
    """A value as our field has it, None for a blank one.

    Args:
        ten_points: ratings go to ten and are halved.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if field in (PRICE, RATING):
        return _amount(field, value, ten_points)
    if field in LISTS:
        return _words(value)
    return value.strip() if isinstance(value, str) else str(value) if _is_number(value) else Wrong(False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _amount(field: str, value: Any, ten_points: bool) -> float | Wrong:
    try:
        found = float(_UNIT.sub("", value) if isinstance(value, str) else value if _is_number(value) else "")
    except ValueError:
        return Wrong(False)
    found = found / 2 if field == RATING and ten_points else found
    highest = HIGHEST if field == RATING else 1e9
    return found if 0 <= found <= highest else Wrong(True)


def _words(value: Any) -> list[str] | Wrong:
    if isinstance(value, str):
        value = _MARKS.split(value.strip()) if _MARKS.search(value.strip()) else value.split()
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        return Wrong(False)
    return [word for word in (word.strip() for word in value) if word]
