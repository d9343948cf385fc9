"""What is put into the marks of a frame: types, prices, ratings, places, names and words that point at a hotel shown."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from chatbot.hotels.records import Hotel

TYPE_WORDS: dict[str, tuple[str, ...]] = {
    "经济型": (
        *(
            "经济型",
            "经济",
            "便宜实惠点的",
            "经济实惠的",
            "快捷",
            "快捷酒店那种",
            "平价",
            "平价点的",
            "性价比高的",
            "省钱的",
            "亲民的",
        ),
        *(
            "普通连锁",
            "便宜的小旅馆那种",
            "大众点的",
            "简单干净就行的",
            "二星",
            "经济适用的",
            "低档",
            "便宜档",
            "穷游级别的",
            "最基本的",
        ),
    ),
    "舒适型": (
        *(
            "舒适型",
            "舒适",
            "舒服点的",
            "舒适一点的",
            "三星",
            "三星级",
            "中档",
            "中等档次的",
            "中端",
            "不好不坏中间档的",
            "住着舒坦的",
        ),
        *("中档偏舒服的", "三星左右的", "中等的", "舒坦点的", "准三星"),
    ),
    "高档型": (
        *(
            "高档型",
            "高档",
            "高档一点的",
            "四星",
            "四星级",
            "上档次的",
            "高端",
            "档次高的",
            "有档次的",
            "体面的",
            "像样的",
            "四星左右的",
        ),
        *("准五星下面那档", "拿得出手的", "商务高端", "高级"),
    ),
    "豪华型": (
        *(
            "豪华型",
            "豪华",
            "豪华的",
            "五星",
            "五星级",
            "奢华的",
            "奢侈",
            "顶级",
            "最高档的",
            "最好的那种",
            "顶配",
            "五星往上的",
            "超豪华",
        ),
        *("白金五星", "高奢", "最气派的", "总统住的那种"),
    ),
}
TYPE_WORDS_EN: dict[str, tuple[str, ...]] = {
    "经济型": (
        "budget",
        "economy",
        "cheap and cheerful",
        "low-cost",
        "no-frills",
        "backpacker",
        "basic",
        "2-star",
        "inexpensive",
    ),
    "舒适型": (
        "comfort",
        "comfortable",
        "mid-range",
        "3-star",
        "three-star",
        "middle-of-the-road",
        "decent mid-tier",
        "midscale",
    ),
    "高档型": ("upscale", "high-end", "4-star", "four-star", "upmarket", "classy", "premium", "smart"),
    "豪华型": ("luxury", "five-star", "5-star", "deluxe", "top-of-the-line", "luxurious", "palatial", "the fanciest"),
}
POINTERS: dict[str, tuple[str, ...]] = {
    "1": (
        "第一家",
        "第1家",
        "第一个",
        "头一家",
        "头一个",
        "1号",
        "第一间",
        "最上面那家",
        "排第一的",
        "开头那家",
        "首个",
        "打头的那家",
    ),
    "2": ("第二家", "第2家", "第二个", "2号", "第二间", "中间那家", "排第二的", "二号那家", "第二那个", "老二"),
    "3": ("第三家", "第3家", "第三个", "3号", "第三间", "排第三的", "三号", "第三那个", "老三"),
    "last": ("最后那个", "最后一家", "最末那家", "末尾那家", "最底下那家", "最后那家", "垫底那家", "压轴那家"),
    "it": (
        "它",
        "这家",
        "那家",
        "这个酒店",
        "那个酒店",
        "刚才那家",
        "这里",
        "这地方",
        "你说的那家",
        "该酒店",
        "他家",
        "那儿",
        "这家店",
    ),
}
POINTERS_EN: dict[str, tuple[str, ...]] = {
    "1": ("the first one", "the first", "number one", "hotel 1", "the top one", "the 1st"),
    "2": ("the second one", "the second", "number two", "hotel 2", "the middle one", "the 2nd"),
    "3": ("the third one", "the third", "number three", "hotel 3", "the 3rd"),
    "last": ("the last one", "the last", "the bottom one", "the final one"),
    "it": ("it", "that one", "this hotel", "that hotel", "this place", "the place", "that place"),
}
RATINGS = (3, 3.5, 3.8, 4, 4, 4.2, 4.3, 4.5, 4.5, 4.6, 4.7, 4.8)
_DIGITS = "零一二三四五六七八九"
_SUFFIXES = (
    "酒店",
    "宾馆",
    "饭店",
    "大酒店",
    "快捷酒店",
    "国际酒店",
    "商务酒店",
    "客栈",
    "公寓",
    "度假村",
    "大厦",
    "精品酒店",
    "酒店公寓",
)
BRANDS = (
    *(
        "如家",
        "汉庭",
        "7天",
        "全季",
        "亚朵",
        "桔子",
        "格林豪泰",
        "锦江之星",
        "维也纳",
        "速8",
        "布丁",
        "希尔顿",
        "香格里拉",
        "喜来登",
        "万豪",
    ),
    *(
        "凯悦",
        "洲际",
        "皇冠假日",
        "宜必思",
        "莫泰168",
        "尚客优",
        "城市便捷",
        "丽枫",
        "麗枫",
        "和颐",
        "康铂",
        "秋果",
        "首旅",
        "北京饭店",
        "贵宾楼",
    ),
)


@dataclass(frozen=True)
class Names:
    """Words of the world that turns speak of, taken from hotels and from lists."""

    hotels: Sequence[str]
    districts: Sequence[str]
    roads: Sequence[str]
    stations: Sequence[str]
    sights: Sequence[str]
    alphabet: Sequence[str] = field(default=())

    @classmethod
    def of(cls, hotels: Sequence[Hotel], places: dict[str, list[str]]) -> "Names":
        """From hotels' names, stations and sights, and from lists of places by kind."""
        stations = sorted({h.subway.split("地铁站")[0] for h in hotels if h.subway} | set(places["stations"]))
        sights = sorted({s for h in hotels for s in h.nearby_attractions if len(s) < 12} | set(places["sights"]))
        alphabet = sorted({c for h in hotels for c in h.name if "\u4e00" <= c <= "\u9fff"})
        names = sorted({h.name for h in hotels})
        return cls(
            names, places["districts"], places["areas"], [s for s in stations if 1 < len(s) < 9], sights, alphabet
        )


def price(number: int, rng: random.Random, english: bool = False) -> str:
    """An amount as people write it: mostly digits, sometimes a Chinese numeral."""
    if english or rng.random() < 0.65:
        return str(number)
    return chinese(number)


def chinese(number: int) -> str:
    """A Chinese numeral below 10,000, as spoken: 250 → 二百五, 1200 → 一千二."""
    thousands, hundreds, tens, ones = number // 1000, number // 100 % 10, number // 10 % 10, number % 10
    out = f"{_DIGITS[thousands]}千" if thousands else ""
    if hundreds:
        out += _DIGITS[hundreds] + ("百" if not thousands or tens or ones else "")
    elif thousands and (tens or ones):
        out += "零"
    if tens:
        out += _DIGITS[tens] + ("十" if ones or not hundreds else "")
    elif hundreds and ones:
        out += "零"
    return out + (_DIGITS[ones] if ones else "")


def invented_name(names: Names, rng: random.Random) -> str:
    """A hotel's name that nobody has seen, so that names can only be copied."""

    def word(*lengths: int) -> str:
        return "".join(rng.choice(names.alphabet) for _ in range(rng.choice(lengths)))

    brand = word(2, 2, 3, 4) + rng.choice(_SUFFIXES)
    return rng.choice((brand, brand, f"北京{brand}", f"{brand}(北京{word(2, 3)}店)", f"{brand}({word(2, 3, 4)}店)"))


def hotel_name(names: Names, rng: random.Random) -> str:
    """A real or an invented name."""
    return rng.choice(names.hotels) if rng.random() < 0.4 else invented_name(names, rng)


def short_name(name: str, rng: random.Random) -> str:
    """A name as people shorten it: without its branch, its city or its kind of house."""
    core = name.split("(", maxsplit=1)[0].split("（", maxsplit=1)[0]
    core = core.removeprefix("北京") if rng.random() < 0.6 and len(core) > 4 else core
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if rng.random() < 0.4 and core.endswith(suffix) and len(core) - len(suffix) >= 2:
            return core.removesuffix(suffix)
    return core


def asked_name(names: Names, rng: random.Random) -> str:
    """How a hotel is asked for by name: a brand, a short form, or the whole name."""
    roll = rng.random()
    if roll < 0.25:
        return rng.choice(BRANDS)
    name = hotel_name(names, rng)
    return short_name(name, rng) if roll < 0.75 else name


def station(names: Names, rng: random.Random) -> str:
    """A station without 站; sometimes one that no map has."""
    return rng.choice(names.stations) if rng.random() < 0.8 else "".join(rng.choice(names.alphabet) for _ in range(3))


def sight(names: Names, rng: random.Random) -> str:
    """A sight, school, hospital or other landmark."""
    if rng.random() < 0.75:
        return rng.choice(names.sights)
    kind = rng.choice(
        (
            "公园",
            "大学",
            "医院",
            "体育馆",
            "博物馆",
            "小学",
            "商场",
            "广场",
            "寺",
            "机场",
            "会展中心",
            "胡同",
            "中学",
            "剧院",
        )
    )
    return "".join(rng.choice(names.alphabet) for _ in range(rng.choice((2, 2, 3)))) + kind


def area(names: Names, rng: random.Random) -> str:
    """A district (with or without 区), a business area or a road."""
    roll = rng.random()
    if roll < 0.55:
        name = rng.choice(names.districts)
        return f"{name}区" if rng.random() < 0.4 else name
    if roll < 0.85:
        return rng.choice(names.roads)
    kind = rng.choice(("路", "大街", "街", "桥", "里", "庄", "湾", "胡同", "园", "屯"))
    return "".join(rng.choice(names.alphabet) for _ in range(rng.choice((2, 2, 3)))) + kind
