"""Measured: the engine beside transformers on the shipped model, alternating in one run, by the processor's own time.

python -m pytest tests/benchmarks/test_engine.py -m benchmark -s
"""

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from chatbot.core.settings import settings
from chatbot.corpus.reading.reader import read_conversations
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.models.engine.rows import Prefixes
from chatbot.models.engine.writing import Ask, result
from chatbot.models.local import LocalModel

PROMPT, NEW, TURNS = 64, 32, 64


def prompt_of(seed):
    """PROMPT tokens that no other seed begins with."""
    return np.random.default_rng(seed).integers(300, 4000, PROMPT).tolist()


def writing(seed):
    """Writes NEW tokens after a prompt of its own, and ends in them."""
    out, new = [], prompt_of(seed)
    for _ in range(NEW):
        logits = (yield Ask([0], [new]))[0]
        new = [int(logits.argmax())]
        out += new
        yield new[0]
    return out


def forget(engine):
    """After this the engine knows no prompt that it has read."""
    engine._prefixes = Prefixes()


def seconds(work):
    began = time.process_time()
    work()
    return time.process_time() - began


def products_alone(model, many):
    """Seconds a writing takes for its matrix products and nothing else, `many` at a time: no engine in this precision is faster."""
    weights = [weight.detach() for weight in model.parameters() if weight.ndim == 2]

    def multiply(columns):
        for weight in weights:
            weight @ given[columns][: weight.shape[1]]

    given = {columns: torch.rand(max(w.shape[1] for w in weights), columns) for columns in (many, PROMPT)}
    multiply(PROMPT)
    return seconds(lambda: multiply(PROMPT)) + seconds(lambda: [multiply(many) for _ in range(NEW)]) / many


@pytest.fixture(scope="module")
def engines():
    return {
        name: LocalModel.load(settings().tuned, engine=name, device="cpu", precision="fp32")
        for name in ("transformers", "onnx")
    }


@pytest.mark.benchmark
def test_tokens_a_second_of_single_and_batched_writings(engines):
    plain, fast = engines["transformers"].engine, engines["onnx"].engine
    taken = {"transformers": [], 1: [], 8: [], 32: []}
    for round_ in range(4):
        taken["transformers"].append(seconds(lambda r=round_: result(plain.stream(writing(r)))))
        for many in (1, 8, 32):
            seeds = [1000 * round_ + 100 * many + at for at in range(many)]
            taken[many].append(seconds(lambda s=seeds: fast.all([writing(seed) for seed in s])) / many)
    taken |= {f"products alone, {many}": [] for many in (1, 8, 32)}
    for many in (1, 8, 32) * 4:
        taken[f"products alone, {many}"].append(products_alone(engines["transformers"].model, many))
    rate = {name: NEW / min(found[1:]) for name, found in taken.items()}  # the first round warms up
    print(f"\n| {PROMPT} tokens read, {NEW} written | tokens a second | ratio |\n|---|---|---|")
    for name, found in rate.items():
        label = name if isinstance(name, str) else f"ONNX Runtime, {name} at a time"
        print(f"| {label} | {found:.0f} | {found / rate['transformers']:.1f} |")
    assert rate[1] > rate["transformers"] and rate[32] > rate[1]


@pytest.mark.benchmark
def test_turns_a_second_of_one_eight_and_sixty_four_visitors(engines):
    turns = [
        (c.messages[: at + 1], [SEARCH_HOTELS])
        for c in read_conversations(Path("data/conversations/val.jsonl"))
        for at, message in enumerate(c.messages)
        if message.role == "user"
    ][:TURNS]
    taken = {("transformers", 1): [], ("onnx", 1): [], ("onnx", 8): [], ("onnx", 64): []}
    for _ in range(2):
        for (name, visitors), found in taken.items():
            part = turns[:16] if visitors == 1 else turns
            together = [part[at : at + visitors] for at in range(0, len(part), visitors)]
            if name == "onnx":
                forget(engines[name].engine)
            found.append(seconds(lambda t=together, n=name: [engines[n].predict(some) for some in t]) / len(part))
    rate = {key: 1 / min(found[1:]) for key, found in taken.items()}
    print("\n| engine | visitors | turns a second | ratio |\n|---|---|---|---|")
    for (name, visitors), found in rate.items():
        print(f"| {name} | {visitors} | {found:.1f} | {found / rate['transformers', 1]:.1f} |")
    assert rate["onnx", 1] > rate["transformers", 1] and rate["onnx", 64] > rate["onnx", 1]
