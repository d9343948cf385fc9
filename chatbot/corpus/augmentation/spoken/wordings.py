"""What people call a facility, by the place in a sentence that the words can fill (data/phrases/spoken.json)."""

import json
from dataclasses import dataclass
from functools import lru_cache

from chatbot.corpus.phrasebank.bank import PHRASES

ABLE = ("能", "可以")


@dataclass(frozen=True)
class Wordings:
    """One facility in words that ask for it, for no more and no less.

    Attributes:
        noun: after 有: 下棋打牌的地方.
        guest: what the guest does, after 能 or 可以: 下棋打牌.
        host: what the hotel does, after 能 or 可以: 去机场接人.
        whole: a predicate that needs nothing before it: 早餐免费, 有温泉可以泡.
    """

    noun: tuple[str, ...] = ()
    guest: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()

    def predicates(self) -> tuple[str, ...]:
        """All of them as predicates of a hotel."""
        able = (f"{can}{verb}" for verb in (*self.guest, *self.host) for can in ABLE)
        return (*(f"有{noun}" for noun in self.noun), *able, *self.whole)


@lru_cache(maxsize=1)
def _table() -> dict[str, Wordings]:
    rows = json.loads((PHRASES / "spoken.json").read_text(encoding="utf-8"))
    return {name: Wordings(**{form: tuple(words) for form, words in row.items()}) for name, row in rows.items()}


def wordings(name: str) -> Wordings:
    """The spoken words for a facility; none for a name that is not of the database."""
    return _table().get(name, Wordings())
