"""Turns of the bank that put two things in one breath: what is unknown beside what is wished, what goes beside what stays."""

import random

import pytest

from chatbot.corpus.phrasebank.asked_along import asked_along
from chatbot.corpus.phrasebank.bank import read_bank
from chatbot.corpus.phrasebank.contrasts import contrast
from chatbot.corpus.phrasebank.lists import english_list, wish_list
from chatbot.corpus.phrasebank.plain_wishes import stay
from chatbot.corpus.phrasebank.stream import names_of
from chatbot.corpus.phrasebank.turns import TurnMaker
from chatbot.hotels.generate import generate
from chatbot.understanding.dialogue_state import next_state
from chatbot.understanding.turn_act import facility_of

LANGUAGES = ("zh", "en")


@pytest.fixture(scope="module")
def maker():
    return TurnMaker(read_bank(part="train"), names_of(list(generate(60, seed=3))))


def contrasts(maker, language, wanted, n=2000):
    """Turns made of those frames whose row holds the wanted key or mark."""
    rng = random.Random(7)
    rows = [row for row in (contrast(language, rng) for _ in range(n)) if wanted(row)]
    assert len(rows) > 30
    return [(row, maker.from_frame(row, rng)) for row in rows]


def test_an_unknown_wish_is_noted_and_what_is_wished_beside_it_is_kept(maker):
    rng = random.Random(3)
    turns = [turn for turn in (maker.with_unknown(rng) for _ in range(300)) if turn.copies]
    beside = [turn for turn in turns if turn.act.has("+", "price<=", "address=", "subway=", "near=", "type=")]
    assert len(turns) > 200 and len(beside) > len(turns) / 2
    assert all(turn.act.has("?") for turn in turns)
    assert all(turn.act.act != "unsupported" for turn in beside)
    assert any(len(turn.act.values("?")) > 1 for turn in beside)
    assert any(turn.act.act == "unsupported" for turn in turns)  # asked alone


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_is_wished_and_the_other_excluded(maker, language):
    for _, turn in contrasts(maker, language, lambda row: {"fac2", "not_fac1"} <= {*row["set"]}):
        assert len(turn.act.values("!")) == 1
        assert not set(turn.act.values("+")) & set(turn.act.values("!"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_type_is_excluded_and_none_is_wished(maker, language):
    for _, turn in contrasts(maker, language, lambda row: "not_type" in row["set"]):
        after = next_state(turn.before, turn.act, turn.shown)
        [kind] = turn.act.values("!type=")
        assert kind in after["exclude"]["type"] and after.get("type") != kind and not turn.act.has("type=")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("what", ["not_type=", "not_name1", "not_fac2"])
def test_what_is_ruled_out_together_is_all_excluded(maker, language, what):
    for row, turn in contrasts(maker, language, lambda row: any(wish.startswith(what) for wish in row["set"])):
        excluded = next_state(turn.before, turn.act, turn.shown)["exclude"]
        wanted = [wish for wish in row["set"] if wish.startswith("not_")]
        assert sum(map(len, excluded.values())) >= len(wanted)
        assert len(turn.act.values("!") + turn.act.values("!type=") + turn.act.values("!name=")) == len(wanted)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_let_in_again_was_excluded_and_is_no_wish(maker, language):
    for row, turn in contrasts(maker, language, lambda row: row.get("let_in")):
        after = next_state(turn.before, turn.act, turn.shown)
        assert turn.before["exclude"]["facilities"] and "exclude" not in after
        assert after.get("facilities") == turn.before.get("facilities") and len(row["keep"]) <= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_what_is_kept_alone_the_others_go_though_nobody_names_them(maker, language):
    for row, turn in contrasts(maker, language, lambda row: row.get("unsaid")):
        assert len(next_state(turn.before, turn.act, turn.shown)["facilities"]) == 1
        assert len(turn.before["facilities"]) == 1 + len(row["drop"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_only_kept_changes_nothing(maker, language):
    for _, turn in contrasts(maker, language, lambda row: row["act"] == "affirm"):
        assert turn.act.items == () and next_state(turn.before, turn.act, turn.shown) == turn.before


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_two_exchanged_one_goes_and_the_other_comes(maker, language):
    for _, turn in contrasts(maker, language, lambda row: row["set"] == ["fac3"]):
        after = next_state(turn.before, turn.act, turn.shown)["facilities"]
        [gone], [come] = turn.act.values("-"), turn.act.values("+")
        assert facility_of(come) in after and facility_of(gone) not in after


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_about_what_a_line_is_to_find_is_asked_of_no_hotel_shown_before(maker, language):
    rng = random.Random(4)
    for turn in (maker.from_frame(asked_along(language, rng), rng) for _ in range(200)):
        asked = {*turn.act.values("ask:"), *turn.act.values("has:")}
        assert len(asked) == 1 and not turn.act.has("#")
        assert next_state({}, turn.act, turn.shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_dates_and_guests_are_told_now_and_then_and_differently(language):
    rng = random.Random(2)
    drawn = (stay(language, rng) for _ in range(3000))
    told = [words for words in drawn if words]
    assert 100 < len(told) < 500 and len({words[0] for words in told}) > 50


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_one_or_else_the_other_is_a_single_wish_that_either_meets(maker, language):
    for _, turn in contrasts(maker, language, lambda row: "fac1|fac2" in row["set"]):
        [wish] = turn.act.values("+")
        assert "/" in wish and isinstance(facility_of(wish), list)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_given_up_stood_before_and_goes_and_what_is_kept_stays(maker, language):
    for row, turn in contrasts(maker, language, lambda row: "fac1" in row["drop"] and not row.get("let_in")):
        after = next_state(turn.before, turn.act, turn.shown).get("facilities") or []
        gone = [facility_of(value) for value in turn.act.values("-")]
        assert len(gone) == len(row["drop"]) and all(one in turn.before["facilities"] for one in gone)
        assert not any(one in after for one in gone) and len(after) >= len(row["keep"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bound_is_given_up_and_the_facility_beside_it_stays(maker, language):
    for _, turn in contrasts(maker, language, lambda row: set(row["drop"]) & {"price", "rating"}):
        after = next_state(turn.before, turn.act, turn.shown)
        assert after.get("facilities") == turn.before["facilities"] and len(after) < len(turn.before)


@pytest.mark.parametrize("make", [wish_list, english_list])
def test_no_list_wishes_for_two_orders_or_for_cheap_beside_a_price(make):
    rng = random.Random(5)
    rows = [make(rng)["set"] for _ in range(600)]
    ordered = [row for row in rows if any(what.startswith("sort") for what in row)]
    assert len(ordered) > 30
    for row in ordered:
        assert sum(what.startswith("sort") for what in row) == 1
        assert not ("sort=price_asc" in row and any(what.startswith("price") for what in row))
