"""Every event of the page: what nobody foresaw is told in words with its request's id, and events that run are counted."""

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from html import escape
from typing import Any

import gradio as gr

from chatbot.core.errors import WorkbenchError
from chatbot.core.operation.logs import REQUEST, failed, request_id
from chatbot.core.storage.trouble import trouble
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.errors import in_words

HEADER = "x-request-id"


class Running:
    """How many answers are under way, and a wait until there is none."""

    def __init__(self) -> None:
        self._now, self._changed = 0, threading.Condition()

    @property
    def now(self) -> int:
        """How many."""
        return self._now

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one for as long as it takes."""
        self._add(1)
        try:
            yield
        finally:
            self._add(-1)

    def wait(self, seconds: float) -> bool:
        """Whether all have ended within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._now == 0, seconds)

    def _add(self, n: int) -> None:
        with self._changed:
            self._now += n
            self._changed.notify_all()


def guard_events(page: gr.Blocks, running: Running) -> None:
    """Put the guard around every event of a page; to be called when all of them are there."""
    for event in page.fns.values():
        if event.fn is not None:
            event.fn = guarded(event.fn, running)


def guarded(handler: Callable[..., Any], running: Running) -> Callable[..., Any]:
    """A handler whose errors are all told in words."""

    @wraps(handler)
    def run(*values: Any, **named: Any) -> Any:
        with running.one(), _told(_asker(values)):
            return handler(*values, **named)

    @wraps(handler)
    def run_stepwise(*values: Any, **named: Any) -> Iterator[Any]:
        with running.one(), _told(_asker(values)):
            yield from handler(*values, **named)

    return run_stepwise if inspect.isgeneratorfunction(handler) else run


@contextmanager
def _told(asker: gr.Request | None) -> Iterator[None]:
    own = request_id(REQUEST.get() if asker is None else asker.headers.get(HEADER))
    REQUEST.set(own)
    try:
        yield
    except gr.Error:
        raise
    except WorkbenchError as error:
        raise _error(translate(asker, "error.failed", error=escape(in_words(error, asker)))) from error
    except Exception as error:
        failed(error)
        if known := trouble(error):
            raise _error(translate(asker, "error.failed", error=escape(in_words(known, asker)))) from error
        raise _error(translate(asker, "error.unforeseen", id=own)) from error


def _error(text: str) -> gr.Error:
    return gr.Error(text, print_exception=False)


def _asker(values: tuple[Any, ...]) -> gr.Request | None:
    return next((value for value in values if isinstance(value, gr.Request)), None)
