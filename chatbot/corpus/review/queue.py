"""People's decisions on conversations: appended and never changed, so that nothing is lost and everything can be traced."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, func, insert, select
from sqlalchemy.exc import IntegrityError

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation
from chatbot.corpus.checks import Check
from chatbot.corpus.review import forgetting, overview, steps
from chatbot.corpus.review.database import DECISIONS, ITEMS, STANDING, engine_for, reading
from chatbot.corpus.review.deciding import append
from chatbot.corpus.review.drafts import Draft, keep_draft, read_draft
from chatbot.corpus.review.items import Candidate, Card, Counts, Filter, checks_json, row_of
from chatbot.corpus.review.selection import after as comes_after
from chatbot.corpus.review.selection import claim, order, todo, wanted
from chatbot.corpus.review.steps import Bulk
from chatbot.corpus.review.team.contents import approved, edit_of
from chatbot.corpus.review.team.dealing import COMMON, Plan, dealt, plan
from chatbot.corpus.review.team.standing import filled
from chatbot.corpus.review.team.team import Team

Action = Literal["approve", "edit", "reject", "skip", "flag", "comment", "gold", "undo"]
TRIES = 20


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
        overlap: share of items that get two reviewers, until somebody makes a plan.

    Raises:
        InputError: the database cannot be opened.
    """

    def __init__(self, url: str, overlap: float = COMMON) -> None:
        self._engine, self._overlap = filled(engine_for(url)), overlap
        self.team = Team(self._engine)

    @classmethod
    def of_settings(cls) -> "ReviewStore":
        """The review of the workspace, or of the database that the settings name."""
        from chatbot.core.settings import settings

        return cls(settings().review_address())

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
            wanted_by = plan(db) or Plan(common=self._overlap)
            for candidate in candidates:
                row = row_of(candidate)
                if row["key"] not in known:
                    item = db.scalar(insert(ITEMS).values(row).returning(ITEMS.c.id)) or 0
                    failed = row["failed"].count(",") // 2
                    db.execute(insert(STANDING).values(dealt(row["key"], item, failed, wanted_by)))
                    known.add(row["key"])
                    added += 1
        return added

    def card(self, item: int, judge: str = "") -> Card:
        """An item with its latest content.

        Args:
            judge: who is to decide on it by themselves where it is for several people, and sees no other's edit.

        Raises:
            InputError: there is no such item.
        """
        with reading(self._engine) as db:
            found = select(ITEMS, STANDING).join(STANDING, STANDING.c.item == ITEMS.c.id).where(ITEMS.c.id == item)
            row = db.execute(found).mappings().one_or_none()
            if row is None:
                raise InputError("corpus.no_card", value=item)
            seen = db.scalar(select(func.count()).where(DECISIONS.c.item == item)) or 0
            content, checks = edit_of(db, item, judge) or (row["conversation"], row["checks"])
        original = Conversation.model_validate_json(row["original"]) if row["original"] else None
        return Card(
            item,
            Conversation.model_validate_json(content),
            row["operation"],
            original,
            [Check(**c) for c in json.loads(checks or row["checks"])],
            seen,
            row["need"],
            row["verdict"],
            row["answer"],
        )

    def next(self, annotator: str, only: Filter | None = None, after: int = 0) -> Card | None:
        """The next card under a filter, kept for this person for ten minutes; None where there is none.

        Who looks at everybody's cards takes none away from those to whom they are dealt.

        Cards come in the filter's order after `after` and then from the start; of those to decide, skipped ones come last.
        """
        for _ in range(TRIES):
            try:
                item = self._take(annotator, only or Filter(), after)
                return None if item is None else self.card(item, annotator)
            except (IntegrityError, _TakenError):
                continue  # somebody took the same card at the same moment: look again
        return None

    def peek(self, annotator: str, only: Filter, after: int) -> Card | None:
        """The card that would come next, kept for nobody; None where only `after` itself is left."""
        with reading(self._engine) as db:
            item = db.scalar(self._following(annotator, only, after).where(STANDING.c.item != after))
        return None if item is None else self.card(item, annotator)

    def hold(self, annotator: str, item: int) -> Card:
        """A card that somebody picked, kept for them where nobody else has it.

        Raises:
            InputError: there is no such item.
        """
        card = self.card(item, annotator)
        with self._engine.begin() as db:
            if db.scalar(todo(annotator).where(STANDING.c.item == item)) is not None:
                claim(db, item, annotator)
        return card

    def _following(self, annotator: str, only: Filter, after: int) -> Select[Any]:
        wished = order(annotator, only)
        skipped, rest = ([], wished) if only.over else (wished[:1], wished[1:])
        return wanted(annotator, only).order_by(*skipped, comes_after(after, only), *rest).limit(1)

    def _take(self, annotator: str, only: Filter, after: int) -> int | None:
        """Choose the next card and keep it for this person."""
        with self._engine.begin() as db:
            item: int | None = db.scalar(self._following(annotator, only, after))
            if item is None or only.over or only.whose == "all":
                return item
            claim(db, item, annotator)
            if db.scalar(todo(annotator, only.whose).where(STANDING.c.item == item)) is None:
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
        lead: bool = False,
    ) -> None:
        """Append a decision on a card as it was seen; see `deciding.append`.

        Args:
            conversation: the edited content, for "edit".
            checks: the checks of the edited content.
            reason: why it is rejected, in a few words that can be counted.
            comment: anything else to say.
            lead: the person may settle what others disagree on.

        Raises:
            InputError: somebody else has decided meanwhile; their decision stands.
        """
        edited = {"conversation": conversation.to_json(), "checks": checks_json(checks or [])} if conversation else {}
        said = {"action": action, "annotator": annotator, "reason": reason[:80], "comment": comment[:2000]}
        with self._engine.begin() as db:
            append(db, card, said | edited, lead=lead)

    def undo(self, annotator: str, step: str = "") -> Undone | None:
        """Take this person's last step back (by new rows); None where there is nothing to undo. See `steps.undo`."""
        with self._engine.begin() as db:
            rows = steps.undo(db, annotator, step)
        return Undone(self.card(int(rows[0]["item"]), annotator), len(rows)) if rows else None

    def bulk(self, annotator: str, only: Filter | None = None) -> Bulk:
        """What a bulk approval under a filter would take, and what it would leave."""
        with reading(self._engine) as db:
            return steps.bulk(db, annotator, only or Filter())

    def bulk_approve(self, annotator: str, only: Filter | None = None, until: int | None = None, step: str = "") -> int:
        """Approve, as one step, what a filter shows and has nothing against it; returns how many. See `steps.approve_all`."""
        with self._engine.begin() as db:
            return steps.approve_all(db, annotator, only or Filter(), until, step)

    def listing(self, annotator: str, only: Filter, at: int = 0, size: int = 40) -> overview.Listing:
        """The stretch of a filter's cards around one card."""
        with reading(self._engine) as db:
            return overview.listing(db, annotator, only, at, size)

    def found(self) -> overview.Found:
        """What the cards can be filtered by."""
        with reading(self._engine) as db:
            return overview.found(db)

    def counts(self, annotator: str = "", only: Filter | None = None) -> Counts:
        """Items by their last verdict, and this person's own verdicts."""
        with reading(self._engine) as db:
            return overview.counts(db, annotator, only or Filter())

    def reasons(self) -> list[str]:
        """Every reason that somebody has rejected a card for, the most frequent first."""
        with reading(self._engine) as db:
            return overview.reasons(db)

    def draft(self, item: int, annotator: str) -> Draft | None:
        """What this person has typed on a card and not saved; None where there is nothing."""
        with reading(self._engine) as db:
            return read_draft(db, item, annotator)

    def keep_draft(self, item: int, annotator: str, draft: Draft) -> None:
        """Keep what this person has typed on a card; an empty draft is none."""
        with self._engine.begin() as db:
            keep_draft(db, item, annotator, draft)

    def forget(self, operation: str, which: Callable[[Conversation, Conversation | None, float], bool]) -> int:
        """Delete cards of an operation, with all that was decided on them, for good; returns how many.

        Args:
            which: told a card's conversation, the one that it came from, and when it was put up.
        """
        return forgetting.forget(self._engine, operation, which)

    def approved(self, only: Filter | None = None) -> Iterator[Conversation]:
        """The conversations (of a filter) that are let through, as edited."""
        with reading(self._engine) as db:
            yield from approved(db, only or Filter())

    def audit(self, item: int | None = None, newest: int | None = None) -> list[dict[str, Any]]:
        """Every decision ever made (of one item, or only the newest ones), oldest first; see `overview.audit`."""
        with reading(self._engine) as db:
            return overview.audit(db, item, newest)
