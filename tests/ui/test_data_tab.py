"""What the Data tab says and draws, without a browser."""

import fcntl
import time
from contextlib import ExitStack, closing
from dataclasses import fields, replace

import pytest

from chatbot.core.errors import InputError
from chatbot.core.events import Done, Progress
from chatbot.core.locks import write_json
from chatbot.core.messages import Conversation, call, reply, user
from chatbot.core.settings import Settings
from chatbot.corpus.augmentation.config import BATCH
from chatbot.corpus.augmentation.prompts import prompt, save_prompt
from chatbot.corpus.checks import Check
from chatbot.corpus.review.items import Candidate, Card, row_of
from chatbot.ui.data.augment_form import AugmentForm
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.progress import status
from chatbot.ui.data.review.card import card_html, marked
from chatbot.ui.data.runs.panel import Rows
from chatbot.ui.data.runs.standing import Standing
from chatbot.ui.data.shared import time_ago
from chatbot.ui.data.statistics import plots
from tests.ui.test_finetune import job

CONFIG = {"mode": "direct", "model": "gpt-4o-mini"}


def progress(done, **more):
    now = {"total": 10, "per_minute": 120.0, "eta": 240, "paid": 0.5, "cap": 2.0, "cost": 0.125}
    return Progress(done=done, **now | more)


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
        part in told
        for part in (
            "4/10",
            "120 项/分钟",
            "还要约 4 分钟",
            "这一次花了 $0.125",
            "已花 $0.500 / 上限 $2.00",
            "width:40.0%",
        )
    )


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (None, "正在准备"),
        ({"done": 0, "per_minute": None, "rough": True}, "还要约 4 分钟（粗估"),
        ({"done": 4, "per_minute": 0.0, "eta": None}, "说不准还要多久"),
        ({"done": 4, "time": 1.0}, "没有动静"),
    ],
)
def test_a_run_is_never_silent_about_what_is_left(running, now, said):
    assert said in status(running(*([] if now is None else [progress(**now)])), "zh")


def test_a_run_is_told_as_done_only_once_it_has_ended(running):
    told = status(running(progress(10)), "zh")
    assert "正在检查最后几段" in told and "width:99.0%" in told


def test_a_run_whose_batch_has_gaps_says_what_was_really_used_and_that_the_rest_can_be_sent_again(tmp_path):
    ended = job(tmp_path / "a", "done", progress(4), Done(result={"state": "batch"}), config=CONFIG)
    row = {"at": 1.0, "state": "ended", "status": "expired", "answered": 4, "sent": 10, "cost": 0.0123, "note": "<i>"}
    told = status(ended, "zh", [row])
    assert all(part in told for part in ("停在 4/10", "重发没有答的", "过期", "4/10", "$0.0123", "&lt;i&gt;"))
    assert Standing.of(ended).can_go_on


def test_the_list_of_runs_tells_settings_cost_cards_and_the_share_let_through(tmp_path):
    files = DataFiles(Settings(workspace=tmp_path, _env_file=None))
    told = {"name": "试一<次>", "run": "r1", "operations": ["spoken"], "seed": 7, "texts": {"spoken": "改写"}}
    start = CONFIG | told
    (tmp_path / "jobs").mkdir()
    made = job(tmp_path / "jobs" / "j1", "done", progress(10, aside=3), Done(result={"state": "done"}), config=start)
    write_json(made.folder / "job.json", {"kind": "augment", "argv": [], "created": 1.0})
    with closing(files.ledger()) as ledger, closing(files.review()) as review:
        ledger.enter("r1", "试一<次>", {})
        ledger.enter("from-the-command-line", "命令行的", {"mode": "offline"})
        candidates = [Candidate(conversation(user(f"找酒店{n}"), reply("好")), "spoken") for n in range(3)]
        ledger.link("r1", [row_of(candidate)["key"] for candidate in candidates])
        review.add_many(candidates)
        review.decide(review.next("x"), "x", "approve")
    shown = Rows(files, "zh").html()
    words = (
        "试一&lt;次&gt;",
        "设施说成口语",
        "种子 7",
        "改过提示词",
        "写好 7，未采用 3",
        "$0.125",
        "<td>3</td>",
        "100%",
        "（1/1）",
    )
    assert [part for part in (*words, "命令行的", "本机词表") if part not in shown] == []
    assert Rows(files, "zh").choices() == [("试一<次>", "r1")]  # what has no cards and no job is nothing to choose


def test_the_prompt_on_the_page_is_kept_with_the_run_whether_it_was_saved_or_not(tmp_path):
    files = DataFiles(Settings(workspace=tmp_path, _env_file=None))
    files.keep_corpus([conversation(user("找酒店"), reply("好"))], {})
    save_prompt("followup", "追问。", files.prompts)
    blank = dict.fromkeys([field.name for field in fields(AugmentForm)])
    form = AugmentForm(**blank | {"mode": "direct", "operations": ["spoken"], "prompt_of": "spoken", "key": ""})
    assert form.config(files).texts == {"followup": "追问。"}
    edited = replace(form, prompt_text="改写成口语。").config(files)
    assert edited.texts == {"followup": "追问。", "spoken": "改写成口语。"}
    assert edited.run != replace(form, prompt_text="改写成口语。").config(files).run
    assert replace(form, prompt_text=prompt("spoken")).config(files).texts == {"followup": "追问。"}
    with pytest.raises(InputError):
        replace(form, prompt_text=" ").config(files)


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
