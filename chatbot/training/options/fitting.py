"""Options that a method does not have are refused: one without effect would be taken for one that was tried."""

from chatbot.core.errors import InputError
from chatbot.training.config import FinetuneConfig
from chatbot.training.methods import METHODS, method

CHECKED = ("rslora", "dora", "loraplus", "modules")


def refuse_unfit(config: FinetuneConfig) -> None:
    """Raise InputError where an option was set that the run's method has not, or AdaLoRA has no rank to give up."""
    known = method(config.method).options
    for name in CHECKED:
        value = getattr(config, name)
        if name not in known and value != FinetuneConfig.model_fields[name].default:
            fitting = [other.name for other in METHODS.values() if name in other.options]
            raise InputError(
                "training.option_of_method", value=value, option=option(name), method=config.method, choices=fitting
            )
    if config.method == "adalora" and config.target_rank >= config.rank:
        raise InputError("training.target_rank", value=config.target_rank, rank=config.rank)


def option(name: str) -> str:
    """A field as the command line spells it."""
    return "--" + name.replace("_", "-")
