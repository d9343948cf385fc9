"""Puts the page on a port: at once, while the default model loads behind it."""

import gc
import threading
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request

from chatbot.core.accounts import Accounts
from chatbot.core.errors import InputError
from chatbot.core.operation.logs import set_up
from chatbot.core.settings import Settings
from chatbot.core.storage.owner import opened
from chatbot.core.trust.doorkeeper import Doorkeeper
from chatbot.core.trust.hosts import hosts_of
from chatbot.dialogue.speaking import as_chat_model
from chatbot.models.serving.openai_server import mount
from chatbot.ui.i18n.translate import translations
from chatbot.ui.operation.guard import guard_events
from chatbot.ui.operation.health import Health
from chatbot.ui.operation.heartbeat import Heartbeat
from chatbot.ui.operation.retention import forget_daily
from chatbot.ui.operation.uploads import Quota, Uploads
from chatbot.ui.operation.watch import Watch
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.gate.gate import WHO, Gate
from chatbot.ui.shell.mcp import free_models
from chatbot.ui.shell.page import build_page, tab_words
from chatbot.ui.shell.skeleton import Skeleton
from chatbot.ui.shell.theme import CSS, theme

STREAM = Path(__file__).with_name("stream.js")
"""What keeps an event from being waited for on a stream that is closed; before Gradio's own script asks for one."""
UPLOAD_LIMIT = 200_000_000
"""Bytes of one file."""
COMPRESSED = Middleware(GZipMiddleware, compresslevel=6)
"""Gradio compresses its scripts and not the page, which is a megabyte that says most things often; streams stay as they are."""


def open_page(
    context: PageContext, *, host: str, port: int | None, health: Health | None = None
) -> tuple[gr.Blocks, str]:
    """Build and launch the page without waiting for its end; returns it with its address.

    Raises:
        InputError: the port is taken, or the file of accounts is damaged.
    """
    gate = _gate(context, host)
    health = health or Health(context)
    page = build_page(context)
    skeleton = Middleware(Skeleton, tabs=tab_words(context))  # within what compresses
    guard_events(page, health.running)
    try:
        app, address, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,
            auth_dependency=_let_in if context.accounts is not None else None,
            max_file_size=UPLOAD_LIMIT,
            blocked_paths=[str(Path(context.settings.workspace).resolve())],
            prevent_thread_lock=True,
            ssr_mode=False,
            num_workers=0,
            max_threads=96,  # an answer that waits for its turn holds one
            quiet=True,
            footer_links=[],
            i18n=translations(page.config),
            head=f"<script>{STREAM.read_text(encoding='utf-8')}</script>",
            theme=theme(),
            css_paths=CSS,
            mcp_server=not context.demo and find_spec("mcp") is not None,
            app_kwargs={
                "middleware": [_watch(health), gate, _uploads(context), Middleware(Heartbeat), COMPRESSED, skeleton]
            },
        )
    except OSError as error:
        raise InputError("ui.port", value=error, host=host, port=port) from error
    if not context.demo:
        mount(
            app,
            lambda name: as_chat_model(context.pool.get(name)),
            None,  # the gate has asked
            available=partial(free_models, context),
        )
    # Gradio puts its own middleware before ours; what answers to any origin must not come before the gate, health aside.
    app.user_middleware.sort(key=lambda one: (one.cls is not Watch, one is not gate))
    app.middleware_stack = app.build_middleware_stack()
    return page, address


def _gate(context: PageContext, host: str) -> Middleware:
    settings, accounts = context.settings, context.accounts
    if accounts is not None:
        accounts.roles()  # a damaged file ends the start, not the first visit
    doorkeeper = Doorkeeper(accounts, settings.access) if accounts is not None else None
    shown_as = (settings.space_host,) if settings.space_host else ()
    hosts = hosts_of(host, settings.allowed_hosts, public=context.demo)
    return Middleware(
        Gate, context=context, hosts=replace(hosts, allowed=(*hosts.allowed, *shown_as)), doorkeeper=doorkeeper
    )


def _let_in(request: Request) -> str | None:
    """Whom the gate has let in, for Gradio."""
    name: str | None = request.scope.get(WHO)
    return name


def run_server(settings: Settings, *, host: str, port: int, demo: bool, accounts: Accounts) -> None:
    """Open the page and stay until it is stopped. With any account there, everybody has to log in.

    Raises:
        JobError: another page has the workspace open.
        StorageError: the workspace cannot be written.
        InputError: the port is taken.
    """
    set_up(settings.log)
    context = PageContext(settings, demo=demo, accounts=accounts if accounts and not demo else None)
    health = Health(context)
    with nullcontext() if demo else opened(settings.workspace, f"http://{host}:{port}"):
        page, address = open_page(context, host=host, port=port, health=health)
        gc.freeze()  # nothing of the page is ever garbage
        gc.enable()
        print(f"酒店对话机器人工作台 / hotel chatbot workbench: {address}", flush=True)
        threading.Thread(target=warm, args=(context,), daemon=True).start()
        if settings.keep_days and not demo:
            threading.Thread(target=forget_daily, args=(settings, health.ending), daemon=True).start()
        health.wait()
        page.close(verbose=False)


def _uploads(context: PageContext) -> Middleware:
    quota = Quota(context.settings.upload_quota_mb * 1_000_000)
    return Middleware(Uploads, most=UPLOAD_LIMIT + 1_000_000, quota=quota, closed=context.demo)


def _watch(health: Health) -> Middleware:
    token = health.context.settings.metrics_token
    return Middleware(Watch, health=health, token=token.get_secret_value() if token else "")


def warm(context: PageContext) -> None:
    """Load the hotels and the first model that the page offers."""
    print(f"{len(context.default_store):,} hotels from {context.settings.hotels}", flush=True)
    offered = context.models()
    if offered:
        context.pool.warm(offered[0].id)
