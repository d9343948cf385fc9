"""Write what a full fine-tune changed in the linear layers as a LoRA adapter: the inverse of a merge.

A small model learns faster with all of its weights than through LoRA, and an adapter is what everything here chooses, compares and ships.
The best approximation of a difference by a product of rank r is its truncated singular value decomposition (Eckart and Young 1936).
"""

from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import pad

from chatbot.core.errors import ModelError
from chatbot.models.loading import load_base, load_tokenizer
from chatbot.models.registry import family_of, write_family


def factors(difference: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A (rank, in) and B (out, rank) whose product B·A is the best approximation of a (out, in) difference; zeros beyond its own rank."""
    left, strengths, right = torch.linalg.svd(difference.float(), full_matrices=False)
    kept = strengths[:rank].sqrt()
    spare = rank - len(kept)
    return pad(kept[:, None] * right[:rank], (0, 0, 0, spare)), pad(left[:, :rank] * kept, (0, spare))


def unchanged(before: torch.Tensor, after: torch.Tensor) -> bool:
    """Whether a tuned model's weight is its base's: as it was, or as a checkpoint in half precision rounds it."""
    return any(torch.equal(before.to(kept).float(), after) for kept in (torch.float32, torch.float16, torch.bfloat16))


def extract_adapter(base: Path, tuned: Path, out: Path, rank: int) -> dict[str, Any]:
    """Save the difference between two models of one shape as a LoRA adapter (fp16) of `base`.

    Returns:
        `rank`, `parameters` of the adapter, and `kept`: the share of the squared difference that the rank holds.

    Raises:
        ModelError: the models differ in shape, or in something that LoRA does not reach (embeddings, norms).
    """
    from peft import LoraConfig, get_peft_model

    family = family_of(base)
    model, goal = load_base(base, "fp32", device="cpu"), load_base(tuned, "fp32", device="cpu")
    before, after = dict(model.named_parameters()), dict(goal.named_parameters())
    linear = {f"{name}.weight" for name, _ in model.named_modules() if name.rsplit(".", 1)[-1] in family.lora_targets}
    strange = [name for name in before if name not in after or before[name].shape != after[name].shape]
    strange += [name for name in set(before) - linear - set(strange) if not unchanged(before[name], after[name])]
    if strange:
        raise ModelError("models.not_linear", value=sorted(strange)[0])
    rank = min(rank, max(min(before[name].shape) for name in linear))
    config = LoraConfig(
        r=rank, lora_alpha=rank, lora_dropout=0.0, target_modules=sorted(family.lora_targets), task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(model, config)
    kept = whole = 0.0
    for name, layer in adapted.base_model.model.named_modules():
        if f"{name}.weight" in linear:
            difference = after[f"{name}.weight"] - layer.base_layer.weight
            down, up = factors(difference.detach(), rank)
            layer.lora_A["default"].weight.data, layer.lora_B["default"].weight.data = down, up
            whole += difference.square().sum().item()
            kept += (up @ down).square().sum().item()
    adapted.half().save_pretrained(out)
    load_tokenizer(tuned).save_pretrained(out)
    write_family(out, family.name)
    return {
        "rank": rank,
        "parameters": adapted.get_nb_trainable_parameters()[0],
        "kept": kept / whole if whole else 1.0,
    }
