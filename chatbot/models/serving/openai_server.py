"""The app's own OpenAI-compatible endpoint, so that any program that speaks to OpenAI can speak to our models."""

import base64
import binascii
import json
import threading
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.concurrency import iterate_in_threadpool

from chatbot.core.errors import BackendError, InputError, WorkbenchError
from chatbot.core.messages import Message
from chatbot.models.backends import ChatModel, Delta
from chatbot.models.serving.openai_format import ChatRequest, Chunks, completion, error_body, to_messages

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


def mount(
    app: FastAPI,
    open_model: Callable[[str], ChatModel],
    authenticate: Authenticate | None,
    *,
    available: Callable[[], Sequence[str]] = lambda: ("hotel-mini",),
) -> None:
    """Put /v1/chat/completions and /v1/models onto an app; to be done before a page is mounted at "/".

    Args:
        app: the app that also carries the page.
        open_model: id → model; called at most with ids of `available`, so that no request can open a folder of its choice.
        authenticate: checks a name and a password; None where the page has no accounts.
        available: the ids on offer.
    """
    app.mount("/v1", _api(open_model, authenticate, available))


def _api(
    open_model: Callable[[str], ChatModel], authenticate: Authenticate | None, available: Callable[[], Sequence[str]]
) -> FastAPI:
    def check(request: Request) -> None:
        if not is_allowed(request.headers.get("authorization"), authenticate):
            raise HTTPException(
                401, "name and password are needed: HTTP Basic, or `name:password` as the API key", headers=CHALLENGE
            )

    api = FastAPI(openapi_url=None, dependencies=[Depends(check)], exception_handlers=_HANDLERS)

    @api.get("/models")
    def models() -> dict[str, Any]:
        return {
            "object": "list",
            "data": [{"id": i, "object": "model", "created": 0, "owned_by": "chatbot"} for i in available()],
        }

    @api.post("/chat/completions", response_model=None)
    def chat_completions(body: ChatRequest) -> Response:
        if body.model not in available():
            message = f"no such model: {body.model[:80]!r}; on offer: {', '.join(available())}"
            return JSONResponse(error_body(message, "invalid_request_error", "model_not_found"), 404)
        return _answer(open_model(body.model), body)

    return api


def _answer(model: ChatModel, body: ChatRequest) -> Response:
    """Start generating before the status line is sent, so that what fails at once fails with a proper status."""
    stop = threading.Event()
    deltas = _generate(model, to_messages(body.messages), body.tools or [], stop)
    if not body.stream:
        return JSONResponse(completion(body.model, deltas))
    first = next(deltas, None)
    return StreamingResponse(
        _events(body.model, first, deltas, stop), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )


def _generate(
    model: ChatModel, messages: Sequence[Message], tools: Sequence[dict[str, Any]], stop: threading.Event
) -> Generator[Delta, None, None]:
    """As a generator of our own, so that it can be closed whatever the model returns."""
    yield from model.generate(messages, tools, stop=stop.is_set)


async def _events(
    model: str, first: Delta | None, deltas: Generator[Delta, None, None], stop: threading.Event
) -> AsyncIterator[str]:
    """Server-sent events; a client that hangs up stops the model at its next token."""
    chunks = Chunks(model)
    try:
        yield _event(chunks.start())
        if first is not None:
            yield _event(chunks.delta(first))
        async for delta in iterate_in_threadpool(deltas):
            yield _event(chunks.delta(delta))
        yield _event(chunks.end())
        yield "data: [DONE]\n\n"
    except WorkbenchError as error:
        yield _event(error_body(str(error), "server_error"))
    finally:
        stop.set()
        deltas.close()


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _on_workbench_error(_request: Request, error: Exception) -> JSONResponse:
    status = 400 if isinstance(error, InputError) else 502 if isinstance(error, BackendError) else 500
    return JSONResponse(error_body(str(error), "invalid_request_error" if status == 400 else "server_error"), status)


def _on_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse(error_body(str(error.detail), "invalid_request_error"), error.status_code, error.headers)


def _on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return JSONResponse(error_body(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", "invalid_request_error"), 400)


_HANDLERS: Any = {
    WorkbenchError: _on_workbench_error,
    HTTPException: _on_http_error,
    RequestValidationError: _on_invalid_request,
}
