"""Which layers LoRA adapts: the family's own, all linear ones, or those that a person names."""

from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D

from chatbot.core.errors import InputError
from chatbot.training.config import FinetuneConfig
from chatbot.training.methods import targets

ALL = "all-linear"


def adapted_layers(config: FinetuneConfig, wanted: tuple[str, ...], model: Any) -> list[str] | str:
    """What peft is given as `target_modules`.

    Args:
        wanted: the family's own, for a run that names none.
        model: the base; its output layer is never adapted.

    Raises:
        InputError: a name is of no linear layer of the base.
    """
    names = [name.strip() for name in config.modules.split(",") if name.strip()]
    if not names:
        return targets(wanted, [name for name, _ in model.named_modules()])
    if names == [ALL]:
        return ALL
    known = linear_layers(model)
    if unknown := [name for name in names if name not in known]:
        raise InputError("training.modules", value=", ".join(unknown), choices=[ALL, *known])
    return sorted(set(names))


def linear_layers(model: Any) -> list[str]:
    """The last parts of the names of all linear layers but the output's."""
    output = model.get_output_embeddings()
    found = {
        name.rsplit(".", 1)[-1]
        for name, module in model.named_modules()
        if isinstance(module, (nn.Linear, Conv1D)) and module is not output
    }
    return sorted(found)
