"""Measured: what 64 visitors notice of one who means harm, in one run, alternating: the 95th percentile of their turns with and without.

python -m pytest tests/benchmarks/test_hostile_visitor.py -m benchmark -s
"""

import json
import random
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median, quantiles

import httpx
import pytest

from chatbot.hotels.query import SEARCH_HOTELS
from tests.benchmarks.test_visitors import MODEL, VISITORS
from tests.servers import answered

TURNS, TIMES, REST = 3, 2, 0.02
SAID = (
    "想找能打麻将的经济型酒店",
    "三百块以内的",
    "带孩子住，要有泳池",
    "有没有4.5分以上的",
    "换一家便宜点的",
    "去故宫方便的",
)
POST, AS_JSON = "/v1/chat/completions", {"content-type": "application/json"}


def body(**changed):
    return {"model": MODEL, "messages": [{"role": "user", "content": "你好"}]} | changed


def deep(n):
    """A schema in schemas."""
    return '{"type":"object","properties":{"a":' * n + "{}" + "}}" * n


HARM = {
    "deep JSON": lambda client: client.post(POST, content="[" * 200_000, headers=AS_JSON),
    "deep schema": lambda client: client.post(
        POST,
        content=json.dumps(body())[:-1]
        + ', "tools": [{"type": "function", "function": {"name": "x", "parameters": '
        + deep(400)
        + "}}]}",
        headers=AS_JSON,
    ),
    "very many tools": lambda client: client.post(POST, json=body(tools=[SEARCH_HOTELS] * 5_000)),
    "a long history": lambda client: client.post(
        POST, json=body(messages=[{"role": "user", "content": "早餐" * 50}] * 5_000)
    ),
    "one long turn": lambda client: client.post(
        POST, json=body(messages=[{"role": "user", "content": "有棋牌室吗" * 20_000}])
    ),
    "many answers": lambda client: client.post(POST, json=body(n=10_000, max_tokens=10**9)),
    "no JSON": lambda client: client.post(POST, content=bytes(2_000_000), headers=AS_JSON),
    "a stranger's page": lambda client: client.get("/", headers={"host": "evil.example"}),
    "outside": lambda client: client.get("/gradio_api/file=/etc/passwd"),
    "an event that is none": lambda client: client.post(
        "/gradio_api/queue/join", json={"fn_index": 10**6, "data": ["x" * 500_000], "session_hash": "x"}
    ),
    "half a request": lambda client: half_a_request(client.base_url),
}


def half_a_request(address):
    with socket.create_connection((address.host, address.port), timeout=5) as wire:
        wire.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n{")
        time.sleep(REST)


@contextmanager
def harm(address, told):
    """Somebody who sends all of it, one after the other, for as long as this is open."""
    over = threading.Event()

    def work():
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            while not over.wait(REST):
                name = random.choice(list(HARM))
                answer = HARM[name](client)
                told[name, answer.status_code if answer is not None else "left"] += 1

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


def visitor(address, seed):
    """Seconds of each of a visitor's turns."""
    rng, messages, spent = random.Random(seed), [], []
    with httpx.Client(base_url=address, timeout=300, trust_env=False) as client:
        for _ in range(TURNS):
            messages.append({"role": "user", "content": rng.choice(SAID)})
            began = time.perf_counter()
            answer = client.post(POST, json={"model": MODEL, "messages": messages})
            spent.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
            messages.append({"role": "assistant", "content": answer.json()["choices"][0]["message"]["content"]})
    return spent


def crowd(address):
    with ThreadPoolExecutor(VISITORS) as people:
        return [
            seconds for told in people.map(lambda seed: visitor(address, seed), range(VISITORS)) for seconds in told
        ]


@pytest.mark.benchmark
def test_sixty_four_visitors_beside_one_who_means_harm(start_app):
    process, address = start_app()
    answered(address, process, limit=60)
    threading.Thread(target=process.stdout.read, daemon=True).start()  # what it logs must not fill the pipe
    visitor(address, 0)
    alone, beside, told = [], [], Counter()
    for _ in range(TIMES):
        alone += crowd(address)
        with harm(address, told):
            beside += crowd(address)
    print(f"\n{VISITORS} visitors, {TURNS} turns each, {TIMES} times")
    for name, spent in (("alone", alone), ("beside harm", beside)):
        print(f"{name}: median {median(spent):.2f} s, p95 {quantiles(spent, n=20)[-1]:.2f} s")
    print(
        f"ratio of p95 {quantiles(beside, n=20)[-1] / quantiles(alone, n=20)[-1]:.2f}; harm done {told.total()} times"
    )
    assert process.poll() is None
    assert not {key for key in told if key[1] == 200 and key[0] != "a long history"}, told
