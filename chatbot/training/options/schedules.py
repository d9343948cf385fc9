"""How the learning rate moves over a run, by name, as transformers is told."""

from typing import Any

from chatbot.training.config import SchedulerName

DECAY = 0.2
"""Share of the steps in which `wsd` falls (arXiv:2404.06395 and 2405.18392 find 10 to 20 % enough)."""
_NAMES = {
    "constant": "constant_with_warmup",
    "restarts": "cosine_with_restarts",
    "inverse-sqrt": "inverse_sqrt",
    "wsd": "warmup_stable_decay",
}


def schedule(name: SchedulerName, steps: int) -> dict[str, Any]:
    """The trainer's arguments for a schedule over so many steps."""
    more: dict[str, Any] = {
        "restarts": {"num_cycles": 2},
        "wsd": {"num_decay_steps": max(1, round(DECAY * steps))},
    }.get(name, {})
    return {"lr_scheduler_type": _NAMES.get(name, name), "lr_scheduler_kwargs": more}
