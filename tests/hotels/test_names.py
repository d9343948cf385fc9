"""A short, spoken or slightly wrong name finds the hotels that it means; another name finds none."""

import pytest

from chatbot.hotels.query import HotelQuery


def _found(store, name):
    return {record["name"] for record in store.search(HotelQuery(name=name), limit=50).records}


YUNQIAO = {"归途快捷酒店(北京云桥使馆区店)", "归途快捷酒店(北京云桥三元里店)", "归途快捷酒店(北京云桥松林巷店)"}


@pytest.mark.parametrize(
    "said",
    [
        "归途云桥店",
        "归途云桥",
        "归途快捷酒店(北京云桥店)",
        "云桥归途",
        "归途酒店云桥店",
        "北京归途云桥店",
        "归途快捷酒店 云桥",
    ],
)
def test_a_short_name_finds_its_branches(named, said):
    assert _found(named, said) == YUNQIAO


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("白鹭水晶青安", "白鹭水晶酒店(北京青安店)"),
        ("9天青安", "9天连锁酒店(北京青安店)"),
        ("九天连锁酒店（北京青安店）", "9天连锁酒店(北京青安店)"),
        ("洛宾斯基", "北京云桥中心洛宾斯基饭店"),
        ("瑞都大酒店", "北京瑞都大酒店"),
        ("瑞都", "北京瑞都大酒店"),
        ("北京瑞都酒店", "北京瑞都大酒店"),
        ("归途北京站", "归途快捷酒店(北京站店)"),
        ("月坛湾希顿", "北京月坛湾希顿酒店"),
    ],
)
def test_a_short_name_finds_its_hotel(named, said, name):
    assert _found(named, said) == {name}


@pytest.mark.parametrize("said", ["9天", "九天酒店", "九天"])
def test_a_chain_finds_all_its_branches(named, said):
    assert _found(named, said) == {"9天连锁酒店(北京青安店)", "9天连锁酒店(北京松台店)"}


def test_a_brand_at_the_front_outranks_the_same_letters_inside(named):
    assert "天天归途公寓" not in _found(named, "归途")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("北京瑞都大酒点", "北京瑞都大酒店"),
        ("归途快捷酒店(北京云桥使官区店)", "归途快捷酒店(北京云桥使馆区店)"),
        ("北京云桥中心洛宾斯机饭店", "北京云桥中心洛宾斯基饭店"),
        ("归途快截酒店(北京月坛湾店)", "归途快捷酒店(北京月坛湾店)"),
        ("白鹭水精酒店(北京青安店)", "白鹭水晶酒店(北京青安店)"),
    ],
)
def test_a_typo_in_a_full_name_is_forgiven(named, said, name):
    assert _found(named, said) == {name}


@pytest.mark.parametrize(
    "said",
    [
        "火星大酒店",
        "归途火星店",
        "北京瑞城大酒店",
        "归途快捷酒店(北京国贸店)",
        "北京月坛湾大酒店",
        "酒店",
        "北京",
        "店",
        "a",
        "？",
        "9天火星店",
        "瑞顿酒店",
    ],
)
def test_an_unknown_name_finds_nothing(named, said):
    found = named.search(HotelQuery(name=said))
    assert (found.records, found.relaxed, found.total) == ([], [], 0)


def test_every_shipped_hotel_is_found_by_its_own_name(shipped):
    for hotel in shipped.hotels[::10]:
        assert hotel.name in _found(shipped, hotel.name)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("帮我查一下瑞都大酒店，谢谢", "瑞都大酒店"),
        ("嗯，北京瑞都大酒店在哪个位置", "北京瑞都大酒店"),
        ("想订归途快捷酒店(北京月坛湾店)的房间", "归途快捷酒店(北京月坛湾店)"),
        ("归途快捷酒店月坛湾店多少钱", "归途快捷酒店月坛湾店"),
        ("我想找一家归途快捷酒店", "归途快捷酒店"),
    ],
)
def test_a_hotel_is_heard_among_other_words(named, words, name):
    assert named.mentioned(words) == name


@pytest.mark.parametrize(
    "words", ["想找一家经济型酒店", "附近有什么好吃的饭店", "有没有便宜的快捷酒店", "中心区的大酒店", "这家酒店", ""]
)
def test_words_that_name_no_hotel_of_the_database_mention_none(named, words):
    assert named.mentioned(words) == ""
