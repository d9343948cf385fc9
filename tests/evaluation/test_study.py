"""A study of several models: what its folder holds, and that it goes on where it was stopped."""

import json

import pytest

from chatbot.dialogue.events import TurnEvent
from chatbot.errors import InputError
from chatbot.evaluation import study
from chatbot.evaluation.runner import run_evaluation
from chatbot.hotels.query import HotelQuery
from chatbot.messages import reply, user, write_conversations

ROW = {"id", "turn", "gold_call", "predicted_call", "gold_reply", "predicted_reply"}


class Silent:
    """A chatbot that offers nothing."""

    def turn(self, messages, text, stop=lambda: False):
        yield TurnEvent("请稍等", None, HotelQuery(), [], [user(text), reply("请稍等")])


@pytest.fixture
def config(conversations, store, tmp_path):
    data, hotels = tmp_path / "data.jsonl", tmp_path / "hotels.json"
    write_conversations(data, conversations)
    hotels.write_text(json.dumps([[h.name, h.model_dump(by_alias=True)] for h in store.hotels], ensure_ascii=False))
    return study.StudyConfig(models=["base", "adapter"], data=data, hotels=hotels, goals=2, seeds=2)


@pytest.fixture
def models(conversations, queue_model):
    worse = queue_model(conversations)
    worse.put(conversations[0].messages[:5], reply("您好"))
    return {"base": worse, "adapter": queue_model(conversations)}


def _run(config, models, folder, tell=lambda *_: None):
    return study.run_study(config, folder, models.get, lambda model, store: Silent(), tell)


def test_a_study_measures_every_model_and_can_be_read_again(config, models, tmp_path):
    told = []
    result = _run(config, models, tmp_path / "study", lambda *step: told.append(step))
    read = study.Study.load(tmp_path / "study")
    assert read.result == json.loads(json.dumps(result)) and read.models == ["base", "adapter"]
    assert [figure["act_accuracy"] < 1 for figure in result["models"]] == [True, False]
    assert result["pairs"][0]["metrics"]["act_accuracy"]["difference"] > 0
    assert [(row.id, row.turn) for row in read.rows(0)][:2] == [("one", 1), ("one", 3)]
    assert len(read.simulated(1)) == 4 and read.simulated(1)[0].meta["outcome"] == "no suitable hotel"
    assert told[-1][0] == told[-1][1] and [step[2] for step in (told[0], told[-1])] == ["base", "adapter"]


def test_a_stopped_study_asks_only_for_what_is_missing(config, models, tmp_path):
    def stop(done, total, what):
        if what == "adapter":
            raise study.StudyStopped

    with pytest.raises(study.StudyStopped):
        _run(config, models, tmp_path / "study", stop)
    assert sum(models["base"].batches) == sum(models["adapter"].batches) == 7
    with pytest.raises(InputError, match="no finished study"):
        study.Study.load(tmp_path / "study")
    _run(config, models, tmp_path / "study")
    assert sum(models["base"].batches) == sum(models["adapter"].batches) == 7


def test_a_study_as_a_job_reports_progress_and_obeys_a_stop(config, models, tmp_path):
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "config.json").write_text(config.model_dump_json())
    (folder / "stop").touch()
    study.run_job(folder, models.get, lambda model, store: Silent())
    assert not (folder / "result.json").exists()
    (folder / "stop").unlink()
    study.run_job(folder, models.get, lambda model, store: Silent())
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert events[-1]["done"] == events[-1]["total"] and study.Study.load(folder).models == ["base", "adapter"]


def test_a_folder_without_a_study_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no study"):
        study.StudyConfig.read(tmp_path)


@pytest.mark.parametrize("wrong", [{"models": []}, {"models": list("abcd")}, {"limit": 0}, {"goals": -1}])
def test_a_configuration_out_of_bounds_is_refused(config, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        study.StudyConfig.model_validate(config.model_dump() | wrong)


def test_the_report_on_disk_says_what_it_was_measured_on(conversations, gold_model, store, config, tmp_path):
    report = run_evaluation(conversations, gold_model, store)
    text = study.write_report(report, config.data, config.hotels, tmp_path / "out" / "report.json", tmp_path / "rows.jsonl")
    figures = json.loads((tmp_path / "out" / "report.json").read_text())
    assert figures["slot_f1"] == 1 and len(figures["data"]["sha256"]) == 64
    assert set(json.loads((tmp_path / "rows.jsonl").read_text().splitlines()[0])) >= ROW
    assert "slot_f1" in text and "2 dialogues, 7 turns" in text
