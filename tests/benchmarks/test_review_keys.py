"""How long an annotator waits from a key to the next card, with a hundred cards in the queue and with ten thousand.

Run with: python -m pytest tests/benchmarks/test_review_keys.py -m benchmark -s
"""

import pytest

from chatbot.core.messages import Conversation, call, reply, user
from chatbot.corpus.review.items import Candidate
from chatbot.ui.data.files import DataFiles

pytestmark = [pytest.mark.benchmark, pytest.mark.browser]
KEYS = 60
_WATCH = """() => {
  window.waits = [];
  const shown = () => document.querySelector('article.card')?.dataset.card;
  let before = shown(), pressed = 0;
  addEventListener('keydown', () => { pressed = performance.now(); }, true);
  new MutationObserver(() => {
    if (shown() && shown() !== before) { before = shown(); window.waits.push(performance.now() - pressed); }
  }).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-card']});
}"""


def _fill(review, store, n):
    record = store.hotels[0]
    rest = [call({"name": record.name}), reply(f"推荐{record.name}。")]
    made = (
        Conversation(id=f"c{i}", source=f"c{i}", messages=[user(f"第{i}次找{record.name}"), *rest]) for i in range(n)
    )
    review.add_many(Candidate(one, "spoken", one) for one in made)
    review.close()


@pytest.mark.parametrize("n", [100, 10_000])
def test_from_a_key_to_the_next_card(n, open_tab, serve_page, page_context):
    _fill(DataFiles(page_context.settings).review(), page_context.default_store, n)
    tab = open_tab(serve_page(page_context))
    tab.locator("#tab-data-button").click()
    tab.locator("#data-step3").click()
    tab.locator("article.card").wait_for()
    tab.evaluate(_WATCH)
    for done in range(1, KEYS + 1):
        tab.keyboard.press("a")
        tab.wait_for_function(f"window.waits.length >= {done}")
        tab.wait_for_timeout(400)  # somebody reads
    waits = sorted(tab.evaluate("window.waits"))
    print(
        f"\n{n:,} cards: median {waits[KEYS // 2]:.0f} ms, p95 {waits[KEYS * 95 // 100]:.0f} ms, worst {waits[-1]:.0f} ms"
    )
    assert len(waits) == KEYS
