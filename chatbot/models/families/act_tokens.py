"""Act lines as tokens: every act, operator and canonical value is one mark of its own, so that nothing a user types can become one."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from chatbot.core.errors import CallParseError
from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.query import HOTEL_TYPES
from chatbot.models.families.family import Piece
from chatbot.understanding.turn_act import (
    ACTS,
    ADD,
    BARE,
    COPIED,
    DROP,
    EXCLUDE,
    FIELDS,
    GROUPS,
    HOTELS,
    NUMERIC,
    OPERATORS,
    SORTS,
    Item,
    TurnAct,
    state_items,
)

USER, ASSISTANT, STATE, SHOWN, END, PAD = "<|user|>", "<|assistant|>", "<|state|>", "<|shown|>", "<|end|>", "<|pad|>"
SHOWN_CHARACTERS = 16
"""As much of a shown hotel's name as a model reads."""
OR = "<|or|>"
"""Between facilities of which any is enough."""
_VALUES: dict[str, Sequence[str]] = {
    **dict.fromkeys((ADD, DROP, EXCLUDE, "has:"), (*FACILITIES, *GROUPS)),
    **dict.fromkeys(("type=", "!type="), HOTEL_TYPES),
    **dict.fromkeys(("sort=", "top:"), SORTS),
    **dict.fromkeys(("#", "!#"), HOTELS),
    "ask:": FIELDS,
}
"""Operators whose values are a closed list."""


@cache
def mark(kind: str, word: str) -> str:
    """The token of a word: its kind keeps the field “type” and the operator “type=” apart."""
    return f"<|{kind}:{word}|>"


@cache
def values_of(op: str) -> tuple[str, ...]:
    """The value tokens that may follow an operator; () for one whose value is text or that has none."""
    return tuple(mark("v", word) for word in _VALUES.get(op, ()))


ACT_TOKENS = tuple(mark("act", act) for act in ACTS)
OP_TOKENS = tuple(mark("op", op) for op in OPERATORS)
VALUE_TOKENS = tuple(dict.fromkeys(mark("v", word) for words in _VALUES.values() for word in words))
SPECIAL_TOKENS = (PAD, END, USER, ASSISTANT, STATE, SHOWN, OR, *ACT_TOKENS, *OP_TOKENS, *VALUE_TOKENS)
_MARK = re.compile(r"<\|(act|op|v):([^|]+)\|>|(<\|or\|>)")


def item_pieces(items: Sequence[Item], trained: bool) -> Iterator[Piece]:
    """Items as pieces: operators and closed values as marks; copied words, numbers, and facilities that no list has, as text."""
    for item in items:
        yield Piece(token=mark("op", item.op), trained=trained)
        if item.op in COPIED or item.op in NUMERIC:
            if item.value:
                yield Piece(text=item.value, trained=trained)
        elif item.op not in BARE:
            for at, value in enumerate(item.value.split("/")):
                if at:
                    yield Piece(token=OR, trained=trained)
                token = mark("v", value)
                yield (
                    Piece(token=token, trained=trained) if token in VALUE_TOKENS else Piece(text=value, trained=trained)
                )


def prompt_pieces(before: dict[str, Any], shown: Sequence[str], words: str) -> list[Piece]:
    """What a model reads before it writes the act line: the state that stands, the hotels shown, the normalised words."""
    out: list[Piece] = []
    if before:
        out += [Piece(token=STATE), *item_pieces(state_items(before), trained=False)]
    if shown:
        out.append(Piece(token=SHOWN))
        for at, name in enumerate(shown[: len(HOTELS)], 1):
            out += [Piece(token=mark("v", str(at))), Piece(text=name[:SHOWN_CHARACTERS])]
    return [*out, Piece(token=USER), Piece(text=words), Piece(token=ASSISTANT)]


def act_pieces(act: TurnAct) -> list[Piece]:
    """The act line as a model is trained to write it, with the token that ends it."""
    return [
        Piece(token=mark("act", act.act), trained=True),
        *item_pieces(act.items, trained=True),
        Piece(token=END, trained=True),
    ]


def read_act(text: str) -> TurnAct:
    """Generated text, marks included, as an act line.

    Raises:
        CallParseError: it does not start with an act, an operator is not known, or a value stands before any operator.
    """
    body = text.split(END, maxsplit=1)[0]
    parts = [(m[1] or "or", m[2] or "", m.start(), m.end()) for m in _MARK.finditer(body)]
    if not parts or parts[0][0] != "act" or parts[0][2] != 0 or parts[0][1] not in ACTS:
        raise CallParseError("models.act_line", value=body)
    items: list[Item] = []
    for at, (kind, word, _, end) in enumerate(parts[1:], 1):
        following = parts[at + 1][2] if at + 1 < len(parts) else len(body)
        if (kind == "op" and word not in OPERATORS) or (kind == "v" and not items):
            raise CallParseError("models.act_line", value=body)
        if kind == "op":
            items.append(Item(word, body[end:following].strip()))
        elif kind == "v":
            last = items[-1]
            items[-1] = Item(last.op, f"{last.value}/{word}" if last.value else word)
    return TurnAct(parts[0][1], tuple(items))
