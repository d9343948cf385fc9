"""The Evaluate tab in a real browser: base against adapter as a job, the results as people see them, and the report as a file."""

import pytest

from chatbot.settings import Settings
from chatbot.ui.context import PageContext

pytestmark = pytest.mark.browser


@pytest.fixture
def adapter(tmp_path):
    """An untrained LoRA adapter on the shipped base, so that there are two models to compare."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = Settings(_env_file=None).base
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    model.save_pretrained(tmp_path / "adapter")
    (tmp_path / "adapter" / "workbench.json").write_text((base / "workbench.json").read_text())
    return tmp_path / "adapter"


@pytest.fixture
def tab(adapter, tmp_path, open_tab, serve_page, monkeypatch):
    """The Evaluate tab of a page with the shipped base and that adapter; jobs find them through the environment."""
    monkeypatch.setenv("CHATBOT_ADAPTER", str(adapter))
    tab = open_tab(serve_page(PageContext(Settings(workspace=tmp_path / "workspace", adapter=adapter, _env_file=None))))
    tab.set_default_timeout(300_000)
    tab.get_by_role("tab", name="评测").click()
    return tab


def test_base_and_adapter_are_measured_as_a_job_and_reported_in_a_file(tab):
    assert tab.locator("#cases").is_hidden()
    tab.locator("#eval-limit input").fill("2")
    tab.locator("#eval-start").click()
    tab.locator("#study-status .progress").wait_for()
    tab.get_by_text("评测完成").wait_for()
    table = tab.locator("#results table").first
    assert table.locator("tr").first.inner_text().split() == ["hotel-mini-base", "hotel-mini"]
    assert "–" in table.get_by_role("row", name="该查还是该答").inner_text()
    assert tab.locator("#results svg.plot").count() == 2
    tab.locator("#cases").wait_for()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="下载报告").click()
    report = download.value.path().read_text(encoding="utf-8")
    assert report.startswith("<!doctype html>") and "<h2>模型本身</h2>" in report and "hotel-mini-base" in report
