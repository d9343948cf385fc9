"""Keys and values for token-by-token decoding, of every kind of attention: what they start with, such as a learned prompt, and how their end is taken back."""

from typing import Any

import torch
from transformers import DynamicCache


def learned_prompt(model: Any) -> bool:
    """Whether the model's active adapter is a prompt or a prefix (Prompt Tuning, P-Tuning, Prefix-Tuning)."""
    return bool(getattr(getattr(model, "active_peft_config", None), "is_prompt_learning", False))


@torch.inference_mode()
def starting_cache(model: Any) -> DynamicCache:
    """The keys and values with which every conversation starts: empty, or those of the learned prompt."""
    cache = DynamicCache(config=model.config)
    for layer in _windows(cache):
        layer.activate_past_recording()  # else what has left the window is gone, and no end could be taken back
    if not learned_prompt(model):
        return cache
    prompt = model.get_prompt(batch_size=1)
    if isinstance(prompt, DynamicCache):
        return prompt
    model.get_base_model()(inputs_embeds=prompt.to(model.dtype), past_key_values=cache, use_cache=True)
    return cache


def _windows(cache: DynamicCache) -> list[Any]:
    """The layers that look back no further than a sliding window."""
    return [layer for layer in cache.layers if getattr(layer, "is_sliding", False)]


def cut(cache: DynamicCache, tokens: int) -> bool:
    """Take back the last tokens; False, with the cache as it was, where it has not kept what must stand before the cut.

    A sliding window needs the states of one window before the cut, and has those since the last cut; recurrent states can't be taken back at all.
    """
    if not cache.is_croppable:
        return False
    for layer in _windows(cache):
        held, seen, window = layer.keys.shape[-2], layer.get_seq_length(), layer.sliding_window
        if seen >= window and (not layer.record_past or held - tokens < min(window - 1, seen - tokens)):
            return False
    cache.crop(-tokens)
    return True


def decoder(model: Any) -> Any:
    """What to call with ids and a cache that `starting_cache` made: peft's own forward would put the prompt in again at every token."""
    return model.get_base_model() if learned_prompt(model) else model
