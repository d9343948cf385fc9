"""Adapters that are learned prompts, for token-by-token decoding: what they add stands at the start of the cache, once, like any earlier text."""

from typing import Any

import torch
from transformers import DynamicCache


def learned_prompt(model: Any) -> bool:
    """Whether the model's active adapter is a prompt or a prefix (Prompt Tuning, P-Tuning, Prefix-Tuning)."""
    return bool(getattr(getattr(model, "active_peft_config", None), "is_prompt_learning", False))


@torch.inference_mode()
def starting_cache(model: Any) -> DynamicCache:
    """The keys and values with which every conversation starts: empty, or those of the learned prompt."""
    if not learned_prompt(model):
        return DynamicCache(config=model.config)
    prompt = model.get_prompt(batch_size=1)
    if isinstance(prompt, DynamicCache):
        return prompt
    cache = DynamicCache(config=model.config)
    model.get_base_model()(inputs_embeds=prompt.to(model.dtype), past_key_values=cache, use_cache=True)
    return cache


def decoder(model: Any) -> Any:
    """What to call with ids and a cache that `starting_cache` made: peft's own forward would put the prompt in again at every token."""
    return model.get_base_model() if learned_prompt(model) else model
