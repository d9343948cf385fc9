"""Panels that follow the newest job of their kind: sweeps and preferences."""

import json
import time
from types import SimpleNamespace

import pytest

from chatbot.core.events import Done, JobWriter, Metrics, Progress
from chatbot.core.jobs import list_jobs
from chatbot.core.locks import lock
from chatbot.ui.finetune.preferences import PreferPanel
from chatbot.ui.finetune.sweep import SweepPanel

REQUEST = SimpleNamespace(headers={"accept-language": "zh-CN"}, username=None, session_hash="x")
ROWS = [
    {"settings": {"rank": 8}, "figures": {"slot_f1": 0.7}, "verdict": None, "apart": False},
    {"settings": {"rank": 4}, "figures": {"slot_f1": 0.6}, "verdict": None, "apart": True},
]


def ended(workspace, kind, state, **result):
    folder = workspace / "jobs" / f"{kind}-{state}"
    folder.mkdir(parents=True)
    for file, value in (("job", {"kind": kind, "argv": [], "created": time.time()}), ("status", {"state": state})):
        (folder / f"{file}.json").write_text(json.dumps(value))
    JobWriter(folder).event(Done(result=result))


@pytest.mark.parametrize("panel", [SweepPanel, PreferPanel])
@pytest.mark.parametrize(("state", "goes_on"), [("stopped", True), ("failed", True), ("done", False)])
def test_only_what_ended_early_can_be_gone_on_with_and_nothing_that_ended_stopped(panel, state, goes_on, page_context):
    ended(page_context.settings.workspace, panel.kind, state)
    *_, stop, resume = panel(page_context).follow(REQUEST)
    assert (stop["visible"], resume["visible"]) == (False, goes_on)


def test_a_panel_knows_no_job_of_another_kind(page_context):
    ended(page_context.settings.workspace, "prefer", "stopped")
    shown, _, resume = SweepPanel(page_context).follow(REQUEST)
    assert (shown, resume["visible"]) == ("", False) and list_jobs(page_context.settings.workspace / "jobs")


def test_a_sweep_that_ended_shows_every_combination_with_the_best_first(page_context):
    ended(page_context.settings.workspace, "sweep", "done", rows=ROWS)
    shown, *_ = SweepPanel(page_context).follow(REQUEST)
    assert shown.index("<td>8") < shown.index("<td>4") and "0.7" in shown


def test_a_sweep_under_way_says_which_run_of_how_many_by_the_names_of_the_form(page_context):
    folder = page_context.settings.workspace / "jobs" / "s"
    folder.mkdir(parents=True)
    for file, value in (
        ("job", {"kind": "sweep", "argv": [], "created": 1.0}),
        ("status", {"state": "running", "started": 1}),
    ):
        (folder / f"{file}.json").write_text(json.dumps(value))
    JobWriter(folder).event(Progress(time=100, done=1, total=4, what="rank=8,learning_rate=0.001"))
    JobWriter(folder).event(Metrics(time=200, step=5, max_steps=10, figures={}))
    with lock(folder / "lock"):
        shown, *_ = SweepPanel(page_context).follow(REQUEST)
    assert "第 2 种，共 4 种：LoRA 秩 8 · 学习率 0.001" in shown and "width:37.5%" in shown
    assert "还要约 6 分钟" in shown
