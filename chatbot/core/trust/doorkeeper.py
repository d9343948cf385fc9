"""Who somebody is: by name and password with a brake, by the session of a browser, or by a program's token."""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from chatbot.core.accounts import Accounts
from chatbot.core.errors import AccessError
from chatbot.core.trust.passes import SESSION_DAYS, Passes
from chatbot.core.trust.throttle import Throttle

REMEMBERED, MOST_REMEMBERED = 600.0, 1000
"""Seconds for which, and number of, right passwords of programs that are not hashed again at each of their requests."""


class Doorkeeper:
    """Everything about getting in, over one workspace's accounts."""

    def __init__(self, accounts: Accounts, database: Path, clock: Callable[[], float] = time.time) -> None:
        self.accounts = accounts
        self.passes, self.throttle = Passes(database, accounts, clock), Throttle(database, clock)
        self._salt, self._known, self._lock = secrets.token_bytes(32), OrderedDict[bytes, tuple[str, float]](), Lock()

    def check(self, name: str, password: str, address: str) -> bool:
        """Whether the password is right; blocks for as long as a hash takes.

        Raises:
            AccessError: too many tries from here or for this name, whether or not there is such an account.
        """
        if wait := self.throttle.begin(name, address):
            raise AccessError("core.log_in_wait", seconds=int(wait) + 1)
        right = self.accounts.verify(name, password)
        if right:
            self.throttle.succeeded(name, address)
        return right

    def log_in(self, name: str, password: str, address: str) -> str | None:
        """A new session's secret; None where name and password do not fit. Raises as `check`."""
        if not self.check(name, password, address):
            return None
        return self.passes.give(name, "session", days=SESSION_DAYS)

    def program(self, name: str, password: str, address: str) -> bool:
        """As `check`, for programs, which send their password with every request: a right one is remembered for a while."""
        key = hmac.digest(self._salt, f"{name}\0{password}".encode("utf-8", errors="replace"), hashlib.sha256)
        stamp = self.accounts.stamp(name)
        with self._lock:
            known = self._known.get(key)
        if known and stamp and known[0] == stamp and time.monotonic() < known[1]:
            return True
        right = self.check(name, password, address)
        if right and stamp:
            with self._lock:
                self._known[key] = stamp, time.monotonic() + REMEMBERED
                while len(self._known) > MOST_REMEMBERED:
                    self._known.popitem(last=False)
        return right
