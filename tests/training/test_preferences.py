"""Preferences: what people said becomes pairs, the real TRL learns them on a tiny model, and before and after are measured."""

import json

import pytest
import torch

from chatbot.core.errors import InputError
from chatbot.core.events import JobWriter, NullReporter
from chatbot.core.messages import call, observation, reply, user, write_conversations
from chatbot.core.settings import Settings
from chatbot.corpus.review.feedback import Feedback
from chatbot.evaluation.preferences import prefer
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore
from chatbot.models.families.hotel_mini import HOTEL_MINI
from chatbot.models.loading import load_adapters, load_base, load_tokenizer
from chatbot.models.registry import family_name
from chatbot.training.preferences.config import PreferConfig
from chatbot.training.preferences.pairs import Pair, held_out, preferences, rows

HOTEL = Hotel(name="甲酒店", type="经济型", rating=4.6, price=200)
STORE = HotelStore([HOTEL])


def talk(words, called, said="好的。"):
    return [user(words), call(called), observation([HOTEL.record()]), reply(said)]


def dislike(number=0, **right):
    messages = talk(f"第{number}次，要便宜的", {"type": "豪华型"})
    return Feedback(model="m", liked=False, messages=messages, **right)


CHEAP = {"corrected": HotelQuery(type="经济型")}


def test_a_corrected_call_is_preferred_to_the_one_that_was_made_and_a_corrected_reply_to_what_was_said():
    called, said = preferences([dislike(**CHEAP), dislike(corrected_reply="没有。")], STORE).pairs
    assert [m.role for m in called.context] == ["user"]
    assert (called.chosen.call.arguments, called.rejected.call.arguments) == ({"type": "经济型"}, {"type": "豪华型"})
    assert [m.role for m in said.context] == ["user", "assistant", "tool"]
    assert (said.chosen.content, said.rejected.content) == ("没有。", "好的。")


def test_a_like_and_a_dislike_of_answers_to_the_same_words_are_a_pair_and_a_dislike_alone_waits():
    liked = Feedback(model="m", liked=True, messages=talk("第0次，要便宜的", {"type": "经济型"}))
    other = Feedback(model="m", liked=True, messages=talk("别的", {"type": "经济型"}))
    found = preferences([liked, other, dislike(0), dislike(1)], STORE)
    (pair,) = found.pairs
    assert pair.chosen.call.arguments == {"type": "经济型"} and found.waiting == 1
    assert [answer.call.arguments for _, _, answer in found.liked] == [{"type": "经济型"}] * 2


def test_pairs_are_the_tokens_that_chat_would_write_and_those_that_a_family_writes_alike_are_left_out(base):
    tokenizer = load_tokenizer(base)
    pairs = preferences([dislike(**CHEAP)], STORE).pairs
    pairs.append(Pair("s", (user("在吗"),), reply("在"), reply("在")))
    (row,) = rows(pairs, HOTEL_MINI, tokenizer, 512)
    assert tokenizer.decode(row["chosen_ids"]) == '<|call|>{"type":"经济型"}<|end|>'
    assert tokenizer.decode(row["rejected_ids"]) == '<|call|>{"type":"豪华型"}<|end|>'
    assert tokenizer.decode(row["prompt_ids"]).endswith("<|assistant|>")
    assert not list(rows(pairs, HOTEL_MINI, tokenizer, 10))


def test_feedback_on_one_dialogue_is_held_out_as_a_whole_and_only_where_there_is_enough():
    assert held_out(["a", "b"] * 9, 0.5, 0) == set()
    assert len(held_out([*"abcdefghij"] * 2, 0.2, 0)) == 2


@pytest.fixture
def settings(tmp_path, base, conversations):
    torch.set_num_threads(1)
    hotels, data = tmp_path / "hotels.json", tmp_path / "held.jsonl"
    hotels.write_text(json.dumps([[HOTEL.name, HOTEL.model_dump(by_alias=True)]], ensure_ascii=False))
    write_conversations(data, conversations[:1])
    made = Settings(workspace=tmp_path / "workspace", hotels=hotels, tuned=base)
    given = [dislike(number, **CHEAP) for number in range(10)]
    (made.folder() / "feedback.jsonl").write_text("".join(one.model_dump_json() + "\n" for one in given))
    return made


def config(settings, **fields):
    usual = {"out": settings.workspace / "preferred", "data": settings.workspace.parent / "held.jsonl", "eval_limit": 1}
    return PreferConfig(**usual | {"learning_rate": 5e-3, "max_steps": 12, "save_steps": 4} | fields)


def test_a_model_comes_to_prefer_what_people_preferred_also_where_it_was_not_trained_and_can_be_chosen(settings, base):
    found = prefer(config(settings), settings, NullReporter())
    assert (found["trained"], found["kept"], found["waiting"]) == (8, 2, 0)
    assert found["after"]["preferred_trained"] == 1.0 and found["after"]["preferred_kept"] == 1.0
    assert found["before"].keys() == found["after"].keys() and "act_accuracy" in found["held_out"]
    out = settings.workspace / "preferred"
    assert family_name(out) == "hotel-mini" and (out / "README.md").is_file()
    ids = torch.tensor([[5, 60, 61, 62]])
    with torch.inference_mode():
        plain = load_base(base)(input_ids=ids).logits
        learnt = load_adapters(load_base(base), {"default": out})(input_ids=ids).logits
    assert (plain - learnt).abs().max() > 1e-4
    again = prefer(
        config(settings, model=f"adapter:{out}", out=settings.workspace / "on", max_steps=1), settings, NullReporter()
    )
    assert again["before"]["preferred_trained"] == 1.0  # it went on from the adapter, not from the base


class StopsAt(JobWriter):
    """Asks for a stop after so many checkpoints."""

    def should_stop(self):
        return (self.folder / "events.jsonl").read_text().count('"checkpoint-') >= 1


def test_a_stopped_run_goes_on_and_keeps_what_was_measured_before(settings, tmp_path):
    folder = tmp_path / "job"
    folder.mkdir()
    assert prefer(config(settings, eval_limit=0), settings, StopsAt(folder)) == {}
    assert not (settings.workspace / "preferred" / "workbench.json").exists()
    first = json.loads((settings.workspace / "preferred" / "before.json").read_text())
    found = prefer(config(settings, eval_limit=0), settings, NullReporter())
    assert found["before"] == first and found["after"]["preferred_trained"] == 1.0


def test_without_a_preference_nothing_starts_and_the_reason_is_told(settings, monkeypatch):
    (settings.workspace / "feedback.jsonl").write_text(dislike().model_dump_json() + "\n")
    with pytest.raises(InputError, match=r"0 pairs, 1 dislikes"):
        prefer(config(settings), settings, NullReporter())
    with pytest.raises(InputError, match="no weights"):
        prefer(config(settings, model="rules"), settings, NullReporter())
