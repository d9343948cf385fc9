"""A tiny random model and a few conversations, on which the real trainer runs in seconds."""

import pytest

from chatbot.core.messages import Conversation, call, observation, reply, user, write_conversations
from chatbot.hotels.query import SEARCH_HOTELS
from tests.tiny_models import tiny_llama


def conversation(number):
    price = 200 + 10 * number
    record = {
        "name": f"第{number}宾馆",
        "type": "经济型",
        "price": price,
        "rating": 4.5,
        "facilities": ["棋牌室"],
        "phone": "010-1",
        "address": "x",
    }
    wish = call({"type": "经济型", "price_range_upper": price})
    messages = [
        user(f"找一家{price}元以内能打麻将的经济型酒店"),
        wish,
        observation([record]),
        reply(f"推荐第{number}宾馆。"),
    ]
    return Conversation(id=f"c{number}", source=f"s{number}", tools=[SEARCH_HOTELS], messages=messages)


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    return tiny_llama(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def conversations():
    return [conversation(number) for number in range(24)]


@pytest.fixture(scope="session")
def data(tmp_path_factory, conversations):
    path = tmp_path_factory.mktemp("data") / "train.jsonl"
    write_conversations(path, conversations)
    return path
