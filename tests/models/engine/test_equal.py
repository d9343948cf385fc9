"""ONNX Runtime writes what transformers writes: logits of ragged rows, text, calls under a grammar, act lines."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from chatbot.core.errors import ModelError
from chatbot.core.messages import user
from chatbot.core.settings import settings
from chatbot.corpus.reading.reader import read_conversations
from chatbot.evaluation.understanding import held_out_turns, history_of
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.hotels.store import HotelStore
from chatbot.models.engine.batching import BatchingEngine
from chatbot.models.engine.weights import weights_of
from chatbot.models.engine.with_transformers import TransformersEngine
from chatbot.models.engine.writing import Ask, result
from chatbot.models.local import LocalModel
from tests.tiny_models import tiny_adapter, tiny_llama

CONVERSATIONS = Path("data/conversations/test.jsonl")


def contexts(conversations, n):
    """What stands before the first n replies of a model."""
    found = [
        (conversation.messages[: at + 1], [SEARCH_HOTELS])
        for conversation in conversations
        for at, message in enumerate(conversation.messages)
        if message.role == "user"
    ]
    return found[:n]


def both(*folders):
    return [LocalModel.load(*folders, engine=name, device="cpu", precision="fp32") for name in ("transformers", "onnx")]


def greedy(prompt, steps):
    """Writes the likeliest tokens, and ends in the logits that it saw."""
    seen, new = [], prompt
    for _ in range(steps):
        seen.append((yield Ask([0], [new]))[0])
        new = [int(seen[-1].argmax())]
        yield new[0]
    return torch.stack(seen)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A model with fewer key than query heads, and both engines over it."""
    folder = tiny_llama(tmp_path_factory.mktemp("tiny"))
    model = LocalModel.load(folder, engine="transformers", device="cpu", precision="fp32").model
    return TransformersEngine(model), BatchingEngine(*weights_of(model), 1)


def test_rows_of_any_length_side_by_side_have_the_logits_of_each_alone(tiny):
    plain, batching = tiny
    prompts = [[7 + i + at for at in range(length)] for i, length in enumerate((3, 150, 40, 9, 300))]
    together = batching.all([greedy(prompt, 12) for prompt in prompts])
    for prompt, found in zip(prompts, together, strict=True):
        alone = result(plain.stream(greedy(prompt, 12)))
        torch.testing.assert_close(found, alone, atol=1e-4, rtol=1e-4)


def test_what_a_prompt_shares_with_an_earlier_one_changes_nothing(tiny):
    plain, batching = tiny
    for prompt in ([5] * 20, [5] * 20 + [9, 8, 7], [5] * 12 + [3], [5] * 20 + [9, 8, 7]):
        found = result(batching.stream(greedy(prompt, 6)))
        torch.testing.assert_close(found, result(plain.stream(greedy(prompt, 6))), atol=1e-4, rtol=1e-4)


def test_an_adapter_is_folded_in_and_replies_and_calls_are_those_of_transformers(tmp_path):
    base = tiny_llama(tmp_path / "base")
    plain, batching = both(base, tiny_adapter(base, tmp_path / "adapter"))
    assert (plain.numerics["engine"], batching.numerics["engine"]) == ("transformers", "onnx")
    asked = [user("找一家经济型酒店，要能打麻将")]
    for options in ({}, {"must_call": True}, {"temperature": 1.0, "seed": 3}):
        found = [list(model.generate(asked, [SEARCH_HOTELS], **options)) for model in (plain, batching)]
        assert found[0] == found[1] and found[0]


def test_the_shipped_model_understands_the_same_by_either_engine():
    plain, batching = both(settings().tuned)
    some = contexts(read_conversations(CONVERSATIONS), 16)
    assert batching.predict(some) == plain.predict(some)
    messages, _ = some[0]
    assert [batching.longer(messages, n) for n in (2, 3)] == [plain.longer(messages, n) for n in (2, 3)]


@pytest.fixture(scope="module")
def recorded():
    """Both engines over the shipped model, and five hundred turns: recorded, or of lines that no training has seen."""
    some = contexts(read_conversations(CONVERSATIONS), 200)
    unseen = held_out_turns(HotelStore.load(settings().hotels).hotels, 300)
    return both(settings().tuned), some + [(history_of(turn), [SEARCH_HOTELS]) for turn in unseen]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_five_hundred_turns_are_understood_the_same_by_either_engine(recorded, part):
    (plain, batching), turns = recorded
    some = turns[part::10]
    assert len(turns) > 400 and batching.predict(some) == plain.predict(some)


def test_what_the_engine_cannot_take_runs_on_transformers_and_says_why(tmp_path):
    base = tiny_llama(tmp_path / "base")
    halves = {"device": "cpu", "precision": "bf16"}
    model = LocalModel.load(base, engine="auto", **halves)
    assert model.numerics["engine"] == "transformers" and model.numerics["because"] == "not in fp32"
    assert list(model.generate([user("你好")], []))
    with pytest.raises(ModelError, match="not in fp32"):
        LocalModel.load(base, engine="onnx", **halves)


def test_a_text_longer_than_the_engine_takes_is_written_by_transformers(tmp_path):
    model = LocalModel.load(tiny_llama(tmp_path), engine="onnx", device="cpu", precision="fp32")
    model.engine = SimpleNamespace(longest=40)  # which has no way to compute
    assert list(model.generate([user("你好" * 40)], []))
