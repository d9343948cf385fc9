"""Claims about runs against the strict fake of OpenAI: paid is what was billed, a pause ends all waiting, a broken batch gives its money back."""

import asyncio
import os
import signal
import time
from contextlib import closing, contextmanager

import pytest

from chatbot.core.errors import InputError, JobError
from chatbot.core.events import NullReporter, Stopped
from chatbot.corpus.augmentation.augment import augment, plan
from chatbot.corpus.augmentation.cache import AnswerCache
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.modes import estimate, run_batch, run_direct, spending
from chatbot.corpus.augmentation.runs.halt import Halt
from chatbot.corpus.augmentation.runs.pace import WINDOW, Pace
from chatbot.corpus.augmentation.runs.trial import CARDS, try_prompt
from chatbot.corpus.selfplay.generate import selfplay
from tests.corpus.openai_server import Server
from tests.corpus.paid_run import openai_server, stats
from tests.servers import served

KEY = "sk-test"
ALL_BUT_SLOW = "429,429-after,500,cut,malformed,refusal,long"


@pytest.fixture(scope="module")
def conversations(store):
    return list(selfplay(store, 12, seed=3, colloquial=0.0))


@pytest.fixture
def config(tmp_path):
    return AugmentConfig(
        corpus=tmp_path / "corpus.jsonl",
        out=tmp_path / "out",
        new=5,
        mode="direct",
        cache=tmp_path / "answers.sqlite",
        run="r1",
    )


@contextmanager
def fake(config, outcome="completed", **how):
    """The fake in this process, and the configuration that asks it."""
    server = Server(**{"faults": 0.0, "rate": 1e6, "latency": 0.0, "seed": 1} | how)
    server.batch_room.outcome = outcome
    with served(server.app()) as url:
        yield server, config.model_copy(update={"base_url": f"{url}/v1"})


def spent(config, run=None):
    with closing(AnswerCache(config.cache)) as cache:
        return cache.spent(run)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_what_a_run_counts_as_paid_is_what_was_billed_whatever_goes_wrong(store, conversations, config):
    todo = plan(conversations, store, config)
    with fake(config, faults=0.4, only=ALL_BUT_SLOW, latency=0.01) as (server, own):
        got = asyncio.run(run_direct(todo, own, NullReporter(), KEY))
    assert server.served["wrong"] == 0 and max(server.paid.values()) == 1
    assert len(got.made) + len(got.aside) == len(todo)
    assert (spent(own).paid, spent(own).at_risk) == (pytest.approx(server.money, abs=1e-9), 0.0)
    assert spent(own, "r1") == spent(own) and spent(own, "r2").paid == 0.0


def test_an_answer_that_trickles_in_beyond_the_time_for_it_is_fetched_and_not_bought_again(
    store, conversations, config
):
    todo = plan(conversations, store, config)[:4]
    with fake(config, faults=1.0, only="slow") as (server, own):
        got = asyncio.run(run_direct(todo, own.model_copy(update={"timeout": 1.0}), NullReporter(), KEY))
    assert len(got.made) == len(todo) == len(server.paid)
    assert max(server.paid.values()) == 1 and spent(own).at_risk == 0.0


def test_a_run_ends_where_another_model_answers_and_counts_its_real_price(store, conversations, config):
    todo = plan(conversations, store, config)[:3]
    asked = pytest.raises(InputError, match="gpt-4o-mini was asked for")
    with fake(config, faults=1.0, only="other-model") as (server, own), asked:
        asyncio.run(run_direct(todo, own, NullReporter(), KEY))
    assert spent(own).paid == pytest.approx(server.money, abs=1e-9) and server.money > 0


def test_a_wrong_key_ends_a_run_in_words(store, conversations, config):
    todo = plan(conversations, store, config)[:2]
    with fake(config) as (_, own), pytest.raises(InputError, match="key"):
        asyncio.run(run_direct(todo, own, NullReporter(), "wrong"))


def test_a_run_that_waits_for_a_server_which_never_answers_ends_when_it_is_asked_to(store, conversations, config):
    class Watch(NullReporter):
        def should_stop(self):
            return server.served["hang"] > 0

    todo = plan(conversations, store, config)
    with openai_server(faults=1.0, only="hang") as url:
        server = Counts(url)
        patient = config.model_copy(update={"base_url": f"{url}/v1", "timeout": 600.0})
        got = asyncio.run(run_direct(todo, patient, Watch(), KEY))
    assert (got.state, got.made) == ("stopped", [])
    assert spent(patient).at_risk > 0.0


class Counts:
    """What the server has counted, asked anew each time."""

    def __init__(self, url):
        self.url = url

    @property
    def served(self):
        return {"hang": 0} | stats(self.url)["served"]


def test_nothing_that_waits_between_two_calls_outlives_a_stop():
    class Watch(NullReporter):
        stop = False

        def should_stop(self):
            return self.stop

    async def wait_for_an_hour():
        watch = Watch()
        halt = Halt(watch)
        async with halt.watching():
            sleeping = asyncio.create_task(halt.sleep(3600))
            await asyncio.sleep(0)
            watch.stop = True
            with pytest.raises(Stopped):
                await sleeping

    asyncio.run(wait_for_an_hour())


def test_two_runs_never_spend_from_one_cap_at_the_same_time(store, conversations, config):
    with fake(config) as (_, own), spending(own), pytest.raises(JobError, match="another run"):
        augment(conversations, store, own, api_key=KEY)


@pytest.mark.parametrize(
    ("outcome", "state"), [("failed", "batch"), ("expired", "batch"), ("partial", "done"), ("torn", "batch")]
)
def test_a_broken_batch_is_settled_by_what_it_used_and_sent_again_by_hand(store, conversations, config, outcome, state):
    todo = plan(conversations, store, config)
    with fake(config.model_copy(update={"mode": "batch"}), outcome) as (server, own):
        first = asyncio.run(run_batch(todo, own, NullReporter(), KEY, pause=0.01))
        after = spent(own)
        billed = server.money
        again = asyncio.run(run_batch(todo, own, NullReporter(), KEY, pause=0.01))
    assert (first.state, again.state) == (state, "done")
    assert len(again.made) + len(again.aside) == len(todo)
    with closing(AnswerCache(own.cache)) as cache:
        batch = cache.batches("r1")[0]
    assert batch["status"] == {"partial": "completed"}.get(outcome, outcome)
    assert batch["state"] == "ended" and batch["sent"] == len(todo)
    if outcome == "torn":  # billed, but unreadable: what nobody can know stays counted at its most
        assert after.paid < billed <= after.paid + after.at_risk
    else:
        assert (after.paid, after.at_risk) == (pytest.approx(billed, abs=1e-9), 0.0)
        assert max(server.paid.values()) == 1
        assert spent(own).paid == pytest.approx(server.money, abs=1e-9)


def test_a_batch_that_the_cap_holds_back_goes_on_once_it_is_raised(store, conversations, config):
    todo = plan(conversations, store, config)
    with fake(config) as (server, own):
        tight = own.model_copy(update={"mode": "batch", "cap": estimate(todo, own).most / 4})
        first = asyncio.run(run_batch(todo, tight, NullReporter(), KEY, pause=0.01))
        assert first.state in ("budget", "done") and server.money <= tight.cap
        again = asyncio.run(run_batch(todo, tight.model_copy(update={"cap": 5.0}), NullReporter(), KEY, pause=0.01))
    assert len(again.made) + len(again.aside) == len(todo) and max(server.paid.values()) == 1


@pytest.mark.parametrize("point", [{"files": 1}, {"batches": 1}, {"paid": 1}])
def test_a_batch_run_killed_while_it_sends_or_reads_pays_for_nothing_twice(store, conversations, config, point):
    todo = plan(conversations, store, config)
    with openai_server(latency=0.3) as url:
        own = config.model_copy(update={"mode": "batch", "base_url": f"{url}/v1"})

        def child():
            pid = os.fork()
            if pid == 0:
                asyncio.run(run_batch(todo, own, NullReporter(), KEY, pause=0.02))
                os._exit(0)
            return pid

        killed = child()
        while any(stats(url)[name] < least for name, least in point.items()):
            time.sleep(0.01)
        os.kill(killed, signal.SIGKILL)
        assert os.waitpid(killed, 0)[1] == signal.SIGKILL
        got = asyncio.run(run_batch(todo, own, NullReporter(), KEY, pause=0.4))
        seen = stats(url)
    assert len(got.made) + len(got.aside) == len(todo) and got.state == "done"
    assert seen["twice"] == 0
    assert (spent(own).paid, spent(own).at_risk) == (pytest.approx(seen["money"], abs=1e-9), 0.0)


def test_a_trial_shows_five_cards_and_the_run_does_not_pay_for_them_again(store, conversations, config):
    edited = config.model_copy(update={"texts": {"spoken": "改写成口语。"}, "operations": ("spoken",)})
    with fake(edited) as (server, own):
        trial = try_prompt("spoken", conversations, store, own, KEY)
        assert len(trial.tried) == CARDS == len(server.paid)
        assert trial.cost == pytest.approx(server.money, abs=1e-9)
        left = estimate(plan(conversations, store, own), own)
        augment(conversations, store, own, api_key=KEY)
    assert left.answered == CARDS
    assert max(server.paid.values()) == 1 and len(server.paid) == len(plan(conversations, store, own))
    assert spent(own, "r1").paid < spent(own).paid


def test_what_is_left_is_told_by_the_last_two_minutes_and_not_by_answers_that_were_there():
    clock = Clock()
    pace = Pace(60.0, clock)
    assert (pace.rough, pace.seconds_left(30)) == (True, 30.0)
    for _ in range(500):
        pace.replayed()
    assert pace.rough and pace.per_minute is None
    for _ in range(40):
        clock.now += 3.0
        pace.done()
    assert pace.per_minute == pytest.approx(20.0, rel=0.1) and pace.seconds_left(10) == pytest.approx(30.0, rel=0.1)
    for _ in range(240):
        clock.now += 0.5
        pace.done()
    assert pace.per_minute == pytest.approx(120.0, rel=0.05)
    clock.now += WINDOW + 1
    assert not pace.rough and pace.seconds_left(10) is None
