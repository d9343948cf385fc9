"""How long rows must be for a base's tokenizer and a data set, so that no conversation loses its end unasked."""

from collections.abc import Sequence
from pathlib import Path

from chatbot.core.errors import InputError
from chatbot.models.folder import read_json

LENGTHS = (512, 1024, 2048, 4096, 8192, 16384, 32768)
"""Rows that are tried, in tokens."""
SHOWN = LENGTHS[:4]
_CONTEXTS = ("max_position_embeddings", "n_positions", "seq_length")


def context_of(base: Path) -> int | None:
    """Tokens that a base can look back on; None where its configuration does not say."""
    config = read_json(Path(base) / "config.json")
    places = [config, config.get("text_config") or {}]
    return next((int(place[name]) for place in places for name in _CONTEXTS if place.get(name)), None)


def row_length(lengths: Sequence[int], context: int | None) -> int:
    """The shortest row that holds every conversation whole, or the longest that the base can read."""
    longest = max(lengths, default=0)
    needed = next((length for length in LENGTHS if length >= longest), LENGTHS[-1])
    return min(needed, context) if context else needed


def whole(lengths: Sequence[int], most: Sequence[int] = SHOWN) -> dict[int, int]:
    """How many conversations fit whole into rows of each length."""
    return {limit: sum(length <= limit for length in lengths) for limit in most}


def refuse_cut(lengths: Sequence[int], limit: int, allowed: bool) -> None:
    """Let nothing be cut without a yes.

    Raises:
        InputError: some conversations are longer than a row.
    """
    cut = sum(length > limit for length in lengths)
    if cut and not allowed:
        raise InputError("training.cut", n=cut, all=len(lengths), most=limit, longest=max(lengths))
