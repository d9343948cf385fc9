"""What a reply is made of, and what it is: the words, the act, the states, the hotels in hand; the text and the facts told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chatbot.core.messages import Instead
from chatbot.dialogue.replies.facts import Fact
from chatbot.understanding.turn_act import TurnAct


@dataclass(frozen=True)
class Situation:
    """What a reply is made of.

    Attributes:
        words: the user's words.
        act: what they do.
        before, after: dialogue states (arguments of search_hotels).
        records: hotels in hand: found by this turn's search, else those shown before; at most five are spoken of.
        searched: whether this turn searched.
        total: hotels that meet the query, after relaxing.
        relaxed: constraints given up ("price_range_upper", "facilities:棋牌室").
        unmatched: facility words that nothing matched.
        first: number of hotels before these (paging).
        focus: index of the hotel last spoken of, among `earlier` where those are given and asked about.
        language: of the reply.
        earlier: where the turn searched: the hotels shown before, which its questions are about.
        instead: what else could have been given up.
        unlisted: the district of a place that was given up, where no hotel of the list lies.
        spoken: whether one of the hotels in hand has been spoken of by itself.
    """

    words: str
    act: TurnAct
    before: dict[str, Any]
    after: dict[str, Any]
    records: list[dict[str, Any]]
    searched: bool
    total: int = 0
    relaxed: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    first: int = 0
    focus: int = 0
    language: Literal["zh", "en"] = "zh"
    earlier: Sequence[dict[str, Any]] = ()
    instead: Instead | None = None
    unlisted: str = ""
    spoken: bool = True


@dataclass(frozen=True)
class Reply:
    """What is said, the hotel (index among the records) that it spoke of last, and the facts told."""

    text: str
    focus: int
    facts: tuple[Fact, ...]
