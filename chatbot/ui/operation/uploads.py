"""ASGI middleware before Gradio's upload, which writes to disk whatever comes: who may bring a file, how much, and only where there is room."""

import shutil
import tempfile
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.core.errors import AccessError, InputError, StorageError, WorkbenchError
from chatbot.core.storage.trouble import trouble
from chatbot.core.trust.passes import DAY
from chatbot.ui.i18n.translate import language
from chatbot.ui.operation.health import RESERVE

PATH = "/gradio_api/upload"
STATUS = {"ui.upload_demo": 403, "ui.upload_large": 413, "ui.upload_quota": 429, "core.disk_full": 507}
OWNER = "chatbot.user"
"""Where in a request's scope a gate before this one leaves the name of the person."""


@dataclass
class Quota:
    """Bytes that each person has brought within a day."""

    most: int
    clock: Callable[[], float] = time.monotonic
    _brought: dict[str, deque[tuple[float, int]]] = field(default_factory=lambda: defaultdict(deque))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def left(self, who: str) -> int:
        """How many bytes the person may still bring."""
        with self._lock:
            kept = self._brought[who]
            while kept and kept[0][0] < self.clock() - DAY:
                kept.popleft()
            return self.most - sum(size for _, size in kept)

    def spend(self, who: str, size: int) -> None:
        """Note what came."""
        with self._lock:
            self._brought[who].append((self.clock(), size))


class Uploads:
    """Lets a file pass, or answers with the reason why not; what comes is counted while it streams to disk."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        most: int,
        quota: Quota,
        closed: bool = False,
        free: Callable[[], int] = lambda: shutil.disk_usage(tempfile.gettempdir()).free,
    ) -> None:
        """`most`: bytes of one upload; `closed`: nobody may; `free`: bytes of the disk that uploads lie on."""
        self.app, self.most, self.quota, self.closed, self.free = app, most, quota, closed, free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything else on as it is."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"].rstrip("/") != PATH:
            await self.app(scope, receive, send)
            return
        try:
            await self._streamed(scope, receive, send)
        except WorkbenchError as error:
            text = error.text(language(Request(scope)))
            # The rest of the body is not waited for.
            answer = PlainTextResponse(text, STATUS.get(error.code, 500), {"Connection": "close"})
            await answer(scope, receive, send)

    async def _streamed(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = scope.get(OWNER) or (scope.get("client") or ("?",))[0]
        told = Headers(scope=scope).get("content-length", "0")
        self._check(who, int(told) if told.isdigit() else 0)
        came, begun = 0, False

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            self._check(who, came)
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, counted, noted)
        except Exception as error:
            known = error if isinstance(error, WorkbenchError) else trouble(error)
            if begun or known is None:
                raise
            raise known from error
        finally:
            self.quota.spend(who, came)

    def _check(self, who: str, size: int) -> None:
        if self.closed:
            raise AccessError("ui.upload_demo")
        if size > self.most:
            raise InputError("ui.upload_large", most=self.most // 1_000_000)
        if size > self.quota.left(who):
            raise InputError("ui.upload_quota", most=self.quota.most // 1_000_000)
        if size > self.free() - RESERVE:
            raise StorageError("core.disk_full")
