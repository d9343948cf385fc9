"""The simulated user: chatbots that understand and tell the truth satisfy it; of the others it says who failed at what."""

from collections import Counter
from random import Random

import pytest

from chatbot.core.errors import ModelError
from chatbot.core.messages import reply, user, write_conversations
from chatbot.dialogue.events import TurnEvent
from chatbot.evaluation.simulation.blame import Fault
from chatbot.evaluation.simulation.goals import HOW, Goal, delivered, draw_goals, satisfies
from chatbot.evaluation.simulation.held_out_wording import wish_names
from chatbot.evaluation.simulation.outcome import Outcome, pass_hat, summarise
from chatbot.evaluation.simulation.simulator import conversation, converse, outcome_of, simulate, untrue_claims
from chatbot.evaluation.simulation.user import PATIENCE, SUCCESS, SimulatedUser
from chatbot.evaluation.understanding import PHENOMENA
from chatbot.hotels.query import HotelQuery
from tests.evaluation.minds import Mind

PHONE = (("phone", ""),)


@pytest.fixture(scope="module")
def goals(store):
    return draw_goals(store, 150, wishes=wish_names())


@pytest.fixture
def talk(store):
    """One dialogue with a mind, spoilt or not."""
    return lambda goal, number=0, **spoilt: converse(Mind(store, goal, number, **spoilt), goal, store, number, 0)


def _arguments(parts):
    out = {}
    for part in parts:
        for key, value in part.items():
            out[key] = out.get(key, []) + value if key == "facilities" else value
    return out


def test_every_goal_can_be_reached_and_only_impossible_ones_cannot_at_first(store, goals):
    for goal in goals:
        first = store.search(HotelQuery.parse(_arguments(goal.parts)))
        assert bool(first.relaxed) == goal.impossible, goal
        assert goal.impossible or any(satisfies(h.record(), goal.parts) for h in store.hotels)
        if goal.change:
            found = store.search(HotelQuery.parse(_arguments(goal.change)))
            assert found.records and not found.relaxed, goal


def test_goals_repeat_from_their_seed_and_are_of_every_kind(store, goals):
    assert goals[:20] == draw_goals(store, 20, wishes=wish_names()) and goals[:5] != draw_goals(store, 5, seed=1)
    kinds = Counter("name" if "name" in g.parts[0] else g.how or "plain" for g in goals)
    assert all(kinds[kind] >= 5 for kind in ("name", "plain", *HOW))
    assert sum(bool(g.wish) for g in goals) >= 5


def test_a_chatbot_that_understands_all_satisfies_every_goal_and_every_phenomenon_occurs(store, goals):
    outcomes = []
    for number, goal in enumerate(goals[:80]):
        outcome = converse(Mind(store, goal, number), goal, store, number, 0)
        assert outcome.success and outcome.fault is None and outcome.faults == [], (outcome, goal)
        outcomes.append([outcome])
    figures = summarise(outcomes)
    assert figures["culprits"] == {} and figures["task_finish"] == 1
    assert set(figures["phenomena"]) == set(PHENOMENA)
    assert {found["share"] for found in figures["phenomena"].values()} == {1.0}


def test_a_misheard_slot_is_blamed_on_the_hearing(talk):
    goal = Goal(({"type": "豪华型"},), PHONE)
    outcome = talk(goal, state=lambda state: state | {"type": "经济型"})
    assert (outcome.reason, outcome.fault) == ("no suitable hotel", Fault("heard", "type", 1 + PATIENCE))
    assert outcome.checks[0] == ("type", False)
    figures = summarise([[outcome]])
    assert figures["culprits"] == {"heard": 1} and figures["blame"] == {"heard: type": 1}
    assert figures["phenomena"]["type"]["n"] == 1 and figures["phenomena"]["type"]["share"] == 0


def test_a_slot_that_nobody_has_told_is_misheard_although_the_goal_is_reached(talk):
    goal = Goal(({"type": "豪华型"},), PHONE)
    outcome = talk(goal, state=lambda state: state | {"rating_range_lower": 4})
    assert outcome.success and outcome.faults == [Fault("heard", "rating_range_lower", 1)]


def test_a_facility_that_is_lost_is_misheard_and_the_other_one_is_not(talk, store):
    held = next(h.facilities for h in store.hotels)[:2]
    goal = Goal(tuple({"facilities": [name]} for name in held), PHONE)
    outcome = talk(goal, state=lambda state: state | {"facilities": [f for f in state["facilities"] if f != held[0]]})
    right = {ok for name, ok in outcome.checks if name.startswith("facility_")}
    assert right == {True, False} and outcome.faults[0].what == "facilities"


def test_an_agent_in_the_users_own_words_hears_right(talk):
    goal = Goal(({"facilities": ["棋牌室"]},), PHONE)
    outcome = talk(goal, state=lambda state: state | {"facilities": ["能打麻将"]})
    assert outcome.success and outcome.faults == []


def test_a_hotel_that_breaks_what_was_heard_is_blamed_on_the_search(talk, store):
    cheap = next(h.record() for h in store.hotels if h.price == 180)
    outcome = talk(Goal(({"price_range_lower": 600},), PHONE), records=lambda found: [cheap])
    assert outcome.fault == Fault("searched", "price_range_lower", 1 + PATIENCE) and not outcome.success


def test_a_wrong_phone_number_is_untrue(talk, store):
    goal = Goal(({"name": store.hotels[3].name},), PHONE)
    outcome = talk(goal, say=lambda text, mind: text.replace("010-65", "010-66"))
    assert outcome.reason == "no true answer: phone" and outcome.ungrounded and not outcome.success
    assert (outcome.fault.culprit, outcome.turns) == ("untrue", 2 + PATIENCE)


def test_the_phone_number_of_another_hotel_in_hand_is_untrue(talk):
    def say(text, mind):
        if not mind.twin.last.asked:
            return text
        other = next(r for r in mind.hand if r["name"] != mind.twin.chosen["name"])
        return f"电话是{other['phone']}。"

    outcome = talk(Goal(({"type": "豪华型"},), PHONE), say=say)
    assert outcome.fault == Fault("untrue", "phone: of another hotel", outcome.turns)
    assert outcome.ungrounded == []


def test_a_fact_of_a_hotel_that_a_search_took_the_place_of_is_no_untruth_and_another_hotels_is(store):
    before, after = (hotel.record() for hotel in store.hotels[:2])

    def untrue(phone):
        text = f"{before['name']}的电话是{phone}。为您找到{after['name']}。"
        return untrue_claims(TurnEvent(text, None, HotelQuery(), [after], []), [before], [])

    assert untrue(before["phone"]) == []
    assert untrue(after["phone"]) == [f"phone: {after['phone']}"]


def test_what_is_asked_and_not_told_is_left_out(talk):
    goal = Goal(({"type": "豪华型"},), (("phone", ""), ("rating", "")))
    outcome = talk(goal, say=lambda text, mind: "好的。" if ("phone", "") in mind.twin.last.asked else text)
    assert outcome.fault == Fault("left_out", "phone", outcome.turns)


def test_asking_back_answers_no_question(talk):
    goal = Goal(({"type": "豪华型"},), (("has", "温泉"),))
    outcome = talk(goal, say=lambda text, mind: "没太明白您的意思。" if mind.twin.last.asked else text)
    assert outcome.fault.culprit == "left_out"


def test_a_reached_goal_with_an_invented_claim_is_no_success(talk, store):
    goal = Goal(({"name": store.hotels[3].name},), PHONE)
    outcome = talk(goal, say=lambda text, mind: text + "另有分店电话010-11112222。")
    assert outcome.reason == SUCCESS and not outcome.success and outcome.fault.culprit == "untrue"
    assert summarise([[outcome]])["failures"] == {"ungrounded claim": 1}


def test_an_unknown_wish_must_not_be_claimed_as_met(talk):
    wish = wish_names()[0]
    goal = Goal(({"type": "豪华型"},), PHONE, wish=wish)
    honest = talk(goal)
    assert honest.success and ("unknown_wish", True) in honest.checks
    liar = talk(goal, say=lambda text, mind: f"有{wish}的。" if mind.twin.last.wish else text)
    assert not liar.success and liar.ungrounded == [f"wish: {wish}"] and ("unknown_wish", False) in liar.checks
    assert summarise([[liar]])["culprits"] == {"untrue": 1}


def test_the_user_loses_patience_with_a_chatbot_that_never_offers(talk):
    outcome = talk(Goal(({"type": "豪华型"},), PHONE), say=lambda text, mind: "您想要什么价位？")
    assert (outcome.reason, outcome.turns) == ("no suitable hotel", 1 + PATIENCE)
    assert outcome.fault == Fault("left_out", "hotel", 1 + PATIENCE)


def test_a_user_that_is_never_done_gives_up(store):
    endless = SimulatedUser(Goal(({"type": "豪华型"},), PHONE), store, Random(0))
    assert endless.end() == "too long" and endless.fault == Fault("gave_up", "too long", 0)


def test_a_turn_without_an_end_is_an_error(store, goals):
    class Broken:
        def turn(self, messages, text, stop=lambda: False):
            yield from ()

    with pytest.raises(ModelError, match="did not finish"):
        converse(Broken(), goals[0], store, 0, 0)


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
        ("没有温泉。提供无烟房", ("has", "无烟房"), True),
        ("不提供", ("has", "桑拿"), True),
        ("这句我没听明白", ("has", "桑拿"), False),
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


class Deaf:
    def __init__(self):
        self.said = []

    def turn(self, messages, text, stop=lambda: False):
        self.said.append(text)
        yield TurnEvent("请稍等", None, HotelQuery(), [], [user(text), reply("请稍等")])


def test_each_seed_words_the_same_goals_differently(store):
    deaf = Deaf()
    simulate(deaf, store, 3, 4)
    assert len(set(deaf.said)) > len(deaf.said) / 2


def test_dialogues_that_a_file_already_holds_are_not_held_again(store, tmp_path):
    deaf, kept = Deaf(), tmp_path / "dialogues.jsonl"
    first = simulate(deaf, store, 3, 2, kept=kept)
    lines = kept.read_text().splitlines(keepends=True)
    assert len(lines) == 6
    kept.write_text("".join(lines[:4]) + lines[4][:30])
    before = len(deaf.said)
    assert summarise(simulate(deaf, store, 3, 2, kept=kept)) == summarise(first)
    assert len(deaf.said) - before == sum(outcome.turns for outcome in first[2])
    assert len(kept.read_text().splitlines()) == 6


def test_an_outcome_survives_its_transcript(talk):
    goal = Goal(({"type": "豪华型"},), PHONE, wish=wish_names()[0])
    outcome = talk(goal, state=lambda state: state | {"type": "经济型"})
    assert outcome_of(conversation(outcome, 0)) == outcome


def test_transcripts_of_the_user_before_are_readable_and_held_again(store, tmp_path):
    kept, deaf = tmp_path / "dialogues.jsonl", Deaf()
    old = [conversation(o, 0) for tries in simulate(deaf, store, 1, 1) for o in tries]
    for held in old:
        held.meta["goal"] = {k: v for k, v in held.meta["goal"].items() if k not in ("how", "wish")}
        held.meta = {k: v for k, v in held.meta.items() if k not in ("user", "fault", "faults", "checks")}
    write_conversations(kept, old)
    read = outcome_of(old[0])
    assert (read.fault, read.faults, read.checks) == (None, [], []) and read.reason == old[0].meta["outcome"]
    assert summarise([[read]])["culprits"] == {}
    before = len(deaf.said)
    simulate(deaf, store, 1, 1, kept=kept)
    assert len(deaf.said) > before and len(kept.read_text().splitlines()) == 2
