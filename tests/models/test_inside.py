"""Look inside: the figures shown are the model's own, whatever family of adapter it wears."""

from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch
from peft import PrefixTuningConfig, PromptTuningConfig

from chatbot.core.errors import ModelError
from chatbot.core.messages import call, observation, reply, user
from chatbot.models.families.hotel_mini import END, HOTEL_MINI
from chatbot.models.inside import OpenModel, look_inside
from chatbot.models.loading import load_adapters, load_base, load_tokenizer
from chatbot.models.render import render
from tests.tiny_models import tiny_adapter

TALK = [
    user("找一家经济型酒店"),
    call({"type": "经济型"}),
    observation([{"name": "和平宾馆", "phone": "010-1"}]),
    reply("推荐和平宾馆，电话010-1。"),
]


def wrap(model, folder):
    return SimpleNamespace(name="tiny", model=model, tokenizer=load_tokenizer(folder), family=HOTEL_MINI)


@pytest.fixture(scope="module")
def tiny(base):
    return wrap(load_base(base, "fp32", device="cpu"), base)


def test_the_reply_is_shown_in_the_tokens_that_the_model_wrote(tiny):
    seen = look_inside(tiny, TALK)
    assert "<|1.phone|>" in seen.reply and seen.reply[-1] == END
    assert seen.context[0] == "<|user|>"
    assert len(seen.context) + len(seen.reply) == len(render(TALK, [], HOTEL_MINI, tiny.tokenizer).ids)


def test_the_top_ten_are_the_softmax_of_the_logits_before_each_token(tiny):
    seen = look_inside(tiny, TALK)
    ids = render(TALK, [], HOTEL_MINI, tiny.tokenizer).ids
    with torch.inference_mode():
        probabilities = tiny.model(torch.tensor([ids])).logits[0].softmax(-1)
    at, start = 2, len(seen.context)
    row = probabilities[start + at - 1]
    assert [c.probability for c in seen.candidates[at]] == pytest.approx(
        sorted(row.tolist(), reverse=True)[:10], abs=1e-6
    )
    assert seen.chosen[at] == pytest.approx(float(row[ids[start + at]]), abs=1e-6)
    assert all(len(c) == 10 for c in seen.candidates)


def test_a_token_that_is_part_of_a_character_is_shown_as_its_bytes(tiny):
    seen = look_inside(tiny, [user("你好"), reply("鑫")])
    assert seen.reply[:-1] == ["<0xE9>", "<0x91>", "<0xAB>"]


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (1, 3)])
def test_attention_is_that_of_the_chosen_layer_and_head_and_never_looks_ahead(tiny, base, layer, head):
    seen = look_inside(tiny, TALK, layer=layer, head=head)
    ids = render(TALK, [], HOTEL_MINI, tiny.tokenizer).ids
    eager = load_base(base, "fp32", device="cpu", attention="eager")
    with torch.inference_mode():
        expected = eager(torch.tensor([ids]), output_attentions=True).attentions[layer][0, head]
    start = len(seen.context)
    assert torch.tensor(seen.attention) == pytest.approx(expected[start - 1 : -1], abs=1e-4)
    assert all(sum(row) == pytest.approx(1, abs=0.02) for row in seen.attention)
    assert seen.attention[0][start] == 0
    assert (seen.layers, seen.heads) == (2, 4)


def test_looking_leaves_the_fast_attention_as_it_was(tiny):
    before = tiny.model.config._attn_implementation
    look_inside(tiny, TALK)
    assert tiny.model.config._attn_implementation == before != "eager"


def test_a_call_can_be_looked_at_too(tiny):
    assert look_inside(tiny, TALK[:2]).reply[0] == "<|call|>"


@pytest.mark.parametrize(
    "config",
    [
        None,
        PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3),
        PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3),
    ],
)
def test_a_model_with_any_adapter_can_be_looked_at(base, tmp_path, tiny, config, cpu_dtype):
    model = load_adapters(load_base(base, device="cpu"), {"a": tiny_adapter(base, tmp_path, deepcopy(config))})
    seen = look_inside(wrap(model, base), TALK)
    plain = look_inside(tiny, TALK)
    assert seen.reply == plain.reply and seen.chosen != plain.chosen
    assert [len(row) for row in seen.attention] == [len(row) for row in plain.attention]


def test_a_four_bit_model_can_be_looked_at(base, cpu_dtype):
    seen = look_inside(wrap(load_base(base, "nf4", device="cpu"), base), TALK)
    assert len(seen.chosen) == len(seen.reply) > 0 and all(0 <= p <= 1 for p in seen.chosen)


@pytest.mark.parametrize(("layer", "head"), [(2, 0), (-1, 0), (0, 4), (0, -1)])
def test_a_layer_or_head_that_is_not_there_is_refused(tiny, layer, head):
    with pytest.raises(ModelError, match="Choose 0 to"):
        look_inside(tiny, TALK, layer=layer, head=head)


def test_a_model_behind_an_endpoint_cannot_be_looked_into():
    remote = SimpleNamespace(name="gpt")
    assert not isinstance(remote, OpenModel)
    with pytest.raises(ModelError, match="local"):
        look_inside(remote, TALK)


def test_without_a_reply_the_message_says_to_ask_first(tiny):
    with pytest.raises(ModelError, match="Ask something first"):
        look_inside(tiny, TALK[:1])
