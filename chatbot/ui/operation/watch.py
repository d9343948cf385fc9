"""ASGI middleware around the page: an id for every request, a line of the log, metrics, and the three addresses of those who run it."""

import hmac
import ipaddress
import re
import time
from contextlib import nullcontext

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.core.operation.logs import LOG, REQUEST, failed, request_id
from chatbot.core.operation.metrics import CONTENT_TYPE, Metrics
from chatbot.ui.operation.guard import HEADER
from chatbot.ui.operation.health import Health, gauges

KNOWN = re.compile(r"/(?:gradio_api/(?:[a-z_]+)|v1/[a-z/]+|login|logout|config|theme\.css|assets|static|svelte)?")
"""The part of a path that is logged: what follows may be a file's name, a session or somebody's words."""
PROGRAMS = "/v1/chat/"
"""Answers to other programs, which are waited for at the end as those of the page are."""
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


_HIDDEN = "metrics are read from this machine, or with the token of CHATBOT_METRICS_TOKEN\n"


class Watch:
    """Stands before everything else."""

    def __init__(self, app: ASGIApp, *, health: Health, token: str = "") -> None:
        """`token`: who gives it may read the metrics from elsewhere."""
        self.app, self.health, self._token = app, health, token
        self.metrics = Metrics(gauges(health))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `/healthz`, `/readyz` and `/metrics`; let everything else pass, and note how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        own = request_id(Headers(scope=scope).get(HEADER))
        REQUEST.set(own)
        own_answer = self._answer(scope)
        if own_answer is not None:
            await own_answer(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if name != HEADER.encode()]
        scope = {**scope, "headers": [*headers, (HEADER.encode(), own.encode())]}
        await self._noted(scope, receive, send, own)

    def _answer(self, scope: Scope) -> Response | None:
        match scope["path"]:
            case "/healthz":
                return PlainTextResponse("ok\n")
            case "/readyz":
                checks = self.health.checks()
                ready = all(checks.values())
                return JSONResponse({"ready": ready, "checks": checks}, 200 if ready else 503)
            case "/metrics":
                if not self._may_read(scope):
                    return PlainTextResponse(_HIDDEN, 403)
                return PlainTextResponse(self.metrics.text(), media_type=CONTENT_TYPE)
        return None

    def _may_read(self, scope: Scope) -> bool:
        """Whoever has the token, and this machine itself; what a proxy passes on comes from elsewhere."""
        headers = Headers(scope=scope)
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if self._token and hmac.compare_digest(given.encode(), self._token.encode()):
            return True
        return _is_local(scope) and not any(name in headers for name in FORWARDED)

    async def _noted(self, scope: Scope, receive: Receive, send: Send, own: str) -> None:
        began, status = time.monotonic(), [500]

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                MutableHeaders(scope=message)[HEADER] = own
            await send(message)

        answering = self.health.running.one() if scope["path"].startswith(PROGRAMS) else nullcontext()
        try:
            with answering:
                await self.app(scope, receive, tell)
        except Exception as error:
            failed(error)
            raise
        finally:
            self._note(scope, status[0], time.monotonic() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route, method = route_of(scope["path"]), scope["method"] if scope["method"].isalpha() else "?"
        self.metrics.count("chatbot_requests_total", method=method[:8], route=route, status=str(status))
        self.metrics.time("chatbot_request_seconds", seconds, route=route)
        facts = {"method": method[:8], "route": route, "status": status, "ms": round(seconds * 1000)}
        LOG.info("request", extra={"facts": facts})


def route_of(path: str) -> str:
    """A path without what could be personal."""
    found = KNOWN.match(path)
    return "other" if found is None or (found[0] == "/" and path != "/") else found[0].rstrip("/") or "/"


def _is_local(scope: Scope) -> bool:
    try:
        return ipaddress.ip_address((scope.get("client") or ("",))[0]).is_loopback
    except ValueError:
        return False
