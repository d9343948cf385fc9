"""What people write into the workspace: decisions of the review, accounts and passes, feedback and votes."""

import json
import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from argon2 import PasswordHasher
from sqlalchemy import create_engine, select

from chatbot.core.accounts import Accounts
from chatbot.core.messages import Conversation, reply, user
from chatbot.core.trust.passes import Passes
from chatbot.corpus.review.database import DECISIONS, ITEMS, STANDING
from chatbot.corpus.review.drafts import Draft
from chatbot.corpus.review.feedback import read_feedback, record_feedback
from chatbot.corpus.review.items import Candidate
from chatbot.corpus.review.queue import ReviewStore
from chatbot.corpus.review.team.standing import refresh
from chatbot.evaluation.reporting.votes import Vote, read_votes, record_vote


class Notes:
    """What the work was about to write, and what it was told is written: one line each, beside the work."""

    def __init__(self, home: Path) -> None:
        self._path = home / "notes"

    def say(self, *words: Any) -> None:
        """Add a line in one write."""
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(file, (json.dumps(words) + "\n").encode())
        os.close(file)

    def said(self, kind: str) -> list[list[Any]]:
        """The lines of a kind, without it."""
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        return [found[1:] for found in map(json.loads, lines) if found[0] == kind]

    def last(self) -> tuple[dict[str, str], list[list[Any]], list[list[Any]]]:
        """What the last process found at its beginning, what it was told is written, and what it tried."""
        lines = [json.loads(line) for line in self._path.read_text().splitlines()] if self._path.exists() else []
        at = max((n for n, line in enumerate(lines) if line[0] == "begun"), default=-1)
        since = lines[at + 1 :]
        begun = lines[at][1] if at >= 0 else {"root": "admin"}
        return begun, *([line[1:] for line in since if line[0] == kind] for kind in ("done", "try"))  # type: ignore[return-value]


class Records:
    """A scene of many small writes, each noted before and after; `one` does the next one."""

    length = 30

    def begin(self, home: Path) -> None:
        """Nothing is needed."""

    def open(self, home: Path) -> None:
        """Nothing stays."""

    def close(self) -> None:
        """Nothing stayed."""

    def work(self, home: Path) -> None:
        """Write until enough was acknowledged."""
        notes, rng = Notes(home), random.Random(f"{home.name}-{os.getpid()}")
        opened = self.opened(home)
        while len(notes.said("done")) < self.length:
            self.one(opened, notes, rng)

    def opened(self, home: Path) -> Any:
        """What the writes go through."""
        raise NotImplementedError

    def one(self, opened: Any, notes: Notes, rng: random.Random) -> None:
        """One write."""
        raise NotImplementedError

    def check(self, home: Path) -> list[str]:
        """What does not hold."""
        raise NotImplementedError

    def end(self, home: Path, whole: Path) -> list[str]:
        """Nothing more than after a kill."""
        return []


def card(number: str) -> Conversation:
    """A conversation like no other."""
    return Conversation(id=number, source=number, messages=[user(f"找酒店{number}"), reply("好的。")])


class Review(Records):
    """Cards put up three at a time, decided on, taken back, approved in bulk, drafted."""

    def begin(self, home: Path) -> None:
        """Some cards to begin with, one of which has a known failing check less than the others."""
        review = ReviewStore(self._url(home))
        review.add_many(Candidate(card(f"first{n}"), "first") for n in range(12))
        review.close()

    def _url(self, home: Path) -> str:
        return f"sqlite:///{home / 'review.sqlite'}"

    def opened(self, home: Path) -> ReviewStore:
        """The review."""
        return ReviewStore(self._url(home))

    def one(self, opened: ReviewStore, notes: Notes, rng: random.Random) -> None:
        """One of five things that people do."""
        token = uuid4().hex
        what = rng.choice(["add", "decide", "decide", "decide", "undo", "bulk", "draft"])
        if what == "decide":
            self._decide(opened, notes, rng, token)
        elif what == "add":
            notes.say("try", what, token)
            opened.add_many(Candidate(card(f"{token}-{n}"), token) for n in range(3))
            notes.say("done", what, token)
        elif what == "undo":
            notes.say("try", what, token)
            notes.say("done" if opened.undo("ann") else "none", what, token)
        elif what == "bulk":
            notes.say("try", what, token, opened.bulk(token).n)
            notes.say("done", what, token, opened.bulk_approve(token))
        elif (shown := opened.next("ann")) is not None:
            notes.say("try", what, token, shown.id)
            opened.keep_draft(shown.id, token, Draft(words={0: token}))
            notes.say("done", what, token, shown.id)

    def _decide(self, opened: ReviewStore, notes: Notes, rng: random.Random, token: str) -> None:
        shown = opened.next("ann")
        if shown is None:
            return
        action = rng.choice(["approve", "edit", "reject", "skip", "flag"])
        notes.say("try", "decide", token)
        edited = card(f"edited-{token}") if action == "edit" else None
        opened.decide(shown, "ann", action, edited, comment=token)  # type: ignore[arg-type]
        notes.say("done", "decide", token)

    def check(self, home: Path) -> list[str]:
        """Every acknowledged decision once, nothing twice, nothing half, and standings that agree with the decisions."""
        notes, wrong = Notes(home), list[str]()
        with closing(sqlite3.connect(home / "review.sqlite")) as raw:
            if (found := raw.execute("PRAGMA integrity_check").fetchone()) != ("ok",):
                wrong.append(f"the database is damaged: {found}")
        engine = create_engine(self._url(home))
        with engine.connect() as db:
            decisions = [dict(row) for row in db.execute(select(DECISIONS)).mappings()]
            added = list(db.scalars(select(ITEMS.c.operation)))
            before = [tuple(row) for row in db.execute(select(STANDING).order_by(STANDING.c.item))]
            refresh(db, [row[0] for row in before])
            after = [tuple(row) for row in db.execute(select(STANDING).order_by(STANDING.c.item))]
            db.rollback()
        engine.dispose()
        if before != after or len(before) != len(added):
            wrong.append("standings do not agree with the decisions")
        comments = [row["comment"] for row in decisions]
        undone = sum(row["action"] == "undo" for row in decisions)
        done, tried = notes.said("done"), notes.said("try")
        wrong += lost("decision", [t for w, t, *_ in done if w == "decide"], comments, [t for w, t, *_ in tried])
        wrong += [f"half of an addition: {t}" for w, t, *_ in tried if w == "add" and added.count(t) not in (0, 3)]
        wrong += [f"a lost addition: {t}" for w, t, *_ in done if w == "add" and added.count(t) != 3]
        by = [row["annotator"] for row in decisions]
        wrong += [f"half of a bulk: {t}" for w, t, *n in tried if w == "bulk" and by.count(t) not in (0, *n)]
        wrong += [f"a lost bulk: {t}" for w, t, *n in done if w == "bulk" and [by.count(t)] != n]
        takes = sum(w == "undo" for w, *_ in done), sum(w == "undo" for w, *_ in tried)
        wrong += (
            [] if takes[0] <= undone <= takes[1] else [f"{undone} steps taken back, {takes} acknowledged and tried"]
        )
        return wrong + self._drafts(home, [(t, *n) for w, t, *n in done if w == "draft"])

    def _drafts(self, home: Path, kept: list[tuple[str, int]]) -> list[str]:
        review = ReviewStore(self._url(home))
        lost_ones = [token for token, item in kept if not review.draft(item, token)]
        review.close()
        return [f"a lost draft: {token}" for token in lost_ones]


def lost(what: str, done: list[str], found: list[str], tried: list[str]) -> list[str]:
    """Acknowledged writes that are not there, that are there twice, and those that nobody made."""
    wrong = [f"a lost {what}: {token}" for token in done if token not in found]
    wrong += [f"a {what} twice: {token}" for token in {*tried} if found.count(token) > 1]
    return wrong + [f"a {what} of nobody: {token}" for token in {*found} - {*tried} - {""}]


class AccountChanges(Records):
    """Accounts added, changed and removed; sessions given and revoked."""

    length = 40

    def begin(self, home: Path) -> None:
        """An admin, who stays."""
        self._accounts(home).add("root", "password", "admin")

    def _accounts(self, home: Path) -> Accounts:
        return Accounts(home / "accounts.json", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))

    def opened(self, home: Path) -> Passes:
        """The passes of the accounts; which accounts there are is noted, since the last change may have been cut off."""
        Notes(home).say("begun", self._accounts(home).roles())
        return Passes(home / "access.sqlite", self._accounts(home))

    def one(self, opened: Passes, notes: Notes, rng: random.Random) -> None:
        """One change."""
        accounts, name = opened.accounts, f"user{rng.randrange(6)}"
        what = rng.choice(["add", "add", "remove", "pass", "revoke"])
        given = [secret for _, _, secret in (n for n in notes.said("done") if n[0] == "pass")]
        if what == "add":
            role = rng.choice(["annotator", "engineer", "admin"])
            notes.say("try", what, name, role)
            accounts.add(name, "password", role)
            notes.say("done", what, name, role)
        elif what == "remove" and name in accounts.roles():
            notes.say("try", what, name)
            accounts.remove(name)
            notes.say("done", what, name)
        elif what == "pass":
            notes.say("try", what, "root")
            notes.say("done", what, "root", opened.give("root", "session", days=1))
        elif what == "revoke" and given:
            notes.say("try", what, secret := rng.choice(given))
            opened.end(secret)
            notes.say("done", what, secret)

    def check(self, home: Path) -> list[str]:
        """The file says what the acknowledged changes add up to, or that and the one under way; sessions stand that were given."""
        notes, accounts = Notes(home), self._accounts(home)
        done, tried = notes.said("done"), notes.said("try")
        now = accounts.roles()
        (begun, done_since, tried_since) = notes.last()
        fits = [roles_after(begun, done_since), roles_after(begun, [*done_since, *tried_since[-1:]])]
        wrong = [] if now in fits else [f"accounts are {now}, not one of {fits}"]
        if (home / "accounts.json").stat().st_mode & 0o777 != 0o600:
            wrong.append("others can read the accounts")
        passes = Passes(home / "access.sqlite", accounts)
        gone = {secret for what, secret, *_ in tried if what == "revoke"}
        given = [secret for what, _, *more in done if what == "pass" for secret in more]
        wrong += [
            "a lost session" for secret in given if secret not in gone and passes.whose(secret, "session") != "root"
        ]
        back = [secret for what, secret, *_ in done if what == "revoke" and passes.whose(secret, "session")]
        return wrong + [f"{len(back)} revoked sessions came back" for _ in back[:1]]


def roles_after(roles: dict[str, str], changes: list[list[Any]]) -> dict[str, str]:
    """What accounts are there after changes."""
    roles = {**roles}
    for what, name, *more in changes:
        if what == "add":
            roles[name] = more[0]
        elif what == "remove":
            roles.pop(name, None)
    return roles


class Words(Records):
    """Likes and votes, appended to files."""

    length = 60

    def opened(self, home: Path) -> Path:
        """The folder."""
        return home

    def one(self, opened: Path, notes: Notes, rng: random.Random) -> None:
        """One of either, with a word that no other has."""
        token, what = f"\u2028{uuid4().hex}", rng.choice(["like", "vote"])
        notes.say("try", what, token)
        if what == "like":
            record_feedback([user(token * 50)], model="m", liked=True, comment=token, workspace=opened)
        else:
            record_vote(opened / "votes.jsonl", Vote("a", "b", "left", token))
        notes.say("done", what, token)

    def check(self, home: Path) -> list[str]:
        """Each acknowledged one once."""
        done, tried = Notes(home).said("done"), Notes(home).said("try")
        likes = [given.comment for given in read_feedback(home)]
        votes = [vote.text for vote in read_votes(home / "votes.jsonl")]
        wrong = []
        for what, found in (("like", [w.strip() for w in likes]), ("vote", [w.strip() for w in votes])):
            of = [[token.strip() for w, token in lines if w == what] for lines in (done, tried)]
            wrong += lost(what, of[0], found, of[1])
        return wrong


SCENES = {"review": Review, "accounts": AccountChanges, "words": Words}
