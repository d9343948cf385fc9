"""The report: one file with nothing outside it, everything escaped, and what a reader looks for in it."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from chatbot.core.messages import call, reply, write_conversations
from chatbot.evaluation.reporting.in_words import in_words, wishes
from chatbot.evaluation.reporting.labels import model_names
from chatbot.evaluation.reporting.plots import metric_chart, slot_chart, slots_note
from chatbot.evaluation.reporting.report import example, html_report, markdown_report, write_reports
from chatbot.evaluation.reporting.rows import failures
from chatbot.evaluation.study import Study, StudyConfig, run_study

EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture
def study(conversations, queue_model, store, unchecked, tmp_path):
    data, hotels = tmp_path / "data.jsonl", tmp_path / "hotels.json"
    conversations[0].messages[0].content += EVIL
    write_conversations(data, conversations)
    hotels.write_text(json.dumps([[h.name, h.model_dump(by_alias=True)] for h in store.hotels], ensure_ascii=False))
    worse, better = queue_model(conversations), queue_model(conversations)
    worse.put(conversations[0].messages[:1], call({"name": EVIL}))
    better.put(conversations[1].messages[:3], reply(f"电话是010-99999999。{EVIL}"))
    config = StudyConfig(models=["base", "adapter"], data=data, hotels=hotels)
    run_study(config, tmp_path / "study", {"base": worse, "adapter": better}.get, lambda model, store: unchecked)
    return Study.load(tmp_path / "study")


class Links(HTMLParser):
    """Collects whatever would load something from elsewhere, and the tags."""

    def __init__(self):
        super().__init__()
        self.loads, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "onerror")]


def test_the_html_report_is_one_file_that_loads_and_runs_nothing(study):
    links = Links()
    links.feed(html_report(study))
    assert links.loads == [] and "script" not in links.tags and "img" not in links.tags and "svg" in links.tags


def test_the_report_shows_models_metrics_intervals_and_where_they_come_from(study):
    text = html_report(study)
    for expected in (
        "base",
        "adapter",
        "条件理解 F1",
        "100.0%",
        study.result["data"]["sha256"],
        study.result["versions"]["sacrebleu"],
        "没有依据：phone: 010-99999999",
    ):
        assert expected in text
    assert re.search(r"slot_f1|条件理解 F1 \+\d", text)


def test_words_come_before_figures_in_both_languages_with_real_mistakes(study):
    text = html_report(study)
    for language, asked in (("zh-CN", "它做什么"), ("en", "What it does")):
        page = text.split(f'<main lang="{language}">')[1].split("</main>")[0]
        assert page.index(asked) < page.index("<table>")
        assert 1 <= page.split("<h2>")[0].count('class="case"') <= 3 and EVIL not in page
    figure = study.figures[-1]["counts"]
    assert f"{figure['calls_gold']} 次里 {figure['calls_right']} 次" in text
    assert f"{figure['calls_right']} of {figure['calls_gold']}" in text
    assert 'id="zh" checked' in text and 'id="en" checked' in html_report(study, language="en")


def resized(study, dialogues):
    """The same figures, as if they came from so many dialogues."""
    models = [m | {"counts": m["counts"] | {"dialogues": dialogues}} for m in study.result["models"]]
    return replace(study, result=study.result | {"models": models})


@pytest.mark.parametrize(
    ("dialogues", "says"),
    [(29, ["什么都还说明不了", "nothing can be"]), (30, ["样本小", "sample is small"]), (200, [])],
)
def test_a_small_sample_says_so_once(study, dialogues, says):
    text = html_report(resized(study, dialogues))
    found = [one for one in ("什么都还说明不了", "nothing can be", "样本小", "sample is small") if one in text]
    assert found == says and all(text.count(one) == 1 for one in says)


def test_a_model_alone_claims_no_comparison(study):
    alone = replace(study, result=study.result | {"models": study.result["models"][-1:], "pairs": [], "bare": None})
    assert in_words(alone, "zh")["against"] == ["这次没有别的模型可比。"]
    text = html_report(alone)
    assert "Holm" not in text and "adapter against" not in text and "Holm" not in markdown_report(alone)


def test_comparisons_tell_what_they_can_and_are_counted_in_both_languages(study):
    tests = sum(len(pair["metrics"]) for pair in study.result["pairs"])
    page = html_report(study)
    zh, en = (page.split(f'<main lang="{language}">')[1].split("</main>")[0] for language in ("zh-CN", "en"))
    for text, head, few, counted in (
        (zh, "adapter 比 base", "样本太少，看不出：至少差", f"按 {tests} 次比较一起修正"),
        (en, "adapter against base", "too few to tell:", f"corrected for {tests} comparisons"),
    ):
        assert f'<th scope="col">{head}</th>' in text and few in text and text.count(counted) == 1
        assert few in text.split("<h2>")[0]
    assert "★" not in page and "看不出" not in en and "too few" not in zh


def test_a_call_is_told_in_words():
    call = {"type": "经济型", "facilities": [["泳池", "温泉"], "wifi"], "price_range_upper": 400.0, "sort_by": "price"}
    assert wishes(call, "zh") == "类型 经济型 · 设施 泳池或温泉、wifi · 最高价 400元 · 排序依据 价格"
    assert "Price to 400 CNY" in wishes(call, "en") and wishes({}, "en") == "no wishes"


def test_chatbot_and_model_alone_stand_apart(study):
    text = html_report(study)
    assert "只看模型本身" in text and "<h2>模型本身</h2>" in text and "整个机器人" in text


def test_a_turn_that_the_checks_changed_shows_the_draft_as_well(study):
    row = study.rows(1)[0]
    changed = replace(row, predicted_call={"type": "豪华型"}, draft={"predicted_call": {"type": "经济型"}})
    assert example(row, {})["draft"] == "" and "经济型" in example(changed, {})["draft"]


def test_a_model_in_a_folder_is_named_by_its_run_and_never_by_a_path():
    assert model_names(["hotel-mini", "adapter:/home/a/jobs/0712-lora/adapter", "/data/merged"]) == [
        "hotel-mini",
        "0712-lora",
        "merged",
    ]
    assert model_names(["/a/x", "/b/x"]) == ["x (1)", "x (2)"]


def test_votes_and_feedback_are_part_of_the_report(study):
    votes = [
        {
            "first": "adapter",
            "second": "base",
            "first_wins": 3,
            "second_wins": 1,
            "ties": 0,
            "win_rate": 0.75,
            "interval": [0.3, 0.95],
        }
    ]
    text = html_report(study, votes, {"likes": 5, "dislikes": 2, "corrections": 1, "queued": 2})
    assert "75%（30–95%）" in text and "送去审核 2" in text


def test_both_forms_are_written_beside_each_other(study, tmp_path):
    page, text = write_reports(study, tmp_path / "out" / "r.html")
    assert page.read_text().startswith("<!doctype html>") and text.name == "r.md"
    assert "| 条件理解 F1 |" in text.read_text() and markdown_report(study) == text.read_text()


def test_reasons_of_failures_are_words(study):
    assert failures({"no true answer: phone": 2, "too long": 1}) == {"没有如实回答（电话）": 2, "拖得太久": 1}


def test_a_chart_draws_a_mark_for_every_known_value(study):
    figures = study.result["models"]
    drawn = metric_chart(figures, ["slot_f1", "bleu4"])
    assert drawn.count("<title>") == 4
    figures[0]["slot_f1"] = None
    assert metric_chart(figures, ["slot_f1", "bleu4"]).count("<title>") == 3


def test_a_wish_that_no_dialogue_asks_for_has_no_score_but_is_said_to_be_absent():
    heard = {"f1": 0.0, "interval": [0.0, 0.0], "gold": 0, "predicted": 2}
    once = {"f1": 0.0, "interval": [0.0, 0.0], "gold": 1, "predicted": 1}
    figures = [{"model": "m", "slots": {"sort_by": heard, "type": once}}]
    chart = slot_chart(figures)
    assert chart.count("<circle") == 1 and "类型 (1)" in chart
    assert ">排序依据<" in chart and "这批对话里没有" in chart and "does not occur here" in slot_chart(figures, "en")
    assert "排序依据" in slots_note(figures) and "类型" not in slots_note(figures).split("：")[1].split("、")
