"""Claims about augmentation: nothing paid twice, the cap held, every task done or set aside, the tables faithful."""

import asyncio
import json
import time
from contextlib import closing
from dataclasses import replace

import pytest

from chatbot.core.errors import InputError, ModelError
from chatbot.core.events import NullReporter
from chatbot.core.messages import Conversation, call, observation, reply, user
from chatbot.corpus.augmentation.augment import augment, plan
from chatbot.corpus.augmentation.config import BATCH, AugmentConfig
from chatbot.corpus.augmentation.modes import estimate, run_batch, run_direct
from chatbot.corpus.augmentation.prompts import OPERATIONS, prompt, save_prompt
from chatbot.corpus.augmentation.runs.feed import ReviewFeed, SecondParserModel
from chatbot.corpus.augmentation.task import Rejected
from chatbot.corpus.augmentation.tasks import hotel_in_hand, spoken_task
from chatbot.corpus.checks import check
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.review.queue import ReviewStore
from chatbot.corpus.review.runs import RunLedger
from chatbot.corpus.selfplay.generate import selfplay
from chatbot.hotels.query import HotelQuery
from tests.corpus.paid_run import command, corpus, openai_server, run, stats


@pytest.fixture
def config(tmp_path):
    return AugmentConfig(
        corpus=tmp_path / "corpus.jsonl", out=tmp_path / "out", new=10, cache=tmp_path / "answers.sqlite"
    )


@pytest.fixture(scope="module")
def conversations(store):
    return list(selfplay(store, 40, seed=3, colloquial=0.0))


def asks_for(store, text, arguments):
    records = store.search(HotelQuery.parse(arguments)).records
    return Conversation(
        id="c",
        source="c",
        messages=[user(text), call(arguments), observation(records), reply(f"推荐{records[0]['name']}。")],
    )


async def put_up(feed, made):
    for task, conversation in made:
        await feed.add(task, conversation)
    await feed.flush()


def test_the_tables_alone_write_every_task_and_the_checks_pass(store, conversations, config):
    got = augment(conversations, store, config)
    assert {task.operation for task, _ in got.made} == set(OPERATIONS)
    assert {item.reason for item in got.aside} <= {"没有改写"}
    assert len(got.aside) < 0.3 * sum(task.operation == "spoken" for task, _ in got.made)
    passed = [all(c.passed for c in check(made, store, task.original)) for task, made in got.made]
    assert sum(passed) / len(passed) >= 0.97


def test_the_second_parser_is_opened_only_when_the_word_list_finds_a_difference(store, conversations, config, tmp_path):
    got = augment(conversations, store, config)
    clean = [(task, made) for task, made in got.made if all(c.passed for c in check(made, store, task.original))]
    url = f"sqlite:///{tmp_path / 'review.sqlite'}"
    with closing(ReviewStore(url)) as review, closing(RunLedger(url)) as ledger:
        ledger.enter("r", "", {})
        feed = ReviewFeed("r", store, review, ledger, SecondParserModel("no-such-model"))
        asyncio.run(put_up(feed, clean))
        assert review.counts().pending == len(clean) >= 50
        task, made = clean[0]
        odd = made.model_copy(update={"messages": [user("随便来一家"), *made.messages[1:]]})
        with pytest.raises(ModelError, match="no-such-model"):
            asyncio.run(put_up(feed, [(replace(task, id="odd"), odd)]))


def test_the_same_seed_writes_the_same_and_another_does_not(store, conversations, config):
    first, again = (augment(conversations, store, config).made for _ in range(2))
    other = augment(conversations, store, config.model_copy(update={"seed": 2})).made
    assert [c.to_json() for _, c in first] == [c.to_json() for _, c in again] != [c.to_json() for _, c in other]


def test_a_rewrite_keeps_the_call_and_everything_but_the_facility(store):
    task = spoken_task(
        asks_for(
            store,
            "找一家提供叫醒服务、评分4.5分以上的豪华型酒店",
            {"type": "豪华型", "facilities": ["叫醒服务"], "rating_range_lower": 4.5},
        )
    )
    assert task is not None
    made = task.finish(
        task.schema.model_validate({"turns": [{"turn": 0, "text": "找一家早上能叫我起床、评分4.5分以上的豪华型酒店"}]})
    )
    assert made.messages[1:] == task.original.messages[1:]
    assert made.source == "c"


@pytest.mark.parametrize(
    "text", ["找一家早上能叫我起床的豪华型酒店", "找一家早上能叫我起床、评分4.5分以上的酒店", "", "找" * 400]
)
def test_a_rewrite_that_loses_a_wish_or_is_no_utterance_is_rejected(store, text):
    task = spoken_task(
        asks_for(
            store,
            "找一家提供叫醒服务、评分4.5分以上的豪华型酒店",
            {"type": "豪华型", "facilities": ["叫醒服务"], "rating_range_lower": 4.5},
        )
    )
    with pytest.raises(Rejected):
        task.finish(task.schema.model_validate({"turns": [{"turn": 0, "text": text}]}))


def test_an_answer_that_the_records_do_not_hold_is_rejected(store, conversations, config):
    task = next(t for t in plan(conversations, store, config) if t.operation == "followup")
    answer = {
        "exchanges": [{"question": "电话多少", "answer": "电话是010-99999999。"}],
        "thanks": "谢谢",
        "farewell": "不客气。",
    }
    with pytest.raises(Rejected, match="010-99999999"):
        task.finish(task.schema.model_validate(answer))


def test_the_hotel_in_hand_is_the_one_named_last(store):
    conversation = asks_for(store, "豪华型酒店", {"type": "豪华型"})
    conversation.messages += [user("竹里宾馆呢"), reply("北京竹里宾馆的评分是4.7分。")]
    assert hotel_in_hand(conversation)["name"] == "北京竹里宾馆"


def test_follow_ups_are_drawn_with_the_probability_that_was_set(store, config):
    many = list(selfplay(store, 150, seed=5))
    drawn = [
        sum(t.operation == "followup" for t in plan(many, store, config.model_copy(update={"followup_share": p})))
        for p in (0.0, 0.3, 1.0)
    ]
    assert drawn[0] == 0
    assert 0.17 < drawn[1] / drawn[2] < 0.43


def test_an_edited_prompt_is_used_and_the_shipped_text_restores_it(tmp_path):
    save_prompt("spoken", "改写。", tmp_path)
    assert prompt("spoken", tmp_path) == "改写。"
    save_prompt("spoken", prompt("spoken"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_a_key_the_error_names_the_offline_mode(store, conversations, config):
    with pytest.raises(InputError, match="offline"):
        augment(conversations, store, config.model_copy(update={"mode": "direct"}))


def test_a_kill_in_the_middle_pays_for_nothing_twice_and_every_task_ends(store, hotels_file, tmp_path):
    corpus(store, tmp_path / "corpus.jsonl")
    with openai_server(faults=0.3, latency=0.2, seed=1) as url:
        argv = command(url, tmp_path, hotels_file, "--new", "12", "--concurrency", "24")
        assert run(argv, tmp_path, kill_when=lambda: stats(url)["paid"] >= 10) is None
        before = stats(url)["paid"]
        figures = run(argv, tmp_path)
        seen = stats(url)
    assert 0 < before < seen["paid"]
    assert seen["twice"] == 0
    assert figures["state"] == "done"
    assert figures["made"] + figures["aside"] == figures["total"] > 30
    assert figures["made"] > 0.9 * figures["total"]
    assert len(read_conversations(tmp_path / "out" / "augmented.jsonl")) == figures["made"]
    aside = (tmp_path / "out" / "aside.jsonl").read_text(encoding="utf-8").splitlines()
    assert all(json.loads(line)["reason"] for line in aside)
    assert len(aside) == figures["aside"]


def test_a_run_that_goes_on_while_the_server_still_works_on_its_old_calls_waits_for_them(store, conversations, config):
    async def cut_off_and_go_on():
        first = asyncio.create_task(run_direct(todo, settings, NullReporter(), "sk-test"))
        while (await asyncio.to_thread(stats, url))["served"].get("calls", 0) < 6:
            await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.wait([first])
        return await asyncio.to_thread(stats, url), await run_direct(todo, settings, NullReporter(), "sk-test")

    todo = plan(conversations[:5], store, config)
    with openai_server(latency=3.0, seed=5) as url:
        settings = config.model_copy(update={"mode": "direct", "base_url": f"{url}/v1", "timeout": 10.0})
        before, got = asyncio.run(cut_off_and_go_on())
        seen = stats(url)
    assert before["paid"] < before["served"]["calls"]
    assert len(got.made) + len(got.aside) == len(todo)
    assert seen["twice"] == 0


def test_tasks_that_ask_the_same_at_the_same_time_share_one_answer(store, conversations, config):
    twins = [task for task in plan(conversations[:10], store, config) for _ in range(2)]
    with openai_server(latency=0.1, seed=3) as url:
        settings = config.model_copy(update={"mode": "direct", "base_url": f"{url}/v1"})
        got = asyncio.run(run_direct(twins, settings, NullReporter(), "sk-test"))
        seen = stats(url)
    assert len(got.made) + len(got.aside) == len(twins)
    assert seen["twice"] == 0


def test_the_cap_is_never_crossed_as_the_server_counts_it(store, conversations, config):
    with openai_server(faults=0.2, latency=0.01, seed=2) as url:
        settings = config.model_copy(
            update={"mode": "direct", "base_url": f"{url}/v1", "cap": 0.01, "concurrency": 8, "timeout": 2.0}
        )
        states = [augment(conversations, store, settings, api_key="sk-test").state for _ in range(2)]
        money = stats(url)["money"]
    assert states == ["budget", "budget"]
    assert 0.004 < money <= 0.01


def test_a_batch_is_found_again_by_its_id_and_its_answers_are_not_bought_again(store, conversations, config):
    todo = plan(conversations[:10], store, config)

    class Watch:
        def __init__(self, stop):
            self.stop, self.events = stop, []

        def event(self, event):
            self.events.append(event)

        def should_stop(self):
            return self.stop and any(event.what == BATCH for event in self.events)

    with openai_server(faults=0.2, seed=4) as url:
        settings = config.model_copy(update={"mode": "batch", "base_url": f"{url}/v1"})
        first = asyncio.run(run_batch(todo, settings, Watch(True), "sk-test", pause=0.01))
        second = asyncio.run(run_batch(todo, settings, Watch(False), "sk-test", pause=0.01))
        seen = stats(url)
    assert first.state == "stopped"
    assert second.state == "done"
    assert len(second.made) + len(second.aside) == len(todo)
    assert seen["twice"] == 0
    assert seen["batches"] <= 4


def test_the_estimate_lies_above_what_a_clean_run_costs(store, conversations, config):
    with openai_server(latency=0.0) as url:  # no faults
        settings = config.model_copy(update={"mode": "direct", "base_url": f"{url}/v1"})
        todo = plan(conversations, store, settings)
        said = estimate(todo, settings)
        started = time.monotonic()
        got = augment(conversations, store, settings, api_key="sk-test")
        assert time.monotonic() - started < 30
        money = stats(url)["money"]
    assert len(got.made) >= 0.9 * len(todo)
    assert money <= said.most
    assert said.typical == pytest.approx(money, rel=0.6)
