"""A study of several models: what its folder holds, and that it goes on where it was stopped."""

import json

import pytest

from chatbot.core.errors import InputError
from chatbot.core.events import JobWriter, Stopped, read_events
from chatbot.core.messages import reply, write_conversations
from chatbot.evaluation import evaluate, study
from chatbot.evaluation.runner import run_evaluation

ROW = {"id", "turn", "gold_call", "predicted_call", "gold_reply", "predicted_reply"}


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


@pytest.fixture
def run(models, unchecked):
    def run(config, folder, tell=lambda *_: None):
        return study.run_study(config, folder, models.get, lambda model, store: unchecked, tell)

    return run


def test_a_study_measures_every_model_and_can_be_read_again(config, run, tmp_path):
    told = []
    result = run(config, tmp_path / "study", lambda *step: told.append(step))
    read = study.Study.load(tmp_path / "study")
    assert read.result == json.loads(json.dumps(result)) and read.models == ["base", "adapter"]
    assert [figure["act_accuracy"] < 1 for figure in result["models"]] == [True, False]
    assert result["pairs"][0]["metrics"]["act_accuracy"]["difference"] > 0
    assert [(row.id, row.turn) for row in read.rows(0)][:2] == [("one", 1), ("one", 3)]
    assert len(read.simulated(1)) == 4 and read.simulated(1)[0].meta["outcome"] == "no suitable hotel"
    assert told[-1][0] == told[-1][1] and [step[2] for step in (told[0], told[-1])] == ["base", "adapter"]


def test_a_study_tells_in_which_numbers_each_local_model_computed(config, models, run, tmp_path):
    models["adapter"].numerics = {"device": "cpu", "dtype": "float32"}
    result = run(config, tmp_path / "study")
    assert [figure["numerics"] for figure in result["models"]] == [None, {"device": "cpu", "dtype": "float32"}]


def test_a_stopped_study_asks_only_for_what_is_missing(config, models, run, tmp_path):
    def stop(done, total, what):
        if what == "adapter":
            raise Stopped

    with pytest.raises(Stopped):
        run(config, tmp_path / "study", stop)
    assert sum(models["base"].batches) == sum(models["adapter"].batches) == 7
    with pytest.raises(InputError, match="no finished study"):
        study.Study.load(tmp_path / "study")
    run(config, tmp_path / "study")
    assert sum(models["base"].batches) == sum(models["adapter"].batches) == 7


def test_a_study_as_a_job_reports_progress_and_obeys_a_stop(config, models, unchecked, tmp_path):
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "stop").touch()
    config = config.model_copy(update={"out": folder})

    def run():
        return study.run_job(config, JobWriter(folder), models.get, lambda model, store: unchecked)

    with pytest.raises(Stopped):
        run()
    assert not (folder / "result.json").exists()
    (folder / "stop").unlink()
    run()
    events = list(read_events(folder))
    assert events[-1].done == events[-1].total and study.Study.load(folder).models == ["base", "adapter"]


def test_chatbot_and_model_alone_are_compared_each_with_its_like(config, models, run, conversations, tmp_path):
    models["base"].put(conversations[0].messages[:3], None)
    result = run(config, tmp_path / "study")
    assert [figure["measured"] for figure in result["models"]] == ["chatbot", "chatbot"]
    mine, alone = (pairs["pairs"][0]["metrics"]["bleu4"]["difference"] for pairs in (result, result["bare"]))
    assert alone > mine > 0
    assert [figure["bare"]["unparseable_rate"] > 0 for figure in result["models"]] == [True, False]


def test_a_study_of_models_alone_asks_no_chatbot(config, models, tmp_path):
    def none(model, store):
        return None

    bare = config.model_copy(update={"verifier": "none", "goals": 0})
    result = study.run_study(bare, tmp_path / "study", models.get, none)
    assert [figure["measured"] for figure in result["models"]] == ["model", "model"] and result["bare"] is None


@pytest.mark.parametrize(("bare", "verifier"), [(True, "none"), (False, "rules")])
def test_a_study_from_before_verifiers_had_names_is_read_as_it_was_meant(config, bare, verifier):
    old = {key: value for key, value in config.model_dump().items() if key != "verifier"} | {"bare": bare}
    assert study.StudyConfig.model_validate(old).verifier == verifier


def test_a_folder_without_a_study_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no study"):
        study.StudyConfig.read(tmp_path)


@pytest.mark.parametrize("wrong", [{"models": []}, {"models": list("abcd")}, {"limit": 0}, {"goals": -1}])
def test_a_configuration_out_of_bounds_is_refused(config, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        study.StudyConfig.model_validate(config.model_dump() | wrong)


def test_the_report_on_disk_says_what_it_was_measured_on(conversations, gold_model, store, config, tmp_path):
    report = run_evaluation(conversations, gold_model, store)
    text = evaluate.write_report(
        report, config.data, config.hotels, tmp_path / "out" / "report.json", tmp_path / "rows.jsonl"
    )
    figures = json.loads((tmp_path / "out" / "report.json").read_text())
    assert figures["slot_f1"] == 1 and len(figures["data"]["sha256"]) == 64
    assert set(json.loads((tmp_path / "rows.jsonl").read_text().splitlines()[0])) >= ROW
    assert "slot_f1" in text and "2 dialogues, 7 turns" in text
