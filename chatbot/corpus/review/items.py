"""What is reviewed: a conversation on its way in, the card that a person sees, which cards are wanted, and how far they have come."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement

from chatbot.core.messages import Conversation
from chatbot.corpus.checks import Check
from chatbot.corpus.review.database import ITEMS


@dataclass(frozen=True)
class Candidate:
    """A conversation to be reviewed."""

    conversation: Conversation
    operation: str
    original: Conversation | None = None
    checks: Sequence[Check] = ()


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
    """Which items: all fields that are set must hold. `failed` is a check's name, or "any", or "none"."""

    operation: str | None = None
    failed: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL."""
        out = [ITEMS.c.operation == self.operation] if self.operation else []
        if self.failed in ("any", "none"):
            out.append(ITEMS.c.failed != "" if self.failed == "any" else ITEMS.c.failed == "")
        elif self.failed:
            out.append(ITEMS.c.failed.contains(f",{self.failed},", autoescape=True))
        return out


@dataclass
class Counts:
    """Where the review stands; `mine` are one person's verdicts."""

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
        "checks": checks_json(candidate.checks), "failed": failed, "at": time.time(),
    }  # fmt: skip


def checks_json(checks: Sequence[Check]) -> str:
    """Checks as they are kept beside a conversation."""
    return json.dumps([{"name": c.name, "passed": c.passed, "reason": c.reason} for c in checks], ensure_ascii=False)
