"""How long Estimate on Fine-tune and Look inside beside the chat take at the first and at the second use, and when the page first shows that it is at work.

python -m pytest tests/benchmarks/test_second_look.py -m benchmark -s
"""

import time

import pytest

from tests.servers import answered

pytestmark = [pytest.mark.benchmark, pytest.mark.browser]
LIMIT = 120_000
AT_WORK = "document.querySelector('{place} [data-testid=status-tracker]:not(.hide)')"


@pytest.fixture
def tab(start_app, chromium):
    """A page of an app that has just been started."""
    process, address = start_app()
    answered(address, process, limit=60)
    with chromium.new_page(locale="zh-CN") as page:
        page.set_default_timeout(LIMIT)
        page.goto(address, wait_until="load")
        yield page


def waited(tab, press, place):
    """Seconds from a press until a place shows that it is at work, and until it has ended."""
    began = time.perf_counter()
    press()
    tab.wait_for_function(AT_WORK.format(place=place))
    first = time.perf_counter() - began
    tab.wait_for_function("!" + AT_WORK.format(place=place))
    return first, time.perf_counter() - began


def told(name, tab, press, place):
    for use in ("first", "second", "third"):
        first, ended = waited(tab, press, place)
        print(f"\n{name}, {use} use: at work after {first:.2f} s, done after {ended:.2f} s")


def test_estimate_on_fine_tune(tab):
    tab.locator("#tab-finetune-button").click()
    press = tab.get_by_role("button", name="估算").first
    press.wait_for()
    told("Estimate", tab, press.click, "#cost")
    assert tab.locator("#cost").inner_text()


def test_look_inside_beside_the_chat(tab):
    tab.locator("#say textarea").fill("想找能打麻将的经济型酒店")
    tab.locator("#say textarea").press("Enter")
    tab.locator("#cards article").first.wait_for()
    tab.get_by_text("看看里面").first.click()
    press = tab.get_by_role("button", name="看最后一次回答").first
    press.wait_for()
    told("Look inside", tab, press.click, "#inside-tokens")
    assert tab.locator("#inside-tokens").inner_text()
