"""Step 3 of the Data tab: lays out the review and answers what its page asks for; the page's own script is `desk.js`."""

import re
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.settings import DATA
from chatbot.ui.data.review.handlers import ReviewHandlers
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET
from chatbot.ui.shell.html import SKELETON

SCRIPT = Path(__file__).with_name("desk.js").read_text(encoding="utf-8")
OPEN = Path(__file__).with_name("open.js").read_text(encoding="utf-8")
GUIDE = DATA.parent / "docs" / "annotators.zh-CN.md"


def guidelines() -> str:
    """The page for those who review, without its pictures, which lie beside it."""
    return re.sub(r"^!\[.*\n", "", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE) if GUIDE.exists() else ""


def build(context: PageContext) -> list[Any]:
    """Lay the step out; returns the events after which the counts have changed.

    The script draws what answers say into the host. Nothing that a person sees or types is kept in the page's session, so a
    server that starts anew goes on where it was.
    """
    handlers = ReviewHandlers(context)
    gr.Markdown(guidelines(), elem_id="review-guide", sanitize_html=True)
    gr.HTML(f'<div id="review-host">{SKELETON}</div>', padding=False, elem_id="review")
    wire = gr.HTML("", html_template="<i></i>", js_on_load=SCRIPT, visible="hidden", elem_id="review-wire")
    kept = gr.HTML("", html_template="<i></i>", js_on_load=None, visible="hidden", elem_id="review-kept-wire")
    page = Context.root_block
    assert page is not None
    page.load(None, None, None, js=OPEN)
    several: dict[str, Any] = QUIET | {"trigger_mode": "multiple"}
    answered = wire.command(handlers.do, None, wire, **several)
    answered.failure(None, None, None, js="() => window.reviewPage?.failed()")
    typed = wire.typed(handlers.keep, None, kept, **several)
    typed.then(None, kept, None, js="(told) => window.reviewPage?.kept(told)")
    return [answered]
