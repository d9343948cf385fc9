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
    """Draw `outputs` as their tab opens, at each event of `on`, and from then on again and again; to be called inside the page's `gr.Blocks`.

    What stands in no tab is drawn as the page opens.

    Args:
        handler: returns one value per output, or the one value of a single output.
        soon, seldom: seconds between two looks while a job is under way, and while none is.
    """
    tab = _tab_around(Context.block)
    page, timer = Context.root_block, gr.Timer(seldom, active=tab is None)
    assert page is not None
    jobs, alone = context.settings.workspace / "jobs", len(outputs) == 1

    @wraps(handler)
    def look(*values: Any) -> list[Any]:
        # asked before it is drawn: the end of a job must not be missed between the two
        busy = any(is_locked(lock) for lock in jobs.glob("*/lock"))
        drawn = handler(*values)
        return [*([drawn] if alone else drawn), gr.Timer(soon if busy else seldom, active=True)]

    found = Look(look, inputs, [*outputs, timer])
    gr.on([tab.select if tab else page.load, timer.tick, *on], *found, **QUIET)
    return found


def _tab_around(block: Any) -> gr.Tab | None:
    """The tab within which components are laid out now."""
    while block is not None and not isinstance(block, gr.Tab):
        block = block.parent
    return block
