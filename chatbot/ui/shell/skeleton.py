"""What stands on the page until Gradio's script has drawn it: the name, the steps and what to do, in the visitor's language."""

from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.ui.i18n.translate import Language, in_language, language, words

TEMPLATE = Path(__file__).with_suffix(".html")
BEFORE = b"<gradio-app"


@cache
def skeleton(who: Language, tabs: Sequence[str]) -> bytes:
    """The skeleton in one language; its own style hides it once the page is there."""
    said = {name: in_language(who, words()[key]) for name, key in (("title", "header.title"), ("empty", "chat.empty"))}
    steps = "".join(f"<span>{escape(in_language(who, words()[key]))}</span>" for key in tabs)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(said, tabs=steps).encode()


class Skeleton:
    """ASGI middleware that puts the skeleton into the page."""

    def __init__(self, app: ASGIApp, tabs: Sequence[str]) -> None:
        self.app, self.tabs = app, tuple(tabs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let everything but the page pass as it is."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await self.app(scope, receive, send)
            return
        begun: list[Message] = []
        body = bytearray()

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            drawn = skeleton(language(Request(scope)), self.tabs)
            page = bytes(body).replace(BEFORE, drawn + BEFORE, 1)
            MutableHeaders(raw=begun[0]["headers"])["content-length"] = str(len(page))
            await send(begun[0])
            await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, held)
