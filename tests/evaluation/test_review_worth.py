"""Claims about what reviewed data is worth and which cards a model is least sure of; trainings are fakes but for one."""

from contextlib import closing

import pytest

from chatbot.core.errors import InputError
from chatbot.core.events import NullReporter, Stopped
from chatbot.core.messages import Conversation, call, reply, user
from chatbot.core.settings import DATA
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.review.items import Candidate, Filter
from chatbot.corpus.review.queue import ReviewStore
from chatbot.evaluation.review.config import WorthConfig
from chatbot.evaluation.review.doubt import doubt, of_model, read_cards
from chatbot.evaluation.review.worth import SHARES, Slice, held_out, measure, run_worth


def talk(name, words="找酒店", arguments=None):
    return Conversation(
        id=name, source=name, messages=[user(words), call(arguments or {"type": "豪华型"}), reply("好")]
    )


HELD = [talk(f"held{n}") for n in range(40)]


def config(tmp_path, **more):
    return WorthConfig(value="spoken", workspace=tmp_path, out=tmp_path / "out", **more)


class Trainings:
    """Fakes of a training and its scoring: the more conversations, the more slots are right, up to `most`."""

    def __init__(self, most=1.0, each=0.01):
        self.most, self.each, self.sizes = most, each, []

    def train(self, data, out):
        self.sizes.append(len(read_conversations(data)))

    def score(self, adapter, held):
        right = min(self.most, 0.2 + self.each * (self.sizes[-1] if adapter else 0))
        hits = [float(n < right * len(held)) for n in range(len(held))]
        return {"slots_right": hits, "slots_predicted": [1.0] * len(held), "slots_gold": [1.0] * len(held)}


def test_a_slice_that_helps_is_told_with_its_interval_and_a_curve_of_five_points(tmp_path):
    fakes = Trainings(each=0.01)
    given = Slice([talk(f"s{n}") for n in range(60)], [talk(f"r{n}") for n in range(10)], 30.0)
    found = measure(config(tmp_path), given, HELD, NullReporter(), fakes.train, fakes.score)
    assert fakes.sizes == [10, 16, 25, 40, 70]
    assert [(p["share"], p["n"]) for p in found["points"]] == [(0, 0), (10, 6), (25, 15), (50, 30), (100, 60)]
    assert found["gain"]["difference"] == pytest.approx(0.6, abs=0.03)
    assert (found["gain"]["significant"], found["last_half"]["significant"], found["minutes"]) == (True, True, 30.0)


def test_where_the_last_half_brings_nothing_that_is_seen(tmp_path):
    fakes = Trainings(most=0.5, each=0.02)
    given = Slice([talk(f"s{n}") for n in range(60)], [], 30.0)
    found = measure(config(tmp_path), given, HELD, NullReporter(), fakes.train, fakes.score)
    assert fakes.sizes == [6, 15, 30, 60]
    assert (found["gain"]["significant"], found["last_half"]["significant"]) == (True, False)


def test_a_run_that_is_stopped_goes_on_and_trains_nothing_twice(tmp_path):
    class Stopping(NullReporter):
        asked = 0

        def should_stop(self):
            self.asked += 1
            return self.asked > 3

    fakes = Trainings()
    given = Slice([talk(f"s{n}") for n in range(20)], [talk("r")], 1.0)
    with pytest.raises(Stopped):
        measure(config(tmp_path), given, HELD, Stopping(), fakes.train, fakes.score)
    assert len(fakes.sizes) == 3
    measure(config(tmp_path), given, HELD, NullReporter(), fakes.train, fakes.score)
    assert len(fakes.sizes) == len(SHARES)


def test_nothing_that_was_trained_on_is_held_out():
    trained = [talk("a", "要有棋牌室的")]
    others = [talk("a", "别的话"), talk("b", "要有棋牌室的"), talk("c", "便宜的"), talk("d", "贵的")]
    assert [one.id for one in held_out(others, trained)] == ["c", "d"]
    with pytest.raises(InputError, match="held-out"):
        held_out(others[:3], trained)


def test_minutes_of_a_slice_are_those_between_verdicts(tmp_path, monkeypatch):
    with closing(ReviewStore(f"sqlite:///{tmp_path / 'review.sqlite'}", overlap=0.0)) as review:
        review.add_many(Candidate(talk(f"c{n}", f"第{n}"), ("spoken", "by_cap")[n % 2]) for n in range(4))
        now = 0.0
        monkeypatch.setattr("chatbot.corpus.review.deciding.time.time", lambda: now)
        for item, at in ((1, 1000.0), (2, 1030.0), (3, 1090.0), (4, 9000.0)):
            now = at
            review.decide(review.card(item), "li", "approve")
        assert review.team.minutes(Filter(operation="spoken")) == pytest.approx((45 + 60) / 60)
        assert [one.id for one in review.approved(Filter(operation="by_cap"))] == ["c1", "c3"]


def test_a_slice_without_reviewed_data_is_named(tmp_path):
    with closing(ReviewStore(f"sqlite:///{tmp_path / 'review.sqlite'}")) as review:
        review.add_many([Candidate(talk("c"), "spoken")])
    with pytest.raises(InputError, match="spoken"):
        run_worth(config(tmp_path), NullReporter())


def test_doubt_is_that_of_the_call_the_model_is_least_sure_of():
    two = Conversation(
        id="x",
        source="x",
        messages=[user("一"), call({}), reply("好"), user("二"), call({"type": "豪华型"}), reply("好")],
    )
    sure = {2: 0.9, 5: 0.25}
    assert doubt(two, lambda messages, tools: sure[len(messages)]) == 0.75
    assert doubt(Conversation(id="y", source="y", messages=[user("一"), reply("好")]), lambda *_: 0.0) == 0


def test_the_shipped_model_doubts_a_wrong_call_more_than_the_right_one(tmp_path):
    from chatbot.models.local import LocalModel

    probability = of_model(LocalModel.load(DATA / "models" / "hotel-mini"))
    with closing(ReviewStore(f"sqlite:///{tmp_path / 'review.sqlite'}", overlap=0.0)) as review:
        calls = ({"type": "豪华型"}, {"type": "经济型"}, {"type": "豪华型", "price_range_upper": 300})
        review.add_many(
            Candidate(talk(f"c{n}", "想住豪华型的酒店", arguments), "spoken") for n, arguments in enumerate(calls)
        )
        assert read_cards(review, probability, NullReporter()) == 3
        assert review.listing("li", Filter(order="unsure")).lines[-1].id == 1
        assert read_cards(review, probability, NullReporter()) == 0


@pytest.mark.slow
def test_a_slice_is_measured_by_real_small_trainings(tmp_path):
    spoken = read_conversations(DATA / "conversations" / "train.jsonl")[:12]
    with closing(ReviewStore(f"sqlite:///{tmp_path / 'review.sqlite'}", overlap=0.0)) as review:
        review.add_many(Candidate(one, "spoken") for one in spoken)
        review.bulk_approve("li")
    found = run_worth(config(tmp_path, max_steps=2, limit=4), NullReporter())
    assert [point["n"] for point in found["points"]] == [0, 2, 3, 6, 12]
    assert all(0 <= point["low"] <= point["figure"] <= point["high"] <= 1 for point in found["points"])
