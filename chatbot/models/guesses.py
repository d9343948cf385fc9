"""What a model of act lines all but guesses: a facility that it is not sure of is asked about, and not claimed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from chatbot.models.families.act_tokens import OP_TOKENS, mark
from chatbot.understanding.turn_act import ADD

SURE = 0.35
"""Probability below which a facility counts as guessed (measured: docs/log.md)."""
_UNKNOWN = mark("op", "?")
_UNSUPPORTED = mark("act", "unsupported")
_WISHING = tuple(mark("act", act) for act in ("request", "refine", "ask_has"))
_GUESSED_AFTER = (mark("op", ADD), mark("op", "has:"))


@dataclass
class Guesses:
    """Watches a line being written and takes the guesses out of it.

    Attributes:
        ids: mark → id.
    """

    ids: Mapping[str, int]
    _sureness: list[float] = field(default_factory=list)

    def note(self, token: int, logits: torch.Tensor) -> None:
        """Take note of a token and of the logits (what is not allowed at -inf) that it was chosen by."""
        self._sureness.append(float(torch.softmax(logits, -1)[token]))

    def taken_out(self, written: Sequence[int]) -> list[int]:
        """The line with an unknown wish for each guess; one that wishes for nothing else is `unsupported`."""
        operators = {self.ids[op] for op in OP_TOKENS}
        guessed_after = {self.ids[op] for op in _GUESSED_AFTER}
        out: list[int] = []
        skipping = False
        for at, token in enumerate(written):
            if token in operators:
                guess = token in guessed_after and self._sureness[at + 1 : at + 2] < [SURE]
                skipping = guess and at + 1 < len(written)
                out += [self.ids[_UNKNOWN]] if skipping else [token]
            elif not skipping:
                out.append(token)
        wishes = {token for token in out if token in operators} - {self.ids[mark("op", "#")]}
        if out != list(written) and wishes == {self.ids[_UNKNOWN]} and out[0] in {self.ids[act] for act in _WISHING}:
            return [self.ids[_UNSUPPORTED], *out[1:]]
        return out
