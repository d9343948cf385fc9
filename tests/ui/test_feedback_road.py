"""The whole road of a dislike: corrected in Chat, found in the review queue, approved, and present in an exported training file."""

import json
import zipfile

import pytest

from chatbot.core.messages import Conversation, call, observation, reply, user
from chatbot.ui.data.files import DataFiles

pytestmark = pytest.mark.browser
WISH = "想找能砌长城的经济型酒店"  # words that no rule knows: what the model misses, nothing doubts
SEED = "1"
RIGHT = {"type": "经济型", "facilities": ["棋牌室"]}


@pytest.fixture
def mishearing(page_context, tiny_model, store):
    """A page whose model overhears the facility, with a corpus that step 1 of the Data tab has made."""
    tiny_model.answers.clear()
    tiny_model.answers.extend([call({"type": "经济型"}), reply("为您找到归途快捷酒店(北京云桥店)。")])
    found = store.hotels[2].record()
    lines = [
        [
            user(f"第{i}次来，要豪华型的"),
            call({"type": "豪华型"}),
            observation([found]),
            reply(f"推荐{found['name']}。"),
        ]
        for i in range(12)
    ]
    corpus = [Conversation(id=f"c{i}", source=f"c{i}", messages=messages) for i, messages in enumerate(lines)]
    DataFiles(page_context.settings).keep_corpus(corpus, {})
    return page_context


def dislike(tab):
    """Say the wish, dislike the answer, and put right what was understood."""
    tab.get_by_placeholder("说出你的需求").fill(WISH)
    tab.keyboard.press("Enter")
    tab.locator(".hotel:has(.wishes)").first.wait_for()
    tab.get_by_role("button", name="发送").wait_for()
    tab.get_by_role("button", name="踩", exact=True).first.click()
    panel = tab.locator(".feedback")
    panel.get_by_text("应该理解成（改对的条件）").click()
    panel.get_by_label("设施").fill("棋牌室")
    tab.keyboard.press("Enter")
    panel.get_by_role("button", name="保存反馈").click()
    tab.get_by_text("记下了，谢谢。").wait_for()


def approve(tab):
    """Find the candidate in the review queue and approve it."""
    tab.locator("#tab-data-button").click()
    tab.locator("#data-step3").click()
    tab.locator("#review-card").get_by_text("砌长城").first.wait_for()
    tab.locator("#review-approve").click()
    tab.locator("#review-card").get_by_text("砌长城").first.wait_for(state="hidden")


def export(tab):
    """Split with a seed that puts the new conversation on the training side, and export; returns the lines of that side."""
    tab.locator("#data-step4").click()
    tab.get_by_label("随机种子").fill(SEED)
    tab.locator("#split").click()
    tab.locator("#split-shown .lead").wait_for()
    tab.locator("#export").click()
    with tab.expect_download() as download:
        tab.locator("#export-file a").first.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        [train] = [name for name in archive.namelist() if name.endswith("train.jsonl")]
        return archive.read(train).decode().splitlines()


def test_a_corrected_dislike_ends_in_an_exported_training_file(open_tab, serve_page, mishearing):
    tab = open_tab(serve_page(mishearing))
    dislike(tab)
    approve(tab)
    found = [json.loads(line) for line in export(tab) if "砌长城" in line]
    calls = [
        message["tool_calls"][0]["function"]["arguments"]
        for one in found
        for message in one["messages"]
        if message.get("tool_calls")
    ]
    assert calls == [RIGHT]
