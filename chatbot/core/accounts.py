"""Who may use a page that others can reach: names, roles and argon2 hashes in one file of the workspace."""

import hashlib
import json
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chatbot.core.errors import AccessError, InputError
from chatbot.core.locks import lock

Role = Literal["visitor", "annotator", "engineer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""In rising order: each may do what the ones before it may. A visitor has no account and sees the public demo."""
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost"})
LONGEST_NAME, LONGEST_PASSWORD = 100, 1000
_Entries = dict[str, dict[str, str]]


class Accounts:
    """The accounts in one JSON file, read anew at each question, so that a change counts at once everywhere.

    A file that is damaged lets nobody in: every question raises InputError until it is mended.
    """

    def __init__(self, path: Path, hasher: PasswordHasher | None = None) -> None:
        self.path = Path(path)
        self._hasher = hasher or PasswordHasher()

    def __bool__(self) -> bool:
        return bool(self._read())

    def _read(self) -> _Entries:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except PermissionError as error:
            raise InputError("core.accounts_forbidden", path=self.path) from error
        except (OSError, ValueError, RecursionError) as error:
            raise InputError("core.accounts_unreadable", value=error, path=self.path) from error
        if not isinstance(found, dict) or not all(map(_is_entry, found.values())):
            raise InputError("core.accounts_unreadable", path=self.path)
        return found

    @contextmanager
    def _changed(self) -> Iterator[_Entries]:
        """The accounts, to be changed within; nobody else changes them meanwhile, and readers see the old or the new file."""
        with lock(self.path.with_name(self.path.name + ".lock"), seconds=10.0):
            accounts = self._read()
            had_admin = _has_admin(accounts)
            yield accounts
            if had_admin and not _has_admin(accounts):
                raise AccessError("core.last_admin")
            self._write(accounts)

    def _write(self, accounts: _Entries) -> None:
        part = self.path.with_name(self.path.name + ".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            json.dump(accounts, out, ensure_ascii=False, indent=1)
            out.flush()
            os.fsync(out.fileno())
        part.replace(self.path)

    def add(self, name: str, password: str, role: str) -> None:
        """Add a user, or give an existing one a new password and role, which ends that user's sessions and tokens.

        Raises:
            InputError: a name, a password or a role that is none.
            AccessError: the last admin would be none any more.
        """
        if not 0 < len(name) <= LONGEST_NAME or name != name.strip() or any(map(_is_unfit, name)):
            raise InputError("core.user_name", value=name)
        if role not in ROLES[1:]:
            raise InputError("core.role", value=role, choices=ROLES[1:])
        if not 8 <= len(password) <= LONGEST_PASSWORD:
            raise InputError("core.password")
        hashed = self._hasher.hash(password)
        with self._changed() as accounts:
            accounts[name] = {"hash": hashed, "role": role}

    def remove(self, name: str) -> None:
        """Remove a user; sessions and tokens end at once.

        Raises:
            InputError: there is no such user.
            AccessError: it is the last admin.
        """
        with self._changed() as accounts:
            if name not in accounts:
                raise InputError("core.user", value=name)
            del accounts[name]

    def roles(self) -> dict[str, str]:
        """Each user's role, by name."""
        return {name: entry["role"] for name, entry in self._read().items()}

    def role(self, name: str | None) -> Role:
        """The role of a logged-in name; "visitor" for anybody else."""
        role = self.roles().get(name or "")
        return next((known for known in ROLES if known == role), "visitor")

    def stamp(self, name: str) -> str | None:
        """What a session remembers of its account: another one after any change of it; None where there is no such user."""
        entry = self._read().get(name)
        return hashlib.sha256(f"{entry['role']}\0{entry['hash']}".encode()).hexdigest()[:32] if entry else None

    @cached_property
    def _nobodys_hash(self) -> str:
        return self._hasher.hash("nobody has this password")

    def verify(self, name: str, password: str) -> bool:
        """Whether the password is the user's (tens of milliseconds); an unknown name takes the same work as a wrong password."""
        other, entry = self._nobodys_hash, self._read().get(name)
        try:
            known = self._hasher.verify(entry["hash"] if entry else other, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False
        return known and entry is not None and len(password) <= LONGEST_PASSWORD


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("role") in ROLES[1:] and isinstance(entry.get("hash"), str)


def _has_admin(accounts: _Entries) -> bool:
    return any(entry["role"] == "admin" for entry in accounts.values())


def _is_unfit(character: str) -> bool:
    """A colon, which ends the name in HTTP Basic, or something that cannot be seen."""
    return character == ":" or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def check_host(host: str, accounts: Accounts) -> None:
    """Refuse to open an unprotected page to the network.

    Raises:
        AccessError: the host is not this machine and there are no accounts.
    """
    if host not in LOCAL_HOSTS and not accounts:
        raise AccessError("core.open_host", value=host)
