"""Sessions of the page and tokens for programs: random, kept as a hash alone, ending by themselves, with their account, or when revoked."""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chatbot.core.accounts import Accounts
from chatbot.core.errors import InputError
from chatbot.core.trust.access import access_database

Kind = Literal["session", "token"]
DAY = 86_400.0
SESSION_DAYS, MOST_DAYS = 14, 3650
PREFIX: dict[Kind, str] = {"session": "hcs_", "token": "hct_"}
"""How a secret of each kind begins, so that people and scanners of repositories know one when they see it."""


@dataclass(frozen=True)
class Pass:
    """What is known of a session or token; its secret is not.

    Attributes:
        id: what it is revoked by.
        label: what a person called it.
        created, expires: Unix times.
    """

    id: str
    name: str
    kind: str
    label: str
    created: float
    expires: float


class Passes:
    """The sessions and tokens of one workspace."""

    def __init__(self, path: Path, accounts: Accounts, clock: Callable[[], float] = time.time) -> None:
        self.path, self.accounts, self._clock = Path(path), accounts, clock

    def give(self, name: str, kind: Kind, *, days: float, label: str = "") -> str:
        """Make a session or token for a user; returns its secret, which nobody can be told again.

        Raises:
            InputError: there is no such user, or the time is none.
        """
        stamp = self.accounts.stamp(name)
        if stamp is None:
            raise InputError("core.user", value=name)
        if not 0 < days <= MOST_DAYS:
            raise InputError("core.token_days", value=days, most=MOST_DAYS)
        secret, now = PREFIX[kind] + secrets.token_urlsafe(32), self._clock()
        row = (_hash(secret), secrets.token_hex(5), name, kind, label[:100], stamp, now, now + days * DAY)
        with access_database(self.path) as database:
            database.execute("DELETE FROM passes WHERE expires <= ?", (now,))
            database.execute("INSERT INTO passes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return secret

    def whose(self, secret: str, kind: Kind) -> str | None:
        """The user whom a secret lets in now; None where it has ended, its account has changed, or it is none of this kind."""
        if not secret.startswith(PREFIX[kind]):
            return None
        with access_database(self.path, reading=True) as database:
            found = database.execute(
                "SELECT name, stamp, expires FROM passes WHERE hash = ? AND kind = ?", (_hash(secret), kind)
            ).fetchone()
        if found is None or found[2] <= self._clock() or found[1] != self.accounts.stamp(found[0]):
            return None
        return str(found[0])

    def end(self, secret: str) -> None:
        """Forget a session or token by its secret."""
        with access_database(self.path) as database:
            database.execute("DELETE FROM passes WHERE hash = ?", (_hash(secret),))

    def revoke(self, id: str) -> None:
        """Forget a session or token by its number.

        Raises:
            InputError: there is none.
        """
        with access_database(self.path) as database:
            gone = database.execute("DELETE FROM passes WHERE id = ?", (id,)).rowcount
        if not gone:
            raise InputError("core.token", value=id)

    def revoke_all(self, name: str) -> int:
        """Forget everything that lets a user in; returns how many there were."""
        with access_database(self.path) as database:
            return database.execute("DELETE FROM passes WHERE name = ?", (name,)).rowcount

    def valid(self) -> list[Pass]:
        """All that let somebody in now, the newest first."""
        with access_database(self.path, reading=True) as database:
            rows = database.execute(
                "SELECT stamp, id, name, kind, label, created, expires FROM passes WHERE expires > ? ORDER BY created DESC",
                (self._clock(),),
            ).fetchall()
        return [Pass(*row[1:]) for row in rows if row[0] == self.accounts.stamp(row[2])]


def _hash(secret: str) -> str:
    """What is kept of a secret; it is random and long, so that a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", errors="replace")).hexdigest()
