"""The review while the server does not answer, in a real browser: what was pressed and typed is there when it does, and once only."""

import pytest

from chatbot.ui.data.files import DataFiles
from tests.ui.test_review_page import card, fill, open_review

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(chromium, serve_page, page_context):
    """A browser at the first of twelve cards, and the files of its page."""
    files = DataFiles(page_context.settings)
    fill(files.review(), page_context.default_store)
    tab = chromium.new_page(viewport={"width": 1280, "height": 860}, locale="zh-CN")
    tab.set_default_timeout(90_000)
    tab.goto(serve_page(page_context))
    tab.locator(".slots").wait_for()
    open_review(tab)
    yield tab, files
    tab.close()


def told(tab, words, where="note"):
    tab.locator(f"#review-{where}").get_by_text(words).first.wait_for()


def lose(tab):
    """Cut the browser off."""
    tab.evaluate("window.before = true")
    tab.context.set_offline(True)


def find(tab):
    """Let the browser through again; Gradio loads the page anew by itself."""
    tab.context.set_offline(False)
    tab.wait_for_function("!window.before")


def did(tab, files, wanted):
    """What was done, once it is as much as is wanted: the next card is there before the server has written."""
    for _ in range(100):
        if len(files.audit()) >= len(wanted):
            break
        tab.wait_for_timeout(100)
    return [row["action"] for row in files.audit()]


def test_every_key_that_was_pressed_without_a_connection_counts_once(desk):
    tab, files = desk
    lose(tab)
    for key in "aas":
        tab.keyboard.press(key)
    told(tab, "连不上")
    find(tab)
    card(tab, 4)
    wanted = ["approve", "approve", "skip"]
    assert did(tab, files, wanted) == wanted
    assert [row["item"] for row in files.audit()] == [1, 2, 3]


def test_words_that_were_typed_without_a_connection_are_in_the_editor_when_it_is_back(desk):
    tab, files = desk
    tab.keyboard.press("e")
    lose(tab)
    tab.locator("#review-editor textarea").first.fill("没有网时写的")
    told(tab, "连不上", "kept")
    find(tab)
    tab.locator("#review-editor textarea").first.wait_for()
    assert tab.locator("#review-editor textarea").first.input_value() == "没有网时写的"
    tab.keyboard.press("Control+Enter")
    told(tab, "修改 1", "progress")
    assert [made.messages[0].content for made in files.approved()] == ["没有网时写的"]


def test_a_page_that_is_loaded_anew_does_nothing_again_that_was_answered(desk):
    tab, files = desk
    for number in (2, 3):
        tab.keyboard.press("a")
        card(tab, number)
    tab.keyboard.press("u")
    told(tab, "待审 11", "progress")
    tab.reload()
    card(tab, 2)
    tab.keyboard.press("s")
    card(tab, 3)
    wanted = ["approve", "approve", "undo", "skip"]
    assert did(tab, files, wanted) == wanted


def test_enter_takes_the_bulk_wherever_the_focus_is_and_the_number_is_told_until_somebody_does_more(desk):
    tab, _ = desk
    tab.keyboard.press("b")
    tab.locator("#review-bulk-take").wait_for()
    tab.evaluate("document.activeElement.blur()")  # as a click beside it does
    tab.keyboard.press("Enter")
    told(tab, "通过了 12 张")
    for _ in range(2):  # the page asks for new cards by itself; at the second time the first one was answered
        with tab.expect_request(lambda request: '"quiet":true' in (request.post_data or "")):
            pass
    told(tab, "通过了 12 张")
    tab.reload()
    told(tab, "这里没有卡片", "list")  # the step is there again, though no card is left
    tab.keyboard.press("u")
    told(tab, "撤销了批量通过的 12 张")
