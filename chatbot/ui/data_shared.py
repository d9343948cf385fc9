"""What the four steps of the Data tab share: roles and errors at the edge of a handler, bars, and marked text."""

from collections.abc import Callable, Mapping
from functools import wraps
from html import escape
from typing import Any

import gradio as gr

from chatbot.accounts import Role
from chatbot.errors import WorkbenchError
from chatbot.ui.words import say

WORDS = {"data.failed": ("没有成功：{error}", "That did not work: {error}")}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
WAIT: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}


def needs(role: Role) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only this role in, and turn errors that a person can mend into a message on the page; the request comes first."""

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(handler)
        def run(self: Any, request: gr.Request, *values: Any) -> Any:
            try:
                self.context.require(request, role)
                return handler(self, request, *values)
            except WorkbenchError as error:
                raise gr.Error(say(request, "data.failed", error=error), print_exception=False) from error

        return run

    return decorate


def table(rows: Mapping[str, object]) -> str:
    """Names and values, escaped."""
    cells = "".join(f"<tr><th>{escape(str(key))}</th><td>{escape(str(value))}</td></tr>" for key, value in rows.items())
    return f'<table class="facts">{cells}</table>' if rows else ""


def bars(title: str, series: Mapping[str, Mapping[str, int]]) -> str:
    """One chart of horizontal bars; several series (before, after) share a scale of shares, so that their shapes can be compared.

    Args:
        series: name of the series → label → count; labels come in the order of the first series that has them.
    """
    labels = list(dict.fromkeys(label for counts in series.values() for label in counts))
    shares = {name: {label: counts.get(label, 0) / max(1, sum(counts.values())) for label in labels} for name, counts in series.items()}
    top = max((share for values in shares.values() for share in values.values()), default=0) or 1
    rows = "".join(_row(label, {name: (values[label] / top, series[name].get(label, 0)) for name, values in shares.items()}) for label in labels)
    legend = "".join(f'<span class="key s{i}">{escape(name)}</span>' for i, name in enumerate(series)) if len(series) > 1 else ""
    return f'<figure class="bars"><figcaption>{escape(title)} {legend}</figcaption>{rows}</figure>'


def _row(label: str, values: Mapping[str, tuple[float, int]]) -> str:
    drawn = "".join(f'<i class="s{i}" style="width:{width:.1%}"></i><b>{count:,}</b>' for i, (width, count) in enumerate(values.values()))
    return f'<div class="row"><span>{escape(label)}</span><div class="lanes">{drawn}</div></div>'
