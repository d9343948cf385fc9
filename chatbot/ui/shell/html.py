"""The few pieces of HTML that several tabs show: paragraphs, progress bars and tables. What goes into them is HTML already, unless a piece says that it escapes."""

from collections.abc import Iterable, Mapping
from html import escape

SKELETON = '<div class="skeleton" aria-hidden="true"><i></i><i></i><i></i></div>'
"""What stands in the place of something that is on its way."""


def para(kind: str, html: str) -> str:
    """A paragraph in one of the page's styles: lead, state, …"""
    return f'<p class="{kind}">{html}</p>'


def quiet(html: str) -> str:
    """A paragraph that stays in the background."""
    return para("quiet", html)


def empty(html: str) -> str:
    """What stands where there is nothing yet."""
    return para("empty", html)


def note(text: str, kind: str = "") -> str:
    """Something that a person should know, escaped; "" where there is nothing to say."""
    return para(f"note {kind}".strip(), escape(text)) if text else ""


def progress(share: float) -> str:
    """A bar that is filled so far."""
    return f'<div class="progress"><i style="width:{share:.1%}"></i></div>'


def cells(texts: Iterable[str], tag: str = "td") -> str:
    """Cells of a row."""
    return "".join(f"<{tag}>{text}</{tag}>" for text in texts)


def table(kind: str, head: Iterable[str], rows: Iterable[str]) -> str:
    """A table from the names of its columns and from rows of cells."""
    lines = "".join(f"<tr>{row}</tr>" for row in (cells(head, "th"), *rows) if row)
    return f'<table class="{kind}">{lines}</table>'


def facts(rows: Mapping[str, object]) -> str:
    """Names and values as a table, escaped; "" where there are none."""
    lines = (cells([escape(str(key))], "th") + cells([escape(str(value))]) for key, value in rows.items())
    return table("facts", (), lines) if rows else ""
