"""THE renderer: messages → token ids and which of them are trained; training and chat both use it, so they cannot drift apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from chatbot.core.errors import ModelError
from chatbot.core.messages import Message
from chatbot.models.families.family import Family, Piece

IGNORED = -100
"""The label that torch's cross-entropy skips."""


@dataclass(frozen=True)
class Rendered:
    """Token ids of a conversation and, for each, whether the model is trained to write it."""

    ids: list[int]
    trained: list[bool]

    @property
    def labels(self) -> list[int]:
        """The ids where trained, IGNORED elsewhere."""
        return [i if t else IGNORED for i, t in zip(self.ids, self.trained, strict=True)]


def encode_pieces(pieces: Sequence[Piece], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """The ids of each piece: marks by id, text with special tokens split, so that no text can become a mark.

    Raises:
        ModelError: the tokenizer lacks one of the family's marks.
    """
    texts = [piece.text for piece in pieces if not piece.token]
    encoded = iter(tokenizer(texts, add_special_tokens=False, split_special_tokens=True)["input_ids"] if texts else [])
    return [[_mark(piece.token, tokenizer)] if piece.token else next(encoded) for piece in pieces]


def _mark(token: str, tokenizer: PreTrainedTokenizerBase) -> int:
    mark = tokenizer.convert_tokens_to_ids(token)
    if not isinstance(mark, int) or mark == tokenizer.unk_token_id:
        raise ModelError("models.mark", value=token)
    return mark


def encode(pieces: Sequence[Piece], tokenizer: PreTrainedTokenizerBase) -> Rendered:
    """Pieces as one sequence; raises what `encode_pieces` raises."""
    encoded = encode_pieces(pieces, tokenizer)
    trained = [piece.trained for piece, ids in zip(pieces, encoded, strict=True) for _ in ids]
    return Rendered([i for ids in encoded for i in ids], trained)


def render(
    messages: Sequence[Message], tools: Sequence[dict[str, Any]], family: Family, tokenizer: PreTrainedTokenizerBase
) -> Rendered:
    """A complete conversation as a training example."""
    return encode(family.pieces(messages, tools), tokenizer)


def render_prompt(
    messages: Sequence[Message], tools: Sequence[dict[str, Any]], family: Family, tokenizer: PreTrainedTokenizerBase
) -> list[int]:
    """A conversation up to where the model starts to write; a prefix of what `render` gives for the same messages and more."""
    return encode(family.prompt(messages, tools), tokenizer).ids
