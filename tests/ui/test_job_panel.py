"""Panels that follow the newest job of their kind: sweeps and preferences."""

import json
import time
from types import SimpleNamespace

import pytest

from chatbot.core.events import Done, JobWriter
from chatbot.core.jobs import list_jobs
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
