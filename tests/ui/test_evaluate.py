"""The Evaluate tab's handlers: who may start, what is drawn of a study, and a blind vote from question to standings."""

import json
import re
from types import SimpleNamespace

import gradio as gr
import pytest

from chatbot.core.locks import lock
from chatbot.core.messages import Conversation, call, observation, reply, user, write_conversations
from chatbot.core.settings import DATA, Settings
from chatbot.dialogue.events import TurnEvent
from chatbot.evaluation.reporting.votes import read_votes
from chatbot.evaluation.study import Study, StudyConfig, run_study
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.records import Hotel
from chatbot.models.catalog import ModelChoice
from chatbot.ui.evaluate.blind_vote import VoteHandlers
from chatbot.ui.evaluate.form import CaseFilter, StudyForm
from chatbot.ui.evaluate.handlers import EvaluateHandlers
from chatbot.ui.evaluate.tables import results
from chatbot.ui.shell.context import PageContext

EVIL = "<script>alert(1)</script>"
PERSON = SimpleNamespace(headers={"accept-language": "zh-CN"}, username=None, session_hash="s")
HOTEL = Hotel(name="甲酒店", type="经济型", rating=4.6, price=200)


class Gold:
    """Answers like the data, or always calls for the wrong type."""

    def __init__(self, conversation, wrong):
        self.name, self.conversation, self.wrong = "fake", conversation, wrong

    def predict(self, contexts):
        gold = [self.conversation.messages[len(messages)] for messages, tools in contexts]
        return [call({"type": "豪华型"}) if self.wrong and message.call else message for message in gold]


class Says:
    """A chatbot that understands what its model is called."""

    def __init__(self, model, store):
        self.model = model

    def turn(self, messages, text, stop=lambda: False):
        yield TurnEvent(
            f"{len(messages)}", {}, HotelQuery(type=self.model), [HOTEL.record()], [user(text), reply("好")]
        )


@pytest.fixture
def settings(tmp_path):
    hotels = tmp_path / "hotels.json"
    hotels.write_text(json.dumps([[HOTEL.name, HOTEL.model_dump(by_alias=True)]], ensure_ascii=False))
    return Settings(workspace=tmp_path / "workspace", hotels=hotels)


@pytest.fixture
def context(settings):
    choices = [ModelChoice("base", "基座", "shipped"), ModelChoice("tuned", "微调后", "shipped")]
    return PageContext(
        settings,
        models=lambda current: choices,
        open_model=lambda name, current: "经济型" if name == "base" else "高档型",
        agent=Says,
    )


@pytest.fixture
def study(settings, tmp_path):
    messages = [user(f"要经济型{EVIL}"), call({"type": "经济型"}), observation([HOTEL.record()]), reply("推荐甲酒店。")]
    conversation = Conversation(id="c", source="c", messages=messages)
    data, folder = tmp_path / "data.jsonl", settings.folder("jobs") / "s1"
    write_conversations(data, [conversation])
    config = StudyConfig(models=["base", "tuned"], data=data, hotels=settings.hotels, verifier="none")
    run_study(config, folder, lambda name: Gold(conversation, name == "base"), lambda model, store: None)
    (folder / "config.json").write_text(config.model_dump_json())
    (folder / "job.json").write_text(json.dumps({"kind": "study", "argv": [], "created": 1.0}))
    (folder / "status.json").write_text('{"state": "done"}')
    return "s1"


def test_a_finished_study_is_drawn_once(context, study):
    handlers = EvaluateHandlers(context)
    picked, status, _, _, mark, results, report, *_ = handlers.follow(None, None, PERSON)
    assert picked["value"] == study and "评测完成" in status and "条件理解 F1" in results and report["interactive"]
    assert handlers.follow(study, mark, PERSON)[5] == gr.skip()


def test_figures_are_answered_in_words_first_and_each_says_what_it_means(context, study):
    results = EvaluateHandlers(context).follow(None, None, PERSON)[5]
    assert "tuned · 10 次查询，约 10 次条件全对" in results.split("<table")[0]
    for means in ("多少是客人真的提过的", "换个说法就会低，不等于答错", "设施都在酒店库里"):
        assert means in results.split("<table")[1].split("</table>")[0]


@pytest.mark.parametrize(
    ("difference", "said_of"), [(0.3, ["整个机器人和模型本身都一样"]), (0.1, ["整个机器人（模型＋核对）", "模型本身"])]
)
def test_what_the_whole_and_the_model_alone_gain_alike_is_said_once(difference, said_of):
    shipped = Study.load(DATA / "studies" / "hotel-mini")
    gained = {"slot_f1": {"difference": 0.3, "interval": [0.2, 0.4], "p": 0.001}}
    alone = {"slot_f1": gained["slot_f1"] | {"difference": difference}}
    pairs = [[{"first": 0, "second": 1, "metrics": metrics}] for metrics in (gained, alone)]
    result = shipped.result | {"pairs": pairs[0], "bare": shipped.result["bare"] | {"pairs": pairs[1]}}
    drawn = results(Study(shipped.folder, result), PERSON)
    assert re.findall(r'<p class="lift[^>]*>([^，]*)，', drawn) == said_of


def test_while_a_study_is_under_way_the_page_says_what_will_stand_there(context, settings):
    folder = settings.folder("jobs") / "s2"
    folder.mkdir()
    for file, value in (("job", {"kind": "study", "argv": [], "created": 2.0}), ("status", {"state": "running"})):
        (folder / f"{file}.json").write_text(json.dumps(value))
    with lock(folder / "lock"):
        results = EvaluateHandlers(context).follow("s2", None, PERSON)[5]
    assert "答完这里会有" in results and "查询全对" in results


def test_wrong_turns_open_with_their_context_and_nothing_in_them_is_markup(context, study):
    shown = EvaluateHandlers(context).cases(PERSON, CaseFilter(study, 0, kind="slots", slot="type"))
    assert "豪华型" in shown and "&lt;script&gt;" in shown and "<script>" not in shown
    assert "没有这样的错误" in EvaluateHandlers(context).cases(PERSON, CaseFilter(study, 1))


def test_an_empty_workspace_shows_what_ships_with_the_project(context):
    shown = EvaluateHandlers(context).follow(None, None, PERSON)[5]
    assert "hotel-mini 相对 hotel-mini-base：条件理解 F1 +" in shown


def test_a_visitor_cannot_start(settings):
    handlers = EvaluateHandlers(PageContext(settings, demo=True, models=lambda current: []))
    with pytest.raises(gr.Error, match="engineer"):
        handlers.start(PERSON, StudyForm(["base"], "x.jsonl"))
    assert not (settings.workspace / "jobs").exists()


def test_a_start_without_data_says_what_is_missing(context):
    with pytest.raises(gr.Error, match="还没有选模型或数据"):
        EvaluateHandlers(context).start(PERSON, StudyForm(["base"], ""))


def test_names_stay_hidden_until_the_vote_and_the_vote_counts(context, settings):
    handlers = VoteHandlers(context)
    *_, shown = handlers.ask("你好", ["base", "tuned"], None, PERSON)
    duel, answers = shown[0], "".join(shown[2:4])
    assert "base" not in answers and "tuned" not in answers and {duel.left, duel.right} == {"base", "tuned"}
    _, *_, revealed = handlers.left(duel, PERSON)
    assert "左边是" in revealed and "类型 经济型" in revealed and "甲酒店" in revealed
    assert [vote.winner for vote in read_votes(settings.workspace / "votes.jsonl")] == [duel.left]


def test_a_conversation_goes_on_with_both_models_on_their_sides(context):
    handlers = VoteHandlers(context)
    *_, first = handlers.ask("你好", ["base", "tuned"], None, PERSON)
    *_, second = handlers.ask("换一家", ["tuned", "base"], first[0], PERSON)
    assert (second[0].left, second[0].right) == (first[0].left, first[0].right) and len(second[0].turns) == 2


def test_a_visitors_vote_is_shown_and_not_kept(settings):
    choices = [ModelChoice("hotel-mini", "", "shipped"), ModelChoice("hotel-mini-base", "", "shipped")]
    demo = PageContext(
        settings, demo=True, models=lambda current: choices, open_model=lambda name, current: "经济型", agent=Says
    )
    handlers = VoteHandlers(demo)
    *_, shown = handlers.ask("你好", ["hotel-mini", "hotel-mini-base"], None, PERSON)
    assert "50%" not in handlers.tie(shown[0], PERSON)[-1]
    assert read_votes(settings.workspace / "votes.jsonl") == []


def test_one_model_is_not_enough_for_a_vote(context):
    with pytest.raises(gr.Error, match="两个不同的模型"):
        list(VoteHandlers(context).ask("你好", ["base"], None, PERSON))
