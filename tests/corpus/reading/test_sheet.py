"""Sheets that people fill in: CSV or Excel, columns by their headers or by hand, searches run on the hotels in use."""

import pytest

from chatbot.core.errors import InputError
from chatbot.core.files import Part
from chatbot.core.sheets import read_sheet, write_sheet
from chatbot.corpus.reading.reader import read, read_conversations
from chatbot.corpus.reading.replay import taken_in
from chatbot.corpus.reading.sheet import COLUMNS, recognised, template
from chatbot.hotels.query import HotelQuery

CSV = """对话编号,用户,回复,类型,设施,最高价,备注
1,便宜的，能打麻将,这家可以,经济型,棋牌室、无烟房,300元,x
,电话呢,010-1,,,,
2,豪华的,好的,豪华型,,,
""".replace("便宜的，能打麻将", '"便宜的, 能打麻将"')


@pytest.fixture
def sheet_file(tmp_path):
    def make(text, name="a.csv", encoding="utf-8"):
        (tmp_path / name).write_bytes(text.encode(encoding))
        return tmp_path / name

    return make


def test_a_row_is_an_exchange_and_a_blank_number_goes_on_with_the_dialogue_above(sheet_file):
    found = read(sheet_file(CSV))
    first, second = found.sheets
    assert [m.role for m in first.messages] == ["user", "assistant", "assistant", "user", "assistant"]
    assert first.messages[1].call.arguments == {
        "type": "经济型",
        "facilities": ["棋牌室", "无烟房"],
        "price_range_upper": 300,
    }
    assert (first.id, second.id, found.preview.form, found.preview.read) == ("a-1", "a-2", "sheet", 2)
    assert found.preview.columns["备注"] == "" and found.preview.columns["最高价"] == "price_range_upper"


def test_its_searches_are_run_on_the_hotels_in_use(sheet_file, store):
    reading = read(sheet_file(CSV))
    made, report = taken_in(reading, store)
    assert [m.role for m in made[1].messages] == ["user", "assistant", "tool", "assistant"]
    assert made[1].messages[2] == store.search(HotelQuery(type="豪华型")).message() and report == {}


def test_commands_that_need_whole_conversations_say_how_to_run_the_searches(sheet_file):
    with pytest.raises(InputError, match="have no results yet"):
        read_conversations(sheet_file(CSV))


@pytest.mark.parametrize(("encoding", "told"), [("utf-8-sig", ""), ("gbk", "gbk"), ("utf-16", "utf-16")])
def test_what_excel_saves_as_csv_is_read(sheet_file, encoding, told):
    text = CSV.replace('"便宜的, 能打麻将"', "便宜的").replace(",", "\t" if encoding == "utf-16" else ",")
    preview = read(sheet_file(text, encoding=encoding)).preview
    assert (preview.read, preview.doubtful_encoding) == (2, told)


def test_excel_is_read_like_csv(tmp_path):
    rows = [["用户", "回复", "价格上限"], ["便宜的", "好", 300.0], [None, None, None], ["再便宜", "好", 199.5]]
    (tmp_path / "a.xlsx").write_bytes(write_sheet(rows))
    found = read(tmp_path / "a.xlsx")
    assert [c.messages[1].call.arguments["price_range_upper"] for c in found.sheets] == [300, 199.5]


def test_rows_that_cannot_be_used_are_left_out_with_their_number(sheet_file):
    text = "用户,回复,最高价,最低评分\n好,,,\n便宜的,好,很便宜,\n评分高的,好,,7\n行,好,,\n"
    found = read(sheet_file(text)).preview
    assert [(one.line, one.reason.code) for one in found.left_out] == [
        (2, "reading.sheet_blank"),
        (3, "reading.sheet_number"),
        (4, "reading.sheet_search"),
    ]
    assert found.read == 1


def test_columns_of_other_names_are_asked_for_and_mapped_by_hand(sheet_file):
    path = sheet_file("问句,答句,类型\n便宜的,好,经济型\n")
    preview = read(path).preview
    assert (preview.read, [one.reason.code for one in preview.left_out]) == (0, ["reading.sheet_columns"])
    assert "问句" in preview.left_out[0].reason.text("zh")
    [found] = read(path, columns={"user": "问句", "reply": "答句"}).sheets
    assert found.messages[1].call.arguments == {"type": "经济型"}


def test_one_column_is_taken_for_one_thing():
    assert recognised(("用户", "user", "回复")) == {"用户": "user", "user": "", "回复": "reply"}
    assert recognised(("用户", "客人说", "回复"), {"user": "客人说"}) == {"用户": "", "客人说": "user", "回复": "reply"}


def test_the_template_is_read_as_it_is(tmp_path, store):
    (tmp_path / "t.xlsx").write_bytes(template())
    found = read(tmp_path / "t.xlsx")
    assert found.preview.left_out == () and found.preview.read == 2
    assert list(found.preview.columns.values()) == list(COLUMNS)
    assert taken_in(found, store)[0]


@pytest.mark.parametrize("content", [b"", b"\n\n", "甲,甲\n1,2\n".encode(), b'a,b\n"'])
def test_a_sheet_without_a_header_or_with_a_broken_row_is_refused(content):
    with pytest.raises(InputError):
        read_sheet(Part("a.csv", content))


def test_a_damaged_workbook_is_refused(tmp_path):
    whole = template()
    (tmp_path / "a.xlsx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError):
        read(tmp_path / "a.xlsx")
