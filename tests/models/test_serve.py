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
        self.scripts, self.asked, self.sampling, self.stopped = [], [], [], threading.Event()

    def generate(self, messages, tools, *, stop=lambda: False, **sampling):
        self.asked.append((list(messages), list(tools)))
        self.sampling.append(sampling)
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
    first = client.chat.completions.create(model="hotel-mini", messages=talk, tools=[SEARCH_HOTELS]).choices[0].message
    talk += [
        first.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "[]"},
    ]
    assert client.chat.completions.create(model="hotel-mini", messages=talk).choices[0].message.content == "有一家"
    system, user, call, result = model.asked[-1][0]
    assert (system.role, user.content, call.call.name) == ("system", "找酒店", "search_hotels")
    assert (result.role, result.name, result.content) == ("tool", "search_hotels", "[]")


SEARCH = CallDelta(FunctionCall(name="search_hotels", arguments={"type": "经济型"}))
BOOK = {"type": "function", "function": {"name": "book", "parameters": {"type": "object", "properties": {}}}}
BOTH = [SEARCH_HOTELS, BOOK]


def named(name):
    return {"type": "function", "function": {"name": name}}


def texts(*pieces):
    return [TextDelta(piece) for piece in pieces]


def offered(model):
    return [tool["function"]["name"] for tool in model.asked[-1][1]]


@pytest.mark.parametrize(
    ("choice", "names", "forced"),
    [
        ("auto", ["search_hotels", "book"], False),
        ("required", ["search_hotels", "book"], True),
        (named("search_hotels"), ["search_hotels"], True),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named("search_hotels")]}},
            ["search_hotels"],
            False,
        ),
    ],
)
def test_tool_choice_says_what_may_be_called_and_whether_it_must(client, model, choice, names, forced):
    model.scripts = [[SEARCH]]
    answer = ask(client, tools=BOTH, tool_choice=choice).choices[0]
    assert answer.finish_reason == "tool_calls" and answer.message.tool_calls[0].function.name == "search_hotels"
    assert offered(model) == names and model.sampling[-1].get("must_call", False) == forced


def test_with_tool_choice_none_the_model_is_offered_nothing(client, model):
    model.scripts = [texts("您好")]
    answer = ask(client, tools=BOTH, tool_choice="none").choices[0]
    assert offered(model) == [] and (answer.message.content, answer.message.tool_calls) == ("您好", None)


@pytest.mark.parametrize(
    "options",
    [{}, {"tools": [BOOK]}, {"tools": BOTH, "tool_choice": "none"}, {"tools": BOTH, "tool_choice": named("book")}],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_was_not_offered_never_goes_out(client, model, options, stream):
    model.scripts = [[SEARCH]]
    with pytest.raises(openai.BadRequestError, match="does not offer: 'search_hotels'"):
        list(ask(client, stream=stream, **options))


@pytest.mark.parametrize(
    "options",
    [
        {"tools": BOTH, "tool_choice": named("fly")},
        {"tools": BOTH, "tool_choice": "always"},
        {"tools": BOTH, "tool_choice": {"type": "custom", "custom": {"name": "x"}}},
        {"tools": BOTH, "tool_choice": {"type": "function"}},
        {"tool_choice": "required"},
    ],
)
def test_a_tool_choice_that_cannot_be_met_is_a_400_that_names_it(client, model, options):
    asked = len(model.asked)
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, **options)
    assert refused.value.param.startswith("tool_choice") and len(model.asked) == asked


def test_a_model_that_does_not_call_though_it_must_is_an_error(client, model):
    model.scripts = [texts("您好")]
    with pytest.raises(openai.InternalServerError, match="did not call"):
        ask(client, tools=BOTH, tool_choice="required")


def test_two_calls_are_numbered_and_one_is_sent_where_the_client_wants_no_more(client, model):
    model.scripts = [[SEARCH, CallDelta(FunctionCall(name="book", arguments={}))]] * 3
    assert [c.function.name for c in ask(client, tools=BOTH).choices[0].message.tool_calls] == ["search_hotels", "book"]
    one = ask(client, tools=BOTH, parallel_tool_calls=False).choices[0]
    assert [c.function.name for c in one.message.tool_calls] == ["search_hotels"]
    parts = [
        c.choices[0].delta.tool_calls[0] for c in ask(client, tools=BOTH, stream=True) if c.choices[0].delta.tool_calls
    ]
    assert [(p.index, p.function.name) for p in parts] == [(0, "search_hotels"), (0, None), (1, "book"), (1, None)]


def test_a_streamed_call_begins_with_its_id_and_name_and_goes_on_with_its_arguments(client, model):
    model.scripts = [[SEARCH]]
    chunks = [c.choices[0] for c in ask(client, tools=BOTH, stream=True)]
    opened, more = (c.delta.tool_calls[0] for c in chunks if c.delta.tool_calls)
    assert opened.id.startswith("call_") and (opened.type, opened.function.arguments) == ("function", "")
    assert (more.id, more.type, more.function.arguments) == (None, None, '{"type": "经济型"}')
    assert [c.finish_reason for c in chunks] == [None] * 3 + ["tool_calls"]


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize(
    ("most", "said", "reason"), [(1, "您", "length"), (3, "您好！", "length"), (4, "您好！请", "stop")]
)
def test_max_tokens_ends_a_reply_and_says_so(client, model, limit, most, said, reason):
    model.scripts = [texts("您", "好！", "请")] * 2
    answer = ask(client, **{limit: most})
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (said, reason)
    assert answer.usage.completion_tokens == len(said)
    chunks = list(ask(client, stream=True, **{limit: most}))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == said
    assert chunks[-1].choices[0].finish_reason == reason


def test_a_call_that_does_not_fit_is_left_out_whole(client, model):
    model.scripts = [[SEARCH]]
    answer = ask(client, tools=BOTH, max_tokens=2).choices[0]
    assert answer.finish_reason == "length" and answer.message.tool_calls is None


@pytest.mark.parametrize(
    ("stop", "said"),
    [
        ("！", "您好"),
        (["请", "！"], "您好"),
        ("好！请", "您"),
        ("！！", "您好！请"),
        ("请您", "您好！请"),
        ("您", ""),
        (None, "您好！请"),
    ],
)
@pytest.mark.parametrize("pieces", [("您", "好！", "请"), ("您好！请",), tuple("您好！请")])
def test_a_reply_ends_before_a_stop_wherever_it_is_cut(client, model, stop, said, pieces):
    model.scripts = [texts(*pieces)] * 2
    answer = ask(client, stop=stop).choices[0]
    assert (answer.message.content, answer.finish_reason) == (said, "stop")
    assert "".join(c.choices[0].delta.content or "" for c in ask(client, stop=stop, stream=True)) == said


def test_a_stop_does_not_cut_a_call(client, model):
    model.scripts = [[SEARCH]]
    assert (
        ask(client, tools=BOTH, stop="经济").choices[0].message.tool_calls[0].function.arguments == '{"type": "经济型"}'
    )


def test_seed_and_temperature_reach_the_model_which_is_greedy_without_them(client, model):
    model.scripts = [texts("一"), texts("二")]
    ask(client, seed=7, temperature=0.5)
    ask(client)
    assert model.sampling[-2:] == [{"temperature": 0.5, "seed": 7}, {"temperature": 0.0, "seed": 0}]


def test_n_answers_are_drawn_with_n_seeds_and_the_prompt_counts_once(client, model):
    model.scripts = [texts("一"), texts("二二"), texts("三")]
    answer = ask(client, n=3, seed=5)
    assert [(c.index, c.message.content) for c in answer.choices] == [(0, "一"), (1, "二二"), (2, "三")]
    assert [s["seed"] for s in model.sampling[-3:]] == [5, 6, 7]
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (2, 4, 6)


def test_n_streamed_answers_carry_their_index(client, model):
    model.scripts = [texts("一", "一"), texts("二")]
    chunks = [c.choices[0] for c in ask(client, n=2, stream=True)]
    assert [(c.index, c.delta.content, c.finish_reason) for c in chunks] == [
        (0, "", None), (0, "一", None), (0, "一", None), (0, None, "stop"), (1, "", None), (1, "二", None), (1, None, "stop")
    ]  # fmt: skip


def test_usage_comes_last_in_a_stream_that_asks_for_it_and_in_no_other(client, model):
    model.scripts = [texts("您好"), texts("您好")]
    *chunks, last = ask(client, stream=True, stream_options={"include_usage": True})
    assert last.choices == [] and last.usage.total_tokens == 4
    assert chunks and all(c.usage is None and c.choices for c in chunks)
    assert all(c.usage is None for c in ask(client, stream=True))


@pytest.mark.parametrize(
    "options",
    [
        {"n": 0},
        {"n": 9},
        {"max_tokens": 0},
        {"stop": ["1", "2", "3", "4", "5"]},
        {"stop": ""},
        {"temperature": 3},
        {"seed": 2**80},
        {"logprobs": True},
        {"response_format": {"type": "json_object"}},
        {"functions": [{"name": "f"}]},
    ],
)
def test_an_option_that_cannot_be_served_is_refused_by_name(client, model, options):
    asked = len(model.asked)
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, **options)
    assert refused.value.param.startswith(next(iter(options))) and refused.value.type == "invalid_request_error"
    assert len(model.asked) == asked


def test_options_that_change_nothing_are_passed_over(client, model):
    model.scripts = [texts("您好")]
    answer = ask(
        client, top_p=1, presence_penalty=0, user="ada", store=False, response_format={"type": "text"}, logprobs=False
    )
    assert answer.choices[0].message.content == "您好"


def test_the_streaming_helper_of_the_client_tells_text_and_call_apart(client, model):
    model.scripts = [[TextDelta("好的，"), TextDelta("我来查。"), SEARCH]]
    with client.chat.completions.stream(
        model="hotel-mini",
        messages=[{"role": "user", "content": "找"}],
        tools=BOTH,
        stream_options={"include_usage": True},
    ) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert "content.delta" in kinds and "tool_calls.function.arguments.done" in kinds
    assert final.choices[0].message.content == "好的，我来查。" and final.usage.total_tokens > 0
    assert final.choices[0].message.tool_calls[0].function.arguments == '{"type": "经济型"}'


def test_one_model_can_be_looked_up(client):
    assert client.models.retrieve("adapter:mine").id == "adapter:mine"
    with pytest.raises(openai.NotFoundError) as missing:
        client.models.retrieve("none")
    assert missing.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/nothing", 404), ("DELETE", "/v1/chat/completions", 405)]
)
def test_a_wrong_address_is_told_in_openais_form(url, method, path, status):
    found = httpx.request(method, url + path, headers={"Authorization": "Bearer ada:secret:1"})
    assert found.status_code == status and found.json()["error"]["type"] == "invalid_request_error"


def test_what_nobody_foresaw_is_a_500_that_tells_nothing(client, model):
    model.scripts = [[KeyError("secret")]]
    with pytest.raises(openai.InternalServerError) as failed:
        ask(client)
    assert failed.value.status_code == 500 and "secret" not in str(failed.value)


def test_a_prompt_that_is_too_long_is_a_400_as_openai_names_it(client, model):
    model.scripts = [[BackendError("models.too_long", tokens=5000)]]
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client)
    assert refused.value.code == "context_length_exceeded"


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
