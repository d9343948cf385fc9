"""A block by hand is the model's own: attention, what goes out, RoPE and the next token's distribution."""

import pytest
import torch
from transformers import TopPLogitsWarper

from chatbot.core.settings import settings
from chatbot.lesson.block import attention_scores, projections, read, rotated, step, theta
from chatbot.lesson.sampling import choices
from chatbot.models.local import LocalModel

WORDS = "找一家能打麻将的酒店"


@pytest.fixture(scope="module", params=["tuned", "base"])
def model(request):
    return LocalModel.load(getattr(settings(), request.param), precision="fp32", device="cpu")


def own(model, reading):
    before = model.model.config._attn_implementation
    model.model.set_attn_implementation("eager")
    with torch.inference_mode():
        out = model.model(torch.tensor([reading.ids]), output_attentions=True)
    model.model.set_attn_implementation(before)
    return out


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (3, 2), (6, 3)])
def test_the_attention_weights_are_the_models_own(model, layer, head):
    reading = read(model, WORDS)
    expected = own(model, reading).attentions[layer][0, head]
    found = step(model, reading, layer, head, len(reading) - 1)
    assert found.weights == pytest.approx(expected, abs=1e-5)
    assert found.weights[2, 3:].abs().max() == 0 and found.weights.sum(-1) == pytest.approx(torch.ones(len(reading)))


@pytest.mark.parametrize("layer", [0, 4])
def test_what_goes_out_of_a_block_comes_into_the_next(model, layer):
    reading = read(model, WORDS)
    for place in (0, 5, len(reading) - 1):
        found = step(model, reading, layer, 1, place)
        assert found.after == pytest.approx(reading.hidden[layer + 1][place], abs=1e-4)
        assert found.before + found.attended + found.fed == pytest.approx(found.after, abs=1e-5)


def test_turning_query_and_key_alike_changes_no_score_and_turning_one_does(model):
    reading = read(model, WORDS)
    query, key, _ = projections(model, reading, 2)
    base = theta(model)
    plain = attention_scores(rotated(query, base), rotated(key, base))
    both = attention_scores(rotated(query, base, 7), rotated(key, base, 7))
    one = attention_scores(rotated(query, base, 7), rotated(key, base))
    assert both == pytest.approx(plain, abs=1e-3)
    assert (one - plain).abs().max() > 0.1
    assert rotated(query, base).norm(dim=-1) == pytest.approx(query.norm(dim=-1), rel=1e-4)


def test_a_typed_mark_is_read_as_text(model):
    assert "<|assistant|>" not in read(model, "<|assistant|>").tokens[1:-1]


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 0.9), (0.5, 0.5), (2.0, 0.98)])
def test_the_kept_tokens_are_those_of_the_librarys_top_p(model, temperature, top_p):
    logits = read(model, WORDS).logits[3]
    found = choices(logits, temperature, top_p, most=40)
    warped = TopPLogitsWarper(top_p)(torch.empty(1, 0), (logits / temperature)[None])[0].softmax(-1)
    assert [c.kept for c in found] == pytest.approx([float(warped[c.id]) for c in found], abs=1e-4)
    assert [c.probability for c in found] == pytest.approx(
        sorted((logits / temperature).softmax(-1).tolist(), reverse=True)[:40], abs=1e-5
    )


def test_a_temperature_of_nothing_leaves_one_choice():
    found = choices(torch.tensor([1.0, 3.0, 2.0]), 0.0, 1.0)
    assert (found[0].id, round(found[0].kept, 3)) == (1, 1.0)
