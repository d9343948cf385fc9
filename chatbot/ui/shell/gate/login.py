"""The form to log in with, and what it and the button to log out do."""

from html import escape
from pathlib import Path
from string import Template

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from chatbot.core.trust.doorkeeper import Doorkeeper
from chatbot.core.trust.passes import DAY, SESSION_DAYS
from chatbot.ui.i18n.translate import language, translate

COOKIE = "chatbot_session"
LOGIN_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def login_page(request: Request, told: str = "", status: int = 200, *, action: str = "login") -> Response:
    """The form, with a sentence about the last try.

    Args:
        action: where it is sent to, from the address that it is shown at.
    """
    template = Template(Path(__file__).with_name("login.html").read_text(encoding="utf-8"))
    words = {
        "title": "header.name",
        "login": "serve.login",
        "name": "serve.name",
        "password": "serve.password",
        "log_in": "serve.log_in",
    }
    filled = {mark: escape(translate(request, key)) for mark, key in words.items()}
    page = template.substitute(filled, language=language(request), told=escape(told), action=action)
    return HTMLResponse(page, status, {"content-security-policy": LOGIN_POLICY, "cache-control": "no-store"})


def credentials_of(form: FormData) -> tuple[str, str]:
    """Name and password as the form, or a program in its place, sends them."""
    name, password = form.get("username"), form.get("password")
    return (name.strip() if isinstance(name, str) else ""), (password if isinstance(password, str) else "")


def logged_in(request: Request, secret: str) -> Response:
    """The answer to somebody who is let in: back to the page, or a word that a program understands."""
    response: Response = JSONResponse({"success": True})
    if wants_page(request):
        response = RedirectResponse("./", 303)
    secure = request.url.scheme == "https"
    lasts = int(SESSION_DAYS * DAY)
    response.set_cookie(COOKIE, secret, max_age=lasts, path="/", secure=secure, httponly=True, samesite="lax")
    return response


def log_out(request: Request, doorkeeper: Doorkeeper) -> Response:
    """End the session, everywhere at once."""
    doorkeeper.passes.end(request.cookies.get(COOKIE, ""))
    response = RedirectResponse("./", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return response


def wants_page(request: Request) -> bool:
    """Whether a browser asks that shows what it gets."""
    return "text/html" in request.headers.get("accept", "")
