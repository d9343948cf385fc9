"""A small invented database and models that answer from a queue, for the tests of the evaluation."""

from random import Random

import pytest

from chatbot.core.messages import Conversation, call, observation, reply, user
from chatbot.dialogue.events import TurnEvent
from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.query import HOTEL_TYPES, SEARCH_HOTELS, HotelQuery
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore


class QueueModel:
    """Answers each context with what was put in for it: by (number of messages, last text), so that batching may reorder."""

    name = "queue"

    def __init__(self, conversations, answers=None):
        self.answers = {}
        self.batches = []
        for conversation in conversations:
            for index, message in enumerate(conversation.messages):
                self.answers[self._key(conversation.messages[:index])] = message
        self.answers |= answers or {}

    @staticmethod
    def _key(messages):
        return tuple(m.model_dump_json() for m in messages)

    def put(self, messages, answer):
        self.answers[self._key(messages)] = answer

    def predict(self, contexts):
        self.batches.append(len(contexts))
        return [self.answers[self._key(messages)] for messages, tools in contexts]


class Unchecked:
    """A chatbot that says what its model says, and offers nothing in words where that does not parse."""

    def next_message(self, messages, draft=None):
        return draft.message or reply("请稍等")

    def turn(self, messages, text, stop=lambda: False):
        yield TurnEvent("请稍等", None, HotelQuery(), [], [user(text), reply("请稍等")])


def _hotel(number):
    rng = Random(number)
    return Hotel(
        name=f"{rng.choice('云月星松竹梅')}{rng.choice('海山河湖溪')}酒店(北京第{number}街店)",
        type=rng.choice(HOTEL_TYPES),
        address=f"北京东城区第{number}街{number + 1}号",
        subway=f"第{number}街地铁站A口",
        phone=f"010-{65000000 + number}",
        facilities=rng.sample(FACILITIES, 12),
        price=rng.choice((None, 180, 260, 333, 480, 620, 900, 1300)),
        rating=rng.choice((3.9, 4.1, 4.4, 4.6, 4.8)),
        nearby_attractions=[f"第{number}公园"],
        nearby_restaurants=[f"第{number}饭馆"],
    )


@pytest.fixture(scope="session")
def store():
    """Sixty invented hotels."""
    return HotelStore([_hotel(number) for number in range(60)])


@pytest.fixture
def conversations(store):
    """Two dialogues whose gold replies are grounded: one with an empty search and a second call, one with a name."""
    first, second = store.hotels[0].record(), store.hotels[1].record()
    one = [
        user("要能打麻将的豪华型，20元以下"),
        call({"type": "豪华型", "facilities": ["棋牌室"], "price_range_upper": 20}),
        observation([]),
        reply("没有找到符合的酒店。"),
        user("那就豪华型"),
        call({"type": "豪华型"}),
        observation([first]),
        reply(f"推荐{first['name']}。"),
    ]
    two = [
        user(f"{second['name']}电话多少"),
        call({"name": second["name"]}),
        observation([second]),
        reply(f"电话是{second['phone']}。"),
        user("谢谢"),
        reply("不客气。"),
    ]
    return [
        Conversation(id=name, source=name, tools=[SEARCH_HOTELS], messages=messages)
        for name, messages in (("one", one), ("two", two))
    ]


@pytest.fixture
def queue_model():
    """The class of the fakes."""
    return QueueModel


@pytest.fixture
def gold_model(conversations):
    """A model that answers exactly as the data does."""
    return QueueModel(conversations)


@pytest.fixture
def unchecked():
    """A chatbot without checks of its own."""
    return Unchecked()
