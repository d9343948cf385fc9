"""Where an utterance names a place: known ones as whole as they stand, others where words like 附近 close them."""

import pytest

from chatbot.understanding.place_mentions import known_places, place_mentions


def named(words, *, known=None):
    return {words[m.start : m.end] for m in place_mentions(words) if known is None or m.known == known}


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("想住国家图书馆附近", "国家图书馆"), ("离清华大学近一点", "清华大学"), ("near Lama Temple please", "Lama Temple"),
        ("anything by yonghegong", "yonghegong"), ("海淀区的", "海淀区"), ("救命 考研住哪 北邮", "北邮"),
    ],
)  # fmt: skip
def test_a_known_place_is_found_whole(words, place):
    assert place in named(words, known=True)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("小僧来枫语寺上课", "枫语寺"), ("住蓝汀胡同旁边", "蓝汀胡同"), ("三条:近松果科学园,260以下", "松果科学园"),
        ("朝阳门内大街再找", "朝阳门内大街"), ("不怕远,青柠湖附近也行", "青柠湖"),
    ],
)  # fmt: skip
def test_a_place_that_no_list_knows_is_closed_by_its_own_end_or_by_what_follows(words, place):
    assert place in named(words)


@pytest.mark.parametrize("words", ["先看簋街那边的", "考察餐饮,住簋街,中餐厅得有", "不然换清华大学"])
def test_nothing_goes_over_the_edge_of_a_known_place(words):
    places = {"簋街", "清华大学"}
    assert named(words) and all(found in places for found in named(words))


def test_what_follows_makes_a_station_of_a_place():
    (station,) = [m for m in place_mentions("国贸站附近") if m.known]
    (area,) = [m for m in place_mentions("国贸附近") if m.known]
    assert station.kinds == {"subway"} and {"subway", "address"} <= area.kinds


def test_a_latin_name_is_no_part_of_a_longer_word():
    assert "xidan" in named("at xidan now", known=True) and not named("xidanish", known=True)


@pytest.mark.parametrize("words", ["", " ", "😀", "a" * 3000, "附近" * 500, "站站站", "住"])
def test_no_text_raises(words):
    assert all(0 <= m.start < m.end <= len(words) for m in place_mentions(words))


def test_every_short_name_means_a_place_of_the_lists():
    assert known_places()["北邮"] == known_places()["北京邮电大学"] and known_places()["qinghua"]


def test_a_place_whose_whole_name_stands_elsewhere_in_the_words_is_that_one():
    assert named("图书馆附近 国家图书馆 250以内") == {"国家图书馆"}
    assert "图书馆" in named("图书馆附近")


def test_an_english_station_is_a_station_and_no_area():
    assert [set(m.kinds) for m in place_mentions("Dongsi Station please")] == [{"subway"}]
    assert "address" in place_mentions("near Dongsi")[0].kinds
