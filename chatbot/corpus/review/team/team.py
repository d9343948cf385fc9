"""What a lead asks of the review and tells it: who decides on what, and how well people agree."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.engine import Connection, Engine

from chatbot.corpus.review.agreement import Agreement, agreement
from chatbot.corpus.review.database import DECISIONS, STANDING, reading
from chatbot.corpus.review.items import Filter
from chatbot.corpus.review.team import dealing
from chatbot.corpus.review.team.dealing import Plan
from chatbot.corpus.review.team.judgements import Judgement, judgements
from chatbot.corpus.review.team.people import Person, kept_by_card, minutes, people


class Team:
    """The people of one review database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def plan(self) -> Plan | None:
        """How cards are dealt; None where nobody has said so."""
        with reading(self._engine) as db:
            return dealing.plan(db)

    def deal(self, plan: Plan, annotator: str) -> int:
        """Deal what waits, and what comes, by a plan; returns how many cards were dealt. See `dealing.deal`."""
        with self._engine.begin() as db:
            return dealing.deal(db, plan, annotator)

    def judgements(self, item: int) -> list[Judgement]:
        """What people said of a card, one verdict a person."""
        with reading(self._engine) as db:
            return judgements(db, item)

    def agreement(self) -> Agreement:
        """How well people agree on the cards that several decided on by themselves."""
        with reading(self._engine) as db:
            kept = kept_by_card(db)
        return agreement(kept)

    def people(self, since: float) -> list[Person]:
        """Everybody with a verdict since a moment (Unix seconds)."""
        with reading(self._engine) as db:
            return people(db, since)

    def person(self, name: str, since: float) -> Person:
        """One person's verdicts since a moment (Unix seconds)."""
        with reading(self._engine) as db:
            found = people(db, since, name)
        return found[0] if found else Person(name)

    def minutes(self, only: Filter) -> float:
        """Minutes that people have spent on the cards of a filter, as far as their verdicts tell."""
        with reading(self._engine) as db:
            return minutes(db, select(STANDING.c.item).where(*only.conditions()))

    def is_new(self, name: str) -> bool:
        """Whether somebody has never done anything in this review."""
        with reading(self._engine) as db:
            return db.scalar(select(DECISIONS.c.id).where(DECISIONS.c.annotator == name).limit(1)) is None

    def spread(self, item: int) -> None:
        """Put a gold card between others that wait."""
        with self._engine.begin() as db:
            dealing.spread(db, [item])

    def standing(self) -> dict[str, int]:
        """How many cards are disputed and wait for a lead, and how many have a known answer."""
        with reading(self._engine) as db:
            return {
                "disputed": _count(db, STANDING.c.verdict == "disputed"),
                "gold": _count(db, STANDING.c.answer != ""),
                "common": _count(db, STANDING.c.need > 1),
            }

    def without_doubt(self) -> list[int]:
        """Items that wait and whose calls no model has read yet."""
        with reading(self._engine) as db:
            waiting = select(STANDING.c.item).where(STANDING.c.judges == 0, STANDING.c.doubt.is_(None))
            return list(db.scalars(waiting.order_by(STANDING.c.place)))

    def keep_doubts(self, doubts: Mapping[int, float]) -> None:
        """Keep 1 − the model's probability of the items' calls."""
        rows: Sequence[dict[str, float]] = [{"of": item, "doubt": doubt} for item, doubt in doubts.items()]
        if rows:
            change = update(STANDING).where(STANDING.c.item == bindparam("of"))
            with self._engine.begin() as db:
                db.execute(change.values(doubt=bindparam("doubt")), rows)


def _count(db: Connection, where: object) -> int:
    return db.scalar(select(func.count()).select_from(STANDING).where(where)) or 0  # type: ignore[arg-type]
