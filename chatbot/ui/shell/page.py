"""The whole page: the header above, one tab a task below, each built by its own file."""

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import gradio as gr

from chatbot.core.accounts import Role
from chatbot.ui.chat import tab as chat
from chatbot.ui.i18n.translate import label, words
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET
from chatbot.ui.shell.header import HeaderHandlers, build_header
from chatbot.ui.shell.mcp import build_programs
from chatbot.ui.shell.strip import ORDER, hand_over, wire_strip
from chatbot.ui.tour.tour import build_tour, wire

TABS: dict[str, Role] = {"data": "annotator", "finetune": "engineer", "evaluate": "visitor", "lesson": "visitor"}
"""The tabs after Chat, and the role from which they are shown; their functions check the role themselves."""
CHAT = "chat.tab"
TITLE = "酒店对话机器人工作台"
SCRIPT = Path(__file__).with_name("browser.js")

LOOKS = 0.05
"""Seconds between two looks of Gradio's queue for something to do; its own thousand a second keep 4 % of a core busy with nobody there."""
NO_STATISTICS = {"GRADIO_ANALYTICS_MAX_EVENTS": "1", "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000"}
"""Else Gradio computes percentiles over the last 10,000 events after each event, for a page of its own that nobody opens."""


class Page(gr.Blocks):
    """Gradio's page with a queue that rests while there is nothing to do."""

    def queue(self, *args: Any, **options: Any) -> "Page":
        """As in Gradio, which offers no setting for the rest."""
        os.environ.update(NO_STATISTICS)
        super().queue(*args, **options)
        self._queue.sleep_when_free, self._queue.progress_update_sleep_when_free = LOOKS, 10 * LOOKS
        return self


def build_page(context: PageContext) -> gr.Blocks:
    """The page, ready to be launched."""
    with Page(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        header = build_header(context)
        tour = build_tour(header.tour)
        names = shown_tabs(context)
        after: dict[str, gr.Button] = {}
        taken: dict[str, Any] = {"chat": header.model}
        with gr.Tabs(selected="chat", elem_id="strip") as strip:
            at = names.index("chat")
            tabs = {name: _tab(context, name, after, taken) for name in names[:at]}
            with gr.Tab(label(CHAT), id="chat", elem_id="tab-chat") as first:
                chat.build(context, header.model, page, tour.asked)
            tabs |= {name: _tab(context, name, after, taken) for name in names[at + 1 :]}
        handlers = PageHandlers(context, [TABS[name] for name in tabs], [TABS[next_of(name)] for name in after])
        page.load(HeaderHandlers(context).load, None, [header.brand, header.model, header.database], **QUIET)
        page.load(handlers.load, None, [*tabs.values(), *after.values()], **QUIET)
        page.load(handlers.asked, None, strip, **QUIET)
        wire(tour, page, strip)
        wire_strip(context, strip, {name: tabs.get(name, first) for name in names}, after, taken)
        page.load(None, None, None, js=script())
        first.select(HeaderHandlers(context).refresh, None, header.model, **QUIET)
        page.unload(handlers.unload)
        if not context.demo:
            build_programs(context)
    page.queue(default_concurrency_limit=8)
    return page


def shown_tabs(context: PageContext) -> list[str]:
    """All tabs by name, as they stand: Chat after the steps that lead to it."""
    names = [name for name, role in TABS.items() if not (context.demo and role != "visitor")]
    return [*(name for name in names if name in ORDER), "chat", *(name for name in names if name not in ORDER)]


def tab_words(context: PageContext) -> list[str]:
    """The keys of the tabs' names, as they stand."""
    return [CHAT if name == "chat" else f"page.{name}" for name in shown_tabs(context)]


def script() -> str:
    """The page's own script with the words that it says, in both languages: it speaks while there is no server."""
    said = {name: words()[f"connection.{name}"] for name in ("lost", "back", "anew", "load", "button")}
    return SCRIPT.read_text(encoding="utf-8").replace("WORDS", json.dumps(said, ensure_ascii=False))


def next_of(name: str) -> str:
    """The tab that a tab hands over to, as far as its role goes: Chat is everybody's, as Evaluate is."""
    after = ORDER[ORDER.index(name) + 1]
    return after if after in TABS else name


def _tab(context: PageContext, name: str, after: dict[str, gr.Button], taken: dict[str, Any]) -> gr.Tab:
    """A tab; its button to hand over goes into `after`, and what it takes from the tab before into `taken`."""
    with gr.Tab(label(f"page.{name}"), id=name, elem_id=f"tab-{name}") as tab:
        taken[name] = import_module(f"chatbot.ui.{name}.tab").build(context)
        if button := hand_over(context, name):
            after[name] = button
    return tab


class PageHandlers:
    """What happens to the page as a whole."""

    def __init__(self, context: PageContext, roles: list[Role], after: list[Role]) -> None:
        self.context, self.roles, self.after = context, roles, after

    def load(self, request: gr.Request) -> Any:
        """Show the tabs that this person can use, and the buttons that lead to one of them."""
        shown = [gr.update(visible=self.context.may(request, role)) for role in (*self.roles, *self.after)]
        return shown if len(shown) != 1 else shown[0]

    def asked(self, request: gr.Request) -> Any:
        """The tab that the address names (?tab=lesson), where this person can use it."""
        name = request.query_params.get("tab", "")
        return gr.update(selected=name) if name in TABS and self.context.may(request, TABS[name]) else gr.skip()

    def unload(self, request: gr.Request) -> None:
        """A page was closed."""
        self.context.forget(request)
