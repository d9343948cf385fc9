"""People's decisions on conversations: appended and never changed, so that nothing is lost and everything can be traced."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from sqlalchemy import Select, and_, func, insert, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation
from chatbot.corpus.checks import Check
from chatbot.corpus.review.agreement import kappa
from chatbot.corpus.review.database import CLAIMS, DECISIONS, ITEMS, engine_for, latest, sampled
from chatbot.corpus.review.items import Candidate, Card, Counts, Filter, checks_json, row_of
from chatbot.corpus.review.runs import decided, in_review

Action = Literal["approve", "edit", "reject", "skip", "undo"]
VERDICTS = ("approve", "edit", "reject")
CLAIM_SECONDS = 600.0
"""How long a card is kept for the person who has it open."""
TRIES = 20
OVERLAP = 0.1
"""Share of items that two people decide on, to measure how well they agree."""


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
        """The next card that this person has to decide on, kept for them for ten minutes; None where there is none.

        Cards come in order after `after` and then from the start; skipped ones come last.
        """
        for _ in range(TRIES):
            try:
                item = self._take(annotator, only or Filter(), after)
                return None if item is None else self.card(item)
            except (IntegrityError, _TakenError):
                continue  # somebody took the same card at the same moment: look again
        return None

    def _take(self, annotator: str, only: Filter, after: int) -> int | None:
        """Choose the next card and keep it for this person."""
        with self._engine.begin() as db:
            skipped = select(DECISIONS.c.item).where(DECISIONS.c.annotator == annotator, DECISIONS.c.action == "skip")
            order = (ITEMS.c.id.in_(skipped), ITEMS.c.id <= after, ITEMS.c.id)
            row: Any = db.execute(_todo(annotator).where(*only.conditions()).order_by(*order).limit(1)).first()
            if row is None:
                return None
            _claim(db, int(row[0]), annotator)
            if db.execute(_todo(annotator).where(ITEMS.c.id == row[0])).first() is None:
                raise _TakenError  # decided between the look and the claim; the claim is rolled back
            return int(row[0])

    def decide(
        self,
        card: Card,
        annotator: str,
        action: Action,
        conversation: Conversation | None = None,
        checks: Sequence[Check] | None = None,
    ) -> None:
        """Append a decision on a card as it was seen.

        Args:
            conversation: the edited content, for "edit".
            checks: the checks of the edited content.

        Raises:
            InputError: somebody else has decided meanwhile; their decision stands.
        """
        edited = {"conversation": conversation.to_json(), "checks": checks_json(checks or [])} if conversation else {}
        with self._engine.begin() as db:
            overlap = bool(db.scalar(select(ITEMS.c.overlap).where(ITEMS.c.id == card.id)))
            seen = self._seen(db, card, annotator, overlap)
            try:
                db.execute(
                    insert(DECISIONS).values(
                        item=card.id, seq=seen + 1, annotator=annotator, action=action, at=time.time(), **edited
                    )
                )
            except IntegrityError as error:
                raise _conflict(card) from error
            db.execute(CLAIMS.delete().where(CLAIMS.c.item == card.id))

    def _seen(self, db: Connection, card: Card, annotator: str, overlap: bool) -> int:
        """The number of decisions to append after. On an item for two people the other one's decision is no conflict."""
        since = select(DECISIONS.c.annotator, DECISIONS.c.action).where(
            DECISIONS.c.item == card.id, DECISIONS.c.seq > card.seen
        )
        others = [action for who, action in db.execute(since).all() if who != annotator and action != "skip"]
        if others and not overlap:
            raise _conflict(card)
        return db.scalar(select(func.coalesce(func.max(DECISIONS.c.seq), 0)).where(DECISIONS.c.item == card.id)) or 0

    def undo(self, annotator: str) -> Card | None:
        """Take this person's last decision back (by a new row); returns its card, None where there is nothing to undo."""
        last = latest(DECISIONS.c.annotator == annotator).order_by(DECISIONS.c.id.desc()).limit(1)
        with self._engine.begin() as db:
            row = db.execute(last).mappings().first()
            if row is None:
                return None
            seq = db.scalar(select(func.max(DECISIONS.c.seq)).where(DECISIONS.c.item == row["item"])) or 0
            db.execute(
                insert(DECISIONS).values(
                    item=row["item"], seq=seq + 1, annotator=annotator, action="undo", undoes=row["id"], at=time.time()
                )
            )
            _claim(db, row["item"], annotator)
        return self.card(int(row["item"]))

    def bulk_approve(self, annotator: str, only: Filter | None = None) -> int:
        """Approve everything that passed all checks, waits for a decision and is not on somebody's screen; returns how many."""
        conditions = [*(only or Filter()).conditions(), ITEMS.c.failed == ""]
        with self._engine.begin() as db:
            items = list(db.scalars(_todo(annotator).where(*conditions, ITEMS.c.overlap.is_(False))))
            for item in items:
                seq = (
                    db.scalar(select(func.coalesce(func.max(DECISIONS.c.seq), 0)).where(DECISIONS.c.item == item)) or 0
                )
                db.execute(
                    insert(DECISIONS).values(
                        item=item, seq=seq + 1, annotator=annotator, action="approve", bulk=True, at=time.time()
                    )
                )
        return len(items)

    def counts(self, annotator: str = "", only: Filter | None = None) -> Counts:
        """Items by their last verdict, and this person's own verdicts; undecided ones of withdrawn runs do not count."""
        there = or_(in_review(), decided())
        conditions = [*(only or Filter()).conditions(), there]
        with self._engine.connect() as db:
            verdicts = latest(DECISIONS.c.action.in_(VERDICTS)).subquery()
            last = select(verdicts.c.item, func.max(verdicts.c.id).label("id")).group_by(verdicts.c.item).subquery()
            rows = (
                select(verdicts.c.action, func.count())
                .join(last, last.c.id == verdicts.c.id)
                .join(ITEMS, ITEMS.c.id == verdicts.c.item)
            )
            by_action: dict[str, int] = {
                action: n for action, n in db.execute(rows.where(*conditions).group_by(verdicts.c.action))
            }
            total = db.scalar(select(func.count()).select_from(ITEMS).where(*conditions)) or 0
            mine = (
                db.scalar(select(func.count(verdicts.c.item.distinct())).where(verdicts.c.annotator == annotator)) or 0
            )
            operations = {
                op: n
                for op, n in db.execute(
                    select(ITEMS.c.operation, func.count())
                    .where(there)
                    .group_by(ITEMS.c.operation)
                    .order_by(ITEMS.c.operation)
                )
            }
        return Counts(total - sum(by_action.values()), mine=mine, operations=operations, **by_action)

    def approved(self) -> Iterator[Conversation]:
        """The conversations whose last verdict is approve or edit, as edited."""
        last: dict[int, str] = {}
        edited: dict[int, str] = {}
        with self._engine.connect() as db:
            for row in db.execute(latest(DECISIONS.c.action.in_(VERDICTS)).order_by(DECISIONS.c.id)).mappings():
                last[row["item"]] = row["action"]
                edited |= {row["item"]: row["conversation"]} if row["action"] == "edit" else {}
            items = {
                item: content
                for item, content in db.execute(select(ITEMS.c.id, ITEMS.c.conversation))
                if last.get(item, "reject") != "reject"
            }
        for item in sorted(items):
            yield Conversation.model_validate_json(edited.get(item, items[item]))

    def audit(self, item: int | None = None) -> list[dict[str, Any]]:
        """Every decision ever made, oldest first: who, when, what, and what it undid."""
        columns = [DECISIONS.c[name] for name in ("id", "item", "annotator", "action", "bulk", "undoes", "at")]
        query = select(*columns).order_by(DECISIONS.c.id)
        with self._engine.connect() as db:
            return [
                dict(row)
                for row in db.execute(query if item is None else query.where(DECISIONS.c.item == item)).mappings()
            ]

    def agreement(self) -> tuple[int, float | None]:
        """Items that two people decided on by themselves, and Cohen's kappa of keep against reject over their first two verdicts."""
        verdicts = latest(and_(DECISIONS.c.action.in_(VERDICTS), DECISIONS.c.bulk.is_(False))).order_by(DECISIONS.c.id)
        by_item: dict[int, dict[str, bool]] = {}
        with self._engine.connect() as db:
            for item, annotator, action in db.execute(
                verdicts.with_only_columns(DECISIONS.c.item, DECISIONS.c.annotator, DECISIONS.c.action)
            ):
                by_item.setdefault(item, {})[annotator] = action != "reject"
        pairs = [[who[name] for name in sorted(who)[:2]] for who in by_item.values() if len(who) > 1]
        return len(pairs), kappa(pairs)


def _effective(item: int) -> Select[Any]:
    """The decisions on an item that have not been undone, the last one first."""
    return latest(DECISIONS.c.item == item).order_by(DECISIONS.c.id.desc())


def _todo(annotator: str) -> Select[tuple[int]]:
    """Items that this person can decide on: without a verdict (overlap items: without theirs, and with one at most), on nobody else's screen."""
    verdicts = latest(DECISIONS.c.action.in_(VERDICTS)).subquery()
    number = select(func.count(verdicts.c.annotator.distinct())).where(verdicts.c.item == ITEMS.c.id).scalar_subquery()
    own = select(verdicts.c.id).where(verdicts.c.item == ITEMS.c.id, verdicts.c.annotator == annotator).exists()
    taken = (
        select(CLAIMS.c.item)
        .where(CLAIMS.c.item == ITEMS.c.id, CLAIMS.c.annotator != annotator, CLAIMS.c.until > time.time())
        .exists()
    )
    open_ = or_(number == 0, and_(ITEMS.c.overlap.is_(True), number == 1))
    return select(ITEMS.c.id).where(open_, ~own, ~taken, in_review())


def _claim(db: Connection, item: int, annotator: str) -> None:
    """Keep a card for the person who has it open, and let go of their earlier one."""
    db.execute(CLAIMS.delete().where(or_(CLAIMS.c.annotator == annotator, CLAIMS.c.until <= time.time())))
    until = time.time() + CLAIM_SECONDS
    if not db.execute(update(CLAIMS).where(CLAIMS.c.item == item).values(annotator=annotator, until=until)).rowcount:
        db.execute(insert(CLAIMS).values(item=item, annotator=annotator, until=until))


def _conflict(card: Card) -> InputError:
    return InputError("corpus.decided", value=card.conversation.id)
