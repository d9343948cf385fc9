"""The call shown is the one that the chatbot makes; its SQL finds what the store finds; every traced fact stands in its record."""

import sqlite3

import pytest

from chatbot.core.settings import settings
from chatbot.dialogue.agent import Agent
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.lesson.tool_call import follow, sql_of, traced
from chatbot.models.families.hotel_mini import value
from chatbot.models.local import LocalModel

WORDS = "找一家能打麻将的酒店，五百以内"


@pytest.fixture(scope="module")
def shipped():
    return HotelStore.load(settings().hotels)


@pytest.fixture(scope="module")
def model():
    return LocalModel.load(settings().tuned, precision="fp32", device="cpu")


def test_the_turn_is_the_chatbots_own(model, shipped):
    found = follow(model, shipped, WORDS)
    end = list(Agent(model, shipped).turn([], WORDS))[-1]
    assert (found.turn.reply, found.turn.call) == (end.reply, end.call)
    assert found.act == "request +棋牌室 price<=500" and found.total == shipped.search(found.turn.query).total


def test_each_token_written_was_allowed_and_fewer_were_than_there_are(model, shipped):
    found = follow(model, shipped, WORDS)
    assert found.written[-1].token == "<|end|>"
    assert all(1 <= w.allowed < 200 and w.token == w.choices[0] for w in found.written)
    assert all(w.free == w.token for w in found.written if w.probability > 0.5)


@pytest.mark.parametrize(
    "arguments",
    [
        {"facilities": ["棋牌室"], "price_range_upper": 500},
        {"type": "经济型", "rating_range_lower": 4.5},
        {"price_range_lower": 300, "price_range_upper": 800, "sort_by": "price", "sort_order": "desc"},
        {"facilities": [["室内游泳池", "健身房"], "接机服务"]},
    ],
)
def test_the_sql_finds_what_the_store_finds(shipped, arguments):
    query = HotelQuery.parse(arguments)
    rows = database(shipped).execute(sql_of(query)).fetchall()
    assert rows and [(r["price"], r["rating"]) for r in shipped.search(query).records] == [row[1:] for row in rows]


def test_a_quote_in_a_name_stays_within_its_text(shipped):
    assert database(shipped).execute(sql_of(HotelQuery.parse({"name": "a' OR 1=1 --"}))).fetchall() == []


def test_every_traced_fact_stands_in_its_record_and_nothing_is_lost(model, shipped):
    turn = follow(model, shipped, WORDS).turn
    parts = traced(turn)
    facts = [(text, *source.split(".")) for text, source in parts if source]
    assert "".join(text for text, _ in parts) == turn.reply and len(facts) > 2
    assert all(text == value(turn.records[int(number) - 1], field) for text, number, field in facts)


def database(store):
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE hotel (id, name, type, price, rating, address, subway)")
    db.execute("CREATE TABLE facility (hotel, name)")
    for number, h in enumerate(store.hotels):
        db.execute(
            "INSERT INTO hotel VALUES (?,?,?,?,?,?,?)", (number, h.name, h.type, h.price, h.rating, h.address, h.subway)
        )
        db.executemany("INSERT INTO facility VALUES (?,?)", [(number, name) for name in h.facilities])
    return db
