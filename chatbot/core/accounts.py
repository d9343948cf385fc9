"""Who may use a page that others can reach: names, roles and argon2 hashes in one file of the workspace."""

import json
import os
from pathlib import Path
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chatbot.core.errors import AccessError, InputError

Role = Literal["visitor", "annotator", "engineer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""In rising order: each may do what the ones before it may. A visitor has no account and sees the public demo."""
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost"})


class Accounts:
    """The accounts in one JSON file, read anew at each question, so that a change counts at once everywhere."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._hasher = PasswordHasher()

    def __bool__(self) -> bool:
        return bool(self._read())

    def _read(self) -> dict[str, dict[str, str]]:
        if not self.path.exists():
            return {}
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError("core.accounts_unreadable", value=error, path=self.path) from error
        return found if isinstance(found, dict) else {}

    def _write(self, accounts: dict[str, dict[str, str]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(self.path.name + ".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            json.dump(accounts, out, ensure_ascii=False, indent=1)
        part.replace(self.path)

    def add(self, name: str, password: str, role: str) -> None:
        """Add a user, or give an existing one a new password and role.

        Raises:
            InputError: an empty name, a password under 8 characters, or a role that is none.
        """
        if not name.strip() or name != name.strip():
            raise InputError("core.user_name", value=name)
        if role not in ROLES[1:]:
            raise InputError("core.role", value=role, choices=ROLES[1:])
        if len(password) < 8:
            raise InputError("core.password")
        self._write(self._read() | {name: {"hash": self._hasher.hash(password), "role": role}})

    def remove(self, name: str) -> None:
        """Remove a user; sessions that are open lose their rights at once.

        Raises:
            InputError: there is no such user.
        """
        accounts = self._read()
        if name not in accounts:
            raise InputError("core.user", value=name)
        del accounts[name]
        self._write(accounts)

    def roles(self) -> dict[str, str]:
        """Each user's role, by name."""
        return {name: entry["role"] for name, entry in self._read().items()}

    def role(self, name: str | None) -> Role:
        """The role of a logged-in name; "visitor" for anybody else."""
        role = self.roles().get(name or "")
        return next((known for known in ROLES if known == role), "visitor")

    def verify(self, name: str, password: str) -> bool:
        """Whether the password is the user's; an unknown name takes as long as a wrong password."""
        entry = self._read().get(name)
        if entry is None:
            self._hasher.hash(password)
            return False
        try:
            return self._hasher.verify(entry["hash"], password)
        except (VerificationError, InvalidHashError):
            return False


def check_host(host: str, accounts: Accounts) -> None:
    """Refuse to open an unprotected page to the network.

    Raises:
        AccessError: the host is not this machine and there are no accounts.
    """
    if host not in LOCAL_HOSTS and not accounts:
        raise AccessError("core.open_host", value=host)
