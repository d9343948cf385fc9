"""Which engine a model gets: the setting's, as far as the model and this machine allow it."""

from importlib.util import find_spec
from typing import Any

import torch

from chatbot.core.errors import ModelError
from chatbot.core.settings import EngineName
from chatbot.models.engine.weights import unfit, weights_of
from chatbot.models.engine.with_transformers import TransformersEngine
from chatbot.models.engine.writing import Engine

_PACKAGES = ("onnx", "onnxruntime")


def choose_engine(model: Any, wanted: EngineName) -> tuple[Engine, str]:
    """The engine, and why it is not ONNX Runtime where it could have been.

    Raises:
        ModelError: ONNX Runtime is wanted and cannot take the model.
    """
    why = "" if wanted == "transformers" else _missing() or unfit(model)
    if wanted == "onnx" and why:
        raise ModelError("models.engine_unfit", value=why)
    if wanted == "transformers" or why:
        return TransformersEngine(model), why
    from chatbot.models.engine.batching import BatchingEngine

    shape, weights = weights_of(model)
    return BatchingEngine(shape, weights, torch.get_num_threads()), ""


def _missing() -> str:
    absent = [name for name in _PACKAGES if find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""
