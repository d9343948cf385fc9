"""What a step costs, found once in a process: asked again for other epochs or another rate, an estimate need not be made anew."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from chatbot.training.prepared import Prepared

Found = TypeVar("Found")
MOST = 64
"""Findings that are kept; the oldest goes first."""
COSTS_NOTHING = {
    *("out", "epochs", "max_steps", "learning_rate", "warmup", "scheduler", "weight_decay", "eval_every", "keep"),
    *("start", "patience", "log_every", "tracker", "spike", "max_rollbacks"),
}
"""Settings that change how many steps there are, or what they learn, and not what one costs."""
_FOUND: dict[tuple[Any, ...], Any] = {}


def cost_key(prepared: Prepared) -> tuple[Any, ...]:
    """All that the cost of a step depends on: the settings, what it is computed in, and the files as they are now."""
    config = prepared.config
    files = [*sorted(config.base.iterdir()), *(path for path in (config.data, config.eval_data) if path)]
    return config.model_dump_json(exclude=COSTS_NOTHING), str(prepared.numerics), *map(_stamp, files)


def remembered(key: tuple[Any, ...], find: Callable[[], Found]) -> Found:
    """What was found under a key before, or is now."""
    if key not in _FOUND:
        found = find()
        if len(_FOUND) >= MOST:
            _FOUND.pop(next(iter(_FOUND)), None)
        _FOUND[key] = found
    return _FOUND[key]  # type: ignore[no-any-return]


def _stamp(path: Path) -> tuple[str, int, int]:
    now = path.stat()
    return str(path), now.st_mtime_ns, now.st_size
