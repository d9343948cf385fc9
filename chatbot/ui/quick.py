"""Gradio does much at its start that this page has no use for, half of it; this leaves that out, so that the page answers sooner."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_stubs() -> Iterator[None]:
    """While Gradio is imported: its components have no source file to write editor stubs beside, as in a zipped installation."""
    find = inspect.getfile

    def getfile(thing: Any) -> str:
        if str(getattr(thing, "__module__", "")).startswith("gradio."):
            raise OSError("no stubs wanted")
        return find(thing)

    inspect.getfile = getfile  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = find


@contextmanager
def without_drafts() -> Iterator[None]:
    """While a page is built: Gradio makes its whole web application anew at three steps of it, of which `launch` uses none."""
    from gradio.routes import App

    create = App.create_app
    App.create_app = staticmethod(lambda *_, **__: None)
    try:
        yield
    finally:
        App.create_app = staticmethod(create)
