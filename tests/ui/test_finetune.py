"""The Fine-tune tab's sentences, curves and start, without a browser."""

import inspect
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from pydantic import ValidationError

from chatbot.commands import training
from chatbot.core.errors import InputError, ModelError
from chatbot.core.events import GAVE_UP, Failed, JobWriter, Metrics, Rollback
from chatbot.core.jobs import Job
from chatbot.core.settings import DATA, Settings
from chatbot.training.config import PRESETS, FinetuneConfig
from chatbot.training.options.launch import SHIPPED
from chatbot.training.preview import Row
from chatbot.ui.charts.curves import chart, packing
from chatbot.ui.finetune.checkpoints import CheckpointHandlers, Onward, shown
from chatbot.ui.finetune.expect import WORDS, expectation
from chatbot.ui.finetune.form import ADVANCED, PLAIN, FinetuneForm
from chatbot.ui.finetune.launch import SHOWN, LaunchForm, StartForm
from chatbot.ui.finetune.runs import compare, curves, jobs, launch, line
from chatbot.ui.finetune.sharing import SharingHandlers
from chatbot.ui.finetune.status import next_steps, status
from chatbot.ui.shell.context import PageContext


def job(folder, state, *events, config=None):
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps({"kind": "finetune", "argv": [], "created": 1.0}))
    (folder / "config.json").write_text(json.dumps(config or {}))
    (folder / "status.json").write_text(json.dumps({"state": state}))
    for event in events:
        JobWriter(folder).event(event)
    return Job(folder)


def log(step, loss):
    return Metrics(step=step, max_steps=10, seconds_left=90.0, figures={"loss": loss})


def test_a_run_whose_process_is_gone_is_told_as_such_in_both_languages(tmp_path):
    gone = job(tmp_path / "a", "running", log(3, 2.0))
    assert "意外结束" in status(gone, "zh") and "ended unexpectedly" in status(gone, "en")


def test_a_newcomer_reads_what_will_happen_and_what_the_words_mean_and_both_fold_once_there_are_runs():
    first, later = expectation("zh", runs=False), expectation("zh", runs=True)
    assert first.count("<details") == first.count(" open>") == 2 and " open>" not in later
    assert "录下来的一次真实试练" in first and first.count("<dt>") == len(WORDS) and "<svg" in first


def test_a_score_stands_on_an_axis_that_ends_where_it_can():
    axis = chart("x", {"a": [(0, 0.9), (10, 1.0)]}, shares=True)
    assert ">1</text>" in axis and ">0</text>" in axis and "1.06" not in axis


def test_the_guards_roll_back_is_told_with_its_steps(tmp_path):
    told = job(tmp_path / "a", "done", rollback(7))
    assert "第 7 步" in status(told, "zh") and "退回第 4 步" in status(told, "zh")


def scored(step, score):
    return Metrics(step=step, max_steps=10, figures={"eval_slot_f1": score})


def test_what_a_run_has_gained_over_its_base_is_told_and_so_is_no_gain(tmp_path):
    better = job(tmp_path / "a", "done", scored(0, 0.5), scored(5, 0.8), scored(10, 0.7))
    assert "训练前 0.50，现在 0.80（+0.30）" in status(better, "zh") and "没有进步" not in status(better, "zh")
    assert "没有进步" in status(job(tmp_path / "b", "done", scored(0, 0.8), scored(5, 0.7)), "zh")


def rollback(step, *names):
    return Rollback(step=step, back_to=4, learning_rate=0.001, reason="x", conversations=list(names))


def test_a_guard_that_gave_up_says_so_in_the_persons_language_and_names_the_data(tmp_path):
    given_up = job(
        tmp_path / "a",
        "failed",
        rollback(7, "bad", "a"),
        rollback(7, "bad", "b"),
        Failed(code=GAVE_UP),
    )
    assert "守护停止了训练" in status(given_up, "zh") and "多次出在这些对话上：bad。" in status(given_up, "zh")
    assert "It happened again and again at these conversations: bad." in status(given_up, "en")


def test_the_walk_marks_the_step_that_comes_next(tmp_path):
    assert '<li class="now">点“开始训练”' in next_steps(None, "zh")  # as the green button; looking first is a choice
    done = job(tmp_path / "my-run", "done", log(3, 2.0))
    assert '<li class="now">到“对话”选「my-run」' in next_steps(done, "zh")


def test_a_merge_says_where_the_model_is_or_why_there_is_none(tmp_path):
    run = job(tmp_path / "a", "done", log(3, 2.0))
    merge = job(tmp_path / "b", "failed", config={"adapter": "a"})
    (merge.folder / "job.json").write_text(json.dumps({"kind": "merge", "argv": [], "created": 2.0}))
    (merge.folder / "log.txt").write_text("error: told by an earlier version\n")
    assert "合并没有成功：told by an earlier version" in status(run, "zh")
    told = ModelError("models.learned_prompt").text("zh")
    (merge.folder / "error.json").write_text(json.dumps({"zh": told}))
    assert "合并没有成功：这种适配器是学来的提示" in status(run, "zh")


def test_a_step_done_again_after_a_roll_back_counts_once(tmp_path):
    again = job(tmp_path / "a", "done", log(1, 3.0), log(2, 9.0), log(2, 2.5))
    assert line(again, "loss") == [(1, 3.0), (2, 2.5)]


def test_a_run_without_points_draws_no_empty_boxes(tmp_path):
    assert "<svg" not in curves(job(tmp_path / "a", "queued"), "zh")
    assert chart("x", {"a": []}) == ""


def test_two_runs_show_only_the_settings_in_which_they_differ(tmp_path):
    runs = [
        job(tmp_path / name, "done", log(1, 2.0), config={"rank": rank, "seed": 0})
        for name, rank in (("a", 8), ("b", 16))
    ]
    shown = compare(runs, "zh")
    assert "<th>rank</th><td>8</td><td>16</td>" in shown and "seed" not in shown


def test_names_in_curves_are_escaped(tmp_path):
    assert "<b>" not in chart("<b>", {"<b>x": [(1, 1.0)], "y": [(1, 2.0)]})
    assert "<b>" not in packing([Row([("<b>", 3)], 1)])


def test_an_empty_choice_is_refused_before_anything_starts(tmp_path):
    with pytest.raises(InputError, match="no data was chosen"):
        launch(Settings(workspace=tmp_path), FinetuneForm(base="x", data=None, method="lora"))
    assert not list(tmp_path.glob("jobs/*/job.json"))


def test_the_page_and_the_command_line_make_the_same_configuration():
    defaults = {name: FinetuneConfig.model_fields[name].default for name in ADVANCED}
    config = FinetuneForm(base="base", data="data.jsonl", method="lora", **defaults).config(Path("out"))
    assert config == FinetuneConfig(base="base", data="data.jsonl", method="lora", out="out")
    options = set(inspect.signature(training.with_options(FinetuneConfig, training.finetune)).parameters)
    assert set(FinetuneConfig.model_fields) <= options


def test_an_empty_number_that_arrives_as_zero_is_left_to_the_method():
    named = FinetuneForm(base="b", data="d", method="lora", rank=8.0, learning_rate=0, max_steps=0, seed=0).given()
    assert named["rank"] == 8 and isinstance(named["rank"], int)
    assert "learning_rate" not in named and "max_steps" not in named and named["seed"] == 0


def test_presets_set_only_real_fields():
    for _, preset in PRESETS.values():
        FinetuneConfig(base="b", data="d", out="o", **preset)
    with pytest.raises(ValidationError):
        FinetuneConfig(base="b", data="d", out="o", epochs=-1)


WHO = SimpleNamespace(headers={"accept-language": "zh-CN"}, username=None, session_hash="s")


def test_a_command_and_a_file_say_what_is_chosen_and_a_loaded_file_fills_the_form(tmp_path):
    settings = Settings(workspace=tmp_path)
    handlers = SharingHandlers(PageContext(settings))
    base, data = str(settings.base), str(DATA / "conversations" / "train.jsonl")
    chosen = FinetuneForm(base=base, data=data, method="lora", rank=8.0, dora=True, rest={"weight_decay": 0.1})
    command, file = handlers.show(WHO, StartForm(chosen))
    assert "--method lora" in command and "--rank 8" in command and "--dora" in command
    assert "--weight-decay 0.1" in command
    *filled, rest, told = handlers.load(WHO, file["value"])
    values = dict(zip((*PLAIN, *ADVANCED), filled, strict=True))
    again = FinetuneForm(**values, rest=rest).config()
    assert again == chosen.config() and "weight_decay = 0.1" in told


def test_with_several_hosts_each_has_a_command_of_its_own(tmp_path):
    settings = Settings(workspace=tmp_path)
    chosen = FinetuneForm(base=str(settings.base), data=str(DATA / "conversations" / "train.jsonl"), method="lora")
    how = LaunchForm("two-hosts", None, "192.0.2.7")
    command, _ = SharingHandlers(PageContext(settings)).show(WHO, StartForm(chosen, how))
    first, second = command.splitlines()
    assert "--machine_rank 0 --main_process_ip 192.0.2.7 -m chatbot finetune --base" in first
    assert second == first.replace("--machine_rank 0", "--machine_rank 1")


def test_every_shipped_configuration_is_offered_by_what_it_does():
    assert set(SHOWN) == {path.stem for path in SHIPPED.glob("*.yaml")}


def test_a_start_that_this_machine_cannot_spread_is_refused_and_starts_nothing(tmp_path):
    settings = Settings(workspace=tmp_path)
    chosen = FinetuneForm(base=str(settings.base), data=str(DATA / "conversations" / "train.jsonl"), method="lora")
    for name, code in (("several-gpus", "training.launch_gpus"), ("../x", "training.launch_file")):
        with pytest.raises(InputError) as refused:
            launch(settings, chosen, LaunchForm(name, 64.0))
        assert refused.value.code == code
    assert not jobs(settings)


def test_a_file_can_name_nothing_that_the_page_may_not_read(tmp_path):
    chosen = FinetuneForm(base=".", data=".", method="lora", rest={"start": "/etc"})
    with pytest.raises(InputError, match="/etc"):
        replace(chosen, base=str(Settings().base), data=str(Settings().base)).within(Settings(workspace=tmp_path))


def checkpoint(run, step, *history):
    folder = run.folder / "adapter" / "checkpoints" / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text(json.dumps({"log_history": history, "best_model_checkpoint": None}))
    return folder


def test_checkpoints_are_listed_and_a_run_goes_on_from_one_for_so_many_steps_more(tmp_path):
    settings = Settings(workspace=tmp_path)
    (tmp_path / "jobs").mkdir()
    config = {"kind": "finetune", "base": "B", "data": "D", "out": "{job}/adapter", "method": "lora", "max_steps": 6}
    run = job(tmp_path / "jobs" / "a", "done", config=config)
    assert "还没有检查点" in shown(run, "zh")[0]
    kept = checkpoint(run, 6, {"step": 3, "eval_slot_f1": 0.25}, {"step": 6, "eval_slot_f1": 0.5})
    table, picker = shown(run, "zh")
    assert "0.2500" in table and "最好，已发布" in table and picker["choices"] == [("6", str(kept))]
    handlers = CheckpointHandlers(PageContext(settings))
    begun = Job(tmp_path / "jobs" / handlers.go_on(WHO, Onward("a", str(kept), 4))["value"])
    begun.kill()
    assert begun.config["start"] == str(kept) and begun.config["max_steps"] == 10
    assert begun.config["rank"] == FinetuneConfig.model_fields["rank"].default
    with pytest.raises(gr.Error, match="完整的检查点"):
        handlers.go_on(WHO, Onward("a", str(tmp_path), 4))


def test_a_gain_whose_intervals_overlap_is_not_sold_as_sure(tmp_path):
    def measured(step, score, low, high):
        ends = {"eval_slot_f1": score, "eval_slot_f1_low": low, "eval_slot_f1_high": high}
        return Metrics(step=step, max_steps=10, figures=ends)

    base = measured(0, 0.5, 0.3, 0.7)
    unsure = job(tmp_path / "a", "done", base, measured(5, 0.6, 0.4, 0.8))
    sure = job(tmp_path / "b", "done", base, measured(5, 0.9, 0.8, 1.0))
    assert "还不能肯定" in status(unsure, "zh") and "还不能肯定" not in status(sure, "zh")
