"""Few hotels with telling names for the claims about search, and the shipped ones."""

from pathlib import Path

import pytest

from chatbot.core.settings import DATA
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore

NAMES = (
    "归途快捷酒店(北京云桥使馆区店)",
    "归途快捷酒店(北京云桥三元里店)",
    "归途快捷酒店(北京云桥松林巷店)",
    "归途快捷酒店(北京月坛湾店)",
    "归途精选酒店(北京国展湾店)",
    "白鹭水晶酒店(北京青安店)",
    "9天连锁酒店(北京青安店)",
    "9天连锁酒店(北京松台店)",
    "北京瑞都大酒店",
    "北京云桥中心洛宾斯基饭店",
    "北京月坛湾希顿酒店",
    "天天归途公寓",
    "归途快捷酒店(北京站店)",
)


@pytest.fixture(scope="session")
def named() -> HotelStore:
    """Hotels of which only the name matters."""
    return HotelStore(Hotel(name=name) for name in NAMES)


@pytest.fixture(scope="session")
def shipped() -> HotelStore:
    """The hotels that the project ships."""
    return HotelStore.load(DATA / "hotel_db.json")


@pytest.fixture
def small() -> HotelStore:
    """Five hotels with known prices, ratings and facilities."""
    return HotelStore(
        [
            Hotel(
                name="甲",
                type="经济型",
                price=200,
                rating=4.5,
                facilities=["棋牌室", "24小时热水"],
                address="北京朝阳区云桥路1号",
                subway="云桥地铁站A口",
            ),
            Hotel(
                name="乙",
                type="经济型",
                price=300,
                rating=4.5,
                facilities=["棋牌室"],
                address="北京海淀区云桥路2号",
                subway="松台地铁站",
            ),
            Hotel(
                name="丙",
                type="豪华型",
                price=900,
                rating=4.8,
                facilities=["室内游泳池", "所有房间提供wifi"],
                address="北京朝阳区松台街3号",
            ),
            Hotel(name="丁", type="舒适型", price=None, rating=4.9, facilities=["残疾人设施", "酒店各处提供wifi"]),
            Hotel(name="戊", type="舒适型", price=400, rating=None, facilities=["电动汽车充电"]),
        ]
    )


@pytest.fixture
def write(tmp_path: Path):
    """Write a text as a hotel file."""

    def _write(text: str) -> Path:
        path = tmp_path / "hotels.json"
        path.write_text(text, encoding="utf-8")
        return path

    return _write
