"""Places are found however people call them, and no station or sight is taken for another."""

import pytest

from chatbot.hotels.places import address, district_of, neighbours, spellings, station
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
    assert address("昌平小汤山") == ["昌平", "小汤山"]
    assert [address(whole) for whole in ("朝阳公园", "朝阳门路", "海淀")] == [["朝阳公园"], ["朝阳门路"], ["海淀"]]
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


def test_a_place_is_not_the_one_that_lies_west_of_it():
    hotels = [
        Hotel(name="北京西国贸大酒店", address="北京丰台区松台路1号"),
        Hotel(name="国贸云里酒店", address="北京朝阳区云桥路1号"),
    ]
    found = HotelStore(hotels).search(HotelQuery(address="国贸"))
    assert [record["name"] for record in found.records] == [hotels[1].name]


@pytest.mark.parametrize("said", ["北京西站", "西站", "北京西站地铁站附近"])
def test_a_railway_station_is_also_found_in_hotels_names(said):
    hotels = [Hotel(name="云里酒店(北京西客站店)", subway="云里地铁站"), Hotel(name="松台酒店", subway="松台地铁站")]
    assert [record["name"] for record in HotelStore(hotels).search(HotelQuery(subway=said)).records] == [hotels[0].name]


@pytest.mark.parametrize(
    ("said", "district"),
    [
        ("颐和园", "海淀区"),
        ("颐和园附近", "海淀区"),
        ("首都机场", "顺义区"),
        ("西单站", "西城区"),
        ("北京市朝阳区松台路", "朝阳区"),
        ("昌平小汤山", "昌平区"),
        ("琉璃厂东街", "西城区"),
        ("玉泉营花卉市场", "丰台区"),
        ("东城根", ""),
        ("松台无名寺", ""),
    ],
)
def test_a_known_place_lies_in_its_district(said, district):
    assert district_of(said) == district


def _names(**arguments):
    found = STORE.search(HotelQuery.parse(arguments), 9)
    return sorted(record["name"][:1] for record in found.records), found.relaxed, found.total


def test_a_place_that_no_record_holds_is_widened_to_its_district_and_told_as_given_up():
    assert _names(near="香山公园") == (["乙", "北", "己"], ["near"], 3)
    assert _names(address="朝阳区无名路") == (["丙", "甲"], ["address"], 2)


@pytest.mark.parametrize(
    ("said", "near"),
    [
        ("国子监街", "雍和宫"),
        ("望京医院附近", "望京南"),
        ("朝阳区雅宝路", "日坛"),
        ("望京无名医院", "望京"),
        ("首都剧场", "王府井大街"),
    ],
)
def test_the_place_next_to_a_known_one_comes_first(said, near):
    assert neighbours(said)[0] == near


@pytest.mark.parametrize("said", ["朝阳区", "朝阳", "松台无名寺", "香山", "三环", ""])
def test_a_district_a_ring_road_and_what_is_not_known_lie_next_to_nothing(said):
    assert neighbours(said) == ()


def test_a_place_that_is_given_up_is_widened_to_the_hotels_next_to_it_before_its_district():
    roads = {"近": "望京西路", "站": "甲路", "远": "建国路", "贵": "望京东路"}
    store = HotelStore(
        Hotel(
            name=name,
            address=f"北京朝阳区{road}1号",
            price=900 if name == "贵" else 200,
            subway="阜通地铁站A口" if name == "站" else "",
        )
        for name, road in roads.items()
    )
    found = store.search(HotelQuery(near="望京医院", price_range_upper=300), 9)
    assert {record["name"] for record in found.records} == {"近", "站"} and found.relaxed == ["near"]
    assert store.search(HotelQuery(near="望京医院"), 9).total == 3


def test_a_place_whose_district_is_not_known_is_widened_to_the_whole_city():
    assert _names(near="松台无名寺")[2] == len(STORE)


def test_a_place_whose_district_has_no_hotel_is_widened_to_the_nearest_district_that_has():
    assert _names(near="八达岭长城") == (["乙", "北", "己"], ["near"], 3)
    assert _names(near="慕田峪") == (["丙", "甲"], ["near"], 2)


@pytest.mark.parametrize(
    ("there", "relaxed", "names"), [(290, "price_range_upper", ["此"]), (310, "near", ["彼"])], ids=["a little", "far"]
)
def test_a_place_goes_before_a_price_that_its_hotels_are_far_above(there, relaxed, names):
    sight = ["颐和园"]
    store = HotelStore(
        [
            Hotel(name="此", address="北京海淀区甲路1号", price=there, nearby_attractions=sight),
            Hotel(name="彼", address="北京海淀区乙路2号", price=180),
            Hotel(name="远", address="北京朝阳区丙路3号", price=100),
        ]
    )
    found = store.search(HotelQuery(near="颐和园", price_range_upper=200), 9)
    assert ([record["name"] for record in found.records], found.relaxed) == (names, [relaxed])


def test_a_place_of_no_known_district_has_no_hotels_beside_it():
    store = HotelStore(
        [
            Hotel(name="此", address="北京海淀区甲路1号", price=900, nearby_attractions=["松台无名寺"]),
            Hotel(name="彼", address="无名路2号", price=100),
        ]
    )
    found = store.search(HotelQuery(near="松台无名寺", price_range_upper=200), 9)
    assert ([record["name"] for record in found.records], found.relaxed) == (["此"], ["price_range_upper"])


def test_what_the_district_cannot_meet_is_looked_for_in_the_whole_city():
    assert _names(near="颐和园", name="丙月坛") == (["丙"], ["near"], 1)


@pytest.mark.parametrize("field", ["address", "near"])
@pytest.mark.parametrize(
    ("said", "there", "elsewhere"),
    [("天桥", "北京西城区天桥南大街1号", "北京海淀区航天桥西街2号"), ("西四", "北京西城区西四北大街1号", "北京丰台区西四环中路2号"), ("西四", "北京西城区西四北大街1号", "北京通州区32楼西4号楼")],
)  # fmt: skip
def test_a_place_is_not_found_within_the_name_of_another(field, said, there, elsewhere):
    store = HotelStore([Hotel(name="此", address=there), Hotel(name="彼", address=elsewhere)])
    found = store.search(HotelQuery.parse({field: said}), 9)
    assert ([record["name"] for record in found.records], found.relaxed) == (["此"], [])


def test_a_park_is_found_by_the_sight_that_it_is_named_after_but_not_by_a_district():
    store = HotelStore(
        [
            Hotel(name="甲酒店", nearby_attractions=["地坛"]),
            Hotel(name="乙酒店", address="北京朝阳区甲路1号", nearby_attractions=["朝阳剧场"]),
        ]
    )
    assert [record["name"] for record in store.search(HotelQuery(near="地坛公园"), 9).records] == ["甲酒店"]
    assert "朝阳" not in spellings("朝阳公园")


@pytest.mark.parametrize("said", ["北大", "北大附近", "北京大学"])
def test_a_school_by_its_short_name_is_found_by_the_full_one_and_not_in_other_words(said):
    store = HotelStore(
        [
            Hotel(name="甲酒店", nearby_attractions=["北京大学"]),
            Hotel(name="湖北大厦", address="北京海淀区甲路1号"),
            Hotel(name="丙酒店", address="北京西城区西单北大街2号"),
        ]
    )
    assert [record["name"] for record in store.search(HotelQuery(near=said), 9).records] == ["甲酒店"]


def test_a_station_is_not_found_within_the_name_of_another():
    store = HotelStore([Hotel(name="此", subway="果园地铁站A口"), Hotel(name="彼", subway="苹果园地铁站C口")])
    found = store.search(HotelQuery(subway="果园"), 9)
    assert [record["name"] for record in found.records] == ["此"]


@pytest.mark.parametrize("said", ["东四", "东四站", "东四地铁站附近"])
def test_a_station_is_not_the_one_whose_name_goes_on(said):
    store = HotelStore([Hotel(name="甲酒店", subway="东四十条地铁站B口"), Hotel(name="乙酒店", subway="东四地铁站C口")])
    found = store.search(HotelQuery(subway=said))
    assert [r["name"] for r in found.records] == ["乙酒店"] and not found.relaxed
