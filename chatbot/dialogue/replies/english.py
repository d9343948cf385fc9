"""What the database holds in Chinese, in English: types, facilities, stations; names and addresses stay as they are."""

import re

TYPES = {
    "豪华型": "luxury (豪华型)",
    "高档型": "upscale (高档型)",
    "舒适型": "comfort (舒适型)",
    "经济型": "economy (经济型)",
}
FACILITIES = {
    "24小时热水": "24-hour hot water", "无烟房": "non-smoking rooms", "叫醒服务": "wake-up calls",
    "行李寄存": "luggage storage", "宽带上网": "wired internet", "吹风机": "a hair dryer",
    "国际长途电话": "international calls", "中式餐厅": "a Chinese restaurant", "早餐服务": "breakfast",
    "早餐服务免费": "free breakfast", "会议室": "meeting rooms", "公共区域和部分房间提供wifi": "wifi in public areas and some rooms",
    "酒店各处提供wifi": "wifi everywhere", "所有房间提供wifi": "wifi in all rooms", "部分房间提供wifi": "wifi in some rooms",
    "公共区域提供wifi": "wifi in public areas", "接待外宾": "service for foreign guests", "洗衣服务": "laundry service",
    "商务中心": "a business centre", "残疾人设施": "accessible facilities", "西式餐厅": "a Western restaurant",
    "接机服务": "airport pickup", "接站服务": "station pickup", "暖气": "heating", "健身房": "a gym", "租车": "car rental",
    "免费市内电话": "free local calls", "酒吧": "a bar", "棋牌室": "a mahjong and card room", "室内游泳池": "an indoor pool",
    "室外游泳池": "an outdoor pool", "桑拿": "a sauna", "SPA": "a spa", "收费停车位": "paid parking",
    "免费国内长途电话": "free domestic calls", "看护小孩服务": "childcare", "温泉": "a hot spring",
}  # fmt: skip
GROUPS = {
    "无线": "wifi", "上网": "internet", "房间无线": "wifi in the rooms", "公共无线": "wifi in public areas",
    "早餐": "breakfast", "泳池": "a pool", "接送": "a pickup service", "餐厅": "a restaurant",
}  # fmt: skip
DISTRICTS = {
    "东城": "Dongcheng", "西城": "Xicheng", "朝阳": "Chaoyang", "海淀": "Haidian", "丰台": "Fengtai", "石景山": "Shijingshan",
    "门头沟": "Mentougou", "房山": "Fangshan", "通州": "Tongzhou", "顺义": "Shunyi", "昌平": "Changping", "大兴": "Daxing",
    "怀柔": "Huairou", "平谷": "Pinggu", "密云": "Miyun", "延庆": "Yanqing",
}  # fmt: skip
_STATION = re.compile(r"(.+地铁站)([A-Z]\d?)[东西南北]?口")


def kind(name: str) -> str:
    """A hotel type with its English gloss."""
    return TYPES.get(name, name)


def facility(name: str) -> str:
    """A facility, or a group of them, in English; one that the table lacks as it is."""
    return FACILITIES.get(name) or GROUPS.get(name) or name


def district(name: str) -> str:
    """朝阳区 → Chaoyang (朝阳区), so that it can be read and shown to a driver; another place as it is."""
    known = DISTRICTS.get(name.removesuffix("区"))
    return f"{known} ({name})" if known else name


def station(name: str) -> str:
    """三元桥地铁站C2口 → 三元桥地铁站 (exit C2)."""
    found = _STATION.fullmatch(name)
    return f"{found[1]} (exit {found[2]})" if found else name


def joined(words: list[str]) -> str:
    """A, B and C."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
