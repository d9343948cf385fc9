"""The conversation that the product promises, held by the shipped weights on the shipped hotels."""

import pytest

from chatbot.core.messages import user
from chatbot.core.settings import Settings
from chatbot.dialogue.agent import Agent
from chatbot.dialogue.events import TurnEvent
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.store import HotelStore
from chatbot.models.catalog import open_model

CHEAP = {"type": "经济型", "facilities": ["棋牌室"]}
RATED = CHEAP | {"rating_range_lower": 4.5}
TALK = [
    ("想找能打麻将的经济型酒店", CHEAP),
    ("要评分4.5分以上的", RATED),
    ("第一家电话多少", RATED),
    ("换成舒适型", RATED | {"type": "舒适型"}),
    ("谢谢", RATED | {"type": "舒适型"}),
]


@pytest.fixture(scope="module")
def turns():
    shipped = Settings(_env_file=None)
    agent, messages, out = Agent(open_model("hotel-mini", shipped), HotelStore.load(shipped.hotels)), [], []
    for words, _ in TALK:
        *_, done = agent.turn(messages, words)
        assert isinstance(done, TurnEvent)
        messages = [*messages, *done.messages]
        out.append((done, messages))
    return out


def test_every_turn_is_understood(turns):
    assert [done.query.arguments() for done, _ in turns] == [state for _, state in TALK]


def test_only_wishes_start_a_search(turns):
    assert [done.call is not None for done, _ in turns] == [True, True, False, True, False]


def test_the_first_hotels_phone_is_told(turns):
    phone = turns[1][0].records[0]["phone"]
    assert phone and phone in turns[2][0].reply


def test_every_hotel_meets_the_wishes(turns):
    for done, _ in turns:
        assert done.records and not done.relaxed
        assert all("棋牌室" in record["facilities"] for record in done.records)


def test_every_reply_is_true(turns):
    for done, messages in turns:
        assert done.reply and ungrounded(done.reply, done.records, messages[:-1]) == []


def test_a_longer_line_is_offered_only_where_it_is_nearly_as_likely():
    model = open_model("hotel-mini", Settings(_env_file=None))
    two = [user("想找带健身房的经济型酒店")]
    [best] = model.predict([(two, [])])
    assert best is not None and best.act == "request type=经济型 +健身房"
    assert model.longer(two, 2) is not None and model.longer(two, 4) is None
