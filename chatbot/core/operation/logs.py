"""Logs that name a request and never a person's words: of an error its kind and its places, not its message."""

import json
import logging
import re
import secrets
import sys
import time
import traceback
from contextvars import ContextVar
from pathlib import Path
from typing import Literal, TextIO

LogForm = Literal["text", "json"]
REQUEST: ContextVar[str] = ContextVar("request", default="-")
"""The id of the request that is being answered."""
LOG = logging.getLogger("chatbot")
_GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}")
_ROOT = Path(__file__).resolve().parent.parent.parent.parent
_PLACES = 6


def request_id(given: str | None = None) -> str:
    """The id that a proxy gave, where it is one; else a new one."""
    return given if given and _GIVEN.fullmatch(given) else secrets.token_hex(8)


def places(error: BaseException) -> list[str]:
    """Where an error came from, innermost last: file, line and function, nothing of what was worked on."""
    frames = traceback.extract_tb(error.__traceback__)[-_PLACES:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(_ROOT)) if path.is_relative_to(_ROOT) else "/".join(path.parts[-2:])


def failed(error: BaseException) -> None:
    """Log an error that nobody foresaw."""
    LOG.error("failed", extra={"facts": {"error": type(error).__name__, "places": places(error)}})


class _Form(logging.Formatter):
    """A line a record: time, level, event, request and facts."""

    def __init__(self, form: LogForm) -> None:
        super().__init__()
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """One line, as JSON or for the eye."""
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + "Z"
        head = {"time": when, "level": record.levelname.lower(), "event": record.getMessage(), "request": REQUEST.get()}
        line = head | getattr(record, "facts", {})
        return json.dumps(line, ensure_ascii=False) if self._json else " ".join(f"{k}={v}" for k, v in line.items())


def set_up(form: LogForm, out: TextIO | None = None) -> None:
    """Write the page's log: as JSON every request, as text what went wrong alone."""
    handler = logging.StreamHandler(out or sys.stderr)
    handler.setFormatter(_Form(form))
    LOG.handlers, LOG.propagate = [handler], False
    LOG.setLevel(logging.INFO if form == "json" else logging.WARNING)
