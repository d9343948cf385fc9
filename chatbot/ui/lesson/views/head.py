"""Which place, layer and head an exhibit shows: what was chosen, within what the sentence and the model have."""

from chatbot.lesson.block import blocks
from chatbot.models.inside import OpenModel
from chatbot.ui.lesson.exhibit import Values


def chosen_head(values: Values, model: OpenModel, length: int) -> tuple[dict[str, int], tuple[int, int, int]]:
    """How far each slider reaches, and the place, layer and head chosen, counted from 0.

    Args:
        length: tokens of the sentence.

    Raises:
        ModelError: the model is not Llama-shaped.
    """
    limits = {"place": length, "layer": len(blocks(model)), "head": model.model.config.num_attention_heads}
    at, layer, head = (min(values[name], limits[name]) - 1 for name in ("place", "layer", "head"))
    return limits, (at, layer, head)
