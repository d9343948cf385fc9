"""Places are found however people call them, and no station or sight is taken for another."""

import pytest

from chatbot.hotels.places import address, spellings, station
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore

STORE = HotelStore(
    [
        Hotel(name="甲", address="北京朝阳区云桥路1号", subway="北京站地铁站C口", nearby_attractions=["月坛公园", "青安寺"]),
        Hotel(name="乙", address="北京海淀区首都国际机场路2号", subway="北京大学东门地铁站", nearby_attractions=["青安"]),
        Hotel(name="丙月坛酒店", address="北京朝阳区松台街3号", subway="北京西站地铁站"),
        Hotel(name="北京大学丁酒店", address="北京海淀区松台街4号", subway="松台地铁站"),
        Hotel(name="己", address="北京海淀区朝阳门路5号", subway="松台地铁站"),
    ]
)  # fmt: skip


def _found(**arguments):
    found = STORE.search(HotelQuery.parse(arguments), 9)
    return [] if found.relaxed else sorted(record["name"][:1] for record in found.records)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("三元桥站", "三元桥"),
        ("地铁三元桥站附近", "三元桥"),
        ("三元桥地铁站旁边", "三元桥"),
        ("北京站", "北京站"),
        ("北京西站地铁站", "北京西站"),
        ("西站", "西站"),
        ("北京南站附近", "北京南站"),
        ("站", "站"),
    ],
)
def test_a_station_loses_its_last_word_and_a_railway_station_keeps_it(said, meant):
    assert station(said) == meant


def test_a_railway_station_is_not_every_station_of_the_city():
    assert _found(subway="北京站") == ["甲"]
    assert _found(subway="西站") == ["丙"]


@pytest.mark.parametrize("said", ["朝阳", "朝阳区", "北京朝阳", "北京市朝阳区", "朝阳区附近"])
def test_a_district_is_the_same_with_and_without_its_last_word(said):
    assert _found(address=said) == ["丙", "甲"]


def test_a_street_that_is_called_like_a_district_does_not_lie_in_it():
    assert "己" not in _found(address="朝阳") and _found(address="朝阳门路") == ["己"]


def test_a_district_and_a_street_must_both_hold():
    assert address("北京市朝阳区松台街附近") == ["朝阳区", "松台街"]
    assert _found(address="海淀区松台街") == ["北"]


def test_a_place_nearby_is_found_in_attractions_name_address_and_station():
    assert _found(near="月坛") == ["丙", "甲"]
    assert _found(near="北京大学") == ["乙", "北"]
    assert _found(near="松台街附近") == ["丙", "北"]


@pytest.mark.parametrize("said", ["首都机场", "首都国际机场", "首都机场附近", "首都机场旁边的"])
def test_an_airport_is_found_by_either_of_its_names(said):
    assert "首都国际机场" in spellings(said)
    assert _found(near=said) == ["乙"]


def test_no_place_is_made_of_the_end_of_one_and_the_beginning_of_the_next():
    assert _found(near="公园青安") == []
