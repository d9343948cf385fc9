"""LoRA+ (arXiv:2402.12354): the second matrix of LoRA begins at zero and learns best at a higher rate than the first."""

from typing import Any

from peft.optimizers import create_loraplus_optimizer
from torch.optim import Optimizer


def loraplus_optimizer(trainer: Any, model: Any, ratio: float) -> Optimizer:
    """The trainer's own optimiser with groups for A and B; B's rate is `ratio` times A's."""
    kind, given = trainer.get_optimizer_cls_and_kwargs(trainer.args, model)
    rate = given.pop("lr")
    made: Optimizer = create_loraplus_optimizer(
        model, kind, lr=rate, loraplus_lr_ratio=ratio, loraplus_weight_decay=trainer.args.weight_decay, **given
    )
    made.param_groups[:] = [group for group in made.param_groups if group["params"]]
    return made
