"""Whether the page is there, without drawing it: Gradio asks that at its start, and gives up where a busy machine takes more than 3 s."""

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


class Heartbeat:
    """ASGI middleware that answers `HEAD /` itself; drawing the page for it takes a busy machine seconds."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the request pass."""
        asked = scope["type"] == "http" and scope["method"] == "HEAD" and scope["path"] == "/"
        await (Response() if asked else self.app)(scope, receive, send)
