"""THE renderer: messages → token ids and which of them are trained; training and chat both use it, so they cannot drift apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from chatbot.errors import ModelError
from chatbot.messages import Message
from chatbot.models.families import Family, Piece

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


def encode(pieces: Sequence[Piece], tokenizer: PreTrainedTokenizerBase) -> Rendered:
    """Encode piece by piece: marks by id, text with special tokens split, so that no text can become a mark.

    Raises:
        ModelError: the tokenizer lacks one of the family's marks.
    """
    ids: list[int] = []
    trained: list[bool] = []
    for piece in pieces:
        if piece.token:
            mark = tokenizer.convert_tokens_to_ids(piece.token)
            if not isinstance(mark, int) or mark == tokenizer.unk_token_id:
                raise ModelError("the tokenizer does not know a mark of its family", value=piece.token, remedy="Check that base and family belong together.")
            new = [mark]
        else:
            new = tokenizer.encode(piece.text, add_special_tokens=False, split_special_tokens=True)
        ids += new
        trained += [piece.trained] * len(new)
    return Rendered(ids, trained)


def render(messages: Sequence[Message], tools: Sequence[dict[str, Any]], family: Family, tokenizer: PreTrainedTokenizerBase) -> Rendered:
    """A complete conversation as a training example."""
    return encode(family.pieces(messages, tools), tokenizer)


def render_prompt(messages: Sequence[Message], tools: Sequence[dict[str, Any]], family: Family, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """A conversation up to where the model starts to write; a prefix of what `render` gives for the same messages and more."""
    return encode(family.prompt(messages, tools), tokenizer).ids
