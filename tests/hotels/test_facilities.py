"""Spoken words find the canonical facility that a person means, and nothing else."""

import json

import pytest

from chatbot.hotels.facilities import ALIASES_FILE, FACILITIES, canonical, match_facility

WIFI = {name for name in FACILITIES if "wifi" in name}
ALIASES = {
    "棋牌室": ["能打麻将", "打麻将", "打牌", "可以打麻将的地方", "有麻将机吗"],
    "残疾人设施": ["无障碍", "轮椅", "坐轮椅方便", "腿脚不方便"],
    "24小时热水": ["全天供应热水", "24小时供应热水", "二十四小时热水", "有热水", "不间断供应24小时热水"],
    "国际长途电话": ["国际电话服务", "国际通话", "打国际电话"],
    "室内游泳池": ["室内泳池", "恒温泳池"],
    "行李寄存": ["行李存放", "存行李", "寄存行李"],
    "洗衣服务": ["洗衣机", "洗衣", "提供洗衣服务"],
    "酒店各处提供wifi": ["酒店内每个角落都有wifi", "全酒店覆盖无线网", "到处都有Wi-Fi"],
    "公共区域和部分房间提供wifi": [
        "公共场所和一些房间提供无线网络",
        "公共区域及部分房间有WIFI",
        "公共区域和一些房间都有wifi",
    ],
    "健身房": ["非常大的健身房"],
    "所有房间提供wifi": ["每个房间都有wifi", "房间里有无线网", "所有客房提供无线网络"],
    "公共区域提供wifi": ["大堂有wifi"],
    "无烟房": ["无烟环境", "不能抽烟", "没有烟味的房间", "禁烟"],
    "免费市内电话": ["免费打市内电话", "市话免费"],
    "接待外宾": ["迎接外宾", "能住外国人"],
    "接机服务": ["机场接送", "去机场接我"],
    "叫醒服务": ["叫早", "morning call", "早上叫我起床"],
    "收费停车位": ["能停车", "停车", "有车位吗", "停车场"],
    "看护小孩服务": ["带孩子有人看", "照看孩子", "婴儿看护"],
    "早餐服务免费": ["免费早餐", "早餐不要钱"],
    "SPA": ["ｓｐａ", "做spa", "水疗"],
    "酒吧": ["有酒吧吗", "喝酒的地方"],
    "吹风机": ["电吹风", "有吹风机"],
}


@pytest.mark.parametrize(("name", "words"), [(name, words) for name, said in ALIASES.items() for words in said])
def test_what_people_say_finds_the_facility(name, words):
    assert match_facility(words) == {name}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("wifi", WIFI),
        ("免费无线网络", WIFI),
        ("含早", {"早餐服务", "早餐服务免费"}),
        ("泳池", {"室内游泳池", "室外游泳池"}),
        ("能游泳", {"室内游泳池", "室外游泳池"}),
        ("有餐厅", {"中式餐厅", "西式餐厅"}),
        ("接送", {"接机服务", "接站服务"}),
    ],
)
def test_a_general_word_means_any_of_several(words, names):
    assert match_facility(words) == names


@pytest.mark.parametrize(
    "words",
    [
        "电风扇",
        "带宠物",
        "吸烟房",
        "可以抽烟",
        "吸烟",
        "出租车",
        "不要早餐",
        "免费接机",
        "热水壶",
        "电热水壶",
        "不含早餐",
        "免费停车",
        "按摩浴缸",
        "空调",
        "景观好",
        "安静",
        "房",
        "",
        "！？",
    ],
)
def test_what_no_facility_offers_stays_unmatched(words):
    assert match_facility(words) == frozenset()


@pytest.mark.parametrize("name", FACILITIES)
def test_a_canonical_name_means_itself_alone(name):
    assert match_facility(name) == {name}


def test_every_alias_means_its_facility_and_each_has_ten_or_more():
    aliases = json.loads(ALIASES_FILE.read_text(encoding="utf-8"))
    aliases.pop("")
    assert len(aliases) == len(FACILITIES) == 37
    for name, said in aliases.items():
        assert len(set(said)) == len(said) >= 10
        assert [alias for alias in said if name not in match_facility(alias)] == []


def test_sets_compare_canonically_and_unknown_words_stay():
    assert canonical(["打麻将", "叫早"]) == canonical(["叫醒服务", "棋牌室"])
    assert canonical(["带宠物"]) == {"带宠物"}
