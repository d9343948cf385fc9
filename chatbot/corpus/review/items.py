"""What is reviewed: a conversation on its way in, the card that a person sees, which cards are wanted, and how far they have come."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import ColumnElement

from chatbot.core.messages import Conversation
from chatbot.corpus.checks import Check
from chatbot.corpus.review.database import DECISIONS, ITEMS, VERDICTS, flagged, found_by, latest

Order = Literal["queue", "failed", "disagreement"]
"""As they came in; most failed checks first; those first on which two people disagree."""


@dataclass(frozen=True)
class Candidate:
    """A conversation to be reviewed; `hotels` names the database that its calls ran on."""

    conversation: Conversation
    operation: str
    original: Conversation | None = None
    checks: Sequence[Check] = ()
    hotels: str = ""


@dataclass(frozen=True)
class Card:
    """One item as a person sees it; `seen` is the number of decisions on it so far."""

    id: int
    conversation: Conversation
    operation: str
    original: Conversation | None
    checks: list[Check]
    seen: int

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)


@dataclass(frozen=True)
class Filter:
    """Which items: all fields that are set must hold.

    Attributes:
        failed: a check's name, or "any", or "none".
        reviewer: who gave a verdict.
        slot: an argument that a call has.
        text: words that are all said in it.
        decided: cards that have a verdict instead of those that wait.
    """

    operation: str | None = None
    failed: str | None = None
    hotels: str | None = None
    reviewer: str | None = None
    slot: str | None = None
    text: str = ""
    flagged: bool = False
    decided: bool = False
    order: Order = "queue"

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL, but for `decided`, which depends on who asks."""
        wanted = {ITEMS.c.operation: self.operation, ITEMS.c.hotels: self.hotels}
        out: list[ColumnElement[bool]] = [column == value for column, value in wanted.items() if value]
        if self.failed in ("any", "none"):
            out.append(ITEMS.c.failed != "" if self.failed == "any" else ITEMS.c.failed == "")
        elif self.failed:
            out.append(ITEMS.c.failed.contains(f",{self.failed},", autoescape=True))
        if self.slot:
            out.append(ITEMS.c.slots.contains(f",{self.slot},", autoescape=True))
        out += [ITEMS.c.words.contains(word, autoescape=True) for word in self.text.split()]
        if self.reviewer:
            own = (DECISIONS.c.annotator == self.reviewer) & (DECISIONS.c.item == ITEMS.c.id)
            out.append(latest(own & DECISIONS.c.action.in_(VERDICTS)).exists())
        return [*out, flagged()] if self.flagged else out


@dataclass
class Counts:
    """Where the review stands: items by their last verdict, all of them by operation; `mine` are one person's verdicts."""

    pending: int = 0
    approve: int = 0
    edit: int = 0
    reject: int = 0
    mine: int = 0
    operations: dict[str, int] = field(default_factory=dict)


def row_of(candidate: Candidate) -> dict[str, Any]:
    """A candidate as a row of ITEMS."""
    content = candidate.conversation.to_json()
    failed = "".join(f",{check.name}," for check in candidate.checks if not check.passed)
    return {
        "key": sha256(f"{candidate.operation}\n{content}".encode()).hexdigest(), "operation": candidate.operation, "source": candidate.conversation.source,
        "conversation": content, "original": candidate.original.to_json() if candidate.original else None,
        "checks": checks_json(candidate.checks), "failed": failed, "at": time.time(), "hotels": candidate.hotels,
    } | found_by(candidate.conversation)  # fmt: skip


def checks_json(checks: Sequence[Check]) -> str:
    """Checks as they are kept beside a conversation."""
    return json.dumps([{"name": c.name, "passed": c.passed, "reason": c.reason} for c in checks], ensure_ascii=False)
