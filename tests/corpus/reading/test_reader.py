"""Every form that people bring is read, or refused with the line and what to do; nothing is guessed and nothing lost in silence."""

import gzip
import io
import json
import zipfile

import pytest

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, FunctionCall, Message, observation, reply, user
from chatbot.corpus.reading.reader import read, read_conversations
from chatbot.hotels.query import SEARCH_HOTELS

ARGUMENTS = {"type": "经济型", "price_range_upper": 300}
RESULT = '[{"name": "归途快捷酒店", "price": 200}]'
FUNCTION = {"name": "search_hotels", "description": "查酒店", "parameters": {"type": "object", "properties": {}}}


def row(asked=None, called=None, **more):
    """A conversation of our form, parts of it replaced."""
    function = {"name": "search_hotels", "arguments": ARGUMENTS}
    messages = [
        {"role": "user", "content": "三百以内的经济型"} | (asked or {}),
        {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": function}]}
        | (called or {}),
        {"role": "tool", "name": "search_hotels", "content": RESULT},
        {"role": "assistant", "content": "归途快捷酒店，200元。"},
    ]
    return {"id": "a", "source": "s", "tools": [SEARCH_HOTELS], "messages": messages} | more


def sharegpt(**more):
    turns = [
        {"from": "human", "value": "三百以内的经济型"},
        {"from": "function_call", "value": json.dumps({"name": "search_hotels", "arguments": ARGUMENTS})},
        {"from": "observation", "value": RESULT},
        {"from": "gpt", "value": "归途快捷酒店，200元。"},
    ]
    return {"conversations": turns, "tools": json.dumps([FUNCTION]), "system": ""} | more


def calls_of(function):
    return {"tool_calls": [{"id": "c1", "type": "function", "function": function}]}


@pytest.fixture
def write(tmp_path):
    """A function that writes rows as JSONL (or one text) and gives the path."""

    def make(*rows, name="mine.jsonl", encoding="utf-8", text=None):
        path = tmp_path / name
        whole = text if text is not None else "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
        path.write_bytes(whole.encode(encoding))
        return path

    return make


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False))
    return path


EXPECTED = Conversation.model_validate(row())


@pytest.mark.parametrize(
    "changed",
    [
        row(called={"content": None}),
        row(asked={"tool_calls": None, "name": None}),
        row(called=calls_of({"name": "search_hotels", "arguments": json.dumps(ARGUMENTS)})),
        row(called=calls_of({"name": "search_hotels", "arguments": ARGUMENTS | {"facilities": None, "name": None}})),
        row(
            called={
                "content": None,
                "tool_calls": None,
                "function_call": {"name": "search_hotels", "arguments": json.dumps(ARGUMENTS)},
            }
        ),
        row(asked={"content": [{"type": "text", "text": "三百以内的"}, {"type": "text", "text": "经济型"}]}),
        row(tools=[SEARCH_HOTELS["function"]]),
        row(tools=json.dumps([SEARCH_HOTELS])),
        row(meta=None),
    ],
)
def test_every_way_to_write_a_message_is_read_as_the_same(write, changed):
    assert read_conversations(write(changed)) == [EXPECTED]


def test_missing_content_and_ids_are_made(write):
    plain = {key: value for key, value in row().items() if key in ("messages",)}
    del plain["messages"][1]["content"]
    [found] = read_conversations(write(plain))
    assert (found.id, found.source, found.messages) == ("mine-1", "mine-1", EXPECTED.messages)


def test_a_null_argument_was_not_given():
    called = FunctionCall(name="f", arguments={"type": None, "exclude": {"name": None, "type": ["豪华型"]}, "n": 0})
    assert called.arguments == {"exclude": {"type": ["豪华型"]}, "n": 0}


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_sharegpt_is_read_as_a_list_and_as_lines(write, name):
    text = json.dumps([sharegpt()], ensure_ascii=False, indent=1) if name == "a.json" else None
    [found] = read_conversations(write(sharegpt(), name=name, text=text))
    assert [m.role for m in found.messages] == ["user", "assistant", "tool", "assistant"]
    assert found.messages[1].call == FunctionCall(name="search_hotels", arguments=ARGUMENTS)
    assert found.messages[2].name == "search_hotels" and found.tools == [{"type": "function", "function": FUNCTION}]


def test_sharegpt_with_its_system_message_and_several_calls(write):
    both = json.dumps([{"name": "a", "arguments": {}}, {"name": "b", "arguments": "{}"}])
    turns = [{"from": "human", "value": "x"}, {"from": "function_call", "value": both}, {"from": "gpt", "value": "y"}]
    [found] = read_conversations(write(sharegpt(system="你是助手", conversations=turns)))
    assert found.messages[0] == Message(role="system", content="你是助手")
    assert [one.function.name for one in found.messages[2].tool_calls] == ["a", "b"]


def test_openai_messages_of_llama_factory_are_read(write):
    messages = [
        {"role": "human", "content": "x"},
        {"role": "function_call", "content": '{"name": "f", "arguments": {"a": 1}}'},
        {"role": "observation", "content": "1"},
        {"role": "gpt", "content": "y"},
    ]
    [found] = read_conversations(write({"messages": messages}))
    assert found.messages[1].call.arguments == {"a": 1} and found.messages[2].role == "tool"


def test_alpaca_is_refused_with_a_way_out(write):
    path = write(text=json.dumps([{"instruction": "想找酒店", "input": "", "output": "好的"}]), name="alpaca.json")
    assert read(path).preview.form == "alpaca"
    with pytest.raises(InputError, match=r"Alpaca's form, .* no tool calls.*ShareGPT"):
        read_conversations(path)


def test_a_byte_order_mark_is_no_part_of_the_text(write):
    assert read_conversations(write(row(), encoding="utf-8-sig")) == [EXPECTED]


@pytest.mark.parametrize("encoding", ["gbk", "utf-16"])
def test_another_encoding_is_recognised_and_asked_about(write, encoding):
    path = write(row(), encoding=encoding)
    found = read(path)
    assert found.preview.doubtful_encoding == encoding and found.conversations == [EXPECTED]
    with pytest.raises(InputError) as refused:
        read_conversations(path)
    assert refused.value.code == "reading.encoding" and "--encoding" in str(refused.value)
    assert "codec" not in str(refused.value) and read(path, encoding=encoding).conversations == [EXPECTED]


def test_text_in_no_known_encoding_is_said_without_a_codecs_words(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"{\xff\x00\x81" + bytes(range(128, 256)))
    with pytest.raises(InputError, match="encoding of its text is not known") as refused:
        read(tmp_path / "a.jsonl")
    assert "codec" not in refused.value.text("zh")


def test_lines_that_cannot_be_used_are_left_out_and_named(write):
    path = write(text="\n".join(["{", json.dumps(row()), "", '{"text": 1}', json.dumps(row(messages=[{"role": "x"}]))]))
    found = read(path)
    assert found.conversations == [EXPECTED]
    left = [(one.line, one.reason.code) for one in found.preview.left_out]
    assert left == [(1, "reading.json_line"), (4, "reading.form"), (5, "reading.role")]
    with pytest.raises(InputError, match=r"mine.jsonl:1 cannot be used \(3 in all\): this line is no JSON"):
        read_conversations(path)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (row(messages=[{"role": "user", "content": "x"}]), "reading.no_reply"),
        (row(messages=[]), "reading.no_reply"),
        (row(messages=["x"]), "reading.message"),
        (row(asked={"content": [{"type": "image_url"}]}), "reading.content"),
        (row(called=calls_of({"name": "f", "arguments": "no"})), "reading.arguments"),
        (row(called=calls_of({"name": "f", "arguments": "[1]"})), "reading.arguments"),
        (row(called=calls_of({"arguments": "{}"})), "reading.field"),
        (row(called={"tool_calls": 5}), "reading.form"),
        (row(tools="no"), "reading.arguments"),
        (row(tools=[5]), "reading.tools"),
        ({"conversations": [{"from": "martian", "value": "x"}]}, "reading.role"),
        ({"conversations": []}, "reading.form"),
        ([1, 2, 3], "reading.form"),
        (5, "reading.form"),
    ],
)
def test_what_does_not_fit_has_a_reason_of_its_own(write, wrong, code):
    found = read(write(row(), wrong)).preview
    assert (found.read, [(one.line, one.reason.code) for one in found.left_out]) == (1, [(2, code)])
    assert found.to_dict("zh")["left_out"][code]["says"]


def test_a_conversation_may_end_with_the_user_or_have_two_users_in_a_row(write):
    ends = row(messages=[*row()["messages"], {"role": "user", "content": "谢谢"}])
    two = row(messages=[{"role": "user", "content": "你好"}, *row()["messages"]])
    assert len(read_conversations(write(ends, two))) == 2


def test_a_list_says_the_line_where_an_entry_begins(write):
    text = "[\n" + json.dumps(row(), indent=1) + ',\n {"text": 1}\n]'
    found = read(write(text=text, name="a.json")).preview
    assert [one.line for one in found.left_out] == [text[: text.index('{"text"')].count("\n") + 1]


def test_a_broken_list_says_the_line_of_the_break(write):
    with pytest.raises(InputError, match="from line 3 on it is no valid JSON"):
        read(write(text='[\n {"a": 1},\n {"b": oops}\n]', name="a.json"))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_deep_nesting_is_an_error_and_no_crash(write, text):
    with pytest.raises(InputError):
        read_conversations(write(text=text, name="a.json"))


def test_one_pretty_printed_object_is_one_conversation(write):
    assert read_conversations(write(text=json.dumps(row(), indent=2), name="a.json")) == [EXPECTED]


def test_an_empty_file_holds_no_conversation(write):
    assert read_conversations(write(text="")) == []


def test_words_in_a_file_are_no_conversation(write):
    with pytest.raises(InputError, match="neither JSON nor a sheet"):
        read(write(text="你好", name="a.txt"))


def test_gz_is_unpacked(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(json.dumps(row()).encode()))
    assert read_conversations(tmp_path / "a.jsonl.gz") == [EXPECTED]


def test_a_damaged_archive_says_so(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(json.dumps(row()).encode())[:-9])
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" + bytes(50))
    for name in ("a.gz", "a.zip"):
        with pytest.raises(InputError, match="could not be read"):
            read(tmp_path / name)


def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("chatbot.core.files.MAX_BYTES", 1000)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(bytes(2000)))
    zipped(tmp_path / "a.zip", {"a.jsonl": bytes(2000)})
    zipped(tmp_path / "b.zip", {f"{n}.gz": gzip.compress(bytes(400)) for n in range(3)})
    for name in ("a.jsonl.gz", "a.zip", "b.zip"):
        with pytest.raises(InputError, match="unpack to more than"):
            read(tmp_path / name)


def test_all_files_of_a_zip_are_read_and_what_is_none_is_named(tmp_path):
    buffer = io.BytesIO()
    with gzip.open(buffer, "wb") as packed:
        packed.write(json.dumps(row(id="c")).encode())
    path = zipped(
        tmp_path / "all.zip",
        {
            "x/TRAIN.JSONL": json.dumps(row()).encode(),
            "x/val.jsonl.gz": buffer.getvalue(),
            "__MACOSX/x/._TRAIN.JSONL": b"\x00\x05",
            "x/.DS_Store": b"\x00",
            "x/notes.docx": b"?",
            "hotel_db.json": [["晨屿酒店", {"价格": 300}]],
            "broken.json": b"[",
        },
    )
    found = read(path)
    assert [c.id for c in found.conversations] == ["a", "c"]
    reasons = {one.file: one.reason.code for one in found.preview.left_out}
    assert reasons == {
        "notes.docx": "reading.passed_over",
        "hotel_db.json": "reading.hotels",
        "broken.json": "reading.json",
    }


@pytest.mark.parametrize("extra", [{}, {"observation": None}])
def test_chatglm3_words_before_a_call_stay_with_it_and_its_announcement_is_dropped(write, extra):
    tool = {"role": "tool", "name": "search_hotels", "parameters": ARGUMENTS, **extra}
    turns = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "我来查一下"},
        tool,
        {"role": "assistant", "content": "y"},
    ]
    [found] = read_conversations(write({"tools": [], "conversations": turns}))
    assert found.messages[1].content == "我来查一下" and found.messages[1].call.arguments == ARGUMENTS
    assert found.messages[2] == observation([])


def test_chatglm3_with_another_function_keeps_its_tools(write):
    other = {"name": "get_weather", "parameters": {}}
    turns = [
        {"role": "user", "content": "x"},
        {"role": "tool", "name": "get_weather", "parameters": {}, "observation": "晴"},
        {"role": "assistant", "content": "y"},
    ]
    [found] = read_conversations(write({"tools": [other], "conversations": turns}))
    assert found.tools == [{"type": "function", "function": other}] and found.messages[2].content == "晴"


def test_llama2_text_is_read_back(write):
    [found] = read_conversations(write({"text": "<s>[INST] 你好 [/INST] 您好 </s><s>[INST] 谢谢 [/INST] 不客气 </s>"}))
    assert found.messages == [user("你好"), reply("您好"), user("谢谢"), reply("不客气")]
