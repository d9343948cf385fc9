"""What each of the six methods trains of a real base: counted by peft on the model's shape, part by part."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from chatbot.models.alone import alone
from chatbot.models.loading import read_config
from chatbot.models.registry import family_of
from chatbot.training.config import FinetuneConfig
from chatbot.training.methods import peft_config, targets

STEPS = 240
"""Of a run; AdaLoRA's schedule asks for them, the counts do not depend on them."""


@dataclass(frozen=True)
class Trained:
    """What a method trains.

    Attributes:
        trainable, total: as peft counts them; `total` is the base and the adapter.
        parts: trained parameters by where they are: a linear layer's name, or "virtual" for what stands before the text.
    """

    trainable: int
    total: int
    parts: dict[str, int]


@lru_cache(maxsize=128)
@alone
def trained(base: Path, method: str, rank: int, virtual: int) -> Trained:
    """Put a method's adapter on a base's shape and count; no weight is loaded.

    Raises:
        ModelError: the folder holds no model.
    """
    read_config(base)
    asked = FinetuneConfig.model_validate(
        {
            "base": base,
            "data": base,
            "out": base,
            "method": method,
            "rank": rank,
            "target_rank": max(1, rank // 2),
            "virtual_tokens": virtual,
        }
    )
    with torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base), trust_remote_code=False)
        layers = targets(family_of(base).lora_targets, [name for name, _ in model.named_modules()])
        adapted: Any = get_peft_model(model, peft_config(asked, layers, STEPS))
    trainable, total = adapted.get_nb_trainable_parameters()
    parts: Counter[str] = Counter()
    for name, weight in adapted.named_parameters():
        if weight.requires_grad:
            parts[name.split(".lora_")[0].rsplit(".", 1)[-1] if ".lora_" in name else "virtual"] += weight.numel()
    return Trained(trainable, total, dict(parts))
