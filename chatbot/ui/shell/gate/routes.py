"""Every route of the server and the role that it needs: what the gate enforces, and what docs/security.md shows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from chatbot.core.accounts import ROLES, Role

Access = Role | Literal["nobody", "closed"]
"""A role; "nobody" where no log-in is asked for, "closed" where nobody gets through."""
GET, POST, BOTH = ("GET", "HEAD"), ("POST",), ("GET", "HEAD", "POST", "DELETE")
API = "/gradio_api"
LOGIN, LOGOUT, V1, MCP = "/login", "/logout", "/v1", f"{API}/mcp"


@dataclass(frozen=True)
class Route:
    """One route, as the frameworks write it: `{name}` is one step, `{name:path}` any number of them.

    Attributes:
        what: what it is for, in words.
    """

    path: str
    methods: tuple[str, ...]
    access: Access
    what: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the whole path, with or without a slash at its end."""
        steps = re.split(r"(\{[^}]*\})", self.path)
        parts = [
            re.escape(step) if not step.startswith("{") else ".*" if step.endswith(":path}") else "[^/]+"
            for step in steps
        ]
        return re.compile("".join(parts) + "/?", re.DOTALL)

    def fits(self, method: str, path: str) -> bool:
        """Whether a request is for this route."""
        return method in self.methods and self.pattern.fullmatch(path) is not None

    def lets_in(self, role: Role | None) -> bool:
        """Whether somebody of this role gets through; None is somebody who has not logged in where that is needed."""
        if self.access in ("nobody", "closed"):
            return self.access == "nobody"
        return role is not None and ROLES.index(role) >= ROLES.index(self.access)


def _routes(access: Access, methods: tuple[str, ...], what: str, *paths: str) -> Iterator[Route]:
    return (Route(path, methods, access, what) for path in paths)


ROUTES: tuple[Route, ...] = (
    *_routes("nobody", ("GET", "HEAD", "POST"), "log in", LOGIN),
    *_routes("visitor", POST, "log out", LOGOUT),
    *_routes("visitor", GET, "the page; who has to log in sees that form", "/"),
    *_routes(
        "nobody",
        GET,
        "scripts, styles, icons",
        "/static/{path:path}",
        "/assets/{path:path}",
        "/svelte/{path:path}",
        "/theme.css",
        f"{API}/theme.css",
        "/favicon.ico",
        "/robots.txt",
        "/manifest.json",
        "/pwa_icon",
        "/pwa_icon/{size}",
    ),
    *_routes("nobody", GET, "Gradio's own call at its start", f"{API}/startup-events"),
    *_routes("visitor", GET, "what the page is made of", "/config", f"{API}/info", f"{API}/openapi.json"),
    *_routes("visitor", GET, "who is asking", f"{API}/user", f"{API}/login_check", f"{API}/app_id"),
    *_routes("visitor", POST, "an event; its function checks the role again", f"{API}/queue/join"),
    *_routes("visitor", GET, "its results", f"{API}/queue/data", f"{API}/queue/status"),
    *_routes("visitor", POST, "an event; its function checks the role again", f"{API}/run/{{api_name}}"),
    *_routes("visitor", POST, "the same by another name", f"{API}/api/{{api_name}}", f"{API}/call/{{api_name}}"),
    *_routes("visitor", POST, "the same by another name", f"{API}/call/v2/{{api_name}}"),
    *_routes("visitor", GET, "its results", f"{API}/call/{{api_name}}/{{event_id}}"),
    *_routes("visitor", GET, "its results", f"{API}/call/v2/{{api_name}}/{{event_id}}"),
    *_routes("visitor", POST, "stop an event", f"{API}/cancel", f"{API}/reset"),
    *_routes("visitor", POST, "a component's own question", f"{API}/component_server"),
    *_routes("visitor", GET, "whether the page is still open", f"{API}/heartbeat/{{session_hash}}"),
    *_routes("visitor", GET, "a file that the page shows or gives", f"{API}/file={{path_or_url:path}}"),
    *_routes("annotator", POST, "bring a file", f"{API}/upload"),
    *_routes("annotator", GET, "how far an upload is", f"{API}/upload_progress"),
    *_routes("annotator", BOTH, "OpenAI's API", f"{V1}/{{path:path}}"),
    *_routes("annotator", BOTH, "the MCP server", MCP, f"{MCP}/{{path:path}}"),
    *_routes("closed", GET, "Gradio's own sessions", f"{API}/token", LOGOUT),
    *_routes("closed", GET, "FastAPI's own description", "/openapi.json"),
    *_routes("closed", GET, "Gradio's development and sharing", f"{API}/dev/reload", "/gradio_api/deep_link"),
    *_routes("closed", GET, "Gradio's monitoring", "/monitoring", "/monitoring/{path:path}"),
    *_routes("closed", BOTH, "Gradio's profiling", f"{API}/profiling/{{path:path}}"),
    *_routes("closed", BOTH, "runs kept at Hugging Face", f"{API}/runs", f"{API}/run-history/{{path:path}}"),
    *_routes("closed", GET, "other servers' files", f"{API}/proxy={{url_path:path}}"),
    *_routes("closed", GET, "the older way to files", f"{API}/file/{{path:path}}"),
    *_routes("closed", BOTH, "streams of sound and film", f"{API}/stream/{{path:path}}"),
    *_routes("closed", POST, "recordings of the screen", f"{API}/process_recording"),
    *_routes("closed", GET, "components of others", f"{API}/custom_component/{{path:path}}"),
    *_routes("closed", BOTH, "code written into the page", f"{API}/vibe-edit", f"{API}/undo-vibe-edit"),
    *_routes("closed", BOTH, "code written into the page", f"{API}/vibe-code", f"{API}/vibe-starter-queries"),
)
"""The first that fits counts; what none fits is closed."""


def route_of(method: str, path: str) -> Route | None:
    """The route that a request is for; None for one that the table does not name."""
    return next((route for route in ROUTES if route.fits(method, path)), None)
