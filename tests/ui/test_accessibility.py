"""Every tab by axe, which knows WCAG 2.2 AA: nothing is violated, in Chinese and English, by day and by night."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from chatbot.ui.shell.page import TABS

pytestmark = pytest.mark.browser
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
VIEWS = [
    ("zh-CN", "light"),
    ("en-US", "dark"),
    pytest.param("zh-CN", "dark", marks=pytest.mark.slow),
    pytest.param("en-US", "light", marks=pytest.mark.slow),
]


DRAWN = """() => new Promise((done) => {
  const still = () => { seen.disconnect(); done(); };
  let timer = setTimeout(still, 1500);
  const seen = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(still, 1500); });
  seen.observe(document.body, { subtree: true, childList: true, attributes: true });
  setTimeout(still, 20000);
})"""
"""Waits until nothing on the page changes any more: what stands in a tab is drawn when it opens."""


def violations(tab):
    """What axe finds, as (rule, element)."""
    found = Axe().run(tab, options=RULES).response["violations"]
    return [(rule["id"], node["html"][:160]) for rule in found for node in rule["nodes"]]


@pytest.fixture
def in_view(open_tab, serve_page, page_context):
    """A function that opens the page in a language and a scheme, as a system that is set so would."""

    def open_(locale, scheme):
        tab = open_tab(serve_page(page_context), locale=locale)
        tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        tab.reload()
        tab.locator("#cards .hotel").first.wait_for()
        assert tab.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
        return tab

    return open_


@pytest.mark.parametrize(("locale", "scheme"), VIEWS)
def test_no_tab_violates_wcag_22_aa(in_view, locale, scheme):
    tab = in_view(locale, scheme)
    tab.locator("#say textarea").fill("想找能打麻将的经济型酒店")
    tab.keyboard.press("Enter")
    tab.locator(".cite").first.wait_for()
    tab.wait_for_function("!document.querySelector('.talk .title[role=button] button:not([inert])')")
    found = {"chat": violations(tab)}
    for name in TABS:
        tab.locator(f"#tab-{name}-button").click()
        tab.locator(f"#tab-{name}").wait_for()
        tab.wait_for_function("!document.querySelector('button[aria-label=\"\"]')")
        tab.evaluate(DRAWN)
        found[name] = violations(tab)
    tab.locator("#tour-open").click()
    tab.locator(".tour").wait_for()
    found["tour"] = violations(tab)
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_an_answer_is_announced_as_it_comes_and_movement_stops_where_it_is_not_wanted(in_view):
    tab = in_view("zh-CN", "light")
    assert tab.locator("#talk [role=log][aria-live=polite]").count() == 1
    moving = (
        "[...document.querySelectorAll('*')].some((n) => parseFloat(getComputedStyle(n).transitionDuration) > 0.01)"
    )
    assert not tab.evaluate(moving)
