"""Invented hotels by the thousand: what the project ships, and what teaches a model to copy names instead of remembering them."""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

from chatbot.hotels.query import HOTEL_TYPES
from chatbot.hotels.records import Hotel

MEDIAN_PRICES = (980, 640, 425, 260)
"""CNY a night, in the order of HOTEL_TYPES, like every tuple of four here; shares in percent."""
BASE_RATINGS = (4.55, 4.45, 4.35, 4.2)
UNPRICED = (4, 7, 13, 13)
UNRATED = 2
CHAINED = 0.5
"""The share of hotels that are branches of a chain; few chains have many branches."""

FACILITY_PERCENT: dict[str, tuple[int, int, int, int]] = {
    "宽带上网": (87, 81, 80, 86),
    "国际长途电话": (96, 81, 55, 32),
    "免费市内电话": (18, 25, 26, 11),
    "免费国内长途电话": (3, 4, 4, 2),
    "吹风机": (99, 98, 90, 50),
    "24小时热水": (99, 99, 97, 97),
    "暖气": (21, 20, 35, 20),
    "西式餐厅": (86, 47, 13, 2),
    "中式餐厅": (93, 84, 65, 23),
    "残疾人设施": (82, 47, 28, 5),
    "室内游泳池": (75, 20, 2, 0),
    "室外游泳池": (8, 2, 0, 0),
    "会议室": (97, 86, 57, 15),
    "健身房": (90, 43, 9, 1),
    "SPA": (62, 14, 5, 1),
    "桑拿": (58, 24, 6, 1),
    "温泉": (8, 4, 1, 0),
    "棋牌室": (24, 27, 22, 6),
    "酒吧": (68, 27, 8, 1),
    "无烟房": (97, 95, 90, 84),
    "商务中心": (72, 60, 36, 16),
    "早餐服务": (78, 55, 49, 44),
    "早餐服务免费": (3, 7, 9, 4),
    "接机服务": (85, 38, 14, 4),
    "接站服务": (53, 18, 10, 4),
    "接待外宾": (77, 61, 53, 26),
    "洗衣服务": (88, 60, 44, 19),
    "行李寄存": (98, 96, 92, 76),
    "租车": (75, 30, 14, 3),
    "叫醒服务": (97, 97, 94, 77),
    "收费停车位": (20, 16, 14, 12),
    "看护小孩服务": (13, 3, 1, 0),
}
WIFI_PERCENT: dict[str, tuple[int, int, int, int]] = {
    "公共区域和部分房间提供wifi": (62, 49, 52, 45),
    "酒店各处提供wifi": (33, 34, 30, 28),
    "所有房间提供wifi": (1, 2, 4, 7),
    "部分房间提供wifi": (1, 2, 5, 13),
    "公共区域提供wifi": (3, 11, 6, 3),
}
"""A hotel has one of these, or, for what is missing to 100 percent, none."""

_DISTRICTS = (
    "朝阳区 " * 6 + "东城区 海淀区 西城区 " * 3 + "丰台区 " * 2 + "顺义区 昌平区 大兴区 通州区 石景山区 房山区 门头沟区"
)
_NATURE = "云松柳青梅竹兰枫榆荷桂霞星溪岚鹤鹭雁泉翠墨琴棠杉桐菱芦葵苇帆晴露霜雪"
_PLACES = [
    "桥",
    "里",
    "园",
    "湾",
    "庄",
    "营",
    "台",
    "口",
    "坊",
    "甸",
    "井",
    "巷",
    "街",
    "坡",
    "渡",
    "洲",
    "坞",
    "村",
    "屯",
    "门",
]
_BRAND_FIRST = "栖归沐漫逸臻澜禾橙悠朴眠暖晓舒憩拾知初若简半轻遇觅"
_BRAND_SECOND = "途驿宿旅居舍野川屿里枝穗光晨谷禾朵尚派林客果陌"
_BRAND_LONG = [
    "小鹿栖居",
    "半山归云",
    "蓝鲸之家",
    "橙果驿站",
    "麦田旅人",
    "白鹭青舟",
    "九间半",
    "四月天",
    "松果小憩",
    "七色鹿",
]
_BRAND_LONG += ["晚风驿", "3度空间", "Hi栖", "86旅居", "M舍", "月光宝盒"]
_CHAIN_ENDINGS = [
    "快捷酒店",
    "快捷酒店",
    "连锁酒店",
    "酒店",
    "酒店",
    "精选酒店",
    "商旅酒店",
    "主题酒店",
    "公寓",
    "酒店·优选",
]
_OWN_FIRST = "云松嘉瑞鸿锦华盛泰康宁雅景天海凯丰瀚柏铭晟翰铂维君御隆祥润鼎宏"
_OWN_SECOND = "庭悦苑都轩阁府园程源泽逸豪澜宸樾廷朗禧邸阙麓"
_OWN_ENDINGS = (
    ["大酒店", "国际酒店", "国际大酒店", "大饭店", "饭店", "度假酒店", "酒店"],
    ["大酒店", "国际酒店", "酒店", "饭店", "商务酒店", "大厦", "温泉酒店"],
    ["酒店", "宾馆", "商务酒店", "精品酒店", "四合院酒店", "公寓酒店", "饭店"],
    ["宾馆", "旅馆", "青年旅舍", "客栈", "快捷酒店", "公寓", "招待所"],
)
_SIGHTS = [
    "公园",
    "湖公园",
    "博物馆",
    "寺",
    "古镇",
    "美术馆",
    "植物园",
    "湿地",
    "文化广场",
    "剧院",
    "书院",
    "塔",
    "胡同",
    "艺术区",
    "科技馆",
    "动物园",
]
_DISHES = [
    "烤鸭店",
    "火锅",
    "饺子馆",
    "涮肉",
    "面馆",
    "私房菜",
    "小吃店",
    "川菜馆",
    "粤菜馆",
    "海鲜自助",
    "咖啡馆",
    "湘菜馆",
    "烧烤",
    "日本料理",
]


@dataclass(frozen=True)
class _Area:
    name: str
    district: str
    streets: tuple[str, ...]
    sights: tuple[str, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True)
class _Brand:
    name: str
    type: int


def generate(n: int = 1200, seed: int = 0) -> Iterator[Hotel]:
    """Invent hotels, the same ones for the same seed; no two have the same name.

    Types, facilities and prices are as frequent as among CrossWOZ's Beijing hotels. Names, streets, stations and
    phone numbers exist nowhere (no number in Beijing begins with 1, 2, 3, 4, 7 or 9).
    """
    random = Random(seed)
    areas = _unique(lambda: _place_name(random), 80 + min(n // 50, 6000))
    town = [_area(random, name) for name in areas]
    brands = [_brand(random, name) for name in _unique(lambda: _brand_name(random), 24 + min(n // 50, 300))]
    reach = list(accumulate(1 / (rank + 4) for rank in range(len(brands))))
    taken: set[str] = set()
    while len(taken) < n:
        brand = random.choices(brands, cum_weights=reach)[0] if random.random() < CHAINED else None
        hotel = _hotel(random, random.choice(town), brand)
        if hotel.name not in taken:
            taken.add(hotel.name)
            yield hotel


def write_hotels(path: Path, hotels: Iterable[Hotel]) -> int:
    """Write hotels in CrossWOZ's hotel_db.json form; returns their number."""
    lines = [json.dumps([hotel.name, hotel.entry()], ensure_ascii=False) for hotel in hotels]
    Path(path).write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    return len(lines)


def _unique(draw: Callable[[], str], n: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < n:
        found[draw()] = None
    return list(found)


def _place_name(random: Random) -> str:
    first, second = random.sample(_NATURE, 2)
    return f"{first}{second if random.random() < 0.8 else ''}{random.choice(_PLACES)}"


def _area(random: Random, name: str) -> _Area:
    def word() -> str:
        return "".join(random.sample(_NATURE, 2))

    streets = (
        f"{name}路",
        f"{name}{random.choice('东西南北')}街",
        f"{word()}路",
        f"{word()}{random.choice(['大街', '胡同', '中路', '东里', '南路'])}",
    )
    sights = tuple(f"{word()}{random.choice(_SIGHTS)}" for _ in range(8))
    tables = tuple(
        f"{word()}{random.choice(_DISHES)}" + (f"({name}店)" if random.random() < 0.4 else "") for _ in range(9)
    )
    return _Area(name, random.choice(_DISTRICTS.split()), streets, sights, tables)


def _brand_name(random: Random) -> str:
    stem = random.choice(_BRAND_FIRST) + random.choice(_BRAND_SECOND)
    if random.random() < 0.3:
        stem = random.choice(_BRAND_LONG)
    return stem + random.choice(_CHAIN_ENDINGS)


def _brand(random: Random, name: str) -> _Brand:
    return _Brand(name, random.choices(range(4), (1, 10, 29, 60))[0])


def _hotel(random: Random, area: _Area, brand: _Brand | None) -> Hotel:
    kind = brand.type if brand else random.choices(range(4), (22, 32, 24, 22))[0]
    spread = random.gauss()
    price = (
        None if random.random() * 100 < UNPRICED[kind] else float(round(MEDIAN_PRICES[kind] * math.exp(0.33 * spread)))
    )
    rating = round(min(5.0, max(3.3, BASE_RATINGS[kind] + 0.12 * spread + random.gauss(0, 0.2))), 1)
    return Hotel.model_construct(
        name=_chain_name(random, brand.name, area.name) if brand else _own_name(random, kind, area.name),
        type=HOTEL_TYPES[kind],
        address=f"北京{area.district}{random.choice(area.streets)}{random.choice(['', '', '', '甲'])}{random.randint(1, 299)}号",
        subway=f"{area.name}地铁站{random.choice('ABCD')}{random.choice(['', '', '1', '2'])}口",
        phone=f"010-{random.choice('123479')}{random.randrange(10**7):07d}",
        facilities=_facilities(random, kind),
        price=price,
        rating=None if random.random() * 100 < UNRATED else rating,
        nearby_attractions=random.sample(area.sights, random.randint(0, 5)),
        nearby_restaurants=random.sample(area.tables, random.randint(0, 5)),
    )


def _chain_name(random: Random, brand: str, area: str) -> str:
    detail = random.choice(
        ["", "", "", "地铁站", "东", "西", "南", "北", "会展中心", "万象广场", "科技园", "医院", "大学城", "二"]
    )
    branch = f"{area}{detail}店"
    return f"{brand}(北京{branch})" if random.random() < 0.93 else f"{brand}北京{branch}"


def _own_name(random: Random, kind: int, area: str) -> str:
    stem = random.choice(_OWN_FIRST) + random.choice(_OWN_SECOND)
    if random.random() < 0.35:
        stem += random.choice(_OWN_FIRST) + random.choice(_OWN_SECOND)
    where = area if random.random() < 0.15 else ""
    return f"北京{where}{stem}{random.choice(_OWN_ENDINGS[kind])}"


def _facilities(random: Random, kind: int) -> list[str]:
    wifi = random.choices(
        [*WIFI_PERCENT, None],
        [*(p[kind] for p in WIFI_PERCENT.values()), max(0, 100 - sum(p[kind] for p in WIFI_PERCENT.values()))],
    )[0]
    return ([wifi] if wifi else []) + [
        name for name, percent in FACILITY_PERCENT.items() if random.random() * 100 < percent[kind]
    ]
