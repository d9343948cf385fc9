"""Nothing that a program sends to /v1 stalls the process: size, depth, number and time are bounded, each with a clear refusal."""

import json
import re
import threading
import time

import httpx
import openai
import pytest
import xgrammar
from fastapi import FastAPI

from chatbot.core.errors import InputError
from chatbot.core.settings import Settings
from chatbot.dialogue.speaking import as_chat_model
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.models.act_lines.constraint import ActConstraint
from chatbot.models.backends import TextDelta
from chatbot.models.grammar import call_grammar
from chatbot.models.loading import load_tokenizer
from chatbot.models.rules import RulesModel
from chatbot.models.serving.openai_server import Limits, mount
from chatbot.models.serving.tool_schemas import DEEPEST, MOST_PROPERTIES, MOST_TOOLS, plain_tools
from tests.servers import served

LIMITS = Limits(size=1_000_000, seconds=1.0, at_once=2)


class SlowModel:
    """Speaks until it is stopped."""

    name = "slow"

    def __init__(self):
        self.begun, self.ended = threading.Semaphore(0), threading.Semaphore(0)

    def generate(self, messages, tools, *, stop=lambda: False, **sampling):
        self.begun.release()
        try:
            while not stop():
                yield TextDelta("很")
                time.sleep(0.01)
        finally:
            self.ended.release()


@pytest.fixture(scope="module")
def slow():
    return SlowModel()


@pytest.fixture(scope="module")
def url(slow):
    app, models = FastAPI(), {"rules": as_chat_model(RulesModel()), "slow": slow}
    mount(app, models.__getitem__, None, available=lambda: list(models), limits=LIMITS)
    with served(app) as address:
        yield f"{address}/v1/chat/completions"


def sent(url, body):
    """Status and error of a body, which may be anything; a refusal is there in seconds."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    began = time.monotonic()
    found = httpx.post(url, content=content, headers={"Content-Type": "application/json"}, timeout=30)
    assert time.monotonic() - began < 5
    return found.status_code, found.json().get("error")


def body(**more):
    return {"model": "rules", "messages": [{"role": "user", "content": "想找经济型酒店"}]} | more


def tool(schema, name="f"):
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def nested(levels, leaf=None):
    out = leaf or {"type": "string"}
    for _ in range(levels):
        out = {"type": "object", "properties": {"a": out}}
    return out


def listed(levels):
    out = {"type": "string"}
    for _ in range(levels):
        out = {"type": "array", "items": out}
    return {"type": "object", "properties": {"a": out}}


def wide(count):
    return {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(count)}}


RECURSIVE = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/N"}},
    "$defs": {"N": {"type": "object", "properties": {"a": {"$ref": "#/$defs/N"}}}},
}
DOUBLING = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/d0"}},
    "$defs": {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 30} for n in range(40)}
    | {"d40": {"type": "string"}},
}
LOOP = {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"$ref": "#/$defs/x"}}}
DEEP_JSON = "[" * 100_000
BOUNDED = {
    "a deep schema": (body(tools=[tool(nested(DEEPEST + 1))]), "nested too deeply"),
    "a very deep schema": (body(tools=[tool(nested(300))]), "nested too deeply"),
    "lists in lists": (body(tools=[tool(listed(DEEPEST + 1))]), "nested too deeply"),
    "a schema that holds itself": (body(tools=[tool(RECURSIVE)]), "nested too deeply"),
    "a reference to itself": (body(tools=[tool(LOOP)]), "nested too deeply"),
    "references that double": (body(tools=[tool(DOUBLING)]), "too (much|deeply)"),
    "a wide schema": (body(tools=[tool(wide(MOST_PROPERTIES + 1))]), "too much"),
    "many tools": (body(tools=[tool(wide(1), f"f{n}") for n in range(MOST_TOOLS + 1)]), "too much"),
    "many properties in many tools": (body(tools=[tool(wide(10), f"f{n}") for n in range(20)]), "too much"),
    "a long list of choices": (
        body(tools=[tool({"properties": {"a": {"enum": [str(n) for n in range(5000)]}}})]),
        "too much",
    ),
    "a long history": (body(messages=[{"role": "user", "content": "好"}] * 401), "messages"),
    "much text": (body(messages=[{"role": "user", "content": "a" * 90_000}] * 3), "conversation is too long"),
    "a long utterance for rules": (body(messages=[{"role": "user", "content": "300元" * 5000}]), "utterance is too long"),
    "many values": (body(more=[0] * 100_000), "too much"),
    "a deep field": (body(more=nested(40)), "nested too deeply"),
    "bare depth": (DEEP_JSON.encode(), "nested too deeply"),
    "deep arguments": (
        body(messages=[{"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": '{"a": ' + DEEP_JSON[:9000]}}]}]),
        "not JSON",
    ),
    "deep arguments that are whole": (
        body(messages=[{"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": json.dumps(nested(40))}}]}]),
        "nested too deeply",
    ),
    "a deep result": (
        body(
            messages=[
                {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "1", "content": json.dumps(nested(40))},
            ]
        ),
        "nested too deeply",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BOUNDED)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_too_deep_or_too_much_is_refused_at_once_with_a_400(url, kind, stream):
    asked, reason = BOUNDED[kind]
    status, error = sent(url, asked | {"stream": stream} if isinstance(asked, dict) else asked)
    assert status == 400 and error["type"] == "invalid_request_error"
    assert re.search(reason, error["message"])


def test_a_body_that_is_too_large_is_a_413_before_it_is_read(url):
    status, error = sent(url, body(more="x" * LIMITS.size))
    assert (status, error["code"]) == (413, "request_too_large")


def test_a_body_that_goes_on_and_on_is_cut_off(url):
    def endless():
        for _ in range(400):
            yield b" " * 50_000

    try:
        found = httpx.post(url, content=endless(), headers={"Content-Type": "application/json"}, timeout=5)
        assert found.status_code == 413
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        pass  # the server has hung up on it
    assert sent(url, body())[0] == 200


def test_a_body_that_does_not_come_is_a_408(url):
    def halting():
        yield b'{"model": '
        time.sleep(1.5)
        yield b'"rules"}'

    found = httpx.post(url, content=halting(), headers={"Content-Type": "application/json"}, timeout=10)
    assert found.status_code == 408 and found.json()["error"]["code"] == "timeout"


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_takes_too_long_is_stopped_and_told(url, slow, stream):
    with openai.OpenAI(base_url=url.removesuffix("/chat/completions"), api_key="none", max_retries=2) as client:
        began = time.monotonic()
        with pytest.raises(openai.APIError, match="not answered within"):
            list(
                client.chat.completions.create(model="slow", messages=[{"role": "user", "content": "?"}], stream=stream)
            )
    assert slow.ended.acquire(timeout=2) and time.monotonic() - began < 3


def test_more_requests_than_places_are_asked_to_come_again_and_places_come_free(url, slow):
    while slow.begun.acquire(blocking=False) or slow.ended.acquire(blocking=False):
        pass
    asked = body(model="slow")
    threads = [
        threading.Thread(target=httpx.post, args=(url,), kwargs={"json": asked, "timeout": 10}) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    assert all(slow.begun.acquire(timeout=2) for _ in threads)
    status, error = sent(url, body())
    assert (status, error["code"]) == (429, "rate_limit_exceeded")
    for thread in threads:
        thread.join()
    assert sent(url, body())[0] == 200


def test_a_client_that_hangs_up_gives_its_place_back(url, slow):
    while slow.ended.acquire(blocking=False):
        pass
    for _ in range(LIMITS.at_once + 1):
        with httpx.stream("POST", url, json=body(model="slow", stream=True), timeout=5) as found:
            assert next(found.iter_lines()).startswith("data:")
        assert slow.ended.acquire(timeout=2)
    assert sent(url, body())[0] == 200


def test_the_server_answers_others_while_it_refuses(url):
    models = url.replace("/chat/completions", "/models")
    threads = [threading.Thread(target=sent, args=(url, BOUNDED["references that double"][0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    assert httpx.get(models).status_code == 200 and time.monotonic() - began < 5
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "text"}}},
        {"type": "object", "properties": {"a": 3}},
        {"type": "object", "properties": [1]},
        {"type": "object", "properties": {"a": {"enum": []}}},
        {"type": "object", "properties": {"a": {"anyOf": []}}},
        {"type": "object", "properties": {"a": {"type": "array", "items": [{}]}}},
        {"type": "object", "properties": {"a": {"type": "array", "maxItems": "9"}}},
        {"type": "object", "properties": {"a": {"type": "string", "maxLength": -1}}},
        {"type": "object", "properties": {"a": {"type": "number", "minimum": "0"}}},
        {"type": "object", "required": "a"},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}},
        {"type": "object", "properties": {"a": {"$ref": "http://example.org/x.json"}}},
        {"type": "string"},
        [1],
    ],
)
def test_a_schema_that_is_none_is_a_400_that_names_the_place(url, schema):
    status, error = sent(url, body(tools=[tool(schema)]))
    assert status == 400 and error["param"].startswith("tools.0.function.parameters")


@pytest.mark.parametrize("one", [3, {}, {"type": "custom"}, {"type": "function", "function": {"name": "a b"}}])
def test_a_tool_that_is_none_is_a_400(url, one):
    status, error = sent(url, body(tools=[one]))
    assert status == 400 and error["param"].startswith("tools.0")


def test_two_tools_of_one_name_are_a_400():
    with pytest.raises(InputError, match="two tools of one name"):
        plain_tools([tool({}), tool({})])


def test_the_projects_own_tool_passes_as_it_is():
    assert plain_tools([SEARCH_HOTELS]) == [SEARCH_HOTELS]


def test_references_constants_and_kinds_are_written_out():
    schema = {
        "type": "object",
        "properties": {
            "guest": {"$ref": "#/$defs/Guest"},
            "kind": {"const": "room"},
            "note": {"type": ["string", "null"], "description": "x"},
            "size": {"type": ["string", "integer"]},
            "late": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            "any": True,
            "both": {"allOf": [{"$ref": "#/$defs/Guest"}], "description": "y"},
        },
        "$defs": {"Guest": {"type": "object", "properties": {"name": {"type": "string", "pattern": "(a+)+$"}}}},
    }
    guest = {"type": "object", "properties": {"name": {"type": "string", "pattern": "(a+)+$"}}}
    [found] = plain_tools([tool(schema)])
    assert found["function"]["parameters"] == {
        "type": "object",
        "properties": {
            "guest": guest,
            "kind": {"enum": ["room"]},
            "note": {"type": "string", "description": "x"},
            "size": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "late": {"anyOf": [{"type": "boolean"}]},
            "any": {},
            "both": guest | {"description": "y"},
        },
    }


@pytest.fixture(scope="module")
def compiler():
    tokens = ["</s>", *(chr(n) for n in range(32, 127)), *(chr(n) for n in range(0x4E00, 0x4E00 + 3000))]
    info = xgrammar.TokenizerInfo(tokens, xgrammar.VocabType.RAW, vocab_size=len(tokens), stop_token_ids=[0])
    return xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)


@pytest.mark.parametrize(
    "schema",
    [
        wide(MOST_PROPERTIES),
        nested(DEEPEST - 1),
        listed(DEEPEST - 1),
        {"properties": {"a": {"type": "array", "maxItems": 10**9, "items": {"type": "string", "maxLength": 10**9}}}},
        {"properties": {"a": {"type": "array", "maxItems": 0}, "b": {"type": "string", "maxLength": 0}}},
        {"properties": {"a": {"enum": ['"', "\\", None, 1.5, [1], {"x": 1}]}}},
        {"properties": {'a"\n\\': {"type": "string", "pattern": "(a+)+$"}}},
    ],
)
@pytest.mark.parametrize("family", ["llama2", "chatglm3", "template"])
def test_every_schema_that_passes_is_compiled_in_seconds(compiler, schema, family):
    began = time.monotonic()
    compiler.compile_grammar(call_grammar(family, plain_tools([tool(schema)])))
    assert time.monotonic() - began < 20


def test_an_utterance_of_numbers_does_not_stall_hotel_mini():
    from chatbot.core.messages import user

    constraint = ActConstraint(load_tokenizer(Settings(_env_file=None).tuned))
    began = time.monotonic()
    constraint.start([user(" ".join(map(str, range(1200))))], [])
    assert time.monotonic() - began < 5
