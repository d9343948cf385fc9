"""What the page looks at by itself: soon one look after the other while a job is under way, seldom while none is."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple

import gradio as gr
from gradio.context import Context

from chatbot.core.locks import is_locked
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET

SOON, SELDOM = 2.0, 60.0
"""Seconds between two looks, with and without a job under way: one that another program began is seen after SELDOM at the latest."""


class Look(NamedTuple):
    """What a listener takes to look at once, after something that was just begun."""

    fn: Callable[..., Any]
    inputs: Any
    outputs: list[Any]


def keep_looking(
    context: PageContext,
    handler: Callable[..., Any],
    inputs: Any,
    outputs: Sequence[Any],
    *,
    on: Sequence[Any] = (),
    soon: float = SOON,
    seldom: float = SELDOM,
) -> Look:
    """Draw `outputs` as the page opens, at each event of `on`, and again and again; to be called inside the page's `gr.Blocks`.

    Args:
        handler: returns one value per output, or the one value of a single output.
        soon, seldom: seconds between two looks while a job is under way, and while none is.
    """
    page, timer = Context.root_block, gr.Timer(seldom)
    assert page is not None
    jobs, alone = context.settings.workspace / "jobs", len(outputs) == 1

    @wraps(handler)
    def look(*values: Any) -> list[Any]:
        # asked before it is drawn: the end of a job must not be missed between the two
        busy = any(is_locked(lock) for lock in jobs.glob("*/lock"))
        drawn = handler(*values)
        return [*([drawn] if alone else drawn), gr.Timer(soon if busy else seldom)]

    found = Look(look, inputs, [*outputs, timer])
    gr.on([page.load, timer.tick, *on], *found, **QUIET)
    return found
