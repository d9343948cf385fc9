"""The story in a real browser: tabs that say how they stand and hand over, replies that light their cards, a server that goes and comes."""

import pytest

from chatbot.ui.shell.server import open_page
from tests.conftest import quiet_loops
from tests.servers import free_port

pytestmark = pytest.mark.browser
WISH = "想找能打麻将的经济型酒店"


def test_a_citation_lights_its_card_by_mouse_and_by_keyboard(page):
    assert page.locator("#cards .hotel").count() == 3  # the best ones, before anything was said
    page.get_by_role("button", name=WISH).click()
    cite = page.locator(".cite").first
    cite.wait_for()
    assert cite.inner_text() == "【1】" and page.locator(".hotel.lit").count() == 0
    cite.click()
    page.locator("#cards .hotel[data-hotel='1'].lit").wait_for()
    page.locator("#say textarea, #say input").first.focus()
    page.locator(".hotel.lit").wait_for(state="detached")
    cite.focus()
    page.locator(".hotel.lit").wait_for()


def test_the_tabs_are_a_pipeline_that_says_how_it_stands_and_hands_over(page):
    page.get_by_role("tab", name="数据\n自带").wait_for()
    names = [text.split("\n")[0] for text in page.get_by_role("tab").all_inner_texts()]
    assert names == ["数据", "微调", "评测", "对话", "原理"]
    page.locator("#tab-data-button").click()
    for button, field in (
        ("#after-data", "#train-data"),
        ("#after-finetune", "#eval-models"),
        ("#after-evaluate", "#say"),
    ):
        page.locator(button).click()
        page.locator(field).wait_for()


def test_the_model_alone_can_be_picked_for_the_comparison(page):
    page.get_by_role("button", name="对比另一个模型").click()
    page.get_by_label("另一个模型").click()
    page.get_by_role("option", name="hotel-mini · 自带 · 只看模型（不经核对）").wait_for()


def test_a_server_that_goes_is_told_of_and_one_that_was_started_anew_offers_to_load(chromium, page_context):
    port = free_port()
    with quiet_loops():
        first, address = open_page(page_context, host="127.0.0.1", port=port)
        tab = chromium.new_page(locale="zh-CN")
        tab.set_default_timeout(90_000)
        with tab.expect_response("**/app_id?page"):
            tab.goto(address)
        tab.get_by_placeholder("说出你的需求").fill("写到一半")
        tab.route(
            lambda address: address.endswith("/app_id"), lambda route: route.abort()
        )  # Gradio's own way is to reload
        first.close(verbose=False)
        tab.get_by_text("连接断了").wait_for()
        assert tab.get_by_placeholder("说出你的需求").input_value() == "写到一半"
        second, _ = open_page(page_context, host="127.0.0.1", port=port)
        tab.get_by_role("button", name="重新载入").click()
        tab.locator("#connection:empty").wait_for(state="attached")
        tab.locator("#cards .hotel").first.wait_for()
        tab.close()
        second.close(verbose=False)
