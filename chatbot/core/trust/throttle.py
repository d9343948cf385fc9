"""A brake on guessing passwords: by account and by address, counted before the password is looked at, and kept over a restart."""

import hashlib
import ipaddress
import time
from collections.abc import Callable
from pathlib import Path

from chatbot.core.trust.access import access_database

WINDOW = 3600.0
"""Seconds after which a failed try is forgotten."""
FREE = {"account": 10, "address": 30}
"""Failed tries that cost no waiting; each further one doubles the wait, from a second on."""
LONGEST = 900.0
"""Seconds that nobody waits longer than, so that a stranger cannot lock somebody out for good."""


class Throttle:
    """Counts tries in the workspace's database. An account that does not exist is counted like one that does."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = Path(path), clock

    def begin(self, name: str, address: str) -> float:
        """Count a try as failed; returns 0, or the seconds to wait, and then it is not counted and must not go on."""
        now, keys = self._clock(), _keys(name, address)
        with access_database(self.path) as database:
            # A clock that was set back must lock nobody out: what lies in the future is forgotten too.
            database.execute("DELETE FROM tries WHERE at <= ? OR at > ?", (now - WINDOW, now + 60.0))
            wait = 0.0
            for kind, key in keys.items():
                count, last = database.execute("SELECT count(*), max(at) FROM tries WHERE key = ?", (key,)).fetchone()
                if count >= FREE[kind]:
                    pause = min(LONGEST, 2.0 ** min(count - FREE[kind], 12))
                    wait = max(wait, min(pause, last + pause - now))
            if wait <= 0:
                database.executemany("INSERT INTO tries VALUES (?, ?)", [(key, now) for key in keys.values()])
        return max(0.0, wait)

    def succeeded(self, name: str, address: str) -> None:
        """The password was right: the account's count begins anew, and this try was none of the address's failed ones."""
        keys = _keys(name, address)
        with access_database(self.path) as database:
            database.execute("DELETE FROM tries WHERE key = ?", (keys["account"],))
            database.execute(
                "DELETE FROM tries WHERE rowid = (SELECT max(rowid) FROM tries WHERE key = ?)", (keys["address"],)
            )


def _keys(name: str, address: str) -> dict[str, str]:
    """Names are kept as hashes: people type their password into the wrong field."""
    hashed = hashlib.sha256(name.encode("utf-8", errors="replace")).hexdigest()[:32]
    return {"account": f"account {hashed}", "address": f"address {_network(address)}"}


def _network(address: str) -> str:
    """One customer's addresses are one: of IPv6 the first 64 bits."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)
