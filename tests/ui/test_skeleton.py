"""Until Gradio's script has drawn the page, its name, steps and first sentence stand there."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from chatbot.ui.shell.skeleton import Skeleton

PAGE = "<body><gradio-app></gradio-app></body>"
LOGIN = "<body><form></form></body>"


@pytest.fixture
def visitor():
    """A client of a site whose page is Gradio's, and whose other page is not."""
    routes = [Route(path, lambda _, text=text: HTMLResponse(text)) for path, text in (("/", PAGE), ("/login", LOGIN))]
    tabs = ("page.data", "chat.tab")
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Skeleton, tabs=tabs)]))


@pytest.mark.parametrize(
    ("asked", "said"), [("zh-CN", "想住什么样的酒店"), ("en-GB", "What hotel are you looking for")]
)
def test_the_page_says_in_the_visitors_language_what_to_do_before_its_script_has_run(visitor, asked, said):
    answer = visitor.get("/", headers={"accept-language": asked})
    before, after = answer.text.split("<gradio-app")
    assert said in before and after == PAGE.split("<gradio-app")[1]
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_other_pages_stay_as_they_are(visitor):
    assert visitor.get("/login").text == LOGIN


def test_the_other_language_is_not_shown_to_the_next_visitor(visitor):
    assert "What hotel" in visitor.get("/", headers={"accept-language": "en"}).text
    assert "What hotel" not in visitor.get("/", headers={"accept-language": "zh"}).text
