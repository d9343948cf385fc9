"""One spelling for a place: districts end in 区, stations lose 站, English names become Chinese."""

import pytest

from chatbot.understanding.places import DISTRICTS, english_places, in_chinese, place, said_in_english


@pytest.mark.parametrize(
    ("kind", "words", "held"),
    [
        ("address", "朝阳", "朝阳区"),
        ("address", "朝阳区", "朝阳区"),
        ("address", "北京市朝阳", "朝阳区"),
        ("address", "中关村", "中关村"),
        ("address", "北京", "北京"),
        ("address", "Chaoyang District", "朝阳区"),
        ("subway", "三元桥站", "三元桥"),
        ("subway", "三元桥地铁站", "三元桥"),
        ("subway", "地铁三元桥站", "三元桥"),
        ("subway", "北京站", "北京站"),
        ("subway", "北京西站", "北京西站"),
        ("subway", "站", "站"),
        ("subway", "3 站", "3"),
        ("subway", "地铁 西单", "西单"),
        ("subway", "Guomao station", "国贸"),
        ("near", "the Forbidden City", "故宫"),
        ("near", "大栅栏", "大栅栏"),
        ("near", "Nowhere Park", "Nowhere Park"),
        ("name", " Chaoyang ", "Chaoyang"),
    ],
)
def test_a_place_is_held_as_the_database_writes_it(kind, words, held):
    assert place(kind, words) == held


@pytest.mark.parametrize("district", sorted(DISTRICTS))
def test_a_district_with_and_without_its_ending_is_one(district):
    assert place("address", district) == place("address", f"{district}区") == f"{district}区"


def test_english_names_are_read_whatever_their_case():
    assert len(english_places()) > 10
    for name, chinese in english_places().items():
        assert in_chinese(name.upper()) == in_chinese(name) == chinese


@pytest.mark.parametrize(
    ("value", "words", "said"),
    [
        ("朝阳区", "somewhere in Chaoyang please", "Chaoyang"),
        ("国贸", "by GUOMAO station", "GUOMAO station"),
        ("国贸", "国贸附近", ""),
        ("大栅栏", "no such place", ""),
    ],
)
def test_the_english_name_is_found_as_it_stands_in_the_words(value, words, said):
    assert said_in_english(value, words) == said
