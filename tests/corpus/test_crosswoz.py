"""Claims about cutting hotel conversations out of CrossWOZ."""

import zipfile

import pytest

from chatbot.core.errors import InputError
from chatbot.corpus.checks import check
from chatbot.corpus.crosswoz.extract import extract
from chatbot.hotels.query import HotelQuery

H = "酒店"


def said(content, *acts):
    return {"role": "usr", "content": content, "dialog_act": [list(a) for a in acts]}


def answered(content, *acts, state=None, selected=()):
    hotel = {"selectedResults": list(selected)} | (state or {})
    return {
        "role": "sys",
        "content": content,
        "dialog_act": [list(a) for a in acts],
        "sys_state_init": {"酒店": hotel},
        "sys_state": {"酒店": hotel},
    }


WANT_LUXURY = said(
    "你好，帮我找一家豪华型酒店。",
    ("General", "greet", "none", "none"),
    ("Inform", H, "酒店类型", "豪华型"),
    ("Request", H, "名称", ""),
)
OFFER_PINE = answered(
    "推荐您去北京松风大酒店。",
    ("Inform", H, "名称", "北京松风大酒店"),
    state={"酒店类型": "豪华型"},
    selected=["北京松风大酒店"],
)
THANKS = [
    said("谢谢。", ("General", "thank", "none", "none")),
    answered("不客气。", ("General", "welcome", "none", "none"), state={"酒店类型": "豪华型"}),
]
DINNER = [
    said("哪里有面馆？", ("Inform", "餐馆", "推荐菜", "面")),
    answered("老汤面馆(月坛店)不错。", ("Inform", "餐馆", "名称", "老汤面馆(月坛店)"), state={}),
]


def only(extraction):
    [conversation] = extraction.conversations
    return conversation


def replies(conversation):
    return [m.content for m in conversation.messages if m.role == "assistant" and not m.call]


def test_a_hotel_segment_becomes_call_records_and_reply(crosswoz_file, store):
    conversation = only(extract(crosswoz_file(d=[*DINNER, WANT_LUXURY, OFFER_PINE, *THANKS]), store))
    assert [m.role for m in conversation.messages] == ["user", "assistant", "tool", "assistant", "user", "assistant"]
    assert conversation.messages[1].call.arguments == {"type": "豪华型"}
    assert conversation.messages[2].records == store.search(HotelQuery(type="豪华型")).records
    assert (conversation.id, conversation.source) == ("crosswoz-d-s1", "crosswoz-d")


def test_a_hotel_outside_the_records_is_replaced_with_all_its_facts(crosswoz_file, store):
    gone = "北京消失大酒店"
    dialogue = [
        WANT_LUXURY,
        answered(
            f"推荐您去{gone}，价格是888元。",
            ("Inform", H, "名称", gone),
            ("Inform", H, "价格", "888元"),
            state={"酒店类型": "豪华型"},
            selected=[gone],
        ),
        said(f"{gone}的电话是多少？", ("Inform", H, "名称", gone), ("Request", H, "电话", "")),
        answered(
            "电话是010-11112222。", ("Inform", H, "电话", "010-11112222"), state={"酒店类型": "豪华型"}, selected=[gone]
        ),
    ]
    extraction = extract(crosswoz_file(d=dialogue), store)
    conversation = only(extraction)
    assert replies(conversation) == ["推荐您去北京松风大酒店，价格是900元。", "电话是010-60004900。"]
    assert conversation.messages[4].content == "北京松风大酒店的电话是多少？"
    assert extraction.report.repairs["hotel_replaced"] == 1 and extraction.report.repairs["fact_replaced"] == 2


def test_a_facility_that_the_stand_in_lacks_is_denied(crosswoz_file, store):
    dialogue = [
        WANT_LUXURY,
        OFFER_PINE,
        said("这家酒店有无烟房吗？", ("Request", H, "酒店设施-无烟房", "")),
        answered("有的。", ("Inform", H, "酒店设施-无烟房", "是"), state={"酒店类型": "豪华型"}),
    ]
    assert "没有" in replies(only(extract(crosswoz_file(d=dialogue), store)))[1]


def test_a_question_about_the_hotel_in_hand_starts_no_search(crosswoz_file, store):
    dialogue = [
        WANT_LUXURY,
        OFFER_PINE,
        said("这家酒店有暖气吗？", ("Inform", H, "酒店设施-暖气", "是")),
        answered("有暖气的。", ("Inform", H, "酒店设施-暖气", "是"), state={"酒店类型": "豪华型", "酒店设施": "暖气"}),
    ]
    conversation = only(extract(crosswoz_file(d=dialogue), store))
    assert [m.call.arguments for m in conversation.messages if m.call] == [{"type": "豪华型"}]


def test_a_further_wish_is_added_to_the_state(crosswoz_file, store):
    dialogue = [
        WANT_LUXURY,
        OFFER_PINE,
        said(
            "最好能提供无烟房，800元以下。", ("Inform", H, "酒店设施-无烟房", "是"), ("Inform", H, "价格", "800元以下")
        ),
        answered(
            "那就北京竹里宾馆。",
            ("Inform", H, "名称", "北京竹里宾馆"),
            state={"酒店类型": "豪华型", "酒店设施": "无烟房", "价格": "800元以下"},
        ),
    ]
    calls = [m.call.arguments for m in only(extract(crosswoz_file(d=dialogue), store)).messages if m.call]
    assert calls[1] == {"type": "豪华型", "facilities": ["无烟房"], "price_range_upper": 800}


@pytest.mark.parametrize(
    ("slot", "value", "arguments"),
    [
        ("价格", "200-300元", {"price_range_lower": 200, "price_range_upper": 300}),
        ("价格", "1000元以上", {"price_range_lower": 1000}),
        ("价格", "4.5元以上", {"rating_range_lower": 4.5}),
        ("评分", "4.5分以上", {"rating_range_lower": 4.5}),
        ("评分", "5分", {"rating_range_lower": 5, "rating_range_upper": 5}),
        ("酒店类型", "经济", {"type": "经济型"}),
    ],
)
def test_an_annotated_value_becomes_arguments(crosswoz_file, store, slot, value, arguments):
    dialogue = [said(f"找{value}的酒店", ("Inform", H, slot, value)), answered("好的。", state={slot: value})]
    conversation = only(extract(crosswoz_file(d=dialogue), store))
    assert conversation.messages[1].call.arguments == arguments


def test_a_search_that_must_be_relaxed_says_so(crosswoz_file, store):
    dialogue = [
        said("找一家100元以下的豪华型酒店", ("Inform", H, "价格", "100元以下"), ("Inform", H, "酒店类型", "豪华型")),
        answered(
            "推荐北京松风大酒店。",
            ("Inform", H, "名称", "北京松风大酒店"),
            state={"价格": "100元以下", "酒店类型": "豪华型"},
        ),
    ]
    [answer] = replies(only(extract(crosswoz_file(d=dialogue), store)))
    assert "没有完全符合" in answer and "放宽" in answer


def test_a_wish_around_another_place_is_cut_out_of_the_words(crosswoz_file, store):
    dialogue = [
        said(
            "好的。我想在月坛湖周边的酒店里找一家豪华型的",
            ("Inform", "景点", "名称", "月坛湖"),
            ("Inform", H, "酒店类型", "豪华型"),
            ("Select", H, "源领域", "景点"),
        ),
        answered(
            "北京松风大酒店。",
            ("Inform", H, "名称", "北京松风大酒店"),
            state={"酒店类型": "豪华型", "周边景点": "月坛湖"},
        ),
    ]
    extraction = extract(crosswoz_file(d=dialogue), store)
    assert only(extraction).messages[0].content == "好的。我想找一家豪华型的"
    assert extraction.report.repairs["nearby_wish_cut"] == 1


def test_a_pointer_that_cannot_be_resolved_drops_the_segment_and_is_counted(crosswoz_file, store):
    dialogue = [
        said(
            "就出现在id=1的周边酒店里的那家，豪华型",
            ("Inform", H, "酒店类型", "豪华型"),
            ("Select", H, "源领域", "景点"),
        ),
        OFFER_PINE,
    ]
    extraction = extract(crosswoz_file(d=dialogue), store)
    assert extraction.conversations == [] and extraction.report.to_dict()["drops"] == {"nearby_unresolved": 1}


def test_a_hotel_from_before_the_segment_is_named(crosswoz_file, store):
    dialogue = [
        said("这家酒店的电话是多少？", ("Request", H, "电话", "")),
        answered(
            "电话是010-60004900。",
            ("Inform", H, "电话", "010-60004900"),
            state={"名称": "北京松风大酒店"},
            selected=["北京松风大酒店"],
        ),
    ]
    conversation = only(extract(crosswoz_file(d=dialogue), store))
    assert conversation.messages[0].content == "北京松风大酒店的电话是多少？"
    assert conversation.messages[1].call.arguments == {"name": "北京松风大酒店"}


def test_a_wish_carried_over_from_another_segment_is_not_called(crosswoz_file, store):
    later = [
        said("再找一家有暖气的", ("Inform", H, "酒店设施-暖气", "是")),
        answered("好的。", state={"酒店类型": "豪华型", "酒店设施": "暖气"}),
    ]
    extraction = extract(crosswoz_file(d=[WANT_LUXURY, OFFER_PINE, *DINNER, *later]), store)
    assert extraction.conversations[1].messages[1].call.arguments == {"facilities": ["暖气"]}
    assert extraction.report.repairs["carried_wish_dropped"] == 1


def test_what_was_extracted_passes_every_check(crosswoz_file, store):
    conversation = only(extract(crosswoz_file(d=[WANT_LUXURY, OFFER_PINE, *THANKS]), store))
    found = {one.name: one.passed for one in check(conversation, store)}
    assert found == dict.fromkeys(("form", "slots", "replay", "grounded"), True)


def test_a_zip_is_read_and_anything_else_is_refused(crosswoz_file, store, tmp_path):
    plain = crosswoz_file(d=[WANT_LUXURY, OFFER_PINE])
    packed = tmp_path / "val.json.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(plain, "val.json")
    assert len(extract(packed, store).conversations) == 1
    plain.write_text('["no dialogues"]', encoding="utf-8")
    with pytest.raises(InputError, match="not a CrossWOZ file"):
        extract(plain, store)
    with pytest.raises(InputError, match="could not be read"):
        extract(tmp_path / "missing.json", store)
