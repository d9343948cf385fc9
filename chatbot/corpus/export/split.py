"""Splits a corpus 8:1:1 so that nothing leaks: one source, and one family of near-duplicates, lies on one side only."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chatbot.core.messages import Conversation
from chatbot.corpus.duplicates import near_duplicates
from chatbot.corpus.reading.reader import read_conversations

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}


@dataclass(frozen=True)
class Split:
    """Three sides and what leaks between them.

    Attributes:
        leaks: {"sources": sources found on two sides, "near_duplicates": near-duplicate pairs across sides}; both must be 0.
    """

    train: list[Conversation]
    val: list[Conversation]
    test: list[Conversation]
    leaks: dict[str, int]


def groups(conversations: Sequence[Conversation]) -> list[list[int]]:
    """Positions that must stay together, by source and by near-duplicates (union-find), in order of first appearance."""
    parent = list(range(len(conversations)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for i, conversation in enumerate(conversations):
        parent[root(i)] = root(first.setdefault(conversation.source, i))
    for i, j, _ in near_duplicates(conversations):
        parent[root(j)] = root(i)
    together: dict[int, list[int]] = defaultdict(list)
    for i in range(len(conversations)):
        together[root(i)].append(i)
    return list(together.values())


def leaks(sides: Sequence[Sequence[Conversation]]) -> dict[str, int]:
    """What two sides share, counted on the result itself."""
    where = [side for side, conversations in enumerate(sides) for _ in conversations]
    whole = [c for side in sides for c in side]
    seen: dict[str, set[int]] = defaultdict(set)
    for side, conversation in zip(where, whole, strict=True):
        seen[conversation.source].add(side)
    across = sum(where[i] != where[j] for i, j, _ in near_duplicates(whole))
    return {"sources": sum(len(s) > 1 for s in seen.values()), "near_duplicates": across}


def read_sides(folder: Path) -> dict[str, list[Conversation]]:
    """The sides that `split` wrote into a folder.

    Raises:
        InputError: one is missing or does not read.
    """
    return {name: read_conversations(Path(folder) / f"{name}.jsonl") for name in SHARES}


def split(conversations: Sequence[Conversation], seed: int) -> Split:
    """Split 8:1:1 by conversations, the same for the same seed whatever their order.

    Groups are dealt out largest first, in random order among equals, each to the side that lacks most.
    """
    ordered = sorted(conversations, key=lambda c: (c.source, c.id))
    together = groups(ordered)
    random.Random(seed).shuffle(together)
    sides: dict[str, list[Conversation]] = {name: [] for name in SHARES}
    for group in sorted(together, key=len, reverse=True):
        needy = max(SHARES, key=lambda name: SHARES[name] * len(ordered) - len(sides[name]))
        sides[needy] += [ordered[i] for i in group]
    return Split(**sides, leaks=leaks(list(sides.values())))
