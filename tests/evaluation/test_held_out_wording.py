"""The simulated user's words: lines that no training has seen, and each only where it means exactly what is to be said."""

from random import Random

import pytest

from chatbot.corpus.phrasebank.bank import Bank, is_kept, read_bank
from chatbot.evaluation.simulation.held_out_wording import HeldOutWording, Words, wish_names

TYPE, PRICE, RATING = {"type": "豪华型"}, {"price_range_upper": 400}, {"rating_range_lower": 4.5}
SAUNA, GYM = {"facilities": ["桑拿"]}, {"facilities": ["健身房"]}


def frame(act, text, put=(), drop=(), **more):
    return {"act": act, "text": text, "set": list(put), "drop": list(drop), "lang": "zh", **more}


def said(facility, form, text):
    return {"facility": facility, "form": form, "text": text, "lang": "zh"}


SAID = [said("桑拿", "np", "汗蒸房"), said("桑拿", "ask", "{which}能蒸吗"), said("健身房", "vp", "能举铁")]
WISHES = [{"text": "唱歌的地方", "form": "np", "wish": "KTV", "lang": "zh"}]


class Patient(Random):
    """Never so low that the user is curt."""

    def random(self):
        return 0.5 + super().random() / 2


@pytest.fixture
def words():
    """Words made of a bank of these frames."""
    return lambda *frames: HeldOutWording(Patient(0), Bank(list(frames), SAID, WISHES, [], []))


def texts(draw):
    return {draw().text for _ in range(30)}


def test_every_line_that_is_drawn_is_of_the_kept_part():
    words = HeldOutWording(Random(0))
    lines_said = [text for lines in words._said.values() for text in lines]
    assert len(words.frames) > 900 and all(is_kept(row["text"]) for row in words.frames)
    assert (
        len(lines_said) > 1700 and all(map(is_kept, lines_said)) and all(is_kept(row["text"]) for row in words.wishes)
    )


def test_a_frame_that_means_more_than_is_to_be_said_is_never_used(words):
    bank = words(
        frame("request", "{type}，{hi}以内", ["type", "price<=hi"]),
        frame("request", "只看{type}", ["type"]),
        frame("request", "{type}，再说说{which}的电话", ["type"], field="phone"),
        frame("request", "{type}，价不管", ["type"], ["price"]),
        frame("request", "不要{type}", ["not_type"]),
    )
    heard = texts(lambda: bank.tell([TYPE], opening=True))
    assert heard and all(text.startswith("只看") for text in heard)


def test_a_frame_for_all_is_preferred_and_what_none_fits_is_joined(words):
    bank = words(
        frame("refine", "{r}分起，{np1}也要", ["rating>=r", "fac1"]),
        frame("refine", "{r}分起", ["rating>=r"]),
        frame("refine", "{hi}以内", ["price<=hi"]),
    )
    for _ in range(10):
        heard = bank.tell([RATING, PRICE, SAUNA])
        assert heard.text.startswith("4.5分起，汗蒸房也要，") and heard.forms == {"桑拿": "np"}
        assert "400以内" in heard.text or "四百以内" in heard.text


def test_a_form_that_a_facility_is_never_said_in_needs_another_frame(words):
    bank = words(frame("refine", "得有{np1}", ["fac1"]), frame("refine", "得{vp1}才行", ["fac1"]))
    assert texts(lambda: bank.tell([SAUNA])) == {"得有汗蒸房"}
    assert texts(lambda: bank.tell([GYM])) == {"得能举铁才行"}


def test_a_change_replaces_only_its_own_kind_and_raises_only_what_rises(words):
    bank = words(
        frame("replace", "改{hi}以内", ["price<=hi"]),
        frame("replace", "{lo}涨到{hi}", ["price<=hi"]),
        frame("replace", "价{hi}，分不管了", ["price<=hi"], ["rating"]),
        frame("correct", "说岔了，{hi}以内", ["price<=hi"]),
    )
    down = texts(lambda: bank.changed({"price_range_upper": 600}, PRICE, "replace"))
    assert down <= {"改400以内", "改四百以内"}
    up = texts(lambda: bank.changed({"price_range_upper": 300}, PRICE, "replace"))
    assert any("涨到" in text and ("300" in text or "三百" in text) for text in up)
    assert all(
        text.startswith("说岔了") for text in texts(lambda: bank.changed(PRICE, {"price_range_upper": 700}, "correct"))
    )


def test_a_facility_gives_way_to_another_by_its_own_words(words):
    bank = words(
        frame("replace", "{np1}换成{vp2}的", ["fac2"], ["fac1"]), frame("replace", "要{vp2}", ["fac2"], ["price"])
    )
    assert texts(lambda: bank.changed(SAUNA, GYM, "replace")) == {"汗蒸房换成能举铁的"}


def test_a_drop_names_what_is_dropped_and_nothing_else(words):
    bank = words(
        frame("drop", "{np1}不要了", [], ["fac1"]),
        frame("drop", "都不要了", [], ["fac1", "price"]),
        frame("drop", "价随便", [], ["price"]),
    )
    assert texts(lambda: bank.dropped(SAUNA)) == {"汗蒸房不要了"} and texts(lambda: bank.dropped(PRICE)) == {"价随便"}
    assert all("不用管" in text or "不要求" in text for text in texts(lambda: bank.dropped(TYPE)))


def test_two_questions_are_asked_in_one_line_or_in_two_that_are_joined(words):
    both = frame("ask_field", "{which}多少钱，在哪", field="price", fields=["price", "address"])
    phone, rating = frame("ask_field", "{which}电话", field="phone"), frame("ask_field", "几分呢", field="rating")
    bank = words(both, phone, rating)
    assert bank.ask([("price", ""), ("address", "")], "第二家", focus=False) == "第二家多少钱，在哪"
    joined = bank.ask([("phone", ""), ("rating", "")], "第二家", focus=False)
    assert joined.startswith("第二家电话，") and joined.endswith("几分呢")
    asked = {bank.ask([("has", "桑拿")], "第二家", focus=False) for _ in range(30)}
    assert asked == {"第二家能蒸吗", "第二家，汗蒸房，行吗"}


def test_a_question_without_a_pointer_is_asked_only_of_the_hotel_in_focus(words):
    bank = words(frame("ask_field", "几分呢", field="rating"))
    assert bank.ask([("rating", "")], "第二家", focus=False) == "第二家的评分"
    assert bank.ask([("rating", "")], "它", focus=True) == "几分呢"


def test_an_unknown_wish_is_said_as_if_it_were_a_facility(words):
    bank = words(frame("refine", "得有{np1}", ["fac1"]), frame("refine", "得{vp1}", ["fac1"]))
    assert bank.wish("KTV") == Words("得有唱歌的地方", wish="唱歌的地方")
    assert len(wish_names()) > 50


def test_amounts_are_said_in_digits_and_in_chinese(words):
    bank = words(frame("refine", "{hi}以内", ["price<=hi"]))
    heard = texts(lambda: bank.again([PRICE]))
    assert any("400" in text for text in heard) and any("四百" in text for text in heard)


@pytest.mark.parametrize(
    "part", [TYPE, PRICE, RATING, {"price_range_lower": 300}, {"subway": "前门"}, {"near": "天坛公园"}]
)
def test_every_wish_can_be_said_without_any_frame(words, part):
    assert words().tell([part]).text


def test_the_shipped_bank_says_every_place_and_amount_as_it_is():
    words = HeldOutWording(Random(1), read_bank(part="kept"))
    for part in ({"address": "朝阳区"}, {"subway": "前门"}, {"near": "天坛公园"}, {"name": "甲酒店(乙店)"}, RATING):
        value = str(next(iter(part.values())))
        assert all(value in words.tell([part], opening=at % 2 == 0).text for at in range(40)), part
