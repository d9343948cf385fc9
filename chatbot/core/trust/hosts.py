"""Whether a request was meant for this server: by the host that it names and by the page that it comes from, against DNS rebinding and foreign pages."""

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?", re.ASCII)


@dataclass(frozen=True)
class Hosts:
    """By which names this server may be asked for.

    Attributes:
        own: names of this machine.
        allowed: more of them, from the settings, and the pages of a proxy before it: `host`, or `host:port`.
        by_number: whether an address in numbers is as good: no foreign name can stand for one, so rebinding cannot use it.
        any: whether all names are; for a public page that holds nothing of anybody.
    """

    own: Sequence[str]
    allowed: Sequence[str] = ()
    by_number: bool = False
    any: bool = False

    def takes(self, host: str) -> bool:
        """Whether a Host header names this server."""
        found = _HOST.fullmatch(host.strip().lower())
        if not found:
            return False
        name, port = found[1].rstrip("."), found[2]
        names = {entry.lower() for entry in (*self.own, *self.allowed)}
        return self.any or name in names or f"{name}:{port}" in names or (self.by_number and _is_number(name))

    def is_own_page(self, origin: str | None, hosts: Sequence[str], fetch_site: str | None) -> bool:
        """Whether a request comes from a page of this server, or from no page at all, as those of programs do.

        Args:
            origin: the Origin header.
            hosts: what this request calls the server: Host, and X-Forwarded-Host where a proxy sends it.
            fetch_site: the Sec-Fetch-Site header.
        """
        if fetch_site and fetch_site.strip().lower() not in ("same-origin", "none"):
            return False
        if origin is None:
            return True
        scheme, _, place = origin.strip().lower().partition("://")
        if scheme not in ("http", "https") or not _HOST.fullmatch(place):
            return False
        return _bare(place) in {_bare(name) for name in (*hosts, *self.allowed)}


def hosts_of(bound: str, allowed: Sequence[str], *, public: bool) -> Hosts:
    """The hosts of a server that listens at an address.

    Args:
        bound: what it listens at; from another machine it can be asked for by number and by this machine's own name.
        allowed: more names, from the settings.
        public: the demo, which takes any name unless some are set.
    """
    local = bound in ("localhost", "::1") or bound.startswith("127.")
    own = () if local else (socket.gethostname().lower(), bound.lower())
    return Hosts((*LOOPBACK, *own), allowed, by_number=not local, any=public and not local and not allowed)


def _bare(place: str) -> str:
    """A host and port without the port that goes without saying."""
    return re.sub(r":(?:80|443)$", "", place.strip().lower())


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
