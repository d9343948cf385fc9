"""The endpoint as programs use it: the real openai client against a real server, with a model that plays a script."""

import base64
import threading
import time

import httpx
import openai
import pytest
from fastapi import FastAPI

from chatbot.core.errors import BackendError, CallParseError
from chatbot.core.messages import FunctionCall
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.models.backends import CallDelta, TextDelta
from chatbot.models.serving.openai_server import credentials, mount
from tests.servers import served

MODELS = ("hotel-mini", "adapter:mine")


class ScriptedModel:
    """Plays one script an answer and remembers what it was asked."""

    name = "scripted"

    def __init__(self):
        self.scripts, self.asked, self.stopped = [], [], threading.Event()

    def generate(self, messages, tools, *, stop=lambda: False, **sampling):
        self.asked.append((list(messages), list(tools)))
        for step in self.scripts.pop(0):
            if isinstance(step, Exception):
                raise step
            if stop():
                self.stopped.set()
                return
            yield step

    def predict(self, contexts):
        raise AssertionError("the endpoint streams")


def endless(model):
    """Text without end, until the model is told to stop."""
    try:
        while True:
            time.sleep(0.01)
            yield TextDelta("很")
    finally:
        model.stopped.set()


@pytest.fixture(scope="module")
def model():
    return ScriptedModel()


@pytest.fixture(scope="module")
def opened():
    return []


@pytest.fixture(scope="module")
def url(model, opened):
    app = FastAPI()
    mount(
        app,
        lambda name: opened.append(name) or model,
        lambda name, password: (name, password) in {("ada", "secret:1"), ("张三", "密码")},
        available=lambda: MODELS,
    )
    mount_open = FastAPI()
    mount(mount_open, lambda name: model, None)
    app.mount("/open", mount_open)
    with served(app) as address:
        yield address


@pytest.fixture
def client(url):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="ada:secret:1", max_retries=0) as made:
        yield made


def ask(client, **options):
    return client.chat.completions.create(model="hotel-mini", messages=[{"role": "user", "content": "你好"}], **options)


def test_a_reply_arrives_whole(client, model):
    model.scripts = [[TextDelta("您"), TextDelta("好")]]
    answer = ask(client).choices[0]
    assert (answer.message.content, answer.finish_reason, answer.message.tool_calls) == ("您好", "stop", None)


def test_a_streamed_reply_arrives_piece_by_piece(client, model):
    model.scripts = [[TextDelta("您"), TextDelta("好")]]
    chunks = list(ask(client, stream=True))
    assert [c.choices[0].delta.content for c in chunks] == ["", "您", "好", None]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks] == [None, None, None, "stop"]
    assert len({c.id for c in chunks}) == 1


def test_a_call_comes_as_tool_calls(client, model):
    model.scripts = [[CallDelta(FunctionCall(name="search_hotels", arguments={"type": "经济型"}))]]
    answer = ask(client, tools=[SEARCH_HOTELS]).choices[0]
    assert answer.finish_reason == "tool_calls" and answer.message.content is None
    assert answer.message.tool_calls[0].function.name == "search_hotels"
    assert answer.message.tool_calls[0].function.arguments == '{"type": "经济型"}'
    assert model.asked[-1][1] == [SEARCH_HOTELS]


def test_a_streamed_call_is_assembled_by_the_client(client, model):
    model.scripts = [[CallDelta(FunctionCall(name="search_hotels", arguments={"rating_range_lower": 4.5}))]]
    with client.chat.completions.stream(
        model="hotel-mini", messages=[{"role": "user", "content": "好一点的"}], tools=[SEARCH_HOTELS]
    ) as stream:
        final = stream.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls"
    assert final.message.tool_calls[0].function.arguments == '{"rating_range_lower": 4.5}'


def test_the_whole_round_of_call_and_result_reaches_the_model(client, model):
    model.scripts = [[CallDelta(FunctionCall(name="search_hotels", arguments={}))], [TextDelta("有一家")]]
    talk = [
        {"role": "developer", "content": "简短"},
        {"role": "user", "content": [{"type": "text", "text": "找"}, {"type": "text", "text": "酒店"}]},
    ]
    first = client.chat.completions.create(model="hotel-mini", messages=talk).choices[0].message
    talk += [
        first.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "[]"},
    ]
    assert client.chat.completions.create(model="hotel-mini", messages=talk).choices[0].message.content == "有一家"
    system, user, call, result = model.asked[-1][0]
    assert (system.role, user.content, call.call.name) == ("system", "找酒店", "search_hotels")
    assert (result.role, result.name, result.content) == ("tool", "search_hotels", "[]")


def test_the_models_on_offer_are_listed(client):
    assert [m.id for m in client.models.list()] == list(MODELS)


def test_a_model_that_is_not_on_offer_is_never_opened(client, opened):
    with pytest.raises(openai.NotFoundError, match="hotel-mini"):
        client.chat.completions.create(model="/etc", messages=[{"role": "user", "content": "你好"}])
    assert "/etc" not in opened


@pytest.mark.parametrize("key", ["ada:wrong", "nobody:secret:1", "nonsense", ":", "x" * 100])
def test_a_wrong_key_is_refused(url, key, model):
    asked = len(model.asked)
    with openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as stranger:
        for attempt in (lambda: ask(stranger), stranger.models.list):
            with pytest.raises(openai.AuthenticationError):
                attempt()
    assert len(model.asked) == asked


def test_no_key_at_all_is_refused_with_a_challenge(url):
    refused = httpx.get(f"{url}/v1/models")
    assert refused.status_code == 401 and "Basic" in refused.headers["www-authenticate"]


def test_http_basic_works_for_any_name(url):
    token = base64.b64encode("张三:密码".encode()).decode()
    assert httpx.get(f"{url}/v1/models", headers={"Authorization": f"Basic {token}"}).status_code == 200
    assert httpx.get(f"{url}/v1/models", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_without_accounts_the_endpoint_is_open(url, model):
    model.scripts = [[TextDelta("您好")]]
    with openai.OpenAI(base_url=f"{url}/open/v1", api_key="none", max_retries=0) as anybody:
        assert ask(anybody).choices[0].message.content == "您好"


def test_another_pages_plain_form_post_is_not_read(url):
    """A web page can post text/plain anywhere without being asked; application/json it cannot."""
    body = '{"model": "hotel-mini", "messages": [{"role": "user", "content": "hi"}]}'
    assert (
        httpx.post(f"{url}/open/v1/chat/completions", content=body, headers={"content-type": "text/plain"}).status_code
        == 400
    )


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "robot", "content": "x"}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
        [{"role": "tool", "tool_call_id": "none", "content": "[]"}],
        [
            {
                "role": "assistant",
                "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "[1]"}}],
            }
        ],
        [
            {
                "role": "assistant",
                "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{"}}],
            }
        ],
    ],
)
def test_a_request_that_makes_no_sense_is_a_400(client, messages):
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="hotel-mini", messages=messages)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BackendError("models.endpoint_silent", value="the far server is down", name="far"), 502),
        (CallParseError("models.empty_call"), 500),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_fails_at_once_fails_with_a_status(client, model, error, status, stream):
    model.scripts = [[error]]
    with pytest.raises(openai.InternalServerError, match=error.what) as failed:
        list(ask(client, stream=stream))
    assert failed.value.status_code == status


def test_a_model_that_fails_midway_ends_the_stream_with_the_error(client, model):
    model.scripts = [
        [TextDelta("您"), BackendError("models.endpoint_silent", value="the far server is down", name="far")]
    ]
    got = []
    with pytest.raises(openai.APIError, match="far server is down"):
        got.extend(chunk.choices[0].delta.content for chunk in ask(client, stream=True) if chunk)
    model.scripts = [[TextDelta("还在")]]
    assert ask(client).choices[0].message.content == "还在"


def test_hanging_up_stops_the_model(client, model):
    model.scripts, model.stopped = [endless(model)], threading.Event()
    stream = ask(client, stream=True)
    next(iter(stream))
    stream.close()
    assert model.stopped.wait(3)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("", None),
        ("Bearer", None),
        ("Bearer a:b", ("a", "b")),
        ("bearer a:b:c", ("a", "b:c")),
        ("Basic a:b", None),
        ("Basic !!!", None),
        ("Digest a:b", None),
        ("Basic " + base64.b64encode(b"\xff\xfe:x").decode(), None),
        ("Bearer :b", None),
    ],
)
def test_credentials_are_read_from_the_header_or_not_at_all(header, found):
    assert credentials(header) == found
