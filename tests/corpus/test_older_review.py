"""Claims about a review that an earlier version wrote: it opens, every decision still counts, and what came since works on it, on SQLite and PostgreSQL."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from chatbot.corpus.review.database import META
from chatbot.corpus.review.items import Filter
from chatbot.corpus.review.queue import ReviewStore
from tests.corpus.test_review import postgres  # noqa: F401

FIRST = (Path(__file__).parent.parent / "fixtures" / "older_reviews" / "first.sql").read_text(encoding="utf-8")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def older(request, tmp_path):
    """The address of a database as the first version left it."""
    if request.param == "sqlite":
        with closing(sqlite3.connect(tmp_path / "review.sqlite")) as database:
            database.executescript(FIRST)
        return f"sqlite:///{tmp_path / 'review.sqlite'}"
    url = request.getfixturevalue("postgres").replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url)
    with engine.begin() as database:
        database.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        database.exec_driver_sql(FIRST.replace(" id INTEGER PRIMARY", " id SERIAL PRIMARY"))
        for table in ("review_items", "review_decisions"):
            database.exec_driver_sql(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")
    engine.dispose()
    return url


def test_every_decision_still_counts_and_what_was_taken_back_waits_again(older):
    with closing(ReviewStore(older)) as review:
        counts = review.counts("li")
        assert (counts.pending, counts.edit, counts.mine) == (1, 1, 2)
        assert [c.messages[0].content for c in review.approved()] == ["想搓麻将", "便宜的"]
        assert [row["action"] for row in review.audit()] == ["edit", "approve", "reject", "undo"]
        assert review.card(2).need == 2


def test_cards_are_found_decided_on_and_taken_back_as_new_ones_are(older):
    with closing(ReviewStore(older)) as review:
        assert review.listing("wu", Filter(text="麻将", decided=True)).total == 1
        assert review.listing("wu", Filter(slot="facilities", decided=True)).total == 1
        card = review.next("wu", Filter(operation="followup"))
        review.decide(card, "wu", "reject", reason="不像人话", comment="x")
        assert review.reasons() == ["不像人话"]
        assert review.undo("wu").card.id == card.id


def test_what_a_new_database_has_an_older_one_has_after_it_was_opened(older):
    for _ in range(2):  # a second time there is nothing to do
        ReviewStore(older).close()
    engine = create_engine(older)
    found = inspect(engine)
    for table in META.sorted_tables:
        assert {c.name for c in table.columns} <= {c["name"] for c in found.get_columns(table.name)}
        assert {i.name for i in table.indexes} <= {i["name"] for i in found.get_indexes(table.name)}
    engine.dispose()


def test_two_processes_that_open_it_at_once_both_find_it_whole(older):
    wrong = []

    def open_it():
        try:
            with closing(ReviewStore(older)) as review:
                assert review.counts().pending == 1
        except Exception as error:
            wrong.append(error)

    both = [threading.Thread(target=open_it) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert wrong == []
