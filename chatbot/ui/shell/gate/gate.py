"""ASGI middleware that every request passes first: its host, its origin, who sends it, and whether the route is for them."""

import asyncio
import time
from dataclasses import dataclass
from types import SimpleNamespace

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.core.accounts import Role
from chatbot.core.errors import AccessError, WorkbenchError
from chatbot.core.trust.doorkeeper import Doorkeeper
from chatbot.core.trust.hosts import Hosts
from chatbot.models.serving.openai_server import credentials
from chatbot.ui.i18n.translate import language
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.gate.login import COOKIE, credentials_of, log_out, logged_in, login_page, wants_page
from chatbot.ui.shell.gate.refusals import STATUS, refusal
from chatbot.ui.shell.gate.routes import LOGIN, LOGOUT, MCP, V1, Route, route_of

WHO = "chatbot.user"
"""Where in a request's scope the name stands of the person who was let in."""
LARGEST_LOGIN = 16_384
"""Bytes that a filled form to log in may have."""
LOOK_AGAIN = 0.5
"""Seconds between two looks at whether the reader of a stream is still let in."""
AT_ONCE = 2
"""Passwords that are hashed at a time: each takes 64 MB and all of a core. The threads that answer pages are not used for it."""
_HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}


@dataclass(frozen=True)
class Somebody:
    """Who sends a request; a role of None asks for a log-in."""

    username: str | None
    role: Role | None


class Gate:
    """The door before the page, its programs' interfaces and its files."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        context: PageContext,
        hosts: Hosts,
        doorkeeper: Doorkeeper | None,
        look_again: float = LOOK_AGAIN,
    ) -> None:
        """Without a doorkeeper there are no accounts: everybody who reaches the server is whom the context says."""
        self.app, self.context, self.hosts, self.doorkeeper = app, context, hosts, doorkeeper
        self._hashing, self._look_again = CapacityLimiter(AT_ONCE), look_again

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # no route of ours is one
            return
        request, path = Request(scope, receive), path_of(scope)
        try:
            answer: Response | None = await self._answer(request, path)
        except WorkbenchError as error:
            answer = refusal(request, path, error)
        if answer is not None:
            await answer(scope, receive, self._sealed(send))
            return
        if path.startswith((V1, MCP)):
            # Starlette finds nothing in a mount where a proxy has cut its own path off, as most do.
            scope = {**scope, "path": path, "root_path": ""}
        await self.app(scope, receive, self._watched(request, path, self._sealed(send)))

    async def _answer(self, request: Request, path: str) -> Response | None:
        """What the gate itself says; None where the request may pass. Raises the error that refuses it."""
        route = route_of(request.method, path)
        self._check_place(request, route)
        if route is None or route.access == "closed":
            raise AccessError("ui.closed")
        if path.rstrip("/") == LOGIN:
            return await self._log_in(request, path)
        somebody = await self._who(request, path)
        request.scope[WHO] = somebody.username
        if route.lets_in(somebody.role):
            return await self._log_out(request) if path.rstrip("/") == LOGOUT else None
        if somebody.role is None:
            if path == "/" and request.method == "GET":
                return login_page(request)
            raise AccessError("ui.log_in")
        raise AccessError("ui.role", value=somebody.role, role=route.access)

    def _check_place(self, request: Request, route: Route | None) -> None:
        """Raises AccessError where the request was meant for another server or comes from another's page."""
        headers = request.headers
        hosts = headers.getlist("host")
        forwarded = [h.partition(",")[0] for h in headers.getlist("x-forwarded-host")]
        if len(hosts) != 1 or not all(map(self.hosts.takes, [*hosts, *forwarded])):
            raise AccessError("ui.host", value=", ".join([*hosts, *forwarded]))
        if _is_link(request, route):
            return
        origins = headers.getlist("origin")
        if len(origins) > 1 or not self.hosts.is_own_page(
            next(iter(origins), None), [*hosts, *forwarded], headers.get("sec-fetch-site")
        ):
            raise AccessError("ui.origin", value=", ".join(origins) or None)

    async def _who(self, request: Request, path: str) -> Somebody:
        """Who sends a request: by a program's header where the route is for programs, else by the session's cookie."""
        if self.doorkeeper is None:
            return Somebody(None, self.context.role(SimpleNamespace(username=None)))
        header = request.headers.get("authorization")
        if header and path.startswith((f"{V1}/", MCP)):
            name = await self._program(header, _address(request))
        else:
            secret = request.cookies.get(COOKIE, "")
            name = await to_thread.run_sync(self.doorkeeper.passes.whose, secret, "session") if secret else None
        role = self.context.role(SimpleNamespace(username=name))
        return Somebody(name, role) if name and role != "visitor" else Somebody(None, None)

    async def _program(self, header: str, address: str) -> str | None:
        assert self.doorkeeper is not None
        scheme, _, token = header.partition(" ")
        is_bearer, whose = scheme.lower() == "bearer", self.doorkeeper.passes.whose
        if is_bearer and (name := await to_thread.run_sync(whose, token.strip(), "token")):
            return name
        found = credentials(header)
        if found is None:
            return None
        right = await to_thread.run_sync(self.doorkeeper.program, found[0], found[1], address, limiter=self._hashing)
        return found[0] if right else None

    async def _log_in(self, request: Request, path: str) -> Response:
        """The form, or what comes of a filled one."""
        if self.doorkeeper is None:
            return RedirectResponse("./", 303)
        action = "../login" if path.endswith("/") else "login"
        if request.method != "POST":
            return login_page(request, action=action)
        try:
            name, password = credentials_of(await (await _bounded(request)).form(max_files=0, max_fields=10))
            secret = await to_thread.run_sync(
                self.doorkeeper.log_in, name, password, _address(request), limiter=self._hashing
            )
            if secret is not None:
                return logged_in(request, secret)
            error = AccessError("ui.log_in_wrong")
        except AccessError as throttled:
            error = throttled
        except (ClientDisconnect, HTTPException, MultiPartException):
            error = AccessError("ui.log_in_wrong")
        if wants_page(request):
            return login_page(request, error.text(language(request)), STATUS[error.code], action=action)
        return refusal(request, path, error)

    async def _log_out(self, request: Request) -> Response:
        if self.doorkeeper is None:
            return RedirectResponse("./", 303)
        return await to_thread.run_sync(log_out, request, self.doorkeeper)

    def _sealed(self, send: Send) -> Send:
        """Adds what every answer carries, so that no other site frames the page or guesses at types."""

        async def seal(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if not self.context.demo:
                    headers.setdefault("content-security-policy", "frame-ancestors 'self'")
            await send(message)

        return seal

    def _watched(self, request: Request, path: str, send: Send) -> Send:
        """Ends a stream as soon as its reader is no longer let in."""
        if self.doorkeeper is None:
            return send
        looked, streams, ended = time.monotonic(), False, False

        async def watch(message: Message) -> None:
            nonlocal looked, streams, ended
            if message["type"] == "http.response.start":
                streams = "event-stream" in Headers(raw=message["headers"]).get("content-type", "")
            elif streams and not ended and time.monotonic() - looked >= self._look_again:
                looked = time.monotonic()
                ended = await self._is_gone(request, path)
                if ended:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            if not ended:
                await send(message)

        return watch

    async def _is_gone(self, request: Request, path: str) -> bool:
        try:
            return bool((await self._who(request, path)).username != request.scope[WHO])
        except WorkbenchError:
            return True


def path_of(scope: Scope) -> str:
    """A request's path below the place at which a proxy shows this server, as the frameworks' own routing sees it."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    below = path.removeprefix(root) if root and path.startswith(root) else path
    return path if below and not below.startswith("/") else below or "/"


def _is_link(request: Request, route: Route | None) -> bool:
    """Whether somebody followed a link to the page itself, which every site may set; nothing is written by that."""
    site = request.headers.get("sec-fetch-site", "none")
    followed = request.method == "GET" and request.headers.get("sec-fetch-mode") == "navigate"
    anonymous = request.headers.get("origin") in (None, "null")
    return bool(followed and anonymous and site != "none" and route and route.path in ("/", LOGIN))


def _address(request: Request) -> str:
    """Where a request comes from, as uvicorn knows it, which trusts a proxy of this machine or of FORWARDED_ALLOW_IPS."""
    return request.client.host if request.client else ""


async def _bounded(request: Request) -> Request:
    """The request with its whole body, which is small and does not dawdle.

    Raises:
        AccessError: it is neither.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(20):
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST_LOGIN:
                    raise AccessError("ui.log_in_wrong")
    except TimeoutError as error:
        raise AccessError("ui.log_in_wrong") from error

    async def again() -> Message:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return Request(request.scope, again)
