"""The simulated user: honest chatbots satisfy it, lying and stubborn ones don't; and its figures."""

from collections import Counter
from random import Random

import pytest

from chatbot.core.errors import ModelError
from chatbot.core.messages import reply, user
from chatbot.dialogue.events import TurnEvent
from chatbot.evaluation.simulation import wording
from chatbot.evaluation.simulation.goals import Goal, delivered, draw_goals, satisfies
from chatbot.evaluation.simulation.simulator import Outcome, converse, pass_hat, simulate, summarise
from chatbot.evaluation.simulation.user import PATIENCE, SUCCESS
from chatbot.hotels.query import HotelQuery

FACTS = "{name}，{type}，价格{price}元，评分{rating}分，电话是{phone}，地址是{address}，{subway}，景点有{nearby_attractions[0]}，餐馆有{nearby_restaurants[0]}。"


class Honest:
    """Knows the goal and tells only what the database holds."""

    def __init__(self, store, goal, spoil=lambda text: text):
        self.store, self.goal, self.spoil, self.changed = store, goal, spoil, False

    def turn(self, messages, text, stop=lambda: False):
        self.changed = self.changed or any(word in text for word in ("改", "放宽", "还是要"))
        parts = self.goal.change if self.changed and self.goal.change else self.goal.parts
        record = next((h.record() for h in self.store.hotels if satisfies(h.record(), parts)), None)
        asked = next((f for field, f in self.goal.requests if field == "has" and f in text and record), "")
        answer = self._answer(record, asked)
        yield TurnEvent(self.spoil(answer), None, HotelQuery(), [record] if record else [], [user(text), reply(answer)])

    def _answer(self, record, asked):
        if record is None:
            return "没有找到合适的酒店。"
        if asked:
            return f"有的，提供{asked}。" if asked in record["facilities"] else f"这家没有{asked}。"
        return FACTS.format(**record).replace("价格None元", "价格暂无")


def _arguments(parts):
    out = {}
    for part in parts:
        for key, value in part.items():
            out[key] = out.get(key, []) + value if key == "facilities" else value
    return out


def test_every_goal_can_be_reached_and_only_impossible_ones_cannot_at_first(store):
    for goal in draw_goals(store, 150):
        first = store.search(HotelQuery.parse(_arguments(goal.parts)))
        assert bool(first.relaxed) == goal.impossible, goal
        if goal.change:
            found = store.search(HotelQuery.parse(_arguments(goal.change)))
            assert found.records and not found.relaxed, goal


def test_goals_repeat_from_their_seed_and_are_of_every_kind(store):
    goals = draw_goals(store, 150)
    assert goals == draw_goals(store, 150) and goals[:5] != draw_goals(store, 5, seed=1)
    kinds = Counter(
        "name" if "name" in g.parts[0] else "impossible" if g.impossible else "change" if g.change else "plain"
        for g in goals
    )
    assert all(kinds[kind] >= 5 for kind in ("name", "impossible", "change", "plain"))


def test_an_honest_chatbot_satisfies_every_goal(store):
    for number, goal in enumerate(draw_goals(store, 40)):
        outcome = converse(Honest(store, goal), goal, store, number, 0)
        assert outcome.success, (outcome.reason, outcome.ungrounded, goal, [m.content for m in outcome.messages])


def test_a_wrong_phone_number_is_no_answer(store):
    record = next(h.record() for h in store.hotels if h.price)
    goal = Goal(({"name": record["name"]},), (("phone", ""),))
    outcome = converse(Honest(store, goal, lambda text: text.replace("010-65", "010-66")), goal, store, 0, 0)
    assert outcome.reason == "no true answer: phone" and outcome.ungrounded and not outcome.success
    assert outcome.turns == 2 + PATIENCE


def test_a_reached_goal_with_an_invented_claim_is_no_success(store):
    record = next(h.record() for h in store.hotels if h.price)
    goal = Goal(({"name": record["name"]},), (("phone", ""),))
    outcome = converse(Honest(store, goal, lambda text: text + "另有分店电话010-11112222。"), goal, store, 0, 0)
    assert outcome.reason == SUCCESS and not outcome.success
    assert summarise([[outcome]])["failures"] == {"ungrounded claim": 1}


def test_the_user_loses_patience_with_a_chatbot_that_never_offers(store):
    goal = Goal(({"type": "豪华型"},), (("phone", ""),))
    outcome = converse(Honest(store, goal, lambda text: "请问您想要什么价位？"), goal, store, 0, 0)
    assert (outcome.reason, outcome.turns) == ("no suitable hotel", 1 + PATIENCE)


def test_a_hotel_that_breaks_the_wishes_is_not_taken(store):
    cheap = next(h.record() for h in store.hotels if h.price == 180)
    goal = Goal(({"price_range_lower": 600},), (("phone", ""),))
    wrong = Honest(store, Goal(({"name": cheap["name"]},), goal.requests))
    assert converse(wrong, goal, store, 0, 0).reason == "no suitable hotel"


def test_a_turn_without_an_end_is_an_error(store):
    class Broken:
        def turn(self, messages, text, stop=lambda: False):
            yield from ()

    with pytest.raises(ModelError, match="did not finish"):
        converse(Broken(), draw_goals(store, 1)[0], store, 0, 0)


@pytest.mark.parametrize(
    ("said", "request_", "expected"),
    [
        ("电话是010-65000001", ("phone", ""), True),
        ("电话是010-65000002", ("phone", ""), False),
        ("价格是1180元", ("price", ""), False),
        ("180元一晚", ("price", ""), True),
        ("评分4.60分", ("rating", ""), True),
        ("有无烟房", ("has", "无烟房"), True),
        ("没有无烟房", ("has", "无烟房"), False),
        ("很不错，提供的", ("has", "无烟房"), True),
        ("不提供", ("has", "桑拿"), True),
        ("提供桑拿", ("has", "桑拿"), False),
        ("有早餐", ("has", "早餐服务"), True),
        ("周边有甲公园", ("nearby_attractions", ""), True),
        ("周边有乙公园", ("nearby_attractions", ""), False),
        ("暂无餐馆信息", ("nearby_restaurants", ""), True),
    ],
)
def test_a_fact_is_delivered_only_as_the_database_has_it(said, request_, expected):
    record = {
        "name": "甲酒店",
        "phone": "010-65000001, 400-1",
        "price": 180,
        "rating": 4.6,
        "facilities": ["无烟房", "早餐服务免费"],
        "nearby_attractions": ["甲公园"],
        "nearby_restaurants": [],
    }
    assert delivered(said, record, request_) is expected


def _outcome(won):
    return Outcome(Goal((), ()), 0, SUCCESS if won else "no suitable hotel", 3, 3, [], [])


def test_pass_hat_k_is_the_share_of_goals_reached_k_times_in_a_row():
    figures = summarise([[_outcome(True)] * 4, [_outcome(True)] * 2 + [_outcome(False)] * 2])
    assert (figures["task_finish"], figures["pass^1"], figures["pass^4"]) == (0.75, 0.75, 0.5)
    assert figures["pass^2"] == round((1 + 1 / 6) / 2, 4)
    assert figures["turns_mean"] == 3 and figures["replies"] == 24
    low, high = figures["intervals"]["task_finish"]
    assert low <= 0.75 <= high


def test_pass_hat_k_equals_the_chance_of_k_draws_without_a_failure():
    draw, hits = Random(0), 0
    for _ in range(20_000):
        hits += all(draw.sample([1, 1, 1, 0, 0], 2))
    assert pass_hat(3, 5, 2) == pytest.approx(hits / 20_000, abs=0.02)


def test_each_seed_words_the_same_goals_differently(store):
    said = []

    class Deaf:
        def turn(self, messages, text, stop=lambda: False):
            said.append(text)
            yield TurnEvent("请稍等", None, HotelQuery(), [], [user(text), reply("请稍等")])

    simulate(Deaf(), store, 3, 4)
    assert len(set(said)) > len(said) / 2


def test_no_sentence_of_the_user_is_one_of_self_plays():
    from chatbot.corpus.selfplay import phrases

    def texts(module):
        for value in vars(module).values():
            for group in value.values() if isinstance(value, dict) else [value]:
                if isinstance(group, tuple):
                    yield from (x for x in group if isinstance(x, str) and len(x) > 4)

    trained = {text.rstrip("的") for text in texts(phrases)}
    assert not trained & {text.rstrip("的") for text in texts(wording)}


def test_dialogues_that_a_file_already_holds_are_not_held_again(store, tmp_path):
    said = []

    class Deaf:
        def turn(self, messages, text, stop=lambda: False):
            said.append(text)
            yield TurnEvent("请稍等", None, HotelQuery(), [], [user(text), reply("请稍等")])

    kept = tmp_path / "dialogues.jsonl"
    first = simulate(Deaf(), store, 3, 2, kept=kept)
    lines = kept.read_text().splitlines(keepends=True)
    assert len(lines) == 6
    kept.write_text("".join(lines[:4]) + lines[4][:30])
    before = len(said)
    assert summarise(simulate(Deaf(), store, 3, 2, kept=kept)) == summarise(first)
    assert len(said) - before == sum(outcome.turns for outcome in first[2])
    assert len(kept.read_text().splitlines()) == 6
