"""Logging in and out as a person does it, in a real browser."""

import pytest

from chatbot.core.accounts import Accounts
from tests.hostile.test_accounts import QUICK, WORD

pytestmark = pytest.mark.browser


def test_a_person_logs_in_by_the_form_and_out_by_the_button(chromium, serve_page, page_context):
    page_context.accounts = Accounts(page_context.settings.accounts, QUICK)
    page_context.accounts.add("anna", WORD, "annotator")
    tab = chromium.new_page(locale="en-US")
    tab.set_default_timeout(300_000)
    tab.goto(serve_page(page_context))
    for password in ("a wrong one", WORD):
        tab.get_by_label("Name").fill("anna")
        tab.get_by_label("Password").fill(password)
        tab.get_by_role("button", name="Log in").click()
        if password != WORD:
            tab.get_by_text("name and password do not fit").wait_for()
    tab.locator(".slots").wait_for()
    cookie = tab.context.cookies()[0]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    tab.locator(".account", has_text="anna").get_by_role("button", name="Log out").click()
    tab.get_by_label("Password").wait_for()
    assert tab.context.cookies() == []
    tab.close()
