"""The review in a real browser, by keyboard alone: filters, early keys, edits of words and calls, reasons, bulk and undo, and a lost server."""

import pytest

from chatbot.core.messages import Conversation, call, reply, user
from chatbot.core.settings import DATA
from chatbot.corpus.review.items import Candidate
from chatbot.corpus.review.queue import ReviewStore
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.ui.data.files import DataFiles
from tests.servers import answered

pytestmark = pytest.mark.browser


def fill(review, store, n=12):
    """Cards that ask for a cheap hotel, each in words of its own."""
    found = store.search(HotelQuery(type="经济型"))
    rest = [call({"type": "经济型"}), found.message(), reply(f"推荐{found.records[0]['name']}。")]
    made = [
        Conversation(id=f"c{i}", source=f"c{i}", messages=[user(f"找第{i}家经济型酒店"), *rest])
        for i in range(1, n + 1)
    ]
    review._overlap = 0.0
    review.add_many(Candidate(one, "spoken", one) for one in made)
    review.close()


def open_review(tab):
    tab.locator("#tab-data-button").click()
    tab.locator("#data-step3").click()
    tab.locator("article.card").wait_for()


def card(tab, number):
    tab.locator(f"article.card[data-card='{number}']").wait_for(state="attached")


def test_a_morning_by_keyboard_alone(open_tab, serve_page, page_context):
    files = DataFiles(page_context.settings)
    fill(files.review(), page_context.default_store)
    address = serve_page(page_context)
    tab = open_tab(address)
    open_review(tab)

    guide = tab.locator("#review-guide h1", has_text="审核员手册")
    guide.wait_for()
    for key in "aar":
        tab.keyboard.press(key)
    guide.wait_for(state="hidden")
    tab.locator("#review-panel .reason").first.wait_for()
    tab.keyboard.press("2")
    tab.locator("#review-progress").get_by_text("不像人说的 1").wait_for()
    tab.keyboard.press("j")
    card(tab, 5)
    assert [row["action"] for row in files.audit()] == ["approve", "approve", "reject"]

    tab.keyboard.press("e")
    tab.wait_for_function("document.activeElement.matches('#review-editor textarea')")
    tab.locator("#review-editor textarea").first.fill("找第五家豪华的")
    entry = tab.locator(".chipset input").first
    entry.focus()
    tab.keyboard.press("Backspace")
    tab.keyboard.type("豪华型")
    tab.keyboard.press("Enter")
    tab.locator("#review-rows .found b").get_by_text("北京瑞都大酒店").wait_for()
    tab.locator("#review-rows .told").get_by_text("现在查不到了").wait_for()
    tab.locator("#review-kept").get_by_text("草稿已存").wait_for()

    tab.locator("#tab-chat-button").click()
    tab.locator("#tab-data-button").click()
    assert tab.locator("#review-editor textarea").first.input_value() == "找第五家豪华的"
    tab.locator("#data-step2").click()
    tab.locator("#data-step3").click()
    tab.locator("#review-editor [data-chip]").get_by_text("豪华型").wait_for()
    tab.reload()
    card(tab, 5)
    tab.locator("#review-editor [data-chip]").get_by_text("豪华型").wait_for()
    assert tab.locator("#review-editor textarea").first.input_value() == "找第五家豪华的"
    tab.locator("#review-editor textarea").nth(1).fill("推荐北京瑞都大酒店。")
    tab.keyboard.press("Control+Enter")
    tab.locator("#review-progress").get_by_text("修改 1").first.wait_for()
    assert {"type": "豪华型"} in [c.messages[1].call.arguments for c in files.approved()]

    tab.keyboard.press("/")
    tab.keyboard.type("第1")
    tab.locator("#review-list").get_by_text("共 3 张").wait_for()
    tab.keyboard.press("Escape")
    tab.keyboard.press("b")
    tab.locator("#review-bulk-take").get_by_text("3").wait_for()
    tab.keyboard.press("Enter")
    tab.locator("#review-note").get_by_text("通过了 3 张").wait_for()
    assert "text=" in tab.url
    tab.keyboard.press("u")
    tab.locator("#review-note").get_by_text("撤销了批量通过的 3 张").wait_for()
    tab.keyboard.press("?")
    tab.locator("#review-keys").get_by_text("备注").wait_for()
    tab.keyboard.press("Escape")
    tab.locator("#review-keys").wait_for(state="hidden")
    tab.keyboard.press("m")
    guide.wait_for()
    tab.keyboard.press("Escape")
    guide.wait_for(state="hidden")
    assert files.counts("me").mine == 4


def test_on_a_phone_the_card_comes_before_the_filters_which_a_press_unfolds(open_tab, serve_page, page_context):
    fill(DataFiles(page_context.settings).review(), page_context.default_store)
    tab = open_tab(serve_page(page_context), "phone")
    open_review(tab)
    tab.locator("#review-guide .fold").click()
    assert tab.locator("#review-filters select:visible").count() == 0
    assert tab.locator("article.card").bounding_box()["y"] < tab.viewport_size["height"] - 150
    tab.locator("#review-more").click()
    tab.locator("#review-bulk").wait_for()
    assert tab.locator("#review-filters select:visible").count() >= 4


def test_an_edit_that_was_typed_survives_a_killed_server(start_app, open_tab, tmp_path):
    (tmp_path / "workspace").mkdir()
    review = ReviewStore(f"sqlite:///{tmp_path / 'workspace' / 'review.sqlite'}")
    fill(review, HotelStore.load(DATA / "hotel_db.json"), 3)
    process, address = start_app()
    answered(address, process, 300)
    tab = open_tab(address)
    open_review(tab)
    tab.keyboard.press("a")
    card(tab, 2)
    tab.keyboard.press("e")
    tab.locator("#review-editor textarea").first.fill("改到一半")
    tab.locator("#review-kept").get_by_text("草稿已存").wait_for()
    tab.close()
    process.kill()
    process.wait()
    process, address = start_app()
    answered(address, process, 300)
    tab = open_tab(address)
    open_review(tab)
    tab.locator("#review-editor textarea").first.wait_for()
    assert tab.locator("#review-editor textarea").first.input_value() == "改到一半"
    tab.locator("#review-progress").get_by_text("我审了 1 张").wait_for()
