"""One page on one port as other programs use it: OpenAI's client, LangChain and an MCP client, each through a whole round with a search."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest

from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.models.catalog import ModelChoice
from chatbot.models.rules import RulesModel
from chatbot.ui.shell.context import PageContext

WORDS = "想找能打麻将的经济型酒店"
WISH = {"type": "经济型", "facilities": ["棋牌室"]}


@pytest.fixture
def address(serve_page, page_context):
    """A page whose one model is the rules, which need no weights."""
    choices = [ModelChoice("rules", "rules", "shipped")]
    context = PageContext(
        page_context.settings, models=lambda settings: choices, open_model=lambda model_id, current: RulesModel()
    )
    return serve_page(context).rstrip("/")


def found_by_mcp(address, arguments):
    """What the page's MCP tool finds, as text."""
    mcp = pytest.importorskip("mcp")
    from mcp.client.streamable_http import streamable_http_client

    async def run():
        async with (
            httpx.AsyncClient(timeout=20) as client,
            streamable_http_client(f"{address}/gradio_api/mcp/", http_client=client) as streams,
            mcp.ClientSession(*streams[:2]) as session,
        ):
            await session.initialize()
            return (await session.call_tool("search_hotels", arguments)).content[0].text

    with ThreadPoolExecutor(1) as apart:
        return apart.submit(lambda: asyncio.run(run())).result()


def test_openais_client_calls_and_the_mcp_client_searches_and_the_reply_names_the_hotel(address):
    talk = [{"role": "user", "content": WORDS}]
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
        assert [model.id for model in client.models.list()] == ["rules"]
        with client.chat.completions.stream(model="rules", messages=talk, tools=[SEARCH_HOTELS]) as stream:
            called = stream.get_final_completion().choices[0].message
        arguments = json.loads(called.tool_calls[0].function.arguments)
        assert arguments == WISH
        result = found_by_mcp(address, arguments)
        talk += [
            {"role": "assistant", "tool_calls": [call.model_dump() for call in called.tool_calls]},
            {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": result},
        ]
        last = client.chat.completions.create(model="rules", messages=talk, tools=[SEARCH_HOTELS])
    assert "归途快捷酒店" in last.choices[0].message.content
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens > 0


@pytest.mark.parametrize(
    ("words", "choice", "called"),
    [
        ("你好", "required", {}),
        (WORDS, {"type": "function", "function": {"name": "search_hotels"}}, WISH),
        ("你好", "auto", None),
    ],
)
def test_the_rules_call_where_they_must(address, words, choice, called):
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
        said = client.chat.completions.create(
            model="rules", messages=[{"role": "user", "content": words}], tools=[SEARCH_HOTELS], tool_choice=choice
        )
    calls = said.choices[0].message.tool_calls
    assert (json.loads(calls[0].function.arguments) if calls else None) == called


@pytest.mark.parametrize("options", [{}, {"tools": [SEARCH_HOTELS], "tool_choice": "none"}])
def test_without_the_tool_they_say_that_they_would_have_to_search(address, options):
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
        said = client.chat.completions.create(
            model="rules", messages=[{"role": "user", "content": WORDS}], **options
        ).choices[0]
    assert said.message.tool_calls is None and "search_hotels" in said.message.content


def test_langchain_calls_searches_and_streams_the_reply(address):
    langchain_openai = pytest.importorskip("langchain_openai")
    from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage

    model = langchain_openai.ChatOpenAI(base_url=f"{address}/v1", api_key="none", model="rules", max_retries=0)
    bound = model.bind_tools([SEARCH_HOTELS])
    asked = HumanMessage(WORDS)
    whole = bound.invoke([asked])
    assert [call["args"] for call in whole.tool_calls] == [WISH] and whole.usage_metadata["total_tokens"] > 0
    streamed = sum(bound.stream([asked]), AIMessageChunk(""))
    assert [call["args"] for call in streamed.tool_calls] == [WISH] and not streamed.invalid_tool_calls
    result = ToolMessage(found_by_mcp(address, WISH), tool_call_id=whole.tool_calls[0]["id"])
    said = "".join(chunk.content for chunk in bound.stream([asked, whole, result]))
    assert "归途快捷酒店" in said
    forced = model.bind_tools([SEARCH_HOTELS], tool_choice="search_hotels").invoke([HumanMessage("你好")])
    assert [call["name"] for call in forced.tool_calls] == ["search_hotels"]
