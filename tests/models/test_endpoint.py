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
    "a call whose parts carry no index": [
        {"tool_calls": [{"id": "a", "type": "function", "function": {"name": "search_hotels", "arguments": ARGUMENTS}}]}
    ],
    "no index, the arguments in pieces under the id": [
        {"tool_calls": [{"id": "a", "function": {"name": "search_hotels", "arguments": ""}}]},
        *({"tool_calls": [{"id": "a", "function": {"arguments": letter}}]} for letter in ARGUMENTS),
    ],
    "no index and no id, the arguments in pieces": [
        {"tool_calls": [{"function": {"name": "search_hotels", "arguments": ""}}]},
        *({"tool_calls": [{"function": {"arguments": letter}}]} for letter in ARGUMENTS),
    ],
    "the index from one": [
        {"tool_calls": [{"index": 1, "id": "a", "function": {"name": "search_hotels", "arguments": ARGUMENTS[:5]}}]},
        {"tool_calls": [{"index": 1, "function": {"arguments": ARGUMENTS[5:]}}]},
    ],
    "the arguments as an object": [{"tool_calls": [part(name="search_hotels", arguments=WISH)]}],
    "the name after the first arguments": [
        {"tool_calls": [part(arguments=ARGUMENTS[:5]) | {"id": "a"}]},
        {"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS[5:])]},
    ],
    "a new id for every part": [
        {"tool_calls": [part(name="search_hotels", arguments="") | {"id": "a"}]},
        {"tool_calls": [part(arguments=ARGUMENTS[:5]) | {"id": "b"}]},
        {"tool_calls": [part(arguments=ARGUMENTS[5:]) | {"id": "c"}]},
    ],
    "the name in every part": [
        {"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS[:5])]},
        {"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS[5:])]},
    ],
    "the whole call once more at the end": [
        {"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS[:5]) | {"id": "a"}]},
        {"tool_calls": [part(arguments=ARGUMENTS[5:])]},
        {"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS) | {"id": "a"}]},
    ],
    "the form that came before tool_calls": [
        {"function_call": {"name": "search_hotels", "arguments": ""}},
        *({"function_call": {"arguments": letter}} for letter in ARGUMENTS),
    ],
    "after a thought in a field of its own": [
        {"reasoning_content": "他要便宜的", "content": None},
        {"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS)]},
    ],
    "ChatGLM3's form in the text, after a thought in tags": [
        {"content": c} for c in f"<think>\n他要便宜的\n</think>\n\nsearch_hotels\n {chatglm3_family.call_text(CALL)}"
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
        self.script, self.raw, self.status, self.asked = [], [], 200, {}

    def app(self):
        app = FastAPI()

        @app.post("/v1/chat/completions", response_model=None)
        async def completions(request: Request):
            self.asked = await request.json()
            if self.status != 200:
                return JSONResponse({"error": {"message": "no such model"}}, self.status)
            if isinstance(self.raw, dict):
                return JSONResponse(self.raw)
            return StreamingResponse(self.raw or self.lines(), media_type="text/event-stream")

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


@pytest.fixture
def model(server, address):
    server.raw = []
    made = EndpointModel(address, "hotel", "key")
    yield made
    made.close()
    server.raw = []


def chunk(delta, finish=None):
    """A chunk's data, as the server of a test writes it."""
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}, ensure_ascii=False)


def events(*data):
    """Bytes of a stream, one piece an event."""
    return [f"data: {one}\n\n".encode() for one in data]


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


@pytest.mark.parametrize(
    "line",
    [
        '{"error": "a "quoted" word"}',
        "<html>",
        '{"choices": 3}',
        '{"choices": [3]}',
        "[]",
        "7",
        "[" * 100_000,
        '{"choices": [{"delta": 3}]}',
    ],
)
def test_a_stream_that_breaks_is_told_as_such(server, model, line):
    server.script = [{"content": "您好"}, line]
    got = []
    with pytest.raises(BackendError, match="did not answer for hotel"):
        got.extend(model.generate([user("你好")], []))
    assert said(got) == "您好"


@pytest.mark.parametrize(
    "line",
    [
        '{"error": "too many people"}',
        '{"error": {"message": "too many people", "type": "server_error", "code": 529}}',
        '{"object": "error", "message": "too many people", "code": 503}',
        '{"message": "too many people"}',
    ],
)
@pytest.mark.parametrize(
    "before", [{"content": "您好"}, {"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS)]}]
)
def test_an_error_inside_the_stream_is_told_in_the_servers_words_and_nothing_is_called(server, model, line, before):
    server.raw = events(chunk(before), line, "[DONE]")
    got = []
    with pytest.raises(BackendError, match="reported an error for hotel: 'too many people'"):
        got.extend(model.generate([user("你好")], [SEARCH_HOTELS]))
    assert not any(isinstance(delta, CallDelta) for delta in got)


@pytest.mark.parametrize("reason", ["error", "content_filter"])
def test_an_answer_that_the_server_gave_up_is_no_answer(server, model, reason):
    server.raw = events(chunk({"content": "您"}, reason), "[DONE]")
    with pytest.raises(BackendError, match=reason):
        list(model.generate([user("你好")], []))


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        events(chunk({"content": "您"})),
        events(chunk({"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS[:5])]})),
        events(chunk({"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS)]})),
    ],
)
def test_a_stream_that_is_cut_off_is_told_as_such_and_nothing_is_called(server, model, pieces):
    server.raw = pieces or [b": nothing\n"]
    got = []
    with pytest.raises(BackendError, match="the answer of hotel broke off"):
        got.extend(model.generate([user("你好")], [SEARCH_HOTELS]))
    assert not any(isinstance(delta, CallDelta) for delta in got)


def test_a_stream_that_is_cut_off_within_a_chunk_is_told_as_such(server, model):
    server.raw = [events(chunk({"content": "您"}, "stop"))[0][:-12]]
    with pytest.raises(BackendError, match="did not answer for hotel"):
        list(model.generate([user("你好")], []))


@pytest.mark.parametrize("end", [(chunk({}, "stop"),), ("[DONE]",), (chunk({}, "tool_calls"), "[DONE]")])
def test_either_way_to_say_that_the_answer_is_whole_will_do(server, model, end):
    server.raw = events(chunk({"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS)]}), *end)
    assert list(model.generate([user("你好")], [SEARCH_HOTELS])) == [CallDelta(CALL)]


def test_a_call_that_the_length_limit_cuts_off_says_so(server, model):
    server.raw = events(chunk({"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS[:9])]}, "length"))
    with pytest.raises(CallParseError, match="length limit"):
        list(model.generate([user("你好")], [SEARCH_HOTELS]))


OTHER = {"type": "豪华型"}
TWO = [CallDelta(CALL), CallDelta(call(OTHER).call)]
OTHER_ARGUMENTS = json.dumps(OTHER, ensure_ascii=False)


def named(arguments, **more):
    return {"type": "function", "function": {"name": "search_hotels", "arguments": arguments}} | more


@pytest.mark.parametrize(
    "script",
    [
        [[named(ARGUMENTS, index=0, id="a")], [named(OTHER_ARGUMENTS, index=1, id="b")]],
        [[named(ARGUMENTS, index=0, id="a"), named(OTHER_ARGUMENTS, index=1, id="b")]],
        [[named(ARGUMENTS, index=0, id="a")], [named(OTHER_ARGUMENTS, index=0, id="b")]],
        [[named(ARGUMENTS, id="a")], [named(OTHER_ARGUMENTS, id="b")]],
        [[named(ARGUMENTS, id="a"), named(OTHER_ARGUMENTS, id="b")]],
        [[named(ARGUMENTS)], [named(OTHER_ARGUMENTS)]],
        [[named(ARGUMENTS, index=0)], [named(OTHER_ARGUMENTS, index=0)]],
        [[named(WISH, index=1, id="a")], [named(OTHER, index=2, id="b")]],
        [
            [named("", index=0, id="a"), named("", index=1, id="b")],
            *([part(arguments=letter)] for letter in ARGUMENTS),
            [{"index": 1, "function": {"arguments": OTHER_ARGUMENTS}}],
        ],
        [
            [named("", id="a"), named("", id="b")],
            *([{"id": "a", "function": {"arguments": letter}}] for letter in ARGUMENTS),
            [{"id": "b", "function": {"arguments": OTHER_ARGUMENTS}}],
        ],
    ],
)
def test_two_calls_are_two_however_the_server_counts_them(server, model, script):
    server.script = [{"tool_calls": parts} for parts in script]
    assert list(model.generate([user("比较")], [SEARCH_HOTELS])) == TWO
    [found] = model.predict([([user("比较")], [SEARCH_HOTELS])])
    assert [c.function for c in found.tool_calls] == [delta.call for delta in TWO]


def test_two_llama_calls_left_in_the_text_are_two(server, model):
    lines = "\n".join(llama2_family.call_text(delta.call) for delta in TWO)
    server.script = [{"content": c} for c in lines]
    assert list(model.generate([user("比较")], [SEARCH_HOTELS])) == TWO


THOUGHTS = {
    "in tags": [{"content": c} for c in "<think>\n先想想：您好吗？\n</think>\n\n您好！"],
    "in tags, in one piece": [{"content": "<think>先想想</think>您好！"}],
    "in other tags": [{"content": c} for c in "<thinking>想</thinking>\n<thought>再想</thought>您好！"],
    "in tags after the first words": [{"content": c} for c in "您<think>想</think>好！"],
    "in a field of its own": [{"reasoning_content": "先想想"}, {"reasoning": "再想想"}, {"content": "您好！"}],
    "in parts of the content": [
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "想"}]},
                {"type": "text", "text": "您好！"},
            ]
        }
    ],
}


@pytest.mark.parametrize("kind", THOUGHTS)
def test_thoughts_are_never_part_of_a_reply(server, model, kind):
    server.script = THOUGHTS[kind]
    assert said(model.generate([user("你好")], [SEARCH_HOTELS])) == "您好！"
    assert model.predict([([user("你好")], [SEARCH_HOTELS])]) == [reply("您好！")]


def test_a_thought_that_never_ends_is_no_reply(server, model):
    server.script = [{"content": c} for c in "<think>想着想着"]
    assert list(model.generate([user("你好")], [])) == []


def test_thoughts_whose_opening_tag_the_server_keeps_are_refused_once_and_left_out_from_then_on(server, model):
    server.script = [{"content": c} for c in "先想想</think>您好！"]
    with pytest.raises(CallParseError, match="thoughts"):
        list(model.generate([user("你好")], []))
    assert said(model.generate([user("你好")], [])) == "您好！"
    server.script = [{"content": c} for c in "不用想，您好！"]
    assert said(model.generate([user("你好")], [])) == "不用想，您好！"


def test_what_only_looks_like_a_tag_stays(server, model):
    server.script = [{"content": c} for c in "价格 < 300 <thin> <b>好</b> <"]
    assert said(model.generate([user("你好")], [])) == "价格 < 300 <thin> <b>好</b> <"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_comments_other_fields_and_cuts_anywhere_change_nothing(server, model, end, size):
    lines = [
        ": keep-alive",
        "",
        "event: ping",
        "data:",
        "",
        "id: 1",
        "retry: 3",
        f"data: {chunk({'content': '您好' + chr(0x2028)})}",
        "",
    ]
    lines += [": keep-alive", "", f"data:{chunk({'content': '吗'}, 'stop')}", "", "data: [DONE]", ""]
    stream = (end.join(lines) + end).encode()
    server.raw = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert said(model.generate([user("你好")], [])) == "您好\u2028吗"


def test_a_chunk_of_usage_after_the_last_one_adds_nothing(server, model):
    usage = json.dumps({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}})
    server.raw = events(chunk({"content": "您好"}), chunk({}, "stop"), usage, "[DONE]")
    assert said(model.generate([user("你好")], [])) == "您好"


def test_text_before_a_call_is_kept_apart_from_it(server, model):
    server.script = [{"content": "好的，我来查。"}, {"tool_calls": [part(name="search_hotels", arguments=ARGUMENTS)]}]
    assert list(model.generate([user("找")], [SEARCH_HOTELS])) == [TextDelta("好的，我来查。"), CallDelta(CALL)]


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ({"content": "您好"}, [TextDelta("您好")]),
        ({"content": None, "tool_calls": [named(ARGUMENTS, id="a")]}, [CallDelta(CALL)]),
    ],
)
def test_a_server_that_answers_in_one_piece_is_read(server, model, message, found):
    server.raw = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    assert list(model.generate([user("你好")], [SEARCH_HOTELS])) == found


def test_a_reply_without_end_is_given_up(server, model):
    server.raw = events(*[chunk({"content": "很" * 20_000})] * 20)
    with pytest.raises(BackendError, match="does not end"):
        list(model.generate([user("你好")], []))


@pytest.mark.parametrize(
    "parts",
    [
        [3],
        [{"function": 3}],
        [part(name="f", arguments=[1])],
        [part(arguments="{}")],
        [part(name="f", arguments="[" * 9000)],
    ],
)
def test_parts_that_are_none_of_a_call_are_told_as_such(server, model, parts):
    server.script = [{"tool_calls": parts}]
    with pytest.raises(CallParseError):
        list(model.generate([user("你好")], [SEARCH_HOTELS]))


def test_the_agent_refuses_two_different_calls_instead_of_losing_one(server, model, store):
    server.script = [{"tool_calls": [named(ARGUMENTS, index=0, id="a"), named(OTHER_ARGUMENTS, index=1, id="b")]}]
    *_, done = Agent(model, store).turn([], "想找能打麻将的经济型酒店")
    assert done.source == "template" and len(done.rejected) >= 3
    assert all("several different calls" in why and "豪华型" in what for what, why in done.rejected[:3])


def test_the_agent_takes_two_equal_calls_for_one(server, model, store):
    server.script = [{"tool_calls": [named(ARGUMENTS, index=0, id="a"), named(ARGUMENTS, index=1, id="b")]}]
    step = next(event for event in Agent(model, store).turn([], "想找能打麻将的经济型酒店") if hasattr(event, "query"))
    assert step.query.arguments() == WISH


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
