"""Beam search for act lines: of the lines that a dialogue allows, the one that is most likely as a whole."""

from collections.abc import Collection
from dataclasses import dataclass, field

import torch

from chatbot.models.act_lines.constraint import ActGuide
from chatbot.models.engine.writing import Ask, Writing

WIDTH = 4
"""Lines that are followed at once: four gain 0.017 of the kept-apart turns over one (docs/log.md)."""


@dataclass(frozen=True)
class Line:
    """An act line as far as it is written.

    Attributes:
        score: its log-probability among all that the model could have written.
        ids: its tokens, the stop left out.
        sureness: the probability of each among what was allowed there.
    """

    score: float = 0.0
    ids: list[int] = field(default_factory=list)
    sureness: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Open:
    line: Line
    guide: ActGuide


@dataclass(frozen=True)
class _Next:
    """A token that may follow one of the lines."""

    parent: int
    token: int
    score: float
    sureness: float


def best_line(
    prompt: list[int],
    guide: ActGuide,
    stops: Collection[int],
    longest: int,
    *,
    width: int = WIDTH,
    temperature: float = 0.0,
    seed: int = 0,
) -> Writing[Line]:
    """Write the likeliest line; with a temperature one that is drawn (a single beam over logits with Gumbel noise).

    Args:
        longest: tokens after which a line is taken as it is.
    """
    random = torch.Generator().manual_seed(seed)
    width = 1 if temperature > 0 else width
    alive, done = [_Open(Line(), guide)], list[Line]()
    ask = Ask([0], [prompt])
    for _ in range(longest):
        logits = yield ask
        if temperature > 0:
            noise = torch.empty_like(logits).exponential_(generator=random).log()
            logits = logits / temperature - noise
        following = sorted(_following(alive, logits, width), key=lambda n: -n.score)[:width]
        done += [_longer(alive[n.parent].line, n, keep=False) for n in following if n.token in stops]
        best = max((line.score for line in done), default=-torch.inf)
        # a line only gets less likely: what is no better than a whole one need not be followed
        going = [n for n in following if n.token not in stops and n.score > best]
        if not going:
            break
        alive = [_gone_on(alive[n.parent], n) for n in going]
        ask = Ask([n.parent for n in going], [[n.token] for n in going])
    return max(done or [beam.line for beam in alive], key=lambda line: line.score)


def _following(alive: list[_Open], logits: torch.Tensor, width: int) -> list[_Next]:
    out = []
    sums = torch.logsumexp(logits, -1)
    for parent, (beam, row) in enumerate(zip(alive, logits, strict=True)):
        allowed = torch.tensor(sorted(beam.guide.allowed()))
        found = row[allowed]
        sureness = torch.softmax(found, -1)
        best = (found - sums[parent]).topk(min(width, len(allowed)))
        out += [
            _Next(parent, int(allowed[at]), beam.line.score + score, float(sureness[at]))
            for score, at in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]
    return out


def _longer(line: Line, following: _Next, *, keep: bool) -> Line:
    ids = [*line.ids, following.token] if keep else line.ids
    return Line(following.score, ids, [*line.sureness, following.sureness])


def _gone_on(beam: _Open, following: _Next) -> _Open:
    guide = beam.guide.copy()
    guide.accept(following.token)
    return _Open(_longer(beam.line, following, keep=True), guide)
