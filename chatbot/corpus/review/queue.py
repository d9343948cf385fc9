"""People's decisions on conversations: appended and never changed, so that nothing is lost and everything can be traced."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation
from chatbot.corpus.checks import Check
from chatbot.corpus.review import overview, steps
from chatbot.corpus.review.database import CLAIMS, DECISIONS, ITEMS, VERDICTS, engine_for, latest, sampled
from chatbot.corpus.review.drafts import Draft, drop_draft, keep_draft, read_draft
from chatbot.corpus.review.items import Candidate, Card, Counts, Filter, checks_json, row_of
from chatbot.corpus.review.selection import after as comes_after
from chatbot.corpus.review.selection import claim, order, todo, wanted
from chatbot.corpus.review.steps import Bulk

Action = Literal["approve", "edit", "reject", "skip", "flag", "comment", "undo"]
TRIES = 20
OVERLAP = 0.1
"""Share of items that two people decide on, to measure how well they agree."""


@dataclass(frozen=True)
class Undone:
    """A step that was taken back: its card (of a bulk approval the first one), and how many cards it had."""

    card: Card
    n: int


class _TakenError(Exception):
    """Somebody decided on a card at the moment it was chosen."""


class ReviewStore:
    """Candidates and decisions in SQLite (WAL) or, by URL, in PostgreSQL.

    Args:
        url: e.g. `sqlite:///workspace/review.sqlite` or `postgresql://user@host/name`.
        overlap: share of items that get two reviewers.

    Raises:
        InputError: the database cannot be opened.
    """

    def __init__(self, url: str, overlap: float = OVERLAP) -> None:
        self._engine, self._overlap = engine_for(url), overlap

    @classmethod
    def of_settings(cls) -> "ReviewStore":
        """The review of the workspace, or of the database that the settings name."""
        from chatbot.core.settings import settings

        return cls(settings().review_url or f"sqlite:///{settings().folder() / 'review.sqlite'}")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def add(
        self,
        conversation: Conversation,
        operation: str,
        original: Conversation | None = None,
        checks: Sequence[Check] = (),
    ) -> bool:
        """Put one conversation up for review; False where it is there already."""
        return self.add_many([Candidate(conversation, operation, original, checks)]) == 1

    def add_many(self, candidates: Iterable[Candidate]) -> int:
        """Put conversations up for review; returns how many were not there yet (told apart by id, operation and content)."""
        added = 0
        with self._engine.begin() as db:
            known = set(db.scalars(select(ITEMS.c.key)))
            for candidate in candidates:
                row = row_of(candidate)
                if row["key"] not in known:
                    db.execute(insert(ITEMS).values(row | {"overlap": sampled(row["key"], self._overlap)}))
                    known.add(row["key"])
                    added += 1
        return added

    def card(self, item: int) -> Card:
        """An item with its latest content.

        Raises:
            InputError: there is no such item.
        """
        with self._engine.connect() as db:
            row = db.execute(select(ITEMS).where(ITEMS.c.id == item)).mappings().one_or_none()
            if row is None:
                raise InputError("corpus.no_card", value=item)
            seen = db.scalar(select(func.count()).where(DECISIONS.c.item == item)) or 0
            edited = db.execute(_effective(item).where(DECISIONS.c.action == "edit")).mappings().first()
        content, checks = (edited["conversation"], edited["checks"]) if edited else (row["conversation"], row["checks"])
        original = Conversation.model_validate_json(row["original"]) if row["original"] else None
        return Card(
            item,
            Conversation.model_validate_json(content),
            row["operation"],
            original,
            [Check(**c) for c in json.loads(checks)],
            seen,
        )

    def next(self, annotator: str, only: Filter | None = None, after: int = 0) -> Card | None:
        """The next card under a filter, kept for this person for ten minutes; None where there is none.

        Cards come in the filter's order after `after` and then from the start; of those to decide, skipped ones come last.
        """
        for _ in range(TRIES):
            try:
                item = self._take(annotator, only or Filter(), after)
                return None if item is None else self.card(item)
            except (IntegrityError, _TakenError):
                continue  # somebody took the same card at the same moment: look again
        return None

    def peek(self, annotator: str, only: Filter, after: int) -> Card | None:
        """The card that would come next, kept for nobody; None where only `after` itself is left."""
        with self._engine.connect() as db:
            item = db.scalar(self._following(annotator, only, after).where(ITEMS.c.id != after))
        return None if item is None else self.card(item)

    def hold(self, annotator: str, item: int) -> Card:
        """A card that somebody picked, kept for them where nobody else has it.

        Raises:
            InputError: there is no such item.
        """
        card = self.card(item)
        with self._engine.begin() as db:
            if db.scalar(todo(annotator).where(ITEMS.c.id == item)) is not None:
                claim(db, item, annotator)
        return card

    def _following(self, annotator: str, only: Filter, after: int) -> Select[Any]:
        [*skipped, rank, item] = order(annotator, only)
        return wanted(annotator, only).order_by(*skipped, comes_after(after, only), rank, item).limit(1)

    def _take(self, annotator: str, only: Filter, after: int) -> int | None:
        """Choose the next card and keep it for this person."""
        with self._engine.begin() as db:
            item: int | None = db.scalar(self._following(annotator, only, after))
            if item is None or only.decided:
                return item
            claim(db, item, annotator)
            if db.scalar(todo(annotator).where(ITEMS.c.id == item)) is None:
                raise _TakenError  # decided between the look and the claim; the claim is rolled back
            return item

    def decide(
        self,
        card: Card,
        annotator: str,
        action: Action,
        conversation: Conversation | None = None,
        checks: Sequence[Check] | None = None,
        *,
        reason: str = "",
        comment: str = "",
    ) -> None:
        """Append a decision on a card as it was seen; one that is there already, as its answer got lost, is not made twice.

        Args:
            conversation: the edited content, for "edit".
            checks: the checks of the edited content.
            reason: why it is rejected, in a few words that can be counted.
            comment: anything else to say.

        Raises:
            InputError: somebody else has decided meanwhile; their decision stands.
        """
        edited = {"conversation": conversation.to_json(), "checks": checks_json(checks or [])} if conversation else {}
        said = {"action": action, "annotator": annotator, "reason": reason[:80], "comment": comment[:2000]}
        with self._engine.begin() as db:
            if self._made(db, card, said | edited):
                return
            overlap = bool(db.scalar(select(ITEMS.c.overlap).where(ITEMS.c.id == card.id)))
            seq = self._seen(db, card, annotator, overlap) + 1
            try:
                db.execute(insert(DECISIONS).values(item=card.id, seq=seq, at=time.time(), **said, **edited))
            except IntegrityError as error:
                raise _conflict(card) from error
            if action == "edit":
                drop_draft(db, card.id, annotator)
            if action != "comment":
                db.execute(CLAIMS.delete().where(CLAIMS.c.item == card.id))

    def _made(self, db: Connection, card: Card, decision: dict[str, Any]) -> bool:
        """Whether the last thing that happened to a card since it was seen is this very decision."""
        last = select(DECISIONS).where(DECISIONS.c.item == card.id, DECISIONS.c.seq > card.seen)
        row = db.execute(last.order_by(DECISIONS.c.seq.desc()).limit(1)).mappings().first()
        return row is not None and all(row[key] == value for key, value in decision.items())

    def _seen(self, db: Connection, card: Card, annotator: str, overlap: bool) -> int:
        """The number of decisions to append after. On an item for two people the other one's decision is no conflict."""
        since = select(DECISIONS.c.annotator, DECISIONS.c.action).where(
            DECISIONS.c.item == card.id, DECISIONS.c.seq > card.seen
        )
        decisive = (*VERDICTS, "undo")
        others = [action for who, action in db.execute(since).all() if who != annotator and action in decisive]
        if others and not overlap:
            raise _conflict(card)
        return db.scalar(select(func.coalesce(func.max(DECISIONS.c.seq), 0)).where(DECISIONS.c.item == card.id)) or 0

    def undo(self, annotator: str) -> Undone | None:
        """Take this person's last step back (by new rows); None where there is nothing to undo. See `steps.undo`."""
        with self._engine.begin() as db:
            rows = steps.undo(db, annotator)
        return Undone(self.card(int(rows[0]["item"])), len(rows)) if rows else None

    def bulk(self, annotator: str, only: Filter | None = None) -> Bulk:
        """What a bulk approval under a filter would take, and what it would leave."""
        with self._engine.connect() as db:
            return steps.bulk(db, annotator, only or Filter())

    def bulk_approve(self, annotator: str, only: Filter | None = None, until: int | None = None) -> int:
        """Approve, as one step, what a filter shows and has nothing against it; returns how many. See `steps.approve_all`."""
        with self._engine.begin() as db:
            return steps.approve_all(db, annotator, only or Filter(), until)

    def listing(self, annotator: str, only: Filter, at: int = 0, size: int = 40) -> overview.Listing:
        """The stretch of a filter's cards around one card."""
        with self._engine.connect() as db:
            return overview.listing(db, annotator, only, at, size)

    def found(self) -> overview.Found:
        """What the cards can be filtered by."""
        with self._engine.connect() as db:
            return overview.found(db)

    def counts(self, annotator: str = "", only: Filter | None = None) -> Counts:
        """Items by their last verdict, and this person's own verdicts."""
        with self._engine.connect() as db:
            return overview.counts(db, annotator, only or Filter())

    def day(self, annotator: str, since: float) -> overview.Day:
        """A person's verdicts since a moment (Unix seconds), and why they rejected."""
        with self._engine.connect() as db:
            return overview.day(db, annotator, since)

    def reasons(self) -> list[str]:
        """Every reason that somebody has rejected a card for, the most frequent first."""
        with self._engine.connect() as db:
            return overview.reasons(db)

    def draft(self, item: int, annotator: str) -> Draft | None:
        """What this person has typed on a card and not saved; None where there is nothing."""
        with self._engine.connect() as db:
            return read_draft(db, item, annotator)

    def keep_draft(self, item: int, annotator: str, draft: Draft) -> None:
        """Keep what this person has typed on a card; an empty draft is none."""
        with self._engine.begin() as db:
            keep_draft(db, item, annotator, draft)

    def approved(self) -> Iterator[Conversation]:
        """The conversations whose last verdict is approve or edit, as edited."""
        with self._engine.connect() as db:
            yield from overview.approved(db)

    def audit(self, item: int | None = None, newest: int | None = None) -> list[dict[str, Any]]:
        """Every decision ever made (of one item, or only the newest ones), oldest first; see `overview.audit`."""
        with self._engine.connect() as db:
            return overview.audit(db, item, newest)

    def agreement(self) -> tuple[int, float | None]:
        """Items that two people decided on by themselves, and Cohen's kappa over their first two verdicts."""
        with self._engine.connect() as db:
            return overview.agreement(db)


def _effective(item: int) -> Select[Any]:
    """The decisions on an item that have not been undone, the last one first."""
    return latest(DECISIONS.c.item == item).order_by(DECISIONS.c.id.desc())


def _conflict(card: Card) -> InputError:
    return InputError("corpus.decided", value=card.conversation.id)
