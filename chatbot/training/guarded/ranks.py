"""AdaLoRA's ranks: told about every step, and kept whole in every checkpoint, because peft's own form leaves out the ranks that are off just now."""

from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

RANK_FILE = "rank_state.pt"
_AVERAGES = ("ipt", "exp_avg_ipt", "exp_avg_unc")
"""What peft's allocator remembers of every weight's importance."""


class RankAllocation(TrainerCallback):
    """AdaLoRA adapts nothing unless it is told about every step."""

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **_: Any
    ) -> None:
        """Runs after the optimiser's step, while the gradients are still there."""
        bare = model.module if hasattr(model, "module") else model
        bare.base_model.update_and_allocate(state.global_step + 1)


def save_ranks(model: Any, folder: Path) -> None:
    """Write every trainable weight at its full rank, and what the allocator remembers; nothing for another method's model."""
    allocator = getattr(model.base_model, "rankallocator", None)
    if allocator is None:
        return
    kept = {
        "weights": {name: p.detach().cpu() for name, p in model.named_parameters() if p.requires_grad},
        "rank_pattern": dict(model.peft_config[model.active_adapter].rank_pattern or {}),
        **{name: {key: value.cpu() for key, value in getattr(allocator, name).items()} for name in _AVERAGES},
    }
    torch.save(kept, folder / RANK_FILE)


@torch.no_grad()
def load_ranks(model: Any, folder: Path) -> bool:
    """Put back what `save_ranks` wrote; False where there is nothing."""
    if not (folder / RANK_FILE).is_file():
        return False
    kept = torch.load(folder / RANK_FILE, map_location=model.device, weights_only=True)
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            weight.copy_(kept["weights"][name])
    model.peft_config[model.active_adapter].rank_pattern = kept["rank_pattern"] or None
    for name in _AVERAGES:
        setattr(model.base_model.rankallocator, name, kept[name])
    return True


def forget_ranks(model: Any) -> None:
    """As before the first step."""
    allocator = getattr(model.base_model, "rankallocator", None)
    if allocator is not None:
        model.peft_config[model.active_adapter].rank_pattern = None
        allocator.reset_ipt()
