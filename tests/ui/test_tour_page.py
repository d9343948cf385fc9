"""The two-minute tour in a real browser: by keyboard alone from the start page to an answer, and from an address."""

import pytest

from tests.conftest import VIEWS

pytestmark = pytest.mark.browser


def test_the_tour_is_played_by_keyboard_alone_and_ends_in_an_answer(page, tiny_model):
    page.locator("#tour-open").focus()
    page.keyboard.press("Enter")
    for step in range(1, 5):
        page.locator(f".tour[data-step='{step}']").wait_for()
        page.wait_for_function(f"location.search === '?tour={step}' && document.activeElement.id === 'tour-next'")
        page.keyboard.press("Enter")
    page.locator(".tour[data-step='5']").wait_for()
    page.wait_for_function("document.activeElement.closest('#tour-say')")
    page.keyboard.press("Control+a")
    page.keyboard.type("想找能打麻将的经济型酒店")
    page.keyboard.press("Enter")
    page.locator(".hotel .wishes").first.wait_for()
    assert page.locator(".tour").count() == 0 and page.evaluate("location.search") == ""
    assert tiny_model.seen[0][-1].content == "想找能打麻将的经济型酒店"


def test_arrows_go_back_and_on_and_escape_leaves(page):
    page.locator("#tour-open").click()
    page.locator(".tour[data-step='1']").wait_for()
    page.keyboard.press("ArrowRight")
    page.locator(".tour[data-step='2']").wait_for()
    page.keyboard.press("ArrowLeft")
    page.locator(".tour[data-step='1']").wait_for()
    page.keyboard.press("Escape")
    page.locator(".slots").wait_for()
    page.wait_for_function("document.activeElement.id === 'tour-open'")


def test_an_address_opens_a_stop_on_an_english_phone(chromium, serve_page, page_context):
    tab = chromium.new_page(viewport=VIEWS["phone"], locale="en-US")
    tab.goto(serve_page(page_context) + "?tour=4")
    tab.get_by_text("One sentence, two models").wait_for()
    assert not tab.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
    tab.close()
