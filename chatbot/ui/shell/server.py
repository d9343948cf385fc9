"""Puts the page on a port: at once, while the default model loads behind it."""

import threading
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from chatbot.core.accounts import Accounts
from chatbot.core.errors import InputError
from chatbot.core.settings import Settings
from chatbot.dialogue.speaking import as_chat_model
from chatbot.models.serving.openai_server import mount
from chatbot.ui.i18n.translate import translate, translations
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.heartbeat import Heartbeat
from chatbot.ui.shell.mcp import GuardMcp, free_models
from chatbot.ui.shell.page import build_page
from chatbot.ui.shell.theme import CSS, theme

UPLOAD_LIMIT = "200mb"


def open_page(context: PageContext, *, host: str, port: int | None) -> tuple[gr.Blocks, str]:
    """Build and launch the page without waiting for its end; returns it with its address.

    Raises:
        InputError: the port is taken.
    """
    authenticate = context.accounts.verify if context.accounts is not None else None
    page = build_page(context)
    try:
        app, address, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,
            auth=authenticate,
            auth_message=translate("zh", "serve.login"),
            max_file_size=UPLOAD_LIMIT,
            blocked_paths=[str(Path(context.settings.workspace).resolve())],
            prevent_thread_lock=True,
            ssr_mode=False,
            quiet=True,
            footer_links=[],
            i18n=translations(),
            theme=theme(),
            css_paths=CSS,
            mcp_server=not context.demo and find_spec("mcp") is not None,
            app_kwargs={"middleware": [Middleware(Heartbeat), Middleware(GuardMcp, authenticate=authenticate)]},
        )
    except OSError as error:
        raise InputError("ui.port", value=error, host=host, port=port) from error
    if not context.demo:
        mount(
            app,
            lambda name: as_chat_model(context.pool.get(name)),
            authenticate,
            available=partial(free_models, context),
        )
    return page, address


def run_server(settings: Settings, *, host: str, port: int, demo: bool, accounts: Accounts) -> None:
    """Open the page and stay until it is stopped. With any account there, everybody has to log in."""
    context = PageContext(settings, demo=demo, accounts=accounts if accounts and not demo else None)
    page, address = open_page(context, host=host, port=port)
    print(f"酒店对话机器人工作台 / hotel chatbot workbench: {address}", flush=True)
    threading.Thread(target=warm, args=(context,), daemon=True).start()
    page.block_thread()


def warm(context: PageContext) -> None:
    """Load the hotels and the first model that the page offers."""
    print(f"{len(context.default_store):,} hotels from {context.settings.hotels}", flush=True)
    offered = context.models()
    if offered:
        context.pool.warm(offered[0].id)
