"""The app's own OpenAI-compatible endpoint, so that any program that speaks to OpenAI can speak to our models."""

import asyncio
import base64
import binascii
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException

from chatbot.core.errors import BackendError, InputError, WorkbenchError
from chatbot.models.backends import ChatModel
from chatbot.models.serving.answering import Answering, Step
from chatbot.models.serving.openai_format import Chunks, completion, error_body
from chatbot.models.serving.openai_request import parse_request

Authenticate = Callable[[str, str], bool]
"""(name, password) → whether they belong to an account."""
CHALLENGE = {"WWW-Authenticate": 'Basic realm="chatbot", charset="UTF-8"'}


def credentials(header: str | None) -> tuple[str, str] | None:
    """Name and password of an Authorization header, None where it holds none.

    `Basic` is base64 of `name:password` (RFC 7617); `Bearer`, which OpenAI's clients send their key in, is the same or plain.
    """
    scheme, _, token = (header or "").partition(" ")
    plain = token.strip()
    if scheme.lower() == "basic" or (scheme.lower() == "bearer" and ":" not in plain):
        try:
            plain = base64.b64decode(plain, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return None
    elif scheme.lower() != "bearer":
        return None
    name, colon, password = plain.partition(":")
    return (name, password) if colon and name else None


def is_allowed(header: str | None, authenticate: Authenticate | None) -> bool:
    """Whether a request with this Authorization header may pass; without accounts everybody on this machine may."""
    if authenticate is None:
        return True
    found = credentials(header)
    return found is not None and bool(authenticate(*found))


@dataclass(frozen=True)
class Limits:
    """What one request, and all of them together, may take.

    Attributes:
        size: bytes of a request's body.
        seconds: from its arrival to its answer's end.
        at_once: requests that are answered at a time; more are asked to come again.
    """

    size: int = 2_000_000
    seconds: float = 120.0
    at_once: int = 64


def mount(
    app: FastAPI,
    open_model: Callable[[str], ChatModel],
    authenticate: Authenticate | None,
    *,
    available: Callable[[], Sequence[str]] = lambda: ("hotel-mini",),
    limits: Limits = Limits(),
) -> None:
    """Put /v1/chat/completions and /v1/models onto an app; to be done before a page is mounted at "/".

    Args:
        app: the app that also carries the page.
        open_model: id → model; called at most with ids of `available`, so that no request can open a folder of its choice.
        authenticate: checks a name and a password; None where the page has no accounts.
        available: the ids on offer.
        limits: of requests.
    """
    app.mount("/v1", _api(_Endpoint(open_model, available, limits), authenticate))


def _api(endpoint: "_Endpoint", authenticate: Authenticate | None) -> FastAPI:
    def check(request: Request) -> None:
        if not is_allowed(request.headers.get("authorization"), authenticate):
            raise HTTPException(
                401, "name and password are needed: HTTP Basic, or `name:password` as the API key", headers=CHALLENGE
            )

    api = FastAPI(openapi_url=None, dependencies=[Depends(check)], exception_handlers=_HANDLERS)

    @api.get("/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [_model(name) for name in endpoint.available()]}

    @api.get("/models/{name:path}")
    def one_model(name: str) -> Response:
        return JSONResponse(_model(name)) if name in endpoint.available() else endpoint.unknown(name)

    @api.post("/chat/completions", response_model=None)
    async def chat_completions(request: Request) -> Response:
        began = time.monotonic()
        return await to_thread.run_sync(endpoint.answer, await endpoint.body(request), began, limiter=endpoint.threads)

    return api


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "chatbot"}


class _Endpoint:
    """Answers requests, so many at a time."""

    def __init__(
        self, open_model: Callable[[str], ChatModel], available: Callable[[], Sequence[str]], limits: Limits
    ) -> None:
        self.available = available
        self._open, self._limits = open_model, limits
        self._places = threading.BoundedSemaphore(limits.at_once)
        self.threads = CapacityLimiter(limits.at_once + 4)  # of its own: who waits for a model holds up nobody else

    async def body(self, request: Request) -> bytes:
        """A request's body, read no further than the limits go.

        Raises:
            InputError: it is no JSON by its own account, too large, or too slow to come.
        """
        if not _is_json(request.headers.get("content-type", "")):
            raise InputError("models.request_kind", value=request.headers.get("content-type"))
        out = bytearray()
        try:
            async with asyncio.timeout(self._limits.seconds):
                async for piece in request.stream():
                    out += piece
                    if len(out) > self._limits.size:
                        raise InputError("models.request_big", most=self._limits.size)
        except TimeoutError as error:
            raise InputError("models.request_slow", seconds=self._limits.seconds) from error
        return bytes(out)

    def unknown(self, name: str) -> Response:
        """The refusal of a model that is not on offer."""
        message = f"no such model: {name[:80]!r}; on offer: {', '.join(self.available())}"
        return JSONResponse(error_body(message, "invalid_request_error", "model_not_found", "model"), 404)

    def answer(self, body: bytes, began: float) -> Response:
        """Start generating before the status line is sent, so that what fails at once fails with a proper status."""
        request = parse_request(body)
        if request.model not in self.available():
            return self.unknown(request.model)
        answering = Answering(request, began + self._limits.seconds, self._limits.seconds)
        steps = answering.steps(self._open, self._places)
        if not request.stream:
            for _ in steps:
                pass
            return JSONResponse(completion(request.model, answering.choices, answering.prompt_tokens()))
        first = next(steps, None)
        return StreamingResponse(
            _events(answering, first, steps, self.threads),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache"},
        )


async def _events(
    answering: Answering, first: Step | None, steps: Generator[Step, None, None], threads: CapacityLimiter
) -> AsyncIterator[str]:
    """Server-sent events; a client that hangs up stops the model at its next token."""
    with_usage = bool(answering.request.stream_options and answering.request.stream_options.include_usage)
    chunks, begun = Chunks(answering.request.model, with_usage=with_usage), set[int]()
    try:
        async for choice, delta in _chained(first, steps, threads):
            if choice.index not in begun:
                begun.add(choice.index)
                yield _event(chunks.start(choice))
            for chunk in [chunks.end(choice)] if delta is None else chunks.delta(choice, delta):
                yield _event(chunk)
        if with_usage:
            yield _event(chunks.usage(answering.choices, await run_in_threadpool(answering.prompt_tokens)))
        yield "data: [DONE]\n\n"
    except WorkbenchError as error:
        yield _event(_refusal(error)[1])
    finally:
        answering.hung_up.set()
        steps.close()


async def _chained(
    first: Step | None, steps: Generator[Step, None, None], threads: CapacityLimiter
) -> AsyncIterator[Step]:
    step = first
    while step is not None:
        yield step
        step = await to_thread.run_sync(next, steps, None, limiter=threads)


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _is_json(kind: str) -> bool:
    """Another site's page can post text/plain without being asked, application/json it cannot."""
    kind = kind.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


_REFUSALS = {
    "models.request_big": (413, "request_too_large"),
    "models.request_busy": (429, "rate_limit_exceeded"),
    "models.request_slow": (408, "timeout"),
    "models.request_long": (400, "context_length_exceeded"),
    "models.too_long": (400, "context_length_exceeded"),
}
"""Status and OpenAI's code, where an error has its own; all others go by their kind."""


def _refusal(error: WorkbenchError) -> tuple[int, dict[str, Any]]:
    """Status and body for an error."""
    status = 400 if isinstance(error, InputError) else 502 if isinstance(error, BackendError) else 500
    status, code = _REFUSALS.get(error.code, (status, None))
    param = error.fields.get("param")
    kind = "rate_limit_error" if status == 429 else "invalid_request_error" if status < 500 else "server_error"
    return status, error_body(str(error), kind, code, str(param) if param else None)


def _on_workbench_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WorkbenchError)
    status, body = _refusal(error)
    headers = {"Connection": "close"} if status in (408, 413) else {}  # the rest of the body is not waited for
    if status == 408:
        headers["x-should-retry"] = "false"  # the official client would send it twice more
    return JSONResponse(body, status, headers)


def _on_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)
    return JSONResponse(error_body(str(error.detail), "invalid_request_error"), error.status_code, error.headers)


def _on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ValidationError)
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return JSONResponse(error_body(f"{where}: {first['msg']}", "invalid_request_error", None, where), 400)


def _on_any_error(_request: Request, error: Exception) -> JSONResponse:
    """What nobody foresaw stays in the log."""
    return JSONResponse(error_body("the server failed on this request", "server_error"), 500)


_HANDLERS: Any = {
    WorkbenchError: _on_workbench_error,
    StarletteHTTPException: _on_http_error,
    ValidationError: _on_invalid_request,
    Exception: _on_any_error,
}
