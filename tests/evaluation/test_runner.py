"""The runner: what is asked of the model, in which context, and what is made of its answers."""

import pytest

from chatbot.core.errors import InputError
from chatbot.core.messages import call, reply, user
from chatbot.dialogue.agent import Agent
from chatbot.evaluation import runner
from chatbot.evaluation.metrics.metrics import METRICS
from chatbot.models.backends import TextDelta


def test_every_assistant_turn_is_predicted_once_in_its_gold_context(conversations, gold_model, store):
    report = runner.run_evaluation(conversations, gold_model, store)
    assert [(row.id, row.turn) for row in report["predictions"]] == [
        ("one", 1),
        ("one", 3),
        ("one", 5),
        ("one", 7),
        ("two", 1),
        ("two", 3),
        ("two", 5),
    ]
    assert sum(gold_model.batches) == 7


def test_a_model_that_answers_like_the_data_is_perfect(conversations, gold_model, store):
    report = runner.run_evaluation(conversations, gold_model, store)
    perfect = {name: 100 if name == "bleu4" else 0 if name == "unparseable_rate" else 1 for name in METRICS}
    assert {name: report[name] for name in METRICS if not name.startswith("lab_bleu")} == pytest.approx(
        {k: v for k, v in perfect.items() if k != "lab_bleu4"}
    )
    assert report["counts"]["dialogues"] == 2 and report["counts"]["empty_results"] == 1


def test_rows_hold_the_call_or_the_reply_and_never_both(conversations, gold_model, store):
    gold_model.put(conversations[1].messages[:1], reply("您好"))
    gold_model.put(conversations[1].messages[:5], None)
    rows = {(row.id, row.turn): row for row in runner.predict(conversations, gold_model, store)}
    assert rows["two", 1].gold_call and rows["two", 1].gold_reply is None
    assert rows["two", 1].predicted_call is None and rows["two", 1].predicted_reply == "您好"
    assert rows["two", 5].predicted_call is None and rows["two", 5].predicted_reply is None


def test_an_invented_phone_number_is_ungrounded(conversations, gold_model, store):
    gold_model.put(conversations[1].messages[:3], reply("电话是010-99999999。"))
    report = runner.run_evaluation(conversations, gold_model, store)
    assert report["grounded_rate"] == 0.75
    assert [row.ungrounded for row in report["predictions"] if row.ungrounded] == [("phone: 010-99999999",)]


def test_a_call_in_other_words_finds_the_same_hotels(conversations, gold_model, store):
    gold_model.put(conversations[0].messages[:5], call({"type": "豪华"}))
    report = runner.run_evaluation(conversations, gold_model, store)
    assert (report["same_hotels"], report["call_exact"], report["call_exact_verbatim"]) == (
        1,
        1,
        pytest.approx(2 / 3, abs=1e-6),
    )


@pytest.mark.parametrize("arguments", [{"type": 5}, {"facilities": "棋牌室", "x": {}}, {"price_range_lower": -1}])
def test_calls_that_do_not_validate_find_nothing(conversations, gold_model, store, arguments):
    gold_model.put(conversations[0].messages[:5], call(arguments))
    assert runner.run_evaluation(conversations, gold_model, store)["same_hotels"] == pytest.approx(2 / 3, abs=1e-6)


def test_progress_ends_with_all_turns(conversations, gold_model, store):
    seen = []
    runner.predict(conversations, gold_model, store, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (7, 7)


def test_conversations_that_share_an_id_are_refused(conversations, gold_model, store):
    with pytest.raises(InputError, match="share an id"):
        runner.predict([conversations[0], conversations[0]], gold_model, store)


def test_data_without_assistant_turns_is_refused(conversations, gold_model, store):
    with pytest.raises(InputError, match="no assistant turn"):
        runner.predict([conversations[0].model_copy(update={"messages": [user("你好")]})], gold_model, store)


def test_turns_that_a_file_already_holds_are_not_asked_again(conversations, gold_model, store, tmp_path):
    kept = tmp_path / "rows.jsonl"
    whole = runner.predict(conversations, gold_model, store, kept=kept)
    lines = kept.read_text().splitlines(keepends=True)
    kept.write_text("".join(lines[:4]) + lines[4][:20])
    asked = sum(gold_model.batches)
    again = runner.predict(conversations, gold_model, store, kept=kept)
    assert sum(gold_model.batches) - asked == 3
    assert [row.to_dict() | {"ungrounded": ()} for row in again] == [row.to_dict() for row in whole]
    assert len(kept.read_text().splitlines()) == 7


class Careful:
    """A chatbot that puts its own call in the place of any call; what it was given is kept."""

    def __init__(self):
        self.drafts = []

    def next_message(self, messages, draft=None):
        self.drafts.append((len(messages), draft.message))
        return call({"type": "豪华型"}) if draft.message is None or draft.message.call else draft.message


def test_the_whole_chatbot_is_measured_with_its_models_draft_beside_it(conversations, gold_model, store):
    gold_model.put(conversations[0].messages[:5], None)
    agent = Careful()
    report = runner.run_evaluation(conversations, gold_model, store, agent=agent)
    assert sorted(length for length, _ in agent.drafts) == [1, 1, 3, 3, 5, 5, 7]
    assert (report["measured"], report["call_exact"], report["unparseable_rate"]) == (
        "chatbot",
        pytest.approx(1 / 3, abs=1e-6),
        0,
    )
    assert (report["bare"]["call_exact"], report["bare"]["unparseable_rate"]) == (
        pytest.approx(2 / 3, abs=1e-6),
        pytest.approx(1 / 7, abs=1e-6),
    )


def test_the_models_own_figures_are_those_of_the_model_alone(conversations, gold_model, store):
    gold_model.put(conversations[1].messages[:3], reply("电话是010-99999999。"))
    alone = runner.run_evaluation(conversations, gold_model, store)
    whole = runner.run_evaluation(conversations, gold_model, store, agent=Careful())
    assert (alone["measured"], alone["bare"]) == ("model", None)
    assert whole["bare"] == {key: alone[key] for key in whole["bare"]}


def test_kept_turns_hold_both_answers(conversations, gold_model, store, tmp_path):
    kept, agent = tmp_path / "rows.jsonl", Careful()
    first = runner.predict(conversations, gold_model, store, kept=kept, agent=agent)
    again = runner.predict(conversations, gold_model, store, kept=kept, agent=agent)
    assert len(agent.drafts) == 7
    assert runner.scored(again) == runner.scored(first)


def test_what_reaches_the_user_is_grounded_even_where_the_draft_is_not(conversations, gold_model, store):
    gold_model.put(conversations[1].messages[:3], reply("电话是010-99999999。"))
    gold_model.generate = lambda *given, **options: iter([TextDelta("电话是010-99999999。")])
    report = runner.run_evaluation(conversations, gold_model, store, agent=Agent(gold_model, store))
    assert (report["grounded_rate"], report["bare"]["grounded_rate"]) == (1, 0.75)
