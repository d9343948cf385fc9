"""Claims about the conversations that ship with the project, and about what can be downloaded."""

import pytest

from chatbot.core.settings import DATA
from chatbot.corpus.checks import check
from chatbot.corpus.crosswoz.download import SOURCES
from chatbot.corpus.export.split import leaks, read_sides
from chatbot.corpus.reading.reader import read_conversations
from chatbot.hotels.store import HotelStore


@pytest.fixture(scope="module")
def sides():
    return read_sides(DATA / "conversations")


def test_shipped_conversations_pass_every_check_on_the_shipped_database(sides):
    store = HotelStore.load(DATA / "hotel_db.json")
    failed = [
        (c.id, found.reason) for side in sides.values() for c in side for found in check(c, store) if not found.passed
    ]
    assert failed == []


def test_shipped_sides_are_8_1_1_and_leak_nothing(sides):
    train, val, test = map(len, sides.values())
    assert leaks(list(sides.values())) == {"sources": 0, "near_duplicates": 0}
    assert abs(val - test) <= 2 and 7 < train / val < 9


def test_shipped_conversations_are_small_and_hold_every_operation(sides):
    assert sum((DATA / "conversations" / f"{name}.jsonl").stat().st_size for name in sides) < 2_000_000
    assert {c.meta.get("operation") for c in sides["train"]} == {None, "spoken", "followup", "by_name", "by_cap"}


def test_each_download_names_one_revision_and_a_checksum():
    assert set(SOURCES) == {"hotels", "train", "val", "test"}
    assert all(len(source.sha256) == 64 and "/master/" not in source.url for source in SOURCES.values())


def test_the_short_examples_end_with_a_call_and_say_nothing_that_is_held_out(sides):
    short = read_conversations(DATA / "conversations" / "first_calls.jsonl")
    held = {m.content for name in ("val", "test") for c in sides[name] for m in c.messages if m.role == "user"}
    assert len(short) > 2000 and all(c.messages[-1].call for c in short)
    assert not held & {m.content for c in short for m in c.messages if m.role == "user"}
    assert {c.meta["operation"] for c in short} == {"spoken", "by_name", "by_cap"}
