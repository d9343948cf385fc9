"""Learned prompts, decoded token by token, must say what peft's own forward pass says."""

from copy import deepcopy

import pytest
import torch
from peft import LoraConfig, PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig

from chatbot.models.loading import load_adapters, load_base
from chatbot.models.virtual import decoder, starting_cache
from tests.tiny_models import tiny_adapter, tiny_llama

CONFIGS = [
    PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
    PromptEncoderConfig(task_type="CAUSAL_LM", num_virtual_tokens=4, encoder_hidden_size=8),
    PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
    LoraConfig(task_type="CAUSAL_LM", r=2, target_modules="all-linear"),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.peft_type.value)
def test_tokens_one_by_one_give_the_logits_of_the_whole_text(config, tmp_path, cpu_dtype):
    base = tiny_llama(tmp_path / "base")
    model = load_adapters(load_base(base), {"default": tiny_adapter(base, tmp_path / "adapter", deepcopy(config))})
    ids = torch.tensor([[5, 60, 61, 62, 63, 64]])
    with torch.inference_mode():
        whole = model(input_ids=ids).logits[0, -1]
        plain = load_base(base)(input_ids=ids).logits[0, -1]
        cache = starting_cache(model)
        for token in ids[0]:
            step = decoder(model)(input_ids=token.view(1, 1), past_key_values=cache, use_cache=True).logits[0, -1]
    assert torch.allclose(step, whole, atol=1e-4)
    assert not torch.allclose(plain, whole, atol=1e-3)
