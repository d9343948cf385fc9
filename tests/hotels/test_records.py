"""A hotel file is untrusted: gaps and junk of the real one are tolerated, anything else is an error that names the entry."""

import json

import pytest

from chatbot.core.errors import InputError
from chatbot.hotels.records import read_hotels


def _entry(name="北京云桥酒店", **fields):
    return [name, {"名称": name, "酒店类型": "经济型", "价格": 200, "评分": 4.5, "酒店设施": []} | fields]


def test_gaps_and_junk_are_tolerated(write):
    path = write(
        json.dumps(
            [
                _entry(
                    价格=None,
                    评分="",
                    酒店设施=["棋牌室", "\n    ", "棋牌室"],
                    周边景点=None,
                    周边餐馆=list("一二三四五六七"),
                )
            ]
        )
    )
    (hotel,) = read_hotels(path)
    assert (hotel.price, hotel.rating, hotel.facilities, hotel.nearby_attractions) == (None, None, ["棋牌室"], [])
    assert hotel.nearby_restaurants == list("一二三四五")


def test_whole_prices_are_int_and_others_stay(write):
    hotels = list(read_hotels(write(json.dumps([_entry(价格=200), _entry(价格="199.5")]))))
    assert [json.dumps(hotel.record()["price"]) for hotel in hotels] == ["200", "199.5"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (_entry("坏酒店", 价格="便宜"), "坏酒店"),
        (_entry("坏酒店", 价格=-1), "价格"),
        (_entry("坏酒店", 名称=""), "名称"),
        (_entry("坏酒店", 名称="店" * 121), "名称"),
        (_entry("坏酒店", 评分=50), "评分"),
        (_entry("坏酒店", 酒店设施="棋牌室"), "酒店设施"),
        (_entry("坏酒店", 酒店设施=[1]), "酒店设施"),
        (_entry("坏酒店", 酒店设施=[[]]), "酒店设施"),
        (_entry("坏酒店", 名称="\ud800"), "名称"),
        (_entry("坏酒店", 地址={}), "地址"),
        ({"名称": "坏酒店"}, "entry 2"),
        (["坏酒店"], "entry 2"),
        (None, "entry 2"),
    ],
)
def test_a_broken_entry_is_named(write, broken, said):
    with pytest.raises(InputError, match="entry 2") as caught:
        list(read_hotels(write(json.dumps([_entry(), broken]))))
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["", "{}", "[]", "[", "null", '"hotels"', "[" * 100_000])
def test_what_is_no_list_of_hotels_is_refused(write, text):
    with pytest.raises(InputError, match=r"hotels\.json"):
        list(read_hotels(write(text)))


def test_a_missing_or_binary_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="could not be read"):
        list(read_hotels(tmp_path / "none.json"))
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="could not be read"):
        list(read_hotels(tmp_path / "binary.json"))
