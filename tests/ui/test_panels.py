"""What is drawn of a conversation: slots, cards and bubbles; everything that was said stays text."""

import json
import re

import pytest

from chatbot.core.errors import QueryError
from chatbot.core.messages import reply, user
from chatbot.dialogue.events import CallEvent, RecordsEvent, TextEvent, TurnEvent
from chatbot.hotels.preview import read_hotel_file
from chatbot.hotels.query import HotelQuery
from chatbot.ui.chat.handlers import edited_turn
from chatbot.ui.chat.hotel_cards import cards_html, wishes
from chatbot.ui.chat.hotel_words import bounds
from chatbot.ui.chat.slot_form import SlotForm, slots_html
from chatbot.ui.chat.state import ChatState, ChatTurn
from chatbot.ui.chat.transcript import transcript, turn_at
from chatbot.ui.i18n.translate import label, translations, words
from chatbot.ui.shell.hotel_file import preview_html

RECORD = {
    "name": "<b>甲</b>",
    "type": "经济型",
    "price": 200,
    "rating": None,
    "facilities": ["棋牌室"],
    "subway": "<script>",
    "phone": "1",
}


def end(query=None, said="好"):
    return TurnEvent(said, None, query or HotelQuery(), [], [user("问"), reply(said)])


def test_new_changed_and_dropped_slots_are_marked_by_a_word():
    before = HotelQuery(type="经济型", rating_range_lower=4.0)
    html = slots_html(HotelQuery(type="舒适型", price_range_upper=300), before, "zh")
    rows = {row.split("<th>")[1][:2]: row for row in html.split("<tr")[1:]}
    assert "<mark>改</mark>" in rows["类型"]
    assert "<mark>新</mark>" in rows["价格"]
    assert "≤ 300元" in rows["价格"]
    assert "<mark>已去掉</mark>" in rows["评分"]
    assert "≥ 4" in rows["评分"]


def test_a_kept_slot_has_no_mark_and_a_spoken_facility_shows_both_words():
    query = HotelQuery(facilities=("能打麻将",))
    html = slots_html(query, query, "zh")
    assert "mark" not in html
    assert "棋牌室" in html
    assert "能打麻将" in html


def test_an_english_page_says_facilities_types_and_districts_in_english():
    query = HotelQuery(
        type="经济型", facilities=(("室内游泳池", "室外游泳池"),), address="朝阳区", price_range_upper=300
    )
    html = slots_html(query, query, "en")
    assert all(said in html for said in ("economy", "indoor pool or outdoor pool", "Chaoyang", "≤ 300 yuan"))
    assert [wish for wish, _ in wishes(query, RECORD, "en")][1] == "indoor pool or outdoor pool"


def test_a_facility_in_the_databases_words_shows_the_users_own_beside_them():
    query = HotelQuery(facilities=("棋牌室", "健身房"))
    html = slots_html(query, query, "zh", said="想找能打麻将的，还要有健身房")
    assert "棋牌室 <small>← “打麻将”</small>" in html
    assert html.count("<small>") == 1


def test_a_word_for_several_facilities_stays_that_word():
    query = HotelQuery(facilities=("wifi",))
    assert ">wifi<" in slots_html(query, query, "zh")
    assert wishes(query, RECORD | {"facilities": ["所有房间提供wifi"]}, "zh") == [("wifi", True)]


@pytest.mark.parametrize(
    ("total", "relaxed", "said"),
    [(1, [], "共 1 家符合<"), (1200, [], "共 1,200 家符合，显示前 1 家<"), (1, ["type"], "放宽后共 1 家<")],
)
def test_the_cards_say_how_many_there_are_and_whether_a_wish_was_given_up(total, relaxed, said):
    assert said in cards_html(HotelQuery(type="经济型"), RecordsEvent([RECORD], relaxed, [], total, 0.0), "zh")


@pytest.mark.parametrize(
    ("lower", "upper", "shown"),
    [(None, None, ""), (4.5, None, "≥ 4.5"), (None, 300, "≤ 300"), (200, 300, "200–300"), (300, 300, "300")],
)
def test_bounds_read_as_people_write_them(lower, upper, shown):
    assert bounds(lower, upper) == shown


def test_a_card_tells_met_wishes_from_unmet_ones():
    query = HotelQuery(type="经济型", facilities=("打麻将", "泳池"), price_range_upper=150, rating_range_lower=4)
    met = dict(wishes(query, RECORD, "zh"))
    assert met["经济型"]
    assert met["棋牌室"]
    assert not met["≤ 150元"]
    assert not met["≥ 4分"]
    assert list(met.values()).count(False) == 3


def test_a_wish_for_any_of_two_is_one_wish_with_the_users_words_once():
    html = slots_html(HotelQuery(facilities=(("室内游泳池", "室外游泳池"),)), HotelQuery(), None, "能游泳的")
    assert html.count("facility") == 1 and "室内游泳池或室外游泳池" in html and html.count("能游泳") == 1


def test_records_and_facility_words_cannot_become_html():
    found = RecordsEvent([RECORD], ["facilities:<i>"], ["<u>"], 1, 0.0)
    html = cards_html(HotelQuery(facilities=("<img src=x>",)), found, "zh") + slots_html(
        HotelQuery(facilities=("<img src=x>",)), HotelQuery(), "zh"
    )
    assert not any(tag in html for tag in ("<b>甲", "<script", "<img", "<u>", "<i>"))


def test_bubbles_cannot_become_html():
    state = ChatState((ChatTurn("<img src=x onerror=alert(1)>", reply="<b>x</b>", end=end()),))
    assert [m["content"] for m in transcript(state, "zh")] == [
        "&lt;img src=x onerror=alert(1)&gt;",
        "&lt;b&gt;x&lt;/b&gt;",
    ]


def test_a_reply_cites_the_cards_beside_it_and_only_those():
    found = RecordsEvent([{"name": "甲&乙"}, {"name": "甲&乙店"}], [], [], 2, 0.0)
    old = ChatTurn("问", found=RecordsEvent([{"name": "甲&乙"}], [], [], 1, 0.0), reply="甲&乙。", end=end())
    new = ChatTurn("再问", found=found, reply="甲&乙店比甲&乙近。", end=end())
    later = ChatTurn("电话呢", reply="甲&乙的电话", end=end())
    said = [m["content"] for m in transcript(ChatState((old, new, later)), "zh") if m["role"] == "assistant"]
    assert said[0] == "甲&amp;乙。"
    assert re.findall(r"【(\d)】</button>", said[1]) == ["2", "1"] and "甲&amp;乙店<button" in said[1]
    assert re.findall(r"【(\d)】</button>", said[2]) == ["1"]


def test_a_reply_written_from_the_results_wears_a_badge_and_keeps_its_words():
    state = ChatState((ChatTurn("问", found=RecordsEvent([], [], [], 0, 0.0), reply="好", end=TurnEvent(
        "好", None, HotelQuery(), [], [user("问"), reply("好")], source="template")),))  # fmt: skip
    assert transcript(state, "zh")[-1]["content"].startswith('好<span class="unchecked"')


def test_a_relaxed_search_says_which_wish_was_given_up():
    found = RecordsEvent([RECORD], ["price_range_upper", "facilities:游泳池"], [], 1, 0.0)
    assert "放宽了：价格、游泳池" in cards_html(HotelQuery(price_range_upper=100), found, "zh")


def test_nothing_found_and_nothing_asked_are_said_in_words():
    assert "去掉一个条件" in cards_html(HotelQuery(), RecordsEvent([], [], [], 0, 0.0), "zh")
    assert "listed here" in cards_html(HotelQuery(), None, "en")


def test_a_turn_grows_with_its_events_and_knows_its_place_in_the_window():
    turn = (
        ChatTurn("问")
        .after(CallEvent({}, HotelQuery()))
        .after(RecordsEvent([], [], [], 0, 0.001))
        .after(TextEvent("答"))
        .after(end())
    )
    state = ChatState((turn, ChatTurn("再问", reply="再答", end=end())))
    assert len(transcript(state, "zh")) == 5
    assert [turn_at(state, i) for i in (0, 2, 3, 4, 5)] == [0, 0, 1, 1, None]


def test_the_model_is_not_told_of_a_turn_without_an_end():
    state = ChatState((ChatTurn("问", end=end()), ChatTurn("失败", note="没有完成")))
    assert [m.content for m in state.messages] == ["问", "好"]


def test_the_form_gives_back_what_it_was_filled_with():
    query = HotelQuery(
        type="经济型", facilities=("打麻将",), price_range_lower=0, rating_range_upper=5, name="归途", sort_by="price"
    )
    assert SlotForm.of(query).query(query) == query


def test_a_form_that_cannot_be_searched_for_is_refused():
    with pytest.raises(QueryError, match="above"):
        SlotForm(price_range_lower=500, price_range_upper=100).query(HotelQuery())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[["甲店", {"价格": "便宜"}]]', "不能用的 1 个值，换上后算作不知道：第 1 条 甲店 价格 便宜"),
        ('[["甲店", {"评分": 9.2}]]', "超出范围的 1 个值，换上后算作不知道：第 1 条 甲店 评分 9.2"),
        ('[["甲店", {"酒店设施": ["棋牌室", []]}]]', "第 1 条 甲店 酒店设施 ["),
        ('[["甲店", {}], 7]', "不是酒店的 1 条，会略过：第 2 条"),
        ('[["甲店", {"房型": "大床房"}], ["甲店", {"房型": "套房"}]]', "没有用到的项：房型 ×2"),
        ('[["甲店", {"房型": "大床房"}], ["甲店", {"房型": "套房"}]]', "重名的酒店，各算一家：甲店 ×2"),
        ('[["甲店", {"酒店设施": "棋牌室 停车场"}]]', "已按顿号、逗号或空格拆开：酒店设施 ×1"),
    ],
)
def test_a_hotel_file_is_told_by_its_entries_and_fields_without_its_path(tmp_path, text, said):
    (tmp_path / "my.json").write_text(text, encoding="utf-8")
    told = preview_html(read_hotel_file(tmp_path / "my.json").preview, "my.json", "zh")
    assert said in told and "my.json" in told and "还没有换" in told
    assert str(tmp_path) not in told


def test_another_encoding_is_asked_about_with_names_by_which_one_sees_it(tmp_path):
    (tmp_path / "my.json").write_bytes('[["晚风酒店", {}]]'.encode("gbk"))
    told = preview_html(read_hotel_file(tmp_path / "my.json").preview, "my.json", "zh")
    assert "看起来是 GBK 编码" in told and "晚风酒店" in told


def test_what_a_hotel_file_holds_cannot_become_html_in_its_preview(tmp_path):
    bad = {"<b>房型": 1, "价格": "<img src=x>", "评分": "<u>"}
    (tmp_path / "my.json").write_text(json.dumps([["<i>甲", bad], ["<i>甲", {}], "<s>"]), encoding="utf-8")
    told = preview_html(read_hotel_file(tmp_path / "my.json").preview, "<u>.json", "zh")
    assert not any(mark in told for mark in ("<b>", "<img", "<i>", "<u>", "<s>"))


def test_an_edit_searches_and_is_a_turn_that_the_model_can_read(store):
    turn = edited_turn(HotelQuery(type="豪华型"), store)
    assert [m.role for m in turn.end.messages] == ["user", "assistant", "tool", "assistant"]
    assert turn.end.messages[1].call.arguments == {"type": "豪华型"}
    assert "北京瑞都大酒店" in turn.reply


def test_every_word_exists_in_both_languages():
    assert [key for key, pair in words().items() if len(pair) != 2 or not all(pair)] == []


def test_only_the_words_that_a_page_names_are_sent_also_those_within_a_longer_text():
    props = {
        "label": label("data.name1"),
        "choices": [(label("chat.clear"), 1)],
        "value": f"<b>{label('header.title')}</b>",
    }
    sent = translations({"components": [{"props": props}]}).translations
    assert set(sent["zh"]) == set(sent["en"]) == {"data.name1", "chat.clear", "header.title"}
    assert set(sent) == {"zh", "en"}


WIDE = {"facilities": ["棋牌室", ["温泉", "桑拿"]], "near": "云桥", "exclude": {"type": ["经济型"], "name": ["<b>甲"]}}


def test_any_of_places_nearby_and_exclusions_are_shown_and_escaped():
    html = slots_html(HotelQuery.parse(WIDE), HotelQuery(), "zh")
    assert all(word in html for word in ("温泉", "或", "桑拿", "云桥", "经济型、&lt;b&gt;甲"))
    assert "<b>甲" not in html


def test_an_edited_form_keeps_what_it_does_not_show():
    query = HotelQuery.parse(WIDE)
    assert SlotForm.of(query).query(query) == query
