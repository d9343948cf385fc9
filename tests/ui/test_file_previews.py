"""In a browser: a file is shown before it is taken in, and nothing changes before a yes."""

import json

import pytest

from chatbot.ui.data.files import DataFiles

pytestmark = pytest.mark.browser
ROW = {
    "messages": [
        {"role": "user", "content": "想找便宜的酒店"},
        {"role": "assistant", "content": "归途快捷酒店可以。"},
    ]
}


def bring(tab, path):
    tab.locator("#tab-data-button").click()
    with tab.expect_file_chooser() as chooser:
        tab.locator("#corpus-upload").click()
    chooser.value.set_files(path)


@pytest.fixture
def files(page_context):
    return DataFiles(page_context.settings)


def test_gbk_is_asked_about_and_what_is_left_out_is_listed_by_line(page, files, tmp_path):
    lines = [json.dumps(ROW, ensure_ascii=False), "{", json.dumps({"text": "x"})]
    (tmp_path / "mine.jsonl").write_bytes("\n".join(lines).encode("gbk"))
    bring(page, tmp_path / "mine.jsonl")
    box = page.locator("#corpus-preview")
    for told in ("能读 1 段，还没有导入", "GBK", "想找便宜的酒店", "第 2 行", "这一行不是 JSON", "第 3 行"):
        box.get_by_text(told).first.wait_for()
    assert files.corpus_size() == 0
    page.locator("#corpus-leave").click()
    box.wait_for(state="hidden")
    assert files.corpus_size() == 0
    bring(page, tmp_path / "mine.jsonl")
    page.locator("#corpus-take").click()
    page.locator("#data-step1", has_text="1 段").wait_for()
    box.wait_for(state="hidden")
    assert files.read_corpus()[0].messages[0].content == "想找便宜的酒店"


def test_a_sheets_columns_are_mapped_in_the_preview(page, files, tmp_path):
    (tmp_path / "sheet.csv").write_text("问句,答句,类型\n便宜的,归途可以,经济型\n", encoding="utf-8")
    bring(page, tmp_path / "sheet.csv")
    box = page.locator("#corpus-preview")
    box.get_by_text("表格里找不到这些列").wait_for()
    assert not page.locator("#corpus-take").is_visible()
    for field, header in (("用户的话", "问句"), ("助手的回复", "答句")):
        box.get_by_label(field).click()
        page.get_by_role("option", name=header).click()
    box.get_by_text("能读 1 段").wait_for()
    page.locator("#corpus-take").click()
    page.locator("#data-step1", has_text="1 段").wait_for()
    assert [m.role for m in files.read_corpus()[0].messages] == ["user", "assistant", "tool", "assistant"]


def test_hotels_are_shown_before_they_replace_others(page, page_context, tmp_path):
    own = [["晚风酒店", {"房费": "380元", "房型": "大床房", "评分": 9.2}], ["云上酒店", {"价格": 200, "评分": 8.8}]]
    (tmp_path / "own.json").write_text(json.dumps(own, ensure_ascii=False), encoding="utf-8")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="换酒店库…").click()
    chooser.value.set_files(tmp_path / "own.json")
    box = page.locator("#hotel-file")
    for told in ("能用 2 家酒店", "没有用到的项：房型 ×1", "超出范围的 2 个值", "房费 → 价格（1 条）"):
        box.get_by_text(told).first.wait_for()
    box.get_by_label("房费 → 价格").uncheck()
    box.get_by_text("没有用到的项：房费 ×1；房型 ×1").wait_for()
    box.get_by_label("房费 → 价格").check()
    box.get_by_label("评分好像是 10 分制").check()
    box.get_by_text("超出范围").wait_for(state="detached")
    assert all(session.uploaded is None for session in page_context._sessions.values())
    page.locator("#hotel-file-use").click()
    box.wait_for(state="hidden")
    [store] = [session.store for session in page_context._sessions.values() if session.uploaded]
    assert [(hotel.price, hotel.rating) for hotel in store.hotels] == [(380, 4.6), (200, 4.4)]


def test_a_hotel_file_that_is_none_says_so_beside_the_button_and_changes_nothing(page, page_context, tmp_path):
    (tmp_path / "own.json").write_text("{}", encoding="utf-8")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="换酒店库…").click()
    chooser.value.set_files(tmp_path / "own.json")
    page.locator("#hotel-file").get_by_text("不能换酒店库").wait_for()
    assert not page.locator("#hotel-file-use").is_visible()
    page.locator("#hotel-file-leave").click()
    page.locator("#hotel-file").wait_for(state="hidden")
    assert all(session.uploaded is None for session in page_context._sessions.values())
