"""Errors in the words of the person who meets them: the workbench raises them as data, the page knows whose language to say them in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from html import escape
from typing import Any

import gradio as gr
from pydantic import ValidationError

from chatbot.core.accounts import Role
from chatbot.core.errors import Language, WorkbenchError
from chatbot.core.jobs import Job
from chatbot.ui.i18n.translate import language, translate


def in_words(error: WorkbenchError, who: Any) -> str:
    """An error's message for one person: `who` is their request, or a language."""
    return error.text(spoken(who))


def last_error(job: Job, who: Any) -> str:
    """Why a failed job failed; of one that an earlier version ran, what its log says last; "" where it says nothing."""
    found = [line for line in job.log_tail(30).splitlines() if line.startswith("error:")]
    return job.error(spoken(who)) or (found[-1].removeprefix("error:").strip() if found else "")


def spoken(who: Any) -> Language:
    """The language of a person: `who` is their request, or a language."""
    return who if who in ("zh", "en") else language(who)


@contextmanager
def errors_shown(request: gr.Request) -> Iterator[None]:
    """Turn errors that a person can mend into a message on the page, escaped, because the page reads messages as HTML."""
    try:
        yield
    except WorkbenchError as error:
        raise gr.Error(
            translate(request, "error.failed", error=escape(in_words(error, request))), print_exception=False
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        told = translate(
            request, "error.field", name=first["loc"][0] if first["loc"] else "", value=escape(str(first["input"]))
        )
        raise gr.Error(told, print_exception=False) from error


def needs(role: Role) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only this role in, and show errors as `errors_shown` does; the request is the handler's first argument."""

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(handler)
        def run(self: Any, request: gr.Request, *values: Any) -> Any:
            with errors_shown(request):
                self.context.require(request, role)
                return handler(self, request, *values)

        run.__dict__["role"] = role  # for docs/security.md and the test that compares it
        return run

    return decorate
