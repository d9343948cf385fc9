"""What the page says of what reviewed data is worth: the answer in words, the job as it stands, and why it failed."""

from contextlib import closing
from types import SimpleNamespace

import gradio as gr
import pytest

from chatbot.core.jobs import list_jobs
from chatbot.core.messages import Conversation, reply, user
from chatbot.corpus.review.items import Candidate, Filter
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.review import doubts
from chatbot.ui.data.worth_panel import WorthHandlers, result_html

REQUEST = SimpleNamespace(headers={"accept-language": "zh-CN"}, username=None, session_hash="x")


def found(gain, half, minutes=30.0):
    points = [{"share": n, "n": n, "figure": 0.5, "low": 0.4, "high": 0.6} for n in (0, 10, 25, 50, 100)]
    return {"points": points, "minutes": minutes, "held_out": 40, "gain": gain, "last_half": half}


def difference(value, low, high, significant):
    return {"difference": value, "interval": [low, high], "p": 0.01, "significant": significant}


@pytest.mark.parametrize(
    ("gain", "half", "said"),
    [
        (difference(0.1, 0.02, 0.18, True), difference(0.05, 0.01, 0.1, True), ("有用：", "每小时 +0.200", "接着审")),
        (difference(0.1, -0.02, 0.2, False), difference(0.0, -0.1, 0.1, False), ("看不出有没有用", "花在别处")),
        (difference(-0.1, -0.2, -0.01, True), None, ("反而变差",)),
        (None, None, ("量不出来",)),
    ],
)
def test_the_answer_comes_first_and_in_words(gain, half, said):
    html = result_html(found(gain, half), "zh")
    assert all(words in html for words in said)
    assert html.index("lead") < html.index("<svg") < html.index("0.400 – 0.600")


@pytest.fixture
def panel(page_context):
    with closing(DataFiles(page_context.settings).review()) as review:
        talk = [user("找<b>酒店"), reply("好")]
        review.add_many([Candidate(Conversation(id="c", source="c", messages=talk), "spoken")])
        review.decide(review.next("me"), "me", "reject")
    return WorthHandlers(page_context)


@pytest.mark.slow
def test_a_slice_that_holds_nothing_fails_in_words(panel, page_context):
    choices = panel.choices(REQUEST)["choices"]
    assert [value for _, value in choices] == ["operation:spoken", "reviewer:me"]
    assert "还没有量过" in panel.show(REQUEST)
    panel.start(REQUEST, "operation:spoken", 2)
    [job] = list_jobs(page_context.settings.folder("jobs"), "worth")
    assert job.wait(250) == "failed"
    assert "没有量成" in panel.show(REQUEST)
    assert "通过的对话" in panel.show(REQUEST)
    with pytest.raises(gr.Error, match="哪一部分"):
        panel.start(REQUEST, None, 2)


def test_who_asks_for_what_the_model_doubts_sets_its_reading_going_once(page_context, monkeypatch):
    started = []
    monkeypatch.setattr(doubts, "start_task", lambda *given: started.append(given))
    with closing(DataFiles(page_context.settings).review()) as review:
        talk = [user("找酒店"), reply("好")]
        review.add_many(Candidate(Conversation(id=n, source=n, messages=talk), "spoken") for n in "ab")
        assert "0/2" in doubts.reading_note(page_context.settings, review, REQUEST)
        assert [kind for kind, *_ in started] == ["doubt"]
        review.team.keep_doubts({1: 0.5, 2: 0.1})
        assert doubts.reading_note(page_context.settings, review, REQUEST) == ""
        assert review.listing("li", Filter(order="unsure")).lines[0].id == 1
    assert len(started) == 1
