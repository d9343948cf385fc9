"""What somebody is told who does not get through: in their language, in the form that they asked in, and nothing of what lies behind."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from chatbot.core.errors import WorkbenchError
from chatbot.models.serving.openai_format import error_body
from chatbot.models.serving.openai_server import CHALLENGE
from chatbot.ui.i18n.translate import language

MARK = "x-refused"
"""The header that tells a refusal of the gate from an answer of the page: it holds the error's code."""
STATUS = {
    "ui.host": 421,
    "ui.origin": 403,
    "ui.log_in": 401,
    "ui.log_in_wrong": 400,
    "ui.role": 403,
    "ui.closed": 404,
    "core.log_in_wait": 429,
}


def refusal(request: Request, path: str, error: WorkbenchError) -> Response:
    """The answer to a request that goes no further; what is damaged is a 503 until it is mended."""
    status, headers = STATUS.get(error.code, 503), {MARK: error.code, "cache-control": "no-store"}
    if error.code == "core.log_in_wait":
        headers["retry-after"] = str(error.fields["seconds"])
    if path.startswith("/v1/"):
        return JSONResponse(error_body(error.text("en"), "invalid_request_error"), status, headers | _challenge(status))
    told = error.text(language(request))
    if path.startswith("/gradio_api/mcp"):
        return PlainTextResponse(error.text("en"), status, headers | _challenge(status))
    if "text/html" in request.headers.get("accept", ""):
        return PlainTextResponse(told, status, headers)
    return JSONResponse({"detail": told}, status, headers)


def _challenge(status: int) -> dict[str, str]:
    return CHALLENGE if status == 401 else {}
