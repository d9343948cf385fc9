"""A small invented database in CrossWOZ's form, the real store over it, and dialogues annotated as CrossWOZ annotates them."""

import json

import pytest

from chatbot.core.settings import settings
from chatbot.hotels.store import HotelStore

HOTELS = [
    # name, type, price, rating, facilities, attractions, restaurants
    ("北京松风大酒店", "豪华型", 900, 4.9, ["暖气", "叫醒服务", "棋牌室"], ["月坛湖"], ["老汤面馆(月坛店)"]),
    ("北京竹里宾馆", "豪华型", 700, 4.7, ["暖气", "无烟房"], [], []),
    ("北京梅溪饭店", "高档型", 450, 4.6, ["叫醒服务", "早餐服务"], ["梅溪塔"], []),
    ("云栖快捷酒店(北京东桥店)", "经济型", 180, 4.2, ["24小时热水", "行李寄存"], ["东桥公园"], ["东桥包子铺"]),
    ("云栖快捷酒店(北京西站店)", "经济型", 150, 4.0, ["24小时热水"], [], ["西站饺子馆"]),
    ("北京荷塘旅馆", "经济型", None, 3.8, ["暖气"], [], []),
]


def entry(hotel):
    name, kind, price, rating, facilities, attractions, restaurants = hotel
    fields = {"领域": "酒店", "名称": name, "酒店类型": kind, "价格": price, "评分": rating, "酒店设施": facilities}
    fields |= {
        "地址": f"北京市甲区{name[2:4]}路1号",
        "地铁": "甲站地铁站A口",
        "电话": f"010-6000{round(rating * 1000):04d}",
    }
    return [name, fields | {"周边景点": attractions, "周边餐馆": restaurants, "周边酒店": []}]


@pytest.fixture(scope="session")
def hotels_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("hotels") / "hotel_db.json"
    path.write_text(json.dumps([entry(hotel) for hotel in HOTELS], ensure_ascii=False), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def store(hotels_file):
    return HotelStore.load(hotels_file)


@pytest.fixture
def crosswoz_file(tmp_path):
    """Write dialogues (id → messages) as a CrossWOZ file."""

    def write(**dialogues):
        path = tmp_path / "val.json"
        path.write_text(
            json.dumps({key: {"messages": messages} for key, messages in dialogues.items()}, ensure_ascii=False),
            encoding="utf-8",
        )
        return path

    return write


@pytest.fixture(autouse=True)
def own_server(monkeypatch):
    """The server of these tests is of this machine, which a typed address reaches by a setting alone."""
    monkeypatch.setenv("CHATBOT_PRIVATE_HOSTS", "127.0.0.1")
    settings.cache_clear()
    yield
    settings.cache_clear()
