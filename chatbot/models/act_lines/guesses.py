"""What a model of act lines all but guesses: a facility that it is not sure of is asked about, and not claimed."""

from collections.abc import Mapping

from chatbot.models.act_lines.beams import Line
from chatbot.models.families.act_tokens import OP_TOKENS, mark
from chatbot.understanding.turn_act import ADD

SURE = 0.35
"""Probability below which a facility counts as guessed (measured: docs/log.md)."""
_UNKNOWN, _POINTER = mark("op", "?"), mark("op", "#")
_UNSUPPORTED = mark("act", "unsupported")
_WISHING = tuple(mark("act", act) for act in ("request", "refine", "ask_has"))
_GUESSED_AFTER = (mark("op", ADD), mark("op", "has:"))


def without_guesses(line: Line, ids: Mapping[str, int]) -> list[int]:
    """The line's tokens with an unknown wish for each guess; one that wishes for nothing else is `unsupported`.

    Args:
        ids: mark → id.
    """
    operators = {ids[op] for op in OP_TOKENS}
    guessed_after = {ids[op] for op in _GUESSED_AFTER}
    out: list[int] = []
    guess = False
    for at, token in enumerate(line.ids):
        if token in operators:
            guess = token in guessed_after and at + 1 < len(line.ids) and line.sureness[at + 1] < SURE
            out.append(ids[_UNKNOWN] if guess else token)
        elif not guess:
            out.append(token)
    wishes = operators.intersection(out) - {ids[_POINTER]}
    if out != line.ids and wishes == {ids[_UNKNOWN]} and out[0] in {ids[act] for act in _WISHING}:
        return [ids[_UNSUPPORTED], *out[1:]]
    return out
