"""Where the workbench may call out to: a key goes to its own host alone, and an address that somebody typed leads into no private network."""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from chatbot.core.errors import InputError
from chatbot.core.settings import Settings

OPENAI = "https://api.openai.com/v1"
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[0-9a-z._-]+|[0-9a-f.]*:[0-9a-f:.]*(%[0-9a-z]+)?", re.ASCII)
_PLATFORM = tuple(map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24")))
"""Public by their number, and yet the inside of a cloud: the platform addresses of Azure and Oracle."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Origin:
    """Where an address leads to: scheme, host in small letters, port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        """Raises InputError where it is no address of http or https, or hides a name and password."""
        try:
            parsed = httpx.URL(url)
            host, port = parsed.raw_host.decode("ascii").lower(), parsed.port or _PORTS.get(parsed.scheme, 0)
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise InputError("core.address", value=url) from error
        if parsed.scheme not in _PORTS or not _HOST.fullmatch(host) or parsed.userinfo or not 0 < port < 65536:
            raise InputError("core.address", value=url)
        return cls(parsed.scheme, host.rstrip("."), port)

    def listed(self, entries: Sequence[str]) -> bool:
        """Whether the host is among `host`, `host:port` and `[v6]:port` entries."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return any(entry.lower() in (host, self.host, f"{host}:{self.port}") for entry in entries)


@dataclass(frozen=True)
class Endpoint:
    """Which server a run calls, with which key.

    Attributes:
        guarded: somebody typed the address, so that whatever its name stands for must be public.
    """

    url: str
    key: str | None
    guarded: bool


Resolve = Callable[..., Sequence[tuple[Any, Any, Any, Any, tuple[Any, ...]]]]
"""`socket.getaddrinfo`, or what stands for it."""


def endpoint(
    typed_url: str | None, typed_key: str | None, current: Settings, *, resolve: Resolve = socket.getaddrinfo
) -> Endpoint:
    """The server and the key of a run; what was not typed comes from the settings.

    Raises:
        InputError: the address is none or private, or the key of the settings belongs to another host.
    """
    url, key = typed_url or current.openai_base_url or OPENAI, (typed_key or "").strip() or None
    if typed_url and key is None and current.api_key:
        key = current.api_key.get_secret_value()
    if key is None and current.openai_api_key:
        if not _is_the_keys_own(url, current):
            raise InputError("core.key_elsewhere", value=Origin.of(url).host)
        key = current.openai_api_key.get_secret_value()
    guarded = bool(typed_url) and not _is_configured(url, current)
    if guarded:
        public_addresses(Origin.of(url), resolve)
    return Endpoint(url, key, guarded)


def _is_the_keys_own(url: str, current: Settings) -> bool:
    origin, own = Origin.of(url), Origin.of(current.openai_base_url or OPENAI)
    return origin == own or origin.listed(current.key_hosts)


def _is_configured(url: str, current: Settings) -> bool:
    return _is_the_keys_own(url, current) or Origin.of(url).listed(current.private_hosts)


def public_addresses(origin: Origin, resolve: Resolve = socket.getaddrinfo) -> list[str]:
    """What a host's name stands for now; decimal, octal and short forms of numbers are what the system takes them for.

    Raises:
        InputError: one of the addresses is none that a stranger may be sent to, or there is none.
    """
    try:
        found = resolve(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InputError("core.address_unknown", value=origin.host) from error
    addresses = list(dict.fromkeys(str(place[4][0]) for place in found))
    for address in addresses:
        if not is_public(address):
            raise InputError("core.address_private", value=origin.host, address=address)
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address lies in the open internet; one that carries another within is as private as that."""
    whole = ipaddress.ip_address(address.partition("%")[0])
    inside = [whole, *_carried(whole)]
    return all(
        one.is_global and not one.is_multicast and not any(one in network for network in _PLATFORM) for one in inside
    )


def _carried(address: _Address) -> list[_Address]:
    """IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inside: list[_Address | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in inside if one is not None]
