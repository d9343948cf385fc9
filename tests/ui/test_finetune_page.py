"""The Fine-tune tab in a real browser: before a start, how runs are shown, and a real training from the page to its end."""

import json
import os
import signal
import time

import pytest
from playwright.sync_api import expect

from chatbot.core.events import JobWriter, Metrics
from chatbot.core.jobs import Job, list_jobs
from chatbot.core.messages import Conversation, reply, user, write_conversations
from chatbot.core.settings import DATA
from chatbot.corpus.reading.reader import read_conversations
from chatbot.ui.finetune.runs import line
from tests.servers import answered

pytestmark = pytest.mark.browser


def tune(tab):
    tab.locator("#tab-finetune-button").click()
    tab.locator("#walk summary").wait_for()
    return tab


def sideways(tab):
    return tab.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")


def past_run(workspace, name, state, *points, **config):
    folder = workspace / "jobs" / name
    folder.mkdir(parents=True)
    for file, value in (
        ("job", {"kind": "finetune", "argv": [], "created": time.time()}),
        ("config", config),
        ("status", {"state": state}),
    ):
        (folder / f"{file}.json").write_text(json.dumps(value))
    for step, figures in points:
        JobWriter(folder).event(Metrics(step=step, max_steps=2, figures=figures))
    return Job(folder)


def upload(tab, path):
    tab.locator("[role=tabpanel]:visible input[type=file]").first.set_input_files(str(path))
    expect(tab.get_by_label("训练数据")).to_have_value(path.stem)


@pytest.mark.parametrize("view", ["desktop", "phone"])
def test_a_newcomer_finds_six_methods_three_presets_and_a_walk(open_tab, serve_page, page_context, view):
    tab = tune(open_tab(serve_page(page_context), view))
    assert tab.locator(".methods label").count() == 6
    assert tab.locator("#preset label").count() == 3
    assert "开始训练" in tab.locator("#walk .now").inner_text()
    assert not sideways(tab)


def test_data_in_which_a_conversation_trains_nothing_is_refused_in_words(open_tab, serve_page, page_context, tmp_path):
    path = tmp_path / "silent.jsonl"
    write_conversations(
        path,
        [
            Conversation(id="good", source="a", messages=[user("在吗"), reply("在")]),
            Conversation(id="late", source="b", messages=[user("在吗" * 9000), reply("在")]),
        ],
    )
    tab = tune(open_tab(serve_page(page_context)))
    upload(tab, path)
    tab.get_by_role("button", name="先看一看").click()
    tab.get_by_text("没有可学的内容").wait_for()
    assert tab.locator("#look .tokens").count() == 0


def test_data_in_which_nobody_answers_is_refused_with_its_line_when_it_is_brought(page, page_context, tmp_path):
    mute = Conversation(id="mute", source="b", messages=[user("在吗")])
    write_conversations(tmp_path / "silent.jsonl", [mute])
    tab = tune(page)
    tab.locator("[role=tabpanel]:visible input[type=file]").first.set_input_files(str(tmp_path / "silent.jsonl"))
    tab.get_by_text("第 1 行不能用").wait_for()
    tab.get_by_text("没有人回答").wait_for()
    assert not list(page_context.settings.folder("uploads").iterdir())


def test_the_look_colours_what_is_learned_and_shows_how_rows_are_filled(open_tab, serve_page, page_context, tmp_path):
    tab = tune(open_tab(serve_page(page_context)))
    upload(tab, few(tmp_path, 6))
    tab.get_by_role("button", name="先看一看").click()
    tab.locator("#look .tokens .trained").first.wait_for()
    assert tab.locator("#look .packing").count() == 2 and tab.locator("#look .lengths i").count() > 0


def test_on_a_phone_what_a_look_shows_comes_into_sight(open_tab, serve_page, page_context, tmp_path):
    tab = tune(open_tab(serve_page(page_context), "phone"))
    upload(tab, few(tmp_path, 6))
    tab.get_by_role("button", name="先看一看").click()
    tab.locator("#look .tokens").wait_for()
    tab.wait_for_function("document.getElementById('look').getBoundingClientRect().top < innerHeight - 40")


def test_runs_are_told_in_words_and_two_of_them_compared(open_tab, serve_page, page_context):
    workspace = page_context.settings.workspace
    points = [
        (0, {"eval_slot_f1": 0.5}),
        (1, {"loss": 2.0}),
        (2, {"eval_slot_f1": 0.75}),
    ]
    past_run(workspace, "first", "done", *points, rank=8, method="lora")
    past_run(workspace, "second", "running", *points[:2], rank=16, method="lora")
    tab = tune(open_tab(serve_page(page_context)))
    tab.locator("#run-status").get_by_text("进程意外结束").wait_for()
    assert tab.get_by_role("button", name="继续", exact=True).is_enabled()
    tab.get_by_label("训练记录").click()
    tab.get_by_role("option", name="first").click()
    tab.locator("#run-status").get_by_text("训练前 0.50，现在 0.75（+0.25）").wait_for()
    assert tab.locator("#curves .plot").count() == 2
    tab.get_by_role("button", name="比较两次训练").click()
    for name in ("first", "second"):
        tab.get_by_role("checkbox", name=name).check()
    tab.locator(".differences").wait_for()
    assert tab.locator(".differences").inner_text().split() == ["设置", "first", "second", "rank", "8", "16"]


def test_a_training_outlives_the_page_and_both_outlive_a_kill(start_app, open_tab, tmp_path):
    """The real app and the shipped base: start, kill the app and the trainer, start the app anew, resume, use the adapter; tabs close before the app does."""
    app, address = start_app()
    answered(address, app, 60)
    tab = tune(open_tab(address))
    upload(tab, few(tmp_path, 12))
    tab.locator(".methods label").nth(1).click()
    advanced(tab, 最多步数="30", 每几步评测="2", 每次生成几段="0", 每批行数="1", 每行字块数="512")
    tab.get_by_role("button", name="开始训练").click()
    job = followed(tmp_path / "workspace" / "jobs")
    tab.close()
    app.kill()
    app.wait()
    assert job.state == "running"
    os.killpg(job.status["pid"], signal.SIGKILL)
    app, address = start_app()
    answered(address, app, 60)
    tab = tune(open_tab(address))
    tab.locator("#run-status").get_by_text("进程意外结束").wait_for()
    assert line(job, "loss") and job.state == "died"
    tab.get_by_role("button", name="继续", exact=True).click()
    tab.locator("#run-status").get_by_text("训练完成").wait_for(timeout=900_000)
    assert [step for step, _ in line(job, "loss")] == list(range(1, 31))
    tab.locator("#tab-evaluate-button").click()
    tab.locator("#eval-models input").click()
    tab.get_by_role("option", name=job.id).wait_for()
    tab.locator("#tab-chat-button").click()
    tab.locator(".pill input").first.click()
    tab.get_by_role("option", name=job.id).click()
    tab.get_by_role("button", name="想找能打麻将的经济型酒店").click()
    tab.get_by_text("查了酒店库").wait_for()


@pytest.mark.slow
def test_all_six_methods_train_from_the_page_and_their_adapters_answer_in_chat(start_app, open_tab, tmp_path):
    app, address = start_app()
    answered(address, app, 60)
    tab = tune(open_tab(address))
    upload(tab, few(tmp_path, 12))
    advanced(tab, 最多步数="4", 每几步评测="2", 每次生成几段="2", 每批行数="1", 每行字块数="512")
    for number in range(6):
        tab.locator(".methods label").nth(number).click()
        tab.get_by_role("button", name="开始训练").click()
        run = started(tmp_path / "workspace" / "jobs", number + 1)
        assert run.wait(240) == "done", run.log_tail()
    runs = list_jobs(tmp_path / "workspace" / "jobs", "finetune")
    assert len({run.config["method"] for run in runs}) == 6
    tab.locator("#tab-chat-button").click()
    for run in runs:
        tab.locator(".pill input").first.click()
        tab.get_by_role("option", name=run.id).click()
        tab.get_by_placeholder("说出你的需求").fill("想找经济型酒店")
        tab.keyboard.press("Enter")
        tab.get_by_text("查了酒店库").first.wait_for()
        tab.get_by_role("button", name="发送").wait_for()
        tab.get_by_role("button", name="清空").first.click()
        tab.locator("#talk").get_by_text("想住什么样的酒店？").wait_for()


def started(jobs, count, seconds=60):
    """The newest of so many runs, once it is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = list_jobs(jobs, "finetune")
        if len(found) == count:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"no run number {count}")


def few(folder, n):
    """The first conversations of the shipped training set as a file of their own."""
    path = folder / "few.jsonl"
    write_conversations(path, read_conversations(DATA / "conversations" / "train.jsonl")[:n])
    return path


def advanced(tab, **values):
    """Fill fields as a person does, who sees what stands in one before it is changed and leaves it before the next."""
    tab.get_by_role("button", name="更多设置").click()
    for label, value in values.items():
        field = tab.get_by_label(label)
        expect(field).not_to_have_value("")
        field.fill(value)
        field.press("Tab")
        expect(field).to_have_value(value)


def followed(jobs, seconds=240):
    """The one job, once its first checkpoint is written."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = list_jobs(jobs, "finetune")
        if found and list(found[0].folder.glob("adapter/checkpoints/checkpoint-*/trainer_state.json")):
            return found[0]
        time.sleep(0.1)
    raise AssertionError("the run did not come to its first checkpoint")
