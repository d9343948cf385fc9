"""The two tools as other programs use them: the real MCP client against the page's server, with and without an account."""

import asyncio
import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from chatbot.core.accounts import Accounts
from chatbot.core.errors import InputError, QueryError
from chatbot.core.messages import reply, user
from chatbot.core.settings import Settings
from chatbot.core.trust.doorkeeper import Doorkeeper
from chatbot.core.trust.hosts import hosts_of
from chatbot.dialogue.events import TextEvent, TurnEvent
from chatbot.hotels.query import HotelQuery
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.gate.gate import Gate
from chatbot.ui.shell.mcp import answer, build_api, search
from tests.conftest import quiet_loops
from tests.servers import served

mcp = pytest.importorskip("mcp")
RECORD = {"name": "和平宾馆", "type": "经济型", "price": 200}


class FakeStore:
    """Finds one hotel for whatever is asked, and remembers what was."""

    def __init__(self):
        self.asked = []

    def search(self, query, limit=3, offset=0):
        self.asked.append((query, limit))
        return SimpleNamespace(records=[RECORD], relaxed=["rating_range_lower"], unmatched=[], total=1)


class EchoAgent:
    """Answers with what it was told and how long the conversation was."""

    def turn(self, messages, text, stop=lambda: False):
        said = f"{len(messages)}: {text}"
        yield TextEvent(said)
        yield TurnEvent(
            reply=said, call=None, query=HotelQuery(type="经济型"), records=[RECORD], messages=[user(text), reply(said)]
        )


@contextlib.contextmanager
def page(store, folder, accounts=None):
    """A page with the tools on a free port, behind the gate."""
    context = PageContext(Settings(workspace=folder, _env_file=None), accounts=accounts)
    doorkeeper = Doorkeeper(accounts, folder / "access.sqlite") if accounts else None
    app = FastAPI()
    app.add_middleware(Gate, context=context, hosts=hosts_of("127.0.0.1", (), public=False), doorkeeper=doorkeeper)
    with quiet_loops():
        with gr.Blocks() as blocks:
            build_api(lambda: store, EchoAgent)
        gr.mount_gradio_app(app, blocks, path="/", mcp_server=True)
    with quiet_loops(), served(app) as address:
        yield address


@pytest.fixture(scope="module")
def store():
    return FakeStore()


@pytest.fixture(scope="module")
def guarded(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("guarded")
    accounts = Accounts(folder / "accounts.json", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    accounts.add("ada", "a secret", "annotator")
    with page(store, folder, accounts) as url:
        yield url


@pytest.fixture(scope="module")
def unguarded(store, tmp_path_factory):
    with page(store, tmp_path_factory.mktemp("unguarded")) as url:
        yield url


def with_session(url, use, key=None):
    """Run `use(session)` in an MCP session."""
    from mcp.client.streamable_http import streamable_http_client

    async def run():
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with (
            httpx.AsyncClient(headers=headers, timeout=10) as client,
            streamable_http_client(f"{url}/gradio_api/mcp/", http_client=client) as streams,
            mcp.ClientSession(*streams[:2]) as session,
        ):
            await session.initialize()
            return await use(session)

    with ThreadPoolExecutor(1) as apart:  # a browser test before this one may have left its loop running in this thread
        return apart.submit(lambda: asyncio.run(run())).result()


def call(url, tool, key=None, **arguments):
    found = with_session(url, lambda session: session.call_tool(tool, arguments), key)
    return found, json.loads(found.content[0].text) if not found.isError else None


def test_the_tools_explain_themselves(unguarded):
    tools = {t.name: t for t in with_session(unguarded, lambda session: session.list_tools()).tools}
    assert set(tools) == {"search_hotels", "chat"}
    properties = tools["search_hotels"].inputSchema["properties"]
    assert set(HotelQuery.model_fields) <= set(properties)
    assert properties["price_range_upper"]["description"].startswith("highest price")
    assert "required" not in tools["search_hotels"].inputSchema
    assert tools["chat"].inputSchema["required"] == ["text"]


def test_a_search_arrives_as_a_query(unguarded, store):
    _, found = call(unguarded, "search_hotels", facilities=["打麻将"], price_range_upper=500, type="经济", limit=99)
    assert found["records"] == [RECORD] and found["relaxed"] == ["rating_range_lower"]
    query, limit = store.asked[-1]
    assert query.arguments() == {"type": "经济型", "facilities": ["打麻将"], "price_range_upper": 500} and limit == 20


def test_a_conversation_goes_on_when_it_is_given_back(unguarded):
    _, first = call(unguarded, "chat", text="你好")
    _, second = call(unguarded, "chat", text="便宜点的", conversation=first["conversation"])
    assert (first["reply"], second["reply"]) == ("0: 你好", "2: 便宜点的")
    assert second["query"] == {"type": "经济型"} and len(second["conversation"]) == 4


def test_a_wrong_argument_is_an_error_that_names_it(unguarded):
    found, _ = call(unguarded, "search_hotels", rating_range_lower=9)
    assert found.isError and "rating_range_lower" in found.content[0].text


def test_with_accounts_the_tools_need_one(guarded, store):
    asked = len(store.asked)
    for key in (None, "ada:wrong"):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        for path in (
            "/gradio_api/mcp/",
            "/gradio_api/mcp/http",
            "/gradio_api/mcp/sse",
            "/gradio_api/mcp/schema",
            "/gradio_api/mcp/messages/",
        ):
            assert httpx.get(guarded + path, headers=headers).status_code == 401
    assert httpx.post(f"{guarded}/gradio_api/run/search_hotels", json={"data": []}).status_code == 401
    assert len(store.asked) == asked


def test_with_an_account_they_work(guarded):
    assert call(guarded, "search_hotels", key="ada:a secret", name="和平")[1]["records"] == [RECORD]
    assert call(guarded, "chat", key="ada:a secret", text="你好")[1]["reply"] == "0: 你好"


def test_search_refuses_what_does_not_validate():
    with pytest.raises(QueryError, match="price_range_upper"):
        search(FakeStore(), {"price_range_upper": -1})


@pytest.mark.parametrize(
    ("text", "conversation"), [("  ", []), ("好", [{"role": "robot"}]), ("好", [{"role": "user"}] * 500)]
)
def test_chat_refuses_what_is_no_conversation(text, conversation):
    with pytest.raises(InputError):
        answer(EchoAgent(), text, conversation)
