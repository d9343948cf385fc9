"""Claims about what stands between a run and the bill: the limit that adapts, the budget, the cache."""

import asyncio

import pytest

from chatbot.core.errors import BudgetError, InputError
from chatbot.corpus.augmentation.budget import Budget, Prices
from chatbot.corpus.augmentation.cache import AnswerCache
from chatbot.corpus.augmentation.concurrency import GROW_AFTER, AdaptiveLimit


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def busy(limit):
    limit.active = int(limit.limit)
    return limit


def test_the_limit_grows_with_every_success_until_the_first_cut_and_then_by_one_in_twenty_five():
    limit = AdaptiveLimit(most=500, start=4, clock=Clock())
    for _ in range(20):
        busy(limit).succeeded()
    assert limit.limit == 24
    for _ in range(10):
        limit.refused()
    assert limit.limit == 18
    for _ in range(2 * GROW_AFTER):
        busy(limit).succeeded()
    assert limit.limit == 20


def test_the_longer_a_cut_lies_back_the_faster_the_limit_grows():
    clock, grown = Clock(), []
    limit = AdaptiveLimit(most=500, start=40, clock=clock)
    for _ in range(10):
        limit.refused()
    for clock.now in (0.0, 20.0, 60.0):
        before = limit.limit
        for _ in range(GROW_AFTER):
            busy(limit).succeeded()
        grown.append(limit.limit - before)
    assert 1 == grown[0] < grown[1] < grown[2]


def test_a_burst_of_refusals_cuts_once_in_two_seconds_to_three_quarters():
    clock = Clock()
    limit = AdaptiveLimit(start=16, clock=clock)
    for _ in range(24):
        limit.refused()
    assert limit.limit == 12
    clock.now = 2.5
    for _ in range(10):
        limit.refused()
    assert limit.limit == 9


def test_the_refusals_that_a_busy_server_makes_at_any_load_do_not_stop_the_growth():
    limit = AdaptiveLimit(most=500, start=4)
    for number in range(300):
        limit.refused() if number % 12 == 0 else busy(limit).succeeded()
    assert limit.limit > 200


def test_a_lone_refusal_changes_nothing():
    limit = AdaptiveLimit(start=16)
    limit.refused()
    assert limit.limit == 16


def test_no_more_calls_run_at_once_than_the_limit_allows():
    async def many():
        limit, seen = AdaptiveLimit(start=3), []

        async def one():
            async with limit.slot():
                seen.append(limit.active)
                await asyncio.sleep(0.001)

        await asyncio.gather(*(one() for _ in range(20)))
        return seen

    assert max(asyncio.run(many())) == 3


def test_a_call_waits_for_others_before_the_cap_stops_it():
    async def two():
        budget = Budget(1.0)
        await budget.reserve(0.6)
        waiting = asyncio.create_task(budget.reserve(0.6))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await budget.settle(0.6, 0.1)
        await waiting
        await budget.settle(0.6, 0.6)
        with pytest.raises(BudgetError):
            await budget.reserve(0.4)

    asyncio.run(two())


def test_the_most_that_a_call_can_cost_is_never_below_what_its_bytes_can_be():
    assert Prices(1.0, 2.0).most(["酒店"], 10) >= Prices(1.0, 2.0).cost(6, 10)


def test_an_unknown_model_needs_its_prices():
    with pytest.raises(InputError, match="price"):
        Prices.of("my-model")
    assert Prices.of("my-model", 0.0, 0.0).cost(1000, 1000) == 0


def test_an_open_call_counts_as_spent_until_its_answer_is_known(tmp_path):
    cache = AnswerCache(tmp_path / "answers.sqlite")
    first, second = cache.open({"a": 0.5, "b": 0.25})
    assert cache.spent().at_risk == 0.75
    cache.settle(first, "answered", 0.1, "{}")
    cache.settle(second, "free")
    cache.close()
    again = AnswerCache(tmp_path / "answers.sqlite")
    assert (again.spent().paid, again.spent().at_risk) == (0.1, 0.0)
    assert (again.get("a"), again.get("b")) == ("{}", None)
    again.close()
