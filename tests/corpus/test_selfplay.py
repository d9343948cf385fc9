"""Self-play: deterministic, replayable, grounded, and varied."""

import itertools
import random

import pytest

from chatbot.core.settings import DATA
from chatbot.corpus.selfplay.generate import selfplay
from chatbot.corpus.selfplay.recipe import scrambled
from chatbot.corpus.selfplay.speaker import Speaker, aliases, chinese, short_names
from chatbot.corpus.selfplay.wishes import WishMaker
from chatbot.hotels.facilities import FACILITIES, match_facility
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.store import HotelStore


@pytest.fixture(scope="module")
def shipped() -> HotelStore:
    return HotelStore.load(DATA / "hotel_db.json")


@pytest.fixture(scope="module")
def dialogues(shipped):
    return list(selfplay(shipped, 150, 7))


def test_a_seed_gives_the_same_dialogues_again(shipped):
    first, again, other = ([c.to_json() for c in selfplay(shipped, 20, seed)] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_every_call_reproduces_its_records(shipped, dialogues):
    searches = [pair for d in dialogues for pair in itertools.pairwise(d.messages) if pair[1].role == "tool"]
    assert len(searches) >= len(dialogues)
    for before, after in searches:
        found = shipped.search(HotelQuery.parse(before.call.arguments))
        assert after.records == (found.records if not found.relaxed or after.records else []), before.call


def test_every_reply_holds_only_what_the_records_hold(dialogues):
    replies = 0
    for dialogue in dialogues:
        for at, message in enumerate(dialogue.messages):
            if message.role == "assistant" and not message.call:
                before = dialogue.messages[:at]
                records = next((m.records for m in reversed(before) if m.role == "tool"), [])
                assert ungrounded(message.content, records, before) == [], (dialogue.id, message.content)
                replies += bool(message.content)
    assert replies > 2 * len(dialogues)


def test_a_call_carries_the_whole_state(dialogues):
    longest = max(dialogues, key=lambda d: sum(m.call is not None for m in d.messages))
    calls = [m.call.arguments for m in longest.messages if m.call]
    kept = [set(a) & set(b) for a, b in itertools.pairwise(calls)]
    assert any(kept)


def test_first_requests_hardly_repeat(shipped):
    said = [next(m.content for m in c.messages if m.role == "user") for c in selfplay(shipped, 200, 3, turns=0)]
    assert len(set(said)) > 190


@pytest.mark.parametrize(
    ("n", "plain", "colloquial"),
    [
        (300, "三百", "三百"),
        (350, "三百五十", "三百五"),
        (1200, "一千二百", "一千二"),
        (405, "四百零五", "四百零五"),
        (18, "一十八", "一十八"),
    ],
)
def test_numbers_are_said_in_chinese(n, plain, colloquial):
    assert chinese(n) == plain
    assert chinese(n, colloquial=True) == colloquial


def test_an_alias_means_its_facility_alone():
    said = {name: words for name, words in aliases().items() if words}
    assert set(said) == set(FACILITIES)
    for name, words in said.items():
        for word in words:
            assert name in match_facility(word), (name, word)


def test_short_names_keep_the_brand_or_the_branch():
    assert "如家燕莎店" in short_names("如家快捷酒店(北京燕莎店)")
    assert "瑞都大酒店" in short_names("北京瑞都大酒店")


def test_a_second_wish_always_changes_the_state(shipped):
    rng = random.Random(5)
    maker = WishMaker(rng, Speaker(rng), shipped)
    state = {"type": "经济型", "facilities": [FACILITIES[0]]}
    for _ in range(100):
        wish = maker.another(state)
        assert any(state.get(key) != value for key, value in wish.arguments.items())


def test_scrambled_databases_hold_names_that_the_original_does_not(shipped):
    hotels = scrambled(list(shipped.hotels), random.Random(1))
    known = {h.name for h in shipped.hotels}
    assert 10 < sum(h.name not in known for h in hotels) < len(hotels)
