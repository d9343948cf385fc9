"""Claims about the review: decisions are appended, undone, traced, and never overwritten, on SQLite and on a real PostgreSQL."""

import contextlib
import os
import pwd
import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, call, reply, user
from chatbot.corpus.checks import Check
from chatbot.corpus.review.drafts import Draft
from chatbot.corpus.review.items import Candidate, Filter
from chatbot.corpus.review.queue import ReviewStore

BIN = Path("/usr/lib/postgresql/15/bin")
BAD = Check("slots", False, "这句话里没有“4.5分以上”")


def candidate(n, operation="spoken", check=None):
    made = Conversation(id=f"c{n}", source=f"s{n}", messages=[user(f"第{n}句"), reply("好")])
    return Candidate(made, operation, made, [check or Check("slots", True)])


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A PostgreSQL of its own, run as the user that its package made; gives its URL."""
    if not (BIN / "initdb").exists() or os.geteuid() != 0:
        pytest.skip("needs Debian's PostgreSQL 15 and root")
    pytest.importorskip("psycopg", reason="needs psycopg[binary]")
    folder = Path("/tmp") / f"review-postgres-{os.getpid()}"
    folder.mkdir()
    account = pwd.getpwnam("postgres")
    os.chown(folder, account.pw_uid, account.pw_gid)

    def as_postgres(*argv):
        subprocess.run(
            ["runuser", "-u", "postgres", "--", *map(str, argv)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )

    as_postgres(BIN / "initdb", "-D", folder / "data", "--auth=trust", "-E", "UTF8", "--locale=C")
    as_postgres(
        BIN / "pg_ctl",
        "-D",
        folder / "data",
        "-w",
        "-l",
        folder / "log",
        "-o",
        f"-c listen_addresses= -k {folder}",
        "start",
    )
    yield f"postgresql://postgres@/postgres?host={folder}"
    as_postgres(BIN / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'review.sqlite'}"
    return request.getfixturevalue("postgres")


@pytest.fixture
def review(url):
    store = ReviewStore(url, overlap=0.0)
    yield store
    if url.startswith("postgresql"):
        with store._engine.begin() as db:
            db.exec_driver_sql(
                "DROP TABLE review_claims, review_drafts, review_decisions, review_standing, review_items"
            )
    store.close()


def test_the_same_candidate_is_put_up_once(review):
    assert review.add_many([candidate(1), candidate(2)]) == 2
    assert review.add_many([candidate(2), candidate(3)]) == 1
    assert review.counts().pending == 3


def test_a_decision_counts_and_the_next_card_is_another(review):
    review.add_many([candidate(1), candidate(2)])
    first = review.next("li")
    review.decide(first, "li", "approve")
    assert review.next("li").id != first.id
    counts = review.counts("li")
    assert (counts.pending, counts.approve, counts.mine) == (1, 1, 1)
    assert [c.id for c in review.approved()] == [first.conversation.id]


def test_an_edit_replaces_the_content_and_keeps_the_original(review):
    review.add_many([candidate(1)])
    card = review.next("li")
    edited = card.conversation.model_copy(update={"messages": [user("改过的"), reply("好")]})
    review.decide(card, "li", "edit", edited, [BAD])
    assert next(review.approved()).messages[0].content == "改过的"
    again = review.card(card.id)
    assert again.original.messages[0].content == "第1句"
    assert again.checks == [BAD]


def test_undo_takes_back_the_last_decision_and_leaves_its_trace(review):
    review.add_many([candidate(1), candidate(2)])
    for action in ("approve", "reject"):
        review.decide(review.next("li"), "li", action)
    assert review.undo("li").card.conversation.id == "c2"
    assert review.counts().reject == 0
    assert review.undo("li").card.conversation.id == "c1"
    assert review.undo("li") is None
    assert [row["action"] for row in review.audit()] == ["approve", "reject", "undo", "undo"]


def test_the_second_of_two_people_on_one_card_is_told_and_overwrites_nothing(review):
    review.add_many([candidate(1)])
    seen = review.next("li")
    review.decide(seen, "wang", "reject")
    with pytest.raises(InputError, match="meanwhile"):
        review.decide(seen, "li", "approve")
    assert review.counts().reject == 1


def test_many_people_at_once_decide_every_card_exactly_once(review, url):
    review.add_many(candidate(n) for n in range(24))
    failed = []

    def work(name):
        store = ReviewStore(url, overlap=0.0)
        try:
            while card := store.next(name):
                with contextlib.suppress(InputError):
                    store.decide(card, name, "approve")
        except Exception as error:
            failed.append(error)
        store.close()

    people = [threading.Thread(target=work, args=(name,)) for name in ("li", "wang", "zhao")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert not failed
    decided = [row["item"] for row in review.audit()]
    assert sorted(decided) == sorted(set(decided))
    assert len(decided) == 24


def test_a_card_on_one_screen_is_not_shown_on_another(review):
    review.add_many([candidate(1), candidate(2)])
    assert review.next("li").id != review.next("wang").id


def test_a_skipped_card_comes_last(review):
    review.add_many([candidate(1), candidate(2)])
    first = review.next("li")
    review.decide(first, "li", "skip")
    second = review.next("li", after=first.id)
    review.decide(second, "li", "approve")
    assert review.next("li").id == first.id


def test_filters_and_bulk_approval_leave_what_failed_a_check(review):
    review.add_many([candidate(1), candidate(2, check=BAD), candidate(3, "by_cap")])
    assert review.next("li", Filter(failed="slots")).conversation.id == "c2"
    assert review.next("li", Filter(operation="by_cap")).conversation.id == "c3"
    assert review.bulk_approve("li", Filter(operation="spoken")) == 1
    assert review.bulk_approve("li") == 1
    assert [c.id for c in review.approved()] == ["c1", "c3"]


def test_bulk_approval_says_what_it_takes_takes_no_more_and_is_undone_as_one_step(review):
    review.add_many([candidate(1), candidate(2, check=BAD), candidate(3, "by_cap"), candidate(4), candidate(5)])
    review.decide(review.next("li", after=4), "li", "flag")
    review.decide(review.next("li"), "li", "reject", reason="意思变了")
    asked = review.bulk("li", Filter(operation="spoken"))
    assert (asked.n, asked.shown, asked.failed, asked.flagged) == (1, 3, 1, 1)
    review.add_many([candidate(6)])
    assert review.bulk_approve("li", Filter(operation="spoken"), asked.until) == 1
    assert review.bulk_approve("li", Filter(operation="by_cap")) == 1
    assert [c.id for c in review.approved()] == ["c3", "c4"]
    assert review.undo("li").n == 1
    assert review.bulk_approve("li") == 2
    assert review.undo("li").n == 2
    assert [c.id for c in review.approved()] == ["c4"]
    assert [review.undo("li").card.conversation.id for _ in range(3)] == ["c4", "c1", "c5"]
    assert review.undo("li") is None
    assert review.counts("li").pending == 6


def test_cards_are_found_by_words_slots_database_reviewer_and_flag(review):
    made = Conversation(id="a", source="a", messages=[user("要100%安静的"), call({"type": "豪华型"}), reply("好")])
    review.add_many([candidate(1), Candidate(made, "by_cap", hotels="苏州"), candidate(3)])

    def shown(**wishes):
        return [line.id for line in review.listing("li", Filter(**wishes)).lines]

    assert shown() == [1, 2, 3]
    assert shown(text="100% 安静") == [2]
    assert shown(text="10_% 安静") == []
    assert (shown(slot="type"), shown(slot="typ"), shown(hotels="苏州")) == ([2], [], [2])
    review.decide(review.card(1), "wang", "flag", comment="请主管看")
    review.decide(review.card(3), "wang", "approve")
    assert (shown(), shown(flagged=True), shown(decided=True)) == ([1, 2], [1], [3])
    assert shown(decided=True, reviewer="li") == []
    assert shown(decided=True, reviewer="wang") == [3]
    assert review.next("li", Filter(flagged=True)).id == 1
    review.decide(review.card(1), "li", "approve")
    assert shown(flagged=True) == []
    found = review.found()
    assert (found.operations, found.hotels, found.reviewers, found.slots) == (
        ["by_cap", "spoken"], ["苏州"], ["li", "wang"], ["type"],
    )  # fmt: skip


def test_lists_begin_with_what_the_checks_or_two_people_disagree_on(review, url):
    worse = Candidate(candidate(3).conversation, "spoken", None, [BAD, Check("form", False, "x")])
    review.add_many([candidate(1), candidate(2, check=BAD), worse, candidate(4, check=BAD)])
    failed = Filter(order="failed")
    assert [line.id for line in review.listing("li", failed).lines] == [3, 2, 4, 1]
    assert [review.next("li", failed, after=item).id for item in (3, 2, 4, 1)] == [2, 4, 1, 3]
    assert review.peek("li", failed, 3).id == 2
    for item, name, action in ((1, "li", "approve"), (2, "li", "approve"), (2, "wang", "reject")):
        review.decide(review.card(item), name, action)
    both = Filter(decided=True, order="disagreement")
    assert [line.id for line in review.listing("li", both).lines] == [2, 1]


def test_the_list_is_the_stretch_around_the_card_in_hand(review):
    review.add_many(candidate(n) for n in range(100))
    listing = review.listing("li", Filter(), at=60, size=20)
    assert (listing.start, listing.total, listing.lines[0].id) == (53, 100, 54)
    assert len(review.listing("li", Filter(), at=100, size=20).lines) == 20


def test_a_draft_is_kept_per_person_until_it_is_saved_and_comes_back_with_an_undo(review, url):
    review.add_many([candidate(1)])
    review.keep_draft(1, "li", Draft(words={0: "改到一半"}))
    other = ReviewStore(url)
    assert other.draft(1, "li") == Draft(words={0: "改到一半"})
    assert other.draft(1, "wang") is None
    other.close()
    card = review.next("li")
    edited = card.conversation.model_copy(update={"messages": [user("改完了"), reply("好")]})
    review.decide(card, "li", "edit", edited, [])
    assert review.draft(1, "li") is None
    assert review.undo("li").card.conversation == card.conversation
    assert review.draft(1, "li") == Draft(words={0: "改完了"})
    review.keep_draft(1, "li", Draft())
    assert review.draft(1, "li") is None


def test_a_decision_whose_answer_got_lost_is_not_made_twice(review):
    review.add_many([candidate(1)])
    card = review.next("li")
    for _ in range(2):
        review.decide(card, "li", "reject", reason="不像人话", comment="太书面")
    assert [(row["action"], row["reason"], row["comment"]) for row in review.audit()] == [
        ("reject", "不像人话", "太书面")
    ]
    assert review.reasons() == ["不像人话"]
    assert (review.team.person("li", 0).reasons, review.team.person("wang", 0).actions) == ({"不像人话": 1}, {})


def test_the_audit_says_what_a_card_looked_like_before_and_after_an_edit(review):
    review.add_many([candidate(1)])
    for words in ("第一次", "第二次"):
        card = review.card(1)
        edited = card.conversation.model_copy(update={"messages": [user(words), reply("好")]})
        review.decide(card, "li", "edit", edited, [])
    review.undo("li")
    rows = review.audit()
    changes = [[row[key]["messages"][0]["content"] for key in ("before", "after")] for row in rows if "before" in row]
    assert changes == [["第1句", "第一次"], ["第一次", "第二次"]]
    assert [row["action"] for row in review.audit(newest=1)] == ["undo"]


def test_a_database_of_an_earlier_version_gets_what_it_lacks(tmp_path):
    path = tmp_path / "old.sqlite"
    store = ReviewStore(f"sqlite:///{path}")
    store.add_many([candidate(1)])
    store.decide(store.next("li"), "li", "reject")
    store.close()
    with sqlite3.connect(path) as db:
        for column in ("words", "slots", "hotels"):
            db.execute(f"ALTER TABLE review_items DROP COLUMN {column}")
        db.execute("DROP TABLE review_drafts")
        db.execute("DROP TABLE review_standing")
        db.execute("UPDATE review_items SET overlap = 1")
    store = ReviewStore(f"sqlite:///{path}")
    assert store.counts().reject == 1
    assert store.next("wang").need == 2
    assert [line.words for line in store.listing("wang", Filter(text="第1句")).lines] == ["第1句\n好"]
    store.close()


def test_a_database_that_cannot_be_opened_is_named_without_its_password():
    with pytest.raises(InputError) as error:
        ReviewStore("postgresql://li:secret@127.0.0.1:1/none")
    assert "secret" not in str(error.value)
