"""The Lesson tab in a real browser: an exhibit is moved, the address follows, and the address alone brings it back."""

from urllib.parse import parse_qs, urlsplit

import pytest

from chatbot.core.settings import Settings
from chatbot.ui.lesson.exhibits import EXHIBITS
from chatbot.ui.shell.context import PageContext
from tests.conftest import VIEWS

pytestmark = pytest.mark.browser


def test_an_exhibit_is_moved_and_its_address_brings_it_back_on_a_phone(chromium, open_tab, serve_page, tmp_path):
    address = serve_page(PageContext(Settings(workspace=tmp_path, _env_file=None)))
    tab = open_tab(address)
    tab.locator("#tab-lesson-button").click()
    tab.get_by_text("合并了 1 次").wait_for()
    tab.get_by_role("button", name="下一步").click()
    tab.get_by_text("合并了 2 次").wait_for()
    tab.get_by_label("一层 Transformer").check()
    tab.locator("[data-exhibit=attention] .plot").nth(2).wait_for()
    tab.get_by_label("一句话").locator("visible=true").fill("要有泳池的")
    tab.keyboard.press("Enter")
    tab.locator("[data-exhibit=attention] .pieces").get_by_text("泳").wait_for()
    tab.wait_for_function("location.search.includes('exhibit=attention') && location.search.includes('text=%E8%A6%81')")
    query = parse_qs(urlsplit(tab.url).query)
    link = f"{address}?{urlsplit(tab.url).query}"
    assert query["text"] == ["要有泳池的"] and query["step"] == ["3"]

    for name in EXHIBITS:
        tab.locator(f"#exhibits input[value={name}]").check()
        tab.locator(f"[data-exhibit={name}] .panel").first.wait_for()

    again = chromium.new_page(viewport=VIEWS["phone"], locale="en-US")
    again.goto(link)
    again.get_by_text("Causal mask + softmax").wait_for(timeout=240_000)
    assert again.locator("[data-exhibit]:visible").get_attribute("data-exhibit") == "attention"
    assert again.get_by_label("A sentence").locator("visible=true").input_value() == "要有泳池的"
    assert not again.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
    again.close()
