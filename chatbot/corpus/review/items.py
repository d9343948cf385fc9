"""What is reviewed: a conversation on its way in, the card that a person sees, which cards are wanted, and how far they have come."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import ColumnElement, select

from chatbot.core.messages import Conversation
from chatbot.corpus.checks import Check
from chatbot.corpus.review.database import DECISIONS, ITEMS, STANDING, VERDICTS, found_by, latest
from chatbot.corpus.review.runs import made_by

Order = Literal["queue", "failed", "unsure", "disagreement"]
"""As they came in, or first: most failed checks, what the model is least sure of, what people disagree on."""
Whose = Literal["", "own", "common", "all"]
"""What somebody may decide on; of that what was dealt to them alone, or to several; or everybody's."""


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
    """One item as a person sees it; `seen` counts the decisions on it, `need` the people who are to decide."""

    id: int
    conversation: Conversation
    operation: str
    original: Conversation | None
    checks: list[Check]
    seen: int
    need: int = 1
    verdict: str = ""
    answer: str = ""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)


@dataclass(frozen=True)
class Filter:
    """Which items: all fields that are set must hold.

    Attributes:
        failed: a check's name, or "any", or "none".
        run: the run that made it.
        reviewer: who gave a verdict.
        slot: an argument that a call has.
        text: words that are all said in it.
        decided: cards that have a verdict instead of those that wait.
        disputed: cards that people disagree on and nobody has settled.
    """

    operation: str | None = None
    run: str | None = None
    failed: str | None = None
    hotels: str | None = None
    reviewer: str | None = None
    slot: str | None = None
    text: str = ""
    flagged: bool = False
    decided: bool = False
    disputed: bool = False
    whose: Whose = ""
    order: Order = "queue"

    @property
    def over(self) -> bool:
        """Whether it shows cards that have a verdict, instead of those that wait."""
        return self.decided or self.disputed

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL about STANDING, but for what depends on who asks: `decided`, `disputed` and `whose`."""
        about = self._about_items()
        out: list[ColumnElement[bool]] = [STANDING.c.item.in_(select(ITEMS.c.id).where(*about))] if about else []
        if self.failed in ("any", "none"):
            out.append(STANDING.c.failed > 0 if self.failed == "any" else STANDING.c.failed == 0)
        if self.reviewer:
            own = (DECISIONS.c.annotator == self.reviewer) & DECISIONS.c.action.in_(VERDICTS)
            out.append(STANDING.c.item.in_(latest(own).with_only_columns(DECISIONS.c.item)))
        return [*out, STANDING.c.flagged.is_(True)] if self.flagged else out

    def _about_items(self) -> list[ColumnElement[bool]]:
        """What is asked of an item's own row."""
        wanted = {ITEMS.c.operation: self.operation, ITEMS.c.hotels: self.hotels}
        out: list[ColumnElement[bool]] = [column == value for column, value in wanted.items() if value]
        if self.failed and self.failed not in ("any", "none"):
            out.append(ITEMS.c.failed.contains(f",{self.failed},", autoescape=True))
        if self.slot:
            out.append(ITEMS.c.slots.contains(f",{self.slot},", autoescape=True))
        out += [ITEMS.c.words.contains(word, autoescape=True) for word in self.text.split()]
        if self.run:
            out.append(made_by(self.run))
        return out


@dataclass
class Counts:
    """Where the review stands: items by their verdict, all of them by operation; `mine` are one person's verdicts."""

    pending: int = 0
    approve: int = 0
    edit: int = 0
    reject: int = 0
    disputed: int = 0
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
