"""The Evaluate tab in a real browser: base against adapter as a job, the results as people see them, and the report as a file."""

import pytest

from chatbot.core.settings import DATA, Settings
from chatbot.ui.shell.context import PageContext

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(tmp_path, open_tab, serve_page):
    """The Evaluate tab of a page with the shipped models."""
    tab = open_tab(serve_page(PageContext(Settings(workspace=tmp_path / "workspace", _env_file=None))))
    tab.set_default_timeout(300_000)
    tab.locator("#tab-evaluate-button").click()
    return tab


def test_what_the_shipped_adapter_brings_is_measured_as_a_job_and_reported_in_a_file(tab):
    shipped = (DATA / "studies" / "hotel-mini" / "data.jsonl").read_text(encoding="utf-8").count("\n")
    tab.get_by_text(f"{shipped} 段对话").wait_for()
    tab.locator("#eval-limit input").fill("12")
    tab.locator("#eval-start").click()
    tab.locator("#study-status .progress").wait_for()
    tab.get_by_text("评测完成").wait_for()
    tab.get_by_text("12 段对话，").wait_for()
    few, *lifts = tab.locator("#results .lift").all_inner_texts()
    assert few.startswith("只有 12 段对话")
    said_of = [text.split("，")[0] for text in lifts]
    assert said_of in (["整个机器人（模型＋核对）", "模型本身"], ["整个机器人和模型本身都一样"])
    assert all("95% 区间" in text and "条件理解 F1 " in text for text in lifts)
    table = tab.locator("#results table").first
    assert table.locator("tr").first.inner_text().split()[:2] == ["hotel-mini-base", "hotel-mini"]
    assert "–" in table.get_by_role("row", name="该查就查").inner_text()
    assert tab.locator("#results svg.plot").count() == 2
    tab.locator("#cases").wait_for()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="下载报告").click()
    report = download.value.path().read_text(encoding="utf-8")
    assert report.startswith("<!doctype html>") and "<h2>模型本身</h2>" in report and "hotel-mini-base" in report
