"""1,000 items against a server that fails in 30 % of its calls: how much of the allowed rate is used, and what three kill -9 and a cap do to the bill.

Run with: python -m pytest tests/benchmarks/test_augment_rate.py -m benchmark -s
"""

import asyncio
import json
import re
import time

import pytest
from openai import AsyncOpenAI, OpenAIError

from chatbot.core.messages import write_conversations
from chatbot.corpus.augmentation.augment import plan
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.prompts import Parameters, Request, first_messages, prompt
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.selfplay.generate import selfplay
from chatbot.hotels.generate import generate
from chatbot.hotels.store import HotelStore
from tests.conftest import write_hotels
from tests.corpus.paid_run import command, openai_server, run, stats

RATE, LATENCY, FAULTS = 10, 1.0, 0.3
PLAYED, NEW = 330, 350
SEQUENTIAL = 25
"""Items of the plain loop; its rate is the same for any number."""
pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def hotels(tmp_path_factory):
    return write_hotels(tmp_path_factory.mktemp("hotels") / "hotels.json", list(generate(400, seed=7)))


@pytest.fixture
def folder(tmp_path, hotels):
    write_conversations(tmp_path / "corpus.jsonl", selfplay(HotelStore.load(hotels), PLAYED, seed=3, colloquial=0.0))
    return tmp_path


def all_tasks(folder, hotels):
    config = AugmentConfig(corpus=folder / "corpus.jsonl", out=folder / "out", new=NEW)
    return plan(read_conversations(config.corpus), HotelStore.load(hotels), config)


def argv(url, folder, hotels, cap=5.0):
    return command(url, folder, hotels, "--new", str(NEW), "--cap", str(cap))


async def plain_loop(url, todo):
    """What anybody would write first: one call after another, again after an error."""
    async with AsyncOpenAI(api_key="sk-test", base_url=f"{url}/v1", timeout=5.0) as client:
        for task in todo:
            request = Request(
                first_messages(prompt(task.operation), task.payload), task.schema, "gpt-4o-mini", Parameters()
            )
            for _ in range(5):
                try:
                    await client.chat.completions.parse(
                        model=request.model,
                        messages=list(request.messages),
                        response_format=request.schema,
                        **request.parameters.model_dump(exclude_none=True),
                    )
                    break
                except (OpenAIError, ValueError):
                    continue


def used(admitted, rate, share=1.0):
    """The share of the allowed rate that the first `share` of the calls used; the server lets one second of it through at once."""
    times = sorted(admitted)[: int(share * len(admitted))]
    return len(times) / (rate * (times[-1] - times[0]) + rate)


def test_at_least_95_percent_of_the_allowed_rate_are_used(folder, hotels):
    todo = all_tasks(folder, hotels)
    assert len(todo) >= 1000
    with openai_server(faults=FAULTS, rate=RATE, latency=LATENCY, seed=1) as url:
        started = time.monotonic()
        figures = run(argv(url, folder, hotels), folder)
        whole, seen = time.monotonic() - started, stats(url)
    with openai_server(faults=FAULTS, rate=RATE, latency=LATENCY, seed=2) as url:
        started = time.monotonic()
        asyncio.run(plain_loop(url, todo[:SEQUENTIAL]))
        plain = (time.monotonic() - started) / SEQUENTIAL * len(todo)
    calls, admitted = seen["served"]["calls"], seen["admitted"]
    first, all_used = used(admitted, RATE, 0.95), used(admitted, RATE)
    print(
        f"\n{len(todo)} items, {len(admitted)} calls admitted at {RATE}/s ({calls - len(admitted)} above the rate refused), faults {seen['served']}"
    )
    print(
        f"rate used: {first:.1%} up to the last 5 % of the calls, {all_used:.1%} with the tail of time-outs; made {figures['made']}, aside {figures['aside']}"
    )
    print(
        f"ideal {len(admitted) / RATE:.0f} s, ours {whole:.0f} s with start and checks, plain loop {plain:.0f} s: {plain / whole:.1f} times faster"
    )
    assert figures["made"] + figures["aside"] == figures["total"] == len(todo)
    assert seen["twice"] == 0
    assert first >= 0.95


def test_ten_thousand_cards_take_hardly_longer_than_the_rate_allows(tmp_path):
    rate, played, new = 8, 3250, 3450
    hotels = write_hotels(tmp_path / "hotels.json", list(generate(1200, seed=7)))
    write_conversations(tmp_path / "corpus.jsonl", selfplay(HotelStore.load(hotels), played, seed=3, colloquial=0.0))
    with openai_server(faults=0.02, rate=rate, latency=LATENCY, seed=1) as url:
        started = time.monotonic()
        figures = run(command(url, tmp_path, hotels, "--new", str(new), "--cap", "100"), tmp_path, seconds=3600)
        whole, seen = time.monotonic() - started, stats(url)
    counted = float(re.findall(r"\$([\d.]+)", (tmp_path / "stderr").read_text())[-1])
    ideal = len(seen["admitted"]) / rate
    print(
        f"\n{figures['total']} cards, {whole:.0f} s with start, checks and tail, the rate alone {ideal:.0f} s: {whole / ideal:.3f}"
    )
    print(f"made {figures['made']}, aside {figures['aside']}, billed ${seen['money']:.4f}, counted ${counted:.4f}")
    assert figures["made"] + figures["aside"] == figures["total"] >= 10_000
    assert seen["twice"] == 0 and abs(counted - seen["money"]) < 0.0001
    assert whole <= 1.1 * ideal


def test_three_kills_and_a_cap_pay_for_nothing_twice(folder, hotels):
    todo = all_tasks(folder, hotels)
    with openai_server(faults=FAULTS, rate=RATE, latency=LATENCY, seed=3) as url:
        for paid in (200, 400, 600):
            assert (
                run(argv(url, folder, hotels), folder, kill_when=lambda paid=paid: stats(url)["paid"] >= paid) is None
            )
        before = stats(url)
        cap = before["money"] * 1.25
        stopped = run(argv(url, folder, hotels, cap=cap), folder)
        capped = stats(url)
        figures = run(argv(url, folder, hotels), folder)
        seen = stats(url)
    aside = [json.loads(line) for line in (folder / "out" / "aside.jsonl").read_text(encoding="utf-8").splitlines()]
    print(
        f"\n{len(todo)} items, killed at 200, 400, 600 paid answers; cap ${cap:.3f}: stopped at ${capped['money']:.3f} ({stopped['state']})"
    )
    print(
        f"made {figures['made']}, aside {figures['aside']}, paid {seen['paid']} answers, {seen['twice']} of them twice, ${seen['money']:.3f}"
    )
    print(f"reasons: {figures['reasons']}")
    assert stopped["state"] == "budget"
    assert capped["money"] <= cap
    assert figures["made"] + figures["aside"] == figures["total"] == len(todo)
    assert len(aside) == figures["aside"]
    assert all(item["reason"] for item in aside)
    assert seen["twice"] == 0
