"""The whole page: the header above, one tab a task below, each built by its own file."""

from importlib import import_module
from typing import Any

import gradio as gr

from chatbot.core.accounts import Role
from chatbot.ui.chat import tab as chat
from chatbot.ui.i18n.translate import label
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.forms import QUIET
from chatbot.ui.shell.header import HeaderHandlers, build_header
from chatbot.ui.shell.mcp import build_programs

TABS: dict[str, Role] = {"data": "annotator", "finetune": "engineer", "evaluate": "visitor", "lesson": "visitor"}
"""The tabs after Chat, and the role from which they are shown; their functions check the role themselves."""
TITLE = "酒店对话机器人工作台"


def build_page(context: PageContext) -> gr.Blocks:
    """The page, ready to be launched."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        header = build_header(context)
        with gr.Tabs() as strip:
            with gr.Tab(label("chat.tab"), id="chat") as first:
                chat.build(context, header.model, page)
            tabs = {
                name: _tab(context, name) for name, role in TABS.items() if not (context.demo and role != "visitor")
            }
        handlers = PageHandlers(context, [TABS[name] for name in tabs])
        page.load(HeaderHandlers(context).load, None, [header.brand, header.model, header.database], **QUIET)
        page.load(handlers.load, None, list(tabs.values()), **QUIET)
        page.load(handlers.asked, None, strip, **QUIET)
        first.select(HeaderHandlers(context).refresh, None, header.model, **QUIET)
        page.unload(handlers.unload)
        if not context.demo:
            build_programs(context)
    page.queue(default_concurrency_limit=8)
    return page


def _tab(context: PageContext, name: str) -> gr.Tab:
    with gr.Tab(label(f"page.{name}"), id=name, elem_id=f"tab-{name}") as tab:
        import_module(f"chatbot.ui.{name}.tab").build(context)
    return tab


class PageHandlers:
    """What happens to the page as a whole."""

    def __init__(self, context: PageContext, roles: list[Role]) -> None:
        self.context, self.roles = context, roles

    def load(self, request: gr.Request) -> Any:
        """Show the tabs that this person can use."""
        shown = [gr.update(visible=self.context.may(request, role)) for role in self.roles]
        return shown if len(shown) != 1 else shown[0]

    def asked(self, request: gr.Request) -> Any:
        """The tab that the address names (?tab=lesson), where this person can use it."""
        name = request.query_params.get("tab", "")
        return gr.update(selected=name) if name in TABS and self.context.may(request, TABS[name]) else gr.skip()

    def unload(self, request: gr.Request) -> None:
        """A page was closed."""
        self.context.forget(request)
