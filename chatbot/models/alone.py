"""One model is built at a time: while they build one, transformers and peft change torch for every thread (its default dtype, initialisers, parameters)."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_BUILDING = threading.RLock()
P = ParamSpec("P")
Built = TypeVar("Built")


def alone(build: Callable[P, Built]) -> Callable[P, Built]:
    """A function that builds a model, run by one thread of this process at a time."""

    @wraps(build)
    def one_at_a_time(*args: P.args, **options: P.kwargs) -> Built:
        with _BUILDING:
            return build(*args, **options)

    return one_at_a_time
