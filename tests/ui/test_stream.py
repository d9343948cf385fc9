"""A button that is pressed in the instant in which the server closes the stream of answers is answered all the same."""

import pytest

pytestmark = pytest.mark.browser

SLOW_NETWORK = """
const real = window.fetch;
Object.assign(window, { slow: false, ended: 0, joined: 0 });
const released = new Promise((resolve) => { window.release = resolve; });
window.fetch = async (...asked) => {
  const answer = await real(...asked), address = asked[0].url ?? asked[0];
  if (window.slow && String(address).includes("/queue/join")) window.joined += 1;
  if (!window.slow || !String(address).includes("/queue/data")) return answer;
  const text = await answer.text();
  window.ended += 1;
  await released;
  return new Response(text, { headers: answer.headers });
};
"""
"""A network that holds what the server has said and closed until it is released."""


@pytest.fixture
def slow_tab(chromium, serve_page, page_context):
    tab = chromium.new_page(locale="zh-CN")
    tab.add_init_script(SLOW_NETWORK)
    tab.goto(serve_page(page_context), wait_until="load")
    tab.locator(".slots").wait_for()
    yield tab
    tab.close()


def test_an_event_that_joins_a_stream_already_closed_gets_its_answer(slow_tab):
    from playwright.sync_api import expect

    slow_tab.locator("#tab-data-button").click()
    slow_tab.locator("#data-step2").click()
    slow_tab.locator("#augment-prompts").get_by_text("提示词").first.click()
    prompt = slow_tab.locator("#augment-prompt-text textarea")
    expect(prompt).not_to_be_empty()
    shipped = prompt.input_value()
    prompt.fill("另一句")
    slow_tab.evaluate("window.slow = true")
    slow_tab.locator("#augment-estimate").click()
    slow_tab.wait_for_function("window.ended >= 1")
    slow_tab.locator("#augment-original").click()
    slow_tab.wait_for_function("window.joined >= 2")
    slow_tab.evaluate("window.slow = false; window.release()")
    expect(prompt).to_have_value(shipped)
