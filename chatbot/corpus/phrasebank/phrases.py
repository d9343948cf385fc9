"""Knows a facility by the bank's wordings, and by phrases that mean it and no more or less (data/phrases/core.json)."""

import json
from functools import lru_cache

from chatbot.corpus.phrasebank.bank import PHRASES, read_bank
from chatbot.hotels.facilities import alternatives

SHORTEST = 3
"""Characters of a wording that says its facility wherever it stands."""


@lru_cache(maxsize=1)
def _core() -> dict[str, tuple[str, ...]]:
    rows = json.loads((PHRASES / "core.json").read_text(encoding="utf-8"))
    return {facility: tuple(phrases) for facility, phrases in rows.items()}


@lru_cache(maxsize=1)
def _wordings() -> dict[str, tuple[str, ...]]:
    """Facility → all that the bank's training part knows of it as a noun or a predicate, and the phrases."""
    out: dict[str, set[str]] = {facility: set(phrases) for facility, phrases in _core().items()}
    for row in read_bank(part="train").wordings:
        if isinstance(row["facility"], str) and row["form"] in ("np", "vp") and len(row["text"]) >= SHORTEST:
            out.setdefault(row["facility"], set()).add(row["text"])
    return {facility: tuple(sorted(found)) for facility, found in out.items()}


def says(words: str, wish: str | tuple[str, ...] | list[str]) -> bool:
    """Whether the words hold one of the bank's wordings for each facility of a wish."""
    return all(any(text in words for text in _wordings().get(name, ())) for name in alternatives(wish))
