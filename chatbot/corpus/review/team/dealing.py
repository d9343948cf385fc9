"""Who decides on what: a plan deals the cards that wait to people by their shares, some of them to several."""

import hashlib
import re
import time
from collections.abc import Sequence
from itertools import accumulate
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import Column, Float, Integer, String, Table, Text, bindparam, insert, select, update
from sqlalchemy.engine import Connection

from chatbot.core.errors import InputError
from chatbot.corpus.review.database import ITEMS, META, STANDING

PLANS = Table(
    "review_plans",
    META,
    Column("id", Integer, primary_key=True),
    Column("annotator", String(80), nullable=False),
    Column("content", Text, nullable=False),
    Column("at", Float, nullable=False),
)
"""How cards are dealt, by whom and since when; appended, the last one holds."""
COMMON = 0.1
"""Share of the cards that two people decide on where nobody has said otherwise."""
_PERSON = re.compile(r"\s*(?P<name>[^:：,，、;；\n]+?)\s*(?:[:：]\s*(?P<weight>\d+)\s*)?")
Weight = Annotated[int, Field(ge=1, le=1000)]


class Plan(BaseModel):
    """How the cards that wait are dealt.

    Attributes:
        people: name → weight of their share; with nobody in it the cards that are not common are everybody's.
        common: share of the cards that are common.
        judgements: how many people decide on a common card.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    people: dict[str, Weight] = Field(default_factory=dict, max_length=100)
    common: float = Field(COMMON, ge=0, le=1)
    judgements: int = Field(2, ge=2, le=3)

    @model_validator(mode="after")
    def _enough(self) -> "Plan":
        if self.common and 0 < len(self.people) < self.judgements:
            raise InputError("corpus.too_few_people", value=len(self.people), n=self.judgements)
        return self

    def share_of(self, at: float) -> tuple[str, int]:
        """Whose the card at this place (0–1) of a shuffled queue is ("" for everybody), and how many decide on it."""
        if at < self.common or not self.people:
            return "", self.judgements if at < self.common else 1
        ends = list(accumulate(self.people.values()))
        where = (at - self.common) / (1 - self.common) * ends[-1]
        return next(name for name, end in zip(self.people, ends, strict=True) if where < end or end == ends[-1]), 1


def plan_of(people: str, common: float, judgements: int, known: Sequence[str] | None) -> Plan:
    """The plan that a form states.

    Args:
        people: names between commas, each with the weight of its share behind a colon where that is not 1.
        common: percent of the cards.
        known: the accounts; None on a page without any.

    Raises:
        InputError: a name that is no account, or a number that cannot be.
    """
    parts = [part for part in re.split(r"[,，、;；\n]", people) if part.strip()]
    found = [match for part in parts if (match := _PERSON.fullmatch(part))]
    weights = {match["name"]: int(match["weight"] or 1) for match in found}
    for name in weights if known is not None else ():
        if name not in (known or ()):
            raise InputError("corpus.no_person", value=name, choices=list(known or ()))
    try:
        return Plan(people=weights, common=common / 100, judgements=judgements)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError("corpus.plan", value=first["input"], reason=first["msg"]) from error


def plan_text(plan: Plan) -> str:
    """A plan's people as `plan_of` reads them."""
    return "、".join(name if weight == 1 else f"{name}：{weight}" for name, weight in plan.people.items())


def unit(key: str) -> float:
    """An item's place in a shuffled queue, 0–1; depends on its content alone."""
    return int(hashlib.sha256(f"overlap-{key}".encode()).hexdigest()[:8], 16) / 2**32


def plan(db: Connection) -> Plan | None:
    """The plan that holds; None where nobody has made one."""
    content = db.scalar(select(PLANS.c.content).order_by(PLANS.c.id.desc()).limit(1))
    return Plan.model_validate_json(content) if content else None


def deal(db: Connection, wanted: Plan, annotator: str) -> int:
    """Deal what nobody has decided on yet by a plan, which also holds for what comes; returns how many cards that were.

    The shares are exact. Gold cards are spread anew over the queue.
    """
    db.execute(insert(PLANS).values(annotator=annotator, content=wanted.model_dump_json(), at=time.time()))
    waiting = select(ITEMS.c.id, ITEMS.c.key).join(STANDING, STANDING.c.item == ITEMS.c.id)
    waiting = waiting.where(STANDING.c.judges == 0, STANDING.c.answer == "")
    items = sorted(((unit(key), item) for item, key in db.execute(waiting)))
    rows = [
        dict(zip(("of", "owner", "need"), (item, *wanted.share_of(at / len(items))), strict=True))
        for at, (_, item) in enumerate(items)
    ]
    if rows:
        change = update(STANDING).where(STANDING.c.item == bindparam("of"))
        db.execute(change.values(owner=bindparam("owner"), need=bindparam("need")), rows)
    spread(db, list(db.scalars(select(STANDING.c.item).where(STANDING.c.answer != ""))))
    return len(rows)


def spread(db: Connection, gold: Sequence[int]) -> None:
    """Put gold cards where nobody can tell them by their place: between others that wait."""
    open_ = select(STANDING.c.item).where(STANDING.c.judges == 0).order_by(STANDING.c.place)
    waiting = list(db.scalars(open_))
    for item in gold if waiting else ():
        between = waiting[int(unit(f"gold-{item}") * len(waiting))]
        db.execute(update(STANDING).where(STANDING.c.item == item).values(place=between + 0.5))


def dealt(key: str, item: int, failed: int, wanted: Plan) -> dict[str, Any]:
    """The standing of an item that comes in."""
    owner, need = wanted.share_of(unit(key))
    return {"item": item, "place": float(item), "failed": failed, "owner": owner, "need": need}
