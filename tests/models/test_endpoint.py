"""Models behind other servers, over real HTTP: each server's way to stream a call, and calls that a server left in the text."""

import json

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from chatbot.core.errors import BackendError, CallParseError
from chatbot.core.messages import FunctionCall, Message, ToolCall, call, observation, reply, user
from chatbot.core.settings import Settings
from chatbot.dialogue.agent import Agent
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.models.backends import CallDelta, TextDelta
from chatbot.models.catalog import open_model
from chatbot.models.families import chatglm3 as chatglm3_family
from chatbot.models.families import llama2 as llama2_family
from chatbot.models.serving.endpoint import EndpointModel, wire
from chatbot.models.serving.openai_server import mount
from tests.servers import served

WISH = {"type": "经济型", "facilities": ["能打麻将"]}
CALL = call(WISH).call
ARGUMENTS = json.dumps(WISH, ensure_ascii=False)


def part(**function):
    return {"index": 0, "function": function}


CALLS_IN_THEIR_DIALECTS = {
    "vLLM: the name first, then the arguments in pieces, usage in a chunk without choices": [
        {"role": "assistant", "content": ""},
        {"tool_calls": [part(name="search_hotels") | {"id": "chatcmpl-tool-1", "type": "function"}]},
        *({"tool_calls": [part(arguments=letter)]} for letter in ARGUMENTS),
        None,
    ],
    "llama.cpp: null content, the id repeated": [
        {"role": "assistant", "content": None},
        {"tool_calls": [part(name="search_hotels", arguments="") | {"id": "x", "type": "function"}]},
        {"tool_calls": [part(arguments=ARGUMENTS[:9]) | {"id": "x"}]},
        {"tool_calls": [part(arguments=ARGUMENTS[9:]) | {"id": "x"}]},
    ],
    "transformers serve: the whole call in one chunk": [
        {"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS) | {"id": "y", "type": "function"}]}
    ],
    "a second call beside the first, which is the one that is read": [
        {
            "tool_calls": [
                part(name="search_hotels", arguments=ARGUMENTS),
                {"index": 1, "function": {"name": "other", "arguments": "{}"}},
            ]
        }
    ],
    "ChatGLM3's form, left in the text": [
        {"content": c} for c in f"\nsearch_hotels\n {chatglm3_family.call_text(CALL)}"
    ],
    "ChatGLM3's name and JSON, left in the text": [{"content": f"search_hotels\n{ARGUMENTS}"}],
    "Llama 2's form, left in the text": [{"content": c} for c in f" {llama2_family.call_text(CALL)}"],
}


class Server:
    """Streams a script; remembers the last request."""

    def __init__(self):
        self.script, self.status, self.asked = [], 200, {}

    def app(self):
        app = FastAPI()

        @app.post("/v1/chat/completions", response_model=None)
        async def completions(request: Request):
            self.asked = await request.json()
            if self.status != 200:
                return JSONResponse({"error": {"message": "no such model"}}, self.status)
            return StreamingResponse(self.lines(), media_type="text/event-stream")

        return app

    def lines(self):
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        for delta in self.script:
            if isinstance(delta, str):
                yield f"data: {delta}\n\n"
                continue
            choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": None}]
            yield f"data: {json.dumps(head | {'choices': choices})}\n\n"
        yield "data: [DONE]\n\n"


@pytest.fixture(scope="module")
def server():
    return Server()


@pytest.fixture(scope="module")
def address(server):
    with served(server.app()) as found:
        yield f"{found}/v1"


@pytest.fixture(scope="module")
def model(address):
    made = EndpointModel(address, "hotel", "key")
    yield made
    made.close()


def said(deltas):
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


@pytest.mark.parametrize("dialect", CALLS_IN_THEIR_DIALECTS)
def test_a_call_is_read_in_every_servers_way_to_write_it(server, model, dialect):
    server.script = CALLS_IN_THEIR_DIALECTS[dialect]
    assert list(model.generate([user("想找酒店")], [SEARCH_HOTELS])) == [CallDelta(CALL)]
    assert model.predict([([user("想找酒店")], [SEARCH_HOTELS])]) == [call(WISH)]


@pytest.mark.parametrize(
    "text", ["您好！", "search 一下", "Can I help?", "search_hotels", "CALL", "\n 您好", "search_hotels 是函数\n"]
)
def test_a_reply_stays_a_reply_whatever_it_begins_with(server, model, text):
    server.script = [{"content": c} for c in text]
    assert said(model.generate([user("你好")], [SEARCH_HOTELS])) == text
    assert model.predict([([user("你好")], [SEARCH_HOTELS])]) == [reply(text)]


def test_a_reply_is_shown_while_it_grows(server, model):
    server.script = [{"content": c} for c in "您好，请说"]
    assert [d.text for d in model.generate([user("你好")], [SEARCH_HOTELS])] == list("您好，请说")


def test_without_tools_nothing_is_taken_for_a_call(server, model):
    server.script = [{"content": f"search_hotels\n{ARGUMENTS}"}]
    assert said(model.generate([user("你好")], [])) == f"search_hotels\n{ARGUMENTS}"


@pytest.mark.parametrize(
    "script",
    [
        [{"tool_calls": [part(name="search_hotels", arguments="{")]}],
        [{"tool_calls": [part(name="f", arguments="[1]")]}],
        [{"content": "CALL: {"}],
    ],
)
def test_a_call_that_is_none_is_told_as_such(server, model, script):
    server.script = script
    with pytest.raises(CallParseError):
        list(model.generate([user("你好")], [SEARCH_HOTELS]))
    assert model.predict([([user("你好")], [SEARCH_HOTELS])]) == [None]


def test_a_server_that_refuses_is_named(server, model):
    server.status = 404
    try:
        with pytest.raises(BackendError, match="did not answer for hotel"):
            list(model.generate([user("你好")], []))
    finally:
        server.status = 200


@pytest.mark.parametrize("line", ['{"error": "half way"}', '{"error": "a "quoted" word"}', "<html>", '{"choices": 3}'])
def test_a_stream_that_breaks_is_told_as_such(server, model, line):
    server.script = [{"content": "您好"}, line]
    got = []
    with pytest.raises(BackendError, match="did not answer for hotel"):
        got.extend(model.generate([user("你好")], []))
    assert said(got) == "您好"


def test_each_result_is_joined_to_its_own_call():
    calls = [ToolCall(function=FunctionCall(name=name, arguments={"n": 1})) for name in ("one", "two")]
    sent = wire(
        [
            user("比较"),
            Message(role="assistant", tool_calls=calls),
            observation([], "one"),
            observation([], "two"),
            reply("好"),
            user("再"),
            call({}),
        ]
    )
    ids = [c["id"] for c in sent[2]["tool_calls"]]
    assert len(set(ids)) == 2 and [m["tool_call_id"] for m in sent[3:5]] == ids
    assert [c["function"]["name"] for c in sent[2]["tool_calls"]] == ["one", "two"]
    assert sent[-1]["tool_calls"][0]["id"] not in ids


def test_a_system_message_of_ones_own_is_the_only_one():
    assert [m["role"] for m in wire([Message(role="system", content="x"), user("y")])] == ["system", "user"]
    assert [m["role"] for m in wire([user("y")])] == ["system", "user"]


@pytest.mark.parametrize(("wanted", "roles"), [(True, ["system", "user"]), (False, ["user"])])
def test_a_model_that_was_trained_here_is_sent_what_it_was_trained_on(server, address, tmp_path, wanted, roles):
    server.script = [{"content": "您好"}]
    current = Settings(
        openai_base_url=address, openai_api_key="key", openai_system=wanted, workspace=tmp_path, _env_file=None
    )
    far = open_model("openai:hotel", current)
    assert said(far.generate([user("你好")], [SEARCH_HOTELS])) == "您好"
    far.close()
    assert [m["role"] for m in server.asked["messages"]] == roles and server.asked["model"] == "hotel"


def test_the_agent_talks_to_a_model_behind_the_workbenchs_own_endpoint(store, tiny_model):
    app = FastAPI()
    mount(app, lambda name: tiny_model, None)
    with served(app) as address:
        far = EndpointModel(f"{address}/v1", "hotel-mini", "none")
        *_, done = Agent(far, store).turn([], "想找能打麻将的经济型酒店")
        far.close()
    assert (done.call, done.source, done.rejected) == (WISH, "model", [])
    assert done.reply == "为您找到归途快捷酒店(北京云桥店)，价格200元。"
    assert [m.role for m in tiny_model.seen[-1]] == ["system", "user", "assistant", "tool"]
    assert tiny_model.seen[-1][-1].records == done.records
