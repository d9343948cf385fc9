"""The gate before the chat's default: what passes, what is refused and why, who signs, and the way back; by command and by page."""

import json
import os
from types import SimpleNamespace

import gradio as gr
import pytest
import typer
from typer.testing import CliRunner

from chatbot.commands import evaluation as commands
from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, call, observation, reply, user, write_conversations
from chatbot.core.settings import Settings
from chatbot.evaluation.config import StudyConfig
from chatbot.evaluation.gate import rule
from chatbot.evaluation.predictions import Prediction
from chatbot.evaluation.promotion import go_back, promote, promotions, refusals, ruling
from chatbot.evaluation.study import Study, run_study
from chatbot.hotels.records import Hotel
from chatbot.models.catalog import available_models, default_model
from chatbot.ui.evaluate.promotion import PromotionForm, PromotionHandlers
from chatbot.ui.shell.context import PageContext

MANY = 60


def answers(right, n=MANY):
    """One call a dialogue, right in the first so many, and a reply."""
    out = []
    for number in range(n):
        said = {"type": "经济型"} if number < right else {"type": "豪华型"}
        name = f"c{number}"
        out.append(Prediction(name, 1, {"type": "经济型"}, said, None, None, "search_hotels", "search_hotels", 1))
        out.append(Prediction(name, 3, None, None, "好", "好", None, None, 1))
    return out


def simulated(right, n=MANY, wording="name"):
    return [
        Conversation(
            id=f"s{k}",
            source="s",
            messages=[user("x"), reply("好")],
            meta={"number": k, "checks": [[wording, k < right]]},
        )
        for k in range(n)
    ]


def outcomes(ruling):
    return {check.name: check.outcome for check in ruling.checks}


def test_a_model_that_answers_as_well_passes_and_one_that_is_worse_does_not():
    alike = rule((answers(50), answers(50)), (simulated(50), simulated(50)))
    assert alike.passed and outcomes(alike)["slot_f1"] == "passed"
    worse = rule((answers(50), answers(30)), (simulated(50), simulated(50)))
    assert not worse.passed and outcomes(worse)["call_exact"] == "worse" and outcomes(worse)["act_accuracy"] == "passed"


def test_a_handful_of_conversations_lets_nobody_through_however_well_they_went():
    few = rule((answers(5, 10), answers(10, 10)), (simulated(9, 10), simulated(10, 10)))
    assert not few.passed and set(outcomes(few).values()) == {"too_few"}


def test_a_small_loss_that_could_be_a_large_one_is_too_few_to_tell():
    found = rule((answers(50), answers(48)), (simulated(50), simulated(50)))
    assert outcomes(found)["call_exact"] == "too_few" and not found.passed
    assert rule((answers(50), answers(48)), (simulated(50), simulated(50)), margin=0.2).passed


def test_a_kind_of_wording_that_has_become_worse_stands_against_it_and_an_unmeasured_suite_too():
    spoilt = rule((answers(50), answers(50)), (simulated(60), simulated(30)))
    assert outcomes(spoilt) | {"name": "worse", "understood": "worse"} == outcomes(spoilt)
    unmeasured = rule((answers(50), answers(50)), ([], []))
    assert outcomes(unmeasured)["understood"] == "not_measured" and not unmeasured.passed


class Fake:
    """Answers as the data does, or always wrongly."""

    name = "fake"

    def __init__(self, conversations, wrong):
        self.gold = {tuple(m.content for m in c.messages[:k]): c.messages[k] for c in conversations for k in (1, 3)}
        self.wrong = wrong

    def predict(self, contexts):
        gold = [self.gold[tuple(m.content for m in messages)] for messages, tools in contexts]
        return [call({"type": "豪华型"}) if self.wrong and message.call else message for message in gold]


@pytest.fixture
def current(tmp_path):
    hotels = tmp_path / "hotels.json"
    hotel = Hotel(name="甲酒店", type="经济型", rating=4.6, price=200)
    hotels.write_text(json.dumps([[hotel.name, hotel.model_dump(by_alias=True)]], ensure_ascii=False))
    return Settings(workspace=tmp_path / "workspace", hotels=hotels)


@pytest.fixture
def model(current):
    """A brought model's folder, older than any study."""
    folder = current.folder("models", "new")
    (folder / "config.json").write_text("{}")
    (folder / "workbench.json").write_text("{}")
    (folder / "model.safetensors").write_text("x")
    os.utime(folder / "model.safetensors", (1, 1))
    return str(folder)


@pytest.fixture
def study(current, model):
    def make(default_right=True, new_right=True):
        conversations = [
            Conversation(
                id=f"c{k}",
                source=f"c{k}",
                messages=[user(f"{k}要经济型"), call({"type": "经济型"}), observation([]), reply("没有找到。")],
            )
            for k in range(40)
        ]
        data, folder = current.folder() / "data.jsonl", current.folder("jobs") / "s1"
        write_conversations(data, conversations)
        config = StudyConfig(models=["hotel-mini", model], data=data, hotels=current.hotels, verifier="none")
        right = {"hotel-mini": default_right, model: new_right}
        run_study(config, folder, lambda name: Fake(conversations, not right[name]), lambda opened, store: None)
        for position in (0, 1):
            write_conversations(folder / f"simulated-{position}.jsonl", simulated(50))
        (folder / "config.json").write_text(config.model_dump_json())
        (folder / "job.json").write_text(json.dumps({"kind": "study", "argv": [], "created": 1.0}))
        (folder / "status.json").write_text('{"state": "done"}')
        return Study.load(folder)

    return make


def test_a_model_that_passes_becomes_the_default_and_one_click_goes_back(study, current, model):
    promote(study(default_right=False), model, current, by="li")
    assert default_model(current) == model and available_models(current)[0].id == model
    kept = promotions(current.workspace)[-1]
    assert kept.passed and kept.by == "li" and kept.checks[0]["outcome"] == "passed"
    go_back(current)
    assert default_model(current) == "hotel-mini" and available_models(current)[0].id == "hotel-mini"
    with pytest.raises(InputError, match="never changed"):
        go_back(current)


def test_a_model_that_is_worse_needs_a_signature_which_is_kept(study, current, model):
    worse = study(new_right=False)
    with pytest.raises(InputError, match="figures are worse"):
        promote(worse, model, current, by="li")
    assert "call_exact -100.0 (worse)" in refusals(ruling(worse, model, current))
    assert default_model(current) == "hotel-mini" and not promotions(current.workspace)
    promote(worse, model, current, by="li", reason="for a demonstration")
    kept = promotions(current.workspace)[-1]
    assert (kept.by, kept.reason, kept.passed) == ("li", "for a demonstration", False) and default_model(
        current
    ) == model


def test_a_model_that_changed_since_or_is_gone_or_was_never_measured_is_not_taken(study, current, model, tmp_path):
    measured = study()
    with pytest.raises(InputError, match="did not measure this model"):
        ruling(measured, str(tmp_path / "other"), current)
    weights = current.workspace / "models" / "new" / "model.safetensors"
    os.utime(weights, None)
    os.utime(weights, (4e9, 4e9))
    with pytest.raises(InputError, match="changed since"):
        promote(measured, model, current, by="li", reason="x")
    os.utime(weights, (1, 1))
    (weights.parent / "run.json").write_text(json.dumps({"data": {"sha256": measured.result["data"]["sha256"]}}))
    with pytest.raises(InputError, match="what it was trained on"):
        promote(measured, model, current, by="li", reason="x")
    (weights.parent / "run.json").unlink()
    promote(measured, model, current)
    weights.parent.rename(tmp_path / "gone")
    assert default_model(current) == "hotel-mini"


def test_the_command_tells_promotes_and_goes_back(study, current, model, set_setting):
    set_setting("workspace", str(current.workspace))
    app = typer.Typer()
    commands.register(app)

    def told(*words):
        done = CliRunner().invoke(app, ["promote", *map(str, words), "--json"], catch_exceptions=False)
        return json.loads(done.output)

    assert told() == {"model": "hotel-mini", "history": []}
    assert told(study().folder)["model"] == model
    assert told()["history"][0]["passed"] and told("--back")["model"] == "hotel-mini"


WHO = SimpleNamespace(headers={"accept-language": "zh-CN"}, username=None, session_hash="s")


def test_the_page_shows_the_gate_takes_a_signature_and_goes_back(study, current, model):
    study(new_right=False)
    handlers = PromotionHandlers(PageContext(current))
    shown, present, picked, gate = handlers.load("s1", WHO)
    assert shown["visible"] and "hotel-mini" in present and picked["value"] == model
    worse = gate.split("</table>")[0]
    assert "没有通过" in gate and "变差了" in worse and "查询全对" in worse
    assert (
        ">100.0%</td>" in worse and ">0.0%</td>" in worse and ">-100.0<small>" in worse and "回复有据可查" not in worse
    )
    with pytest.raises(gr.Error, match="没有通过关口"):
        handlers.go(WHO, PromotionForm("s1", model, "", ""))
    handlers.go(WHO, PromotionForm("s1", model, "李", "演示"))
    assert default_model(current) == model and "李 签字放行：演示" in handlers.load("s1", WHO)[1]
    handlers.back(WHO)
    assert default_model(current) == "hotel-mini"


def test_a_visitor_neither_sees_nor_does_it(study, current, model):
    study()
    handlers = PromotionHandlers(PageContext(current, demo=True))
    assert handlers.load("s1", WHO)[0] == gr.skip()
    with pytest.raises(gr.Error):
        handlers.go(WHO, PromotionForm("s1", model, "", ""))
    assert default_model(current) == "hotel-mini"
