"""Where each item stands: worked out whenever somebody decides, so that no question reads all decisions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping, bindparam, insert, select, update
from sqlalchemy.engine import Connection, Engine

from chatbot.corpus.review.database import DECISIONS, ITEMS, KEPT, STANDING, VERDICTS, latest

CHUNK = 500
"""Items that one question names; SQLite bounds their number."""
TELLING = (*VERDICTS, "flag", "gold")
"""Actions that say where an item stands."""


def filled(engine: Engine) -> Engine:
    """The same engine; items of an earlier version get their standing."""
    with engine.begin() as db:
        lacking = select(ITEMS.c.id, ITEMS.c.failed, ITEMS.c.overlap)
        lacking = lacking.where(ITEMS.c.id.not_in(select(STANDING.c.item)))
        rows = [
            {"item": item, "place": float(item), "failed": failed.count(",") // 2, "need": 2 if overlap else 1}
            for item, failed, overlap in db.execute(lacking)
        ]
        if rows:
            db.execute(insert(STANDING), rows)
            refresh(db, [row["item"] for row in rows])
    return engine


def refresh(db: Connection, items: Sequence[int]) -> None:
    """Work out again where items stand, after a decision on them was made or taken back."""
    for at in range(0, len(items), CHUNK):
        some = items[at : at + CHUNK]
        rows: dict[int, list[RowMapping]] = {item: [] for item in some}
        rows |= {item: list(told) for item, told in groupby(_telling(db, some), lambda row: row["item"])}
        need = {item: n for item, n in db.execute(_columns(STANDING.c.need, some))}
        values = [{"of": item} | stands(told, need.get(item, 1)) for item, told in rows.items()]
        names = [name for name in values[0] if name != "of"]
        change = update(STANDING).where(STANDING.c.item == bindparam("of"))
        db.execute(change.values({name: bindparam(name) for name in names}), values)


def _columns(column: Any, items: Iterable[int]) -> Any:
    return select(STANDING.c.item, column).where(STANDING.c.item.in_(items))


def _telling(db: Connection, items: Iterable[int]) -> Iterator[RowMapping]:
    """The decisions on items that still stand and say something, in their order."""
    where = DECISIONS.c.item.in_(items) & DECISIONS.c.action.in_(TELLING) & (DECISIONS.c.part != "gold")
    names = (DECISIONS.c[name] for name in ("id", "item", "annotator", "action", "reason", "part"))
    yield from db.execute(latest(where).with_only_columns(*names).order_by(DECISIONS.c.item, DECISIONS.c.id)).mappings()


def stands(rows: Sequence[RowMapping], need: int) -> dict[str, Any]:
    """Where an item stands after decisions on it; a disagreement is disputed once all who are needed have decided."""
    verdicts = [row for row in rows if row["action"] in VERDICTS]
    last = {row["annotator"]: row["action"] for row in verdicts if row["part"] != "final"}
    kept = sum(action in KEPT for action in last.values())
    final = [row["action"] for row in verdicts if row["part"] == "final"][-1:]
    told = [row["action"] for row in rows if row["action"] != "gold"]
    gold = [row["reason"] for row in rows if row["action"] == "gold"]
    return {
        "verdict": final[0] if final else _verdict(verdicts, last, need),
        "judges": len({row["annotator"] for row in verdicts}),
        "final": bool(final),
        "split": 0 < kept < len(last),
        "flagged": told[-1:] == ["flag"],
        "answer": gold[-1] if gold else "",
    }


def _verdict(verdicts: Sequence[RowMapping], last: Mapping[str, str], need: int) -> str:
    """What people say of an item: of one that is for one person the last word, else what most of them say."""
    if not verdicts or need < 2:
        return str(verdicts[-1]["action"]) if verdicts else ""
    kept = sum(action in KEPT for action in last.values())
    if 2 * kept == len(last):
        return "disputed" if len(last) >= need else ""
    if 2 * kept < len(last):
        return "reject"
    return "edit" if "edit" in last.values() else "approve"
