"""Before hotels replace others: which fields were found in how many, what was not used, what repeats, what cannot be used."""

import json
import zipfile

import pytest
from typer.testing import CliRunner

from chatbot.__main__ import app
from chatbot.core.errors import HotelFileError, InputError
from chatbot.core.sheets import write_sheet
from chatbot.hotels.preview import Choices, confirmed, read_hotel_file
from chatbot.hotels.records import read_hotels


@pytest.fixture
def hotels(tmp_path):
    def write(data, name="own.json", encoding="utf-8"):
        (tmp_path / name).write_bytes(json.dumps(data, ensure_ascii=False).encode(encoding))
        return tmp_path / name

    return write


def pair(name="晚风酒店", **fields):
    return [name, fields]


def test_common_other_keys_are_offered_and_taken(hotels):
    path = hotels([pair(房费="380元", 电话号码="010-1", 星级="舒适型"), pair("云上酒店", 价格=200, 房费="210")])
    found = read_hotel_file(path)
    assert found.preview.offered == {"房费": "价格", "电话号码": "电话", "星级": "酒店类型"}
    assert [(hotel.price, hotel.phone) for hotel in found.hotels] == [(380, "010-1"), (200, "")]
    assert (found.preview.found["价格"], found.preview.found["电话"], found.preview.found["评分"]) == (2, 1, 0)


def test_a_mapping_that_is_not_wanted_leaves_the_key_unused(hotels):
    path = hotels([pair(房费="380元", 房型="大床房", 早餐="有")])
    found = read_hotel_file(path, Choices(renamed={}))
    assert found.hotels[0].price is None and found.preview.unused == ("房费", "房型", "早餐")
    assert read_hotel_file(path).preview.unused == ("房型", "早餐")
    assert read_hotel_file(path, Choices(renamed={"房型": "酒店类型"})).hotels[0].type == "大床房"


def test_names_that_repeat_are_told_and_stay_hotels_of_their_own(hotels):
    found = read_hotel_file(hotels([pair(房型="大床房", 价格=1), pair(房型="套房", 价格=2), pair("云上酒店")]))
    assert found.preview.repeated == {"晚风酒店": 2} and len(found.hotels) == 3


@pytest.mark.parametrize(
    ("fields", "field", "out_of_range"),
    [
        ({"价格": "300-400"}, "价格", False),
        ({"价格": -1}, "价格", True),
        ({"价格": True}, "价格", False),
        ({"价格": "3/4"}, "价格", False),
        ({"评分": 9.2}, "评分", True),
        ({"酒店设施": 5}, "酒店设施", False),
        ({"地址": ["x"]}, "地址", False),
        ({"地址": "长" * 501}, "地址", False),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_is_then_unknown(hotels, fields, field, out_of_range):
    found = read_hotel_file(hotels([pair("云上酒店"), pair(**fields)]))
    [problem] = found.preview.problems
    assert (problem.entry, problem.name, problem.field, problem.out_of_range) == (2, "晚风酒店", field, out_of_range)
    assert found.hotels[1].entry()[field] in (None, "", []) and found.preview.found[field] == 0


def test_ratings_to_ten_are_recognised_and_halved_on_request(hotels):
    path = hotels([pair(评分=9.2), pair("云上酒店", 评分="8.8分")])
    assert read_hotel_file(path).preview.looks_ten
    found = read_hotel_file(path, Choices(ten_points=True))
    assert [hotel.rating for hotel in found.hotels] == [4.6, 4.4] and found.preview.problems == ()


@pytest.mark.parametrize(
    "value", ["无线上网 停车场", "无线上网、停车场", "无线上网，停车场", "无线上网; 停车场", "无线上网\n停车场"]
)
def test_a_list_in_one_text_is_split_and_told(hotels, value):
    found = read_hotel_file(hotels([pair(酒店设施=value)]))
    assert found.hotels[0].facilities == ["无线上网", "停车场"] and found.preview.split == {"酒店设施": 1}


def test_an_entry_that_is_no_hotel_is_left_out_and_named(hotels):
    found = read_hotel_file(hotels([pair(), None, ["x"], {"价格": 5}, pair("名" * 121)]))
    assert [(p.entry, p.field) for p in found.preview.problems] == [(2, ""), (3, ""), (4, ""), (5, "")]
    assert (found.preview.entries, found.preview.hotels) == (5, 1)


@pytest.mark.parametrize(
    "data",
    [
        [{"hotelName": "晚风酒店", "price": "380", "score": "4.6", "facilities": "健身房、游泳池"}],
        {"晚风酒店": {"price": 380, "rating": 4.6, "amenities": ["健身房", "游泳池"]}},
        {"name": "晚风酒店", "Room Price": "¥380/晚", "rating": 4.6, "设施": "健身房 游泳池"},
    ],
)
def test_objects_are_read_like_pairs(hotels, data):
    [hotel] = read_hotel_file(hotels(data)).hotels
    assert (hotel.name, hotel.price, hotel.rating, hotel.facilities) == ("晚风酒店", 380, 4.6, ["健身房", "游泳池"])


def test_sheets_and_archives_are_read(tmp_path):
    book = write_sheet(
        [["酒店名", "房价", "评分", "设施"], ["晚风酒店", 380, 4.6, "健身房"], ["云上酒店", None, None, None]]
    )
    (tmp_path / "a.xlsx").write_bytes(book)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "x")
        archive.writestr("h.csv", "酒店名,房价\n晚风酒店,380\n云上酒店,\n")
    for name in ("a.xlsx", "a.zip"):
        assert [hotel.price for hotel in read_hotel_file(tmp_path / name).hotels] == [380, None]


def test_in_an_archive_the_hotels_are_found_among_other_databases_and_the_rest_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "db.zip", "w") as archive:
        archive.writestr("database/attraction_db.json", json.dumps([["某塔", {"评分": 4}]], ensure_ascii=False))
        archive.writestr("database/hotel_db.json", json.dumps([pair(价格=1)], ensure_ascii=False))
    found = read_hotel_file(tmp_path / "db.zip")
    assert [hotel.name for hotel in found.hotels] == ["晚风酒店"]
    assert (found.preview.file, found.preview.passed_over) == ("hotel_db.json", ("attraction_db.json",))
    with pytest.raises(HotelFileError):
        list(read_hotels(tmp_path / "db.zip"))


def test_another_encoding_is_recognised_and_must_be_confirmed(hotels):
    path = hotels([pair(地址="北京西城区")], encoding="gbk")
    reading = read_hotel_file(path)
    assert reading.preview.doubtful_encoding == "gbk" and reading.hotels[0].address == "北京西城区"
    with pytest.raises(InputError, match="--encoding GBK"):
        confirmed(reading, Choices(), path)
    assert confirmed(reading, Choices("gbk"), path) == reading.hotels
    with pytest.raises(HotelFileError, match="written in GBK"):
        list(read_hotels(path))


@pytest.mark.parametrize("data", [[], {}, 5, [1], [{"价格": 5}]])
def test_a_file_without_hotels_is_refused(hotels, data):
    with pytest.raises(HotelFileError):
        read_hotel_file(hotels(data))


def test_commands_never_lose_a_field_of_another_name_in_silence(hotels):
    with pytest.raises(HotelFileError, match=r"entry 1 \(晚风酒店\) lacks 价格.*房费.*hotels read"):
        list(read_hotels(hotels([pair(房费="380元")])))


def test_the_command_shows_what_is_found_and_writes_our_form(hotels, tmp_path):
    path = hotels([pair(房费="380元", 房型="大床房")])
    shown = CliRunner().invoke(app, ["hotels", "read", str(path)])
    told = json.loads(shown.stdout)
    assert (told["taken_for"], told["unused"]) == ({"房费": "价格"}, {"房型": 1})
    done = CliRunner().invoke(app, ["hotels", "read", str(path), "--out", str(tmp_path / "new.json")])
    assert done.exit_code == 0 and [h.price for h in read_hotels(tmp_path / "new.json")] == [380]
