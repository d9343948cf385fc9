"""Settings that are fitted to base and data: what is chosen, why, and that nothing is lost unasked or silent."""

import pytest

from chatbot.core.errors import InputError
from chatbot.core.events import Note, Progress
from chatbot.core.messages import Conversation, observation, reply, user
from chatbot.evaluation.checkpoints import Look, TooSlow, checkpoint_evaluator, longest_written
from chatbot.hotels.store import HotelStore
from chatbot.models.families.hotel_mini import HOTEL_MINI
from chatbot.models.loading import load_base, load_tokenizer
from chatbot.training.config import FinetuneConfig
from chatbot.training.data import Example
from chatbot.training.estimate import estimate
from chatbot.training.finetune import finetune, prepare
from chatbot.training.fitted.row_length import row_length, whole
from chatbot.training.fitted.shortening import shortened
from chatbot.training.methods import METHODS, method
from tests.conftest import HOTELS

pytestmark = pytest.mark.usefixtures("one_thread")


class Seen:
    def __init__(self):
        self.events = []

    def event(self, event):
        self.events.append(event)

    def should_stop(self):
        return False


def test_rows_are_the_shortest_that_hold_every_conversation_or_all_that_the_base_can_read():
    assert row_length([30, 400], 8192) == 512
    assert row_length([30, 1500], 8192) == 2048 == row_length([30, 1500], None)
    assert row_length([30, 1500], 1024) == 1024
    assert whole([30, 1500, 600]) == {512: 1, 1024: 2, 2048: 3, 4096: 3}


def test_a_small_real_base_gets_a_gentler_rate_than_hotel_mini_and_every_rate_has_a_source():
    assert method("lora").learning_rate(6_000_000) == 4e-3
    assert 1e-4 <= method("qlora").learning_rate(135_000_000) <= 1e-3
    assert method("lora").learning_rate(7_000_000_000) == 2e-4 > method("lora").learning_rate(65_000_000_000)
    assert all(rate.source for one in METHODS.values() for rate in one.rates)


def test_a_run_fits_its_rows_to_the_data_and_cuts_nothing_without_a_yes(base, data, tmp_path):
    fields = {"base": base, "data": data, "out": tmp_path / "out"}
    assert prepare(FinetuneConfig(**fields), HOTEL_MINI).config.max_length == 512
    with pytest.raises(InputError, match=r"24 of 24 conversations are longer than 64 tokens.*--allow-cut"):
        finetune(FinetuneConfig(**fields, max_length=64), family=HOTEL_MINI)
    assert not (tmp_path / "out" / "run.json").exists()


def test_the_estimate_says_what_was_chosen_and_why(base, data, tmp_path):
    found = estimate(FinetuneConfig(base=base, data=data, out=tmp_path, method="lora"), HOTEL_MINI, measure=False)
    assert found.fitted.row_length == 512 and found.fitted.cut == 0
    assert found.fitted.whole[512] == found.conversations
    assert found.fitted.peaks[512] < found.fitted.peaks[2048]
    assert "learning rate 0.004, measured here on hotel-mini" in found.table()
    assert f"all {found.conversations} fit whole" in found.table()


def test_an_untrained_base_that_is_too_slow_is_left_out_and_that_is_told(base, conversations):
    seen = Seen()
    look = Look(most_tokens=8, first=0.0, reporter=seen)
    evaluate = checkpoint_evaluator(conversations[:2], HotelStore(HOTELS), HOTEL_MINI, load_tokenizer(base), look)
    assert evaluate(load_base(base)) == {}
    assert [event for event in seen.events if isinstance(event, Note) and "left out" in event.text]


def test_a_look_reports_how_far_it_is_and_only_a_bare_base_is_bounded():
    seen = Seen()
    tell = Look(first=60.0, reporter=seen, clock=iter([0.0, 1.0, 4.0, 100.0]).__next__).progress(9, bare=False)
    for _ in range(3):
        tell()
    assert [(e.done, e.total, e.what) for e in seen.events if isinstance(e, Progress)] == [
        (2, 9, "evaluate"),
        (3, 9, "evaluate"),
    ]
    with pytest.raises(TooSlow):
        Look(first=60.0, reporter=seen, clock=iter([0.0, 61.0]).__next__).progress(9, bare=True)()


def test_a_model_that_babbles_is_cut_off_a_little_behind_the_longest_message_of_the_data():
    data = [Example("a", "a", [1] * 50, [-100] * 5 + [1] * 40 + [-100] + [1] * 4, 50)]
    assert longest_written(data) == 58
    assert longest_written([Example("a", "a", [1], [-100], 1)]) == 8


def test_records_lose_what_no_reply_tells_before_the_conversation_loses_its_end():
    record = {
        "name": "甲",
        "phone": "010",
        "subway": "东直门站",
        "nearby_restaurants": ["饭馆" * 9],
        "facilities": ["泳池"],
    }
    told = Conversation(
        id="a",
        source="a",
        messages=[
            user("找一家"),
            observation([record]),
            reply("甲离东直门站很近。"),
            observation([record]),
            reply("好"),
        ],
    )

    def size(conversation):
        return sum(len(m.content) for m in conversation.messages)

    short = shortened(told, lambda c: size(c) < size(told) - 10)
    assert all("饭馆" not in m.content and "泳池" in m.content for m in short.messages if m.role == "tool")
    least = shortened(told, lambda c: False)
    first, second = (m.records[0] for m in least.messages if m.role == "tool")
    assert first == {"name": "甲", "phone": "010", "subway": "东直门站"} and second == {"name": "甲", "phone": "010"}
    assert shortened(told, lambda c: True) == told
    assert [m.content for m in least.messages if m.role != "tool"] == ["找一家", "甲离东直门站很近。", "好"]
