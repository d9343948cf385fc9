"""What the Data tab says and draws, without a browser."""

import fcntl
import time
from contextlib import ExitStack

import pytest

from chatbot.core.events import Done, Progress
from chatbot.core.messages import Conversation, call, reply, user
from chatbot.corpus.augmentation.config import BATCH
from chatbot.corpus.checks import Check
from chatbot.corpus.review.items import Card
from chatbot.ui.data.progress import status
from chatbot.ui.data.review.card import card_html, marked
from chatbot.ui.data.shared import time_ago
from chatbot.ui.data.statistics import plots
from tests.ui.test_finetune import job

CONFIG = {"mode": "direct", "model": "gpt-4o-mini"}


def progress(done):
    return Progress(done=done, total=10, per_minute=120.0, eta=240, paid=0.5, cap=2.0)


@pytest.fixture
def running(tmp_path):
    """A function that gives a job which is running: somebody holds its lock."""
    with ExitStack() as held:

        def run(*events):
            made = job(tmp_path / "run", "running", *events, config=CONFIG)
            fcntl.flock(held.enter_context((made.folder / "lock").open("ab")), fcntl.LOCK_EX)
            return made

        yield run


def test_a_run_says_its_rate_what_is_left_and_its_money_against_the_cap(running):
    told = status(running(progress(4)), "zh")
    assert all(
        part in told for part in ("4/10", "120 项/分钟", "还要约 4 分钟", "已花 $0.500 / 上限 $2.00", "width:40.0%")
    )


def test_a_batch_says_how_much_has_come_back(running):
    told = status(running(progress(0), Progress(done=3, total=9, what=BATCH)), "zh")
    assert "批处理已返回 3/9" in told


def test_a_run_that_met_its_cap_says_what_to_do(tmp_path):
    ended = job(
        tmp_path / "a", "done", progress(4), Done(result={"state": "budget", "reasons": {"<b>": 1}}), config=CONFIG
    )
    told = status(ended, "zh")
    assert "提高上限" in told
    assert "<b>" not in told


def conversation(*messages):
    return Conversation(id="c", source="s", messages=list(messages))


def test_the_most_frequent_facilities_keep_their_true_counts_in_both_series():
    many = [
        conversation(user("x"), call({"facilities": [name]}))
        for name in ("暖气", "SPA", "酒吧", "租车", "温泉", "桑拿")
        for _ in range(3)
    ]
    more = [
        conversation(user("x"), call({"facilities": [name]}))
        for name in ("健身房", "棋牌室", "会议室", "无烟房", "吹风机", "早餐服务", "洗衣服务")
        for _ in range(9)
    ]
    drawn = plots({"stats.before": [*many, more[0]], "stats.after": [*many, *more]}, "zh")
    row = drawn.split('title="健身房"')[1].split("</div></div>")[0]
    assert [part.split("</b>")[0] for part in row.split("<b>")[1:]] == ["1", "9"]


def test_no_difference_runs_through_a_slot():
    shown = marked("帮我找能提供24小时热水的高档型酒店", "帮我找半夜也能洗上热水澡的高档型酒店", added=False)
    assert '<span class="cut slot facility">24小时热水</span>' in shown
    assert '<span class="slot type">高档型</span>' in shown


def test_a_card_shows_why_a_check_failed_and_nothing_becomes_html():
    bad = Card(
        7,
        conversation(user("<img src=x>"), reply("好")),
        "spoken",
        conversation(user("找酒店"), reply("好")),
        [Check("slots", False, "漏了<b>")],
        0,
    )
    shown = card_html(bad, "zh")
    assert "✗ 要求一致" in shown
    assert "漏了&lt;b&gt;" in shown
    assert "<img" not in shown
    assert shown.count("好") == 1


@pytest.mark.parametrize(("seconds", "said"), [(5, "刚才"), (200, "3 分钟前"), (7300, "2 小时前"), (200_000, "2 天前")])
def test_times_are_told_as_people_tell_them(seconds, said):
    assert said in time_ago(time.time() - seconds, "zh")
