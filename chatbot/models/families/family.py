"""What a model family is: how messages become pieces, how its text is read back, where it stops, what LoRA adapts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chatbot.core.messages import Message


@dataclass(frozen=True)
class Piece:
    """A part of a rendered conversation: either one special token, put in by its id, or plain text.

    `trained` marks what the model itself must write: calls, replies and the tokens that end them.
    """

    text: str = ""
    token: str = ""
    trained: bool = False


def _plain(text: str, messages: Sequence[Message]) -> str:
    return text


@dataclass(frozen=True)
class Family:
    """One model family. Its functions are pure: they know no tokenizer and no weights.

    Attributes:
        pieces: (messages, tools) → pieces; messages that end with an assistant message are complete examples.
        prompt: (messages, tools) → pieces up to where the model starts to write; always a prefix of `pieces`.
        read: (generated text without stop tokens, messages before it) → assistant message; raises CallParseError.
        visible: (reply text so far, messages before it) → what a person may see of it (references filled in).
        is_call: generated text so far → True / False, or None while it is too short to tell.
        stops: tokens that end a generation.
        turnwise: (messages, tools) → one complete example for each turn; None where a conversation is one example.
        call_start: the token or text after which the arguments of a call follow.
    """

    name: str
    pieces: Callable[[Sequence[Message], Sequence[dict[str, Any]]], list[Piece]]
    prompt: Callable[[Sequence[Message], Sequence[dict[str, Any]]], list[Piece]]
    read: Callable[[str, Sequence[Message]], Message]
    is_call: Callable[[str], bool | None]
    stops: tuple[str, ...]
    lora_targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    visible: Callable[[str, Sequence[Message]], str] = _plain
    call_start: str = ""
    special_tokens: tuple[str, ...] = field(default=())
    turnwise: Callable[[Sequence[Message], Sequence[dict[str, Any]]], list[list[Piece]]] | None = None

    def examples(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> list[list[Piece]]:
        """The training examples of a conversation: the whole of it, or one a turn where the family reads turn by turn."""
        return self.turnwise(messages, tools) if self.turnwise else [self.pieces(messages, tools)]
