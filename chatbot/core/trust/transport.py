"""Connects to what was checked: a typed address is looked up once a request, and the connection goes to that very number."""

import asyncio
import socket
from urllib.request import getproxies

import httpx

from chatbot.core.trust.addresses import Endpoint, Origin, Resolve, public_addresses


def async_client(to: Endpoint, timeout: float) -> httpx.AsyncClient:
    """A client for one server, which follows no redirect: the next host might be anybody's.

    Behind a proxy the proxy looks names up; then the check before the start is all there is.
    """
    limits = httpx.Limits(max_connections=1000, max_keepalive_connections=100)
    guarded = to.guarded and not getproxies()
    transport = PublicOnly(httpx.AsyncHTTPTransport(limits=limits)) if guarded else None
    return httpx.AsyncClient(timeout=timeout, limits=limits, transport=transport, follow_redirects=False)


class PublicOnly(httpx.AsyncBaseTransport):
    """Sends each request to an address that has been looked at; a name cannot change its meaning in between."""

    def __init__(self, inner: httpx.AsyncBaseTransport, resolve: Resolve = socket.getaddrinfo) -> None:
        self._inner, self._resolve = inner, resolve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises InputError where the host has become private, and the last ConnectError where no address answers."""
        origin = Origin.of(str(request.url))
        addresses = await asyncio.to_thread(public_addresses, origin, self._resolve)
        named = request.url.host
        request.extensions = {**request.extensions, "sni_hostname": named}
        for address in addresses[:-1]:
            try:
                return await self._send(request, address)
            except httpx.ConnectError:
                continue
        return await self._send(request, addresses[-1])

    async def _send(self, request: httpx.Request, address: str) -> httpx.Response:
        request.url = request.url.copy_with(host=address)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Hang up."""
        await self._inner.aclose()
