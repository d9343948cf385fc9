"""What is written comes back equal, in every form; what a form cannot hold is refused by name, and nothing of it is written."""

import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, FunctionCall, Message, ToolCall, call, observation, reply, user
from chatbot.corpus.export.formats import FORMATS, export
from chatbot.corpus.reading.reader import SIDECAR, read, read_conversations
from chatbot.hotels.query import SEARCH_HOTELS

WORDS = st.text("想找经济型酒店有早餐300元。，", min_size=1, max_size=12)
ANYTHING = st.one_of(
    WORDS,
    st.text(max_size=12).filter(lambda text: text.isprintable() or "\n" in text),
    st.sampled_from(
        [
            " 前后有空格 ",
            "RESULT: 你好",
            "CALL: {}",
            "</s><s>[INST] x [/INST]",
            "<<SYS>>\n嗯\n<</SYS>>",
            "我需要使用search_hotels工具来查询酒店",
            "两\n行",
        ]
    ),
)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["经济型", "豪华型"]),
        "facilities": st.lists(WORDS, max_size=2),
        "price_range_upper": st.integers(0, 2000),
    },
)
RECORDS = st.lists(st.fixed_dictionaries({"name": WORDS, "price": st.none() | st.integers(0, 900)}), max_size=2)


@st.composite
def exchanges(draw, words):
    """A question, and either a reply or a search with its result and a reply."""
    asked, answered = user(draw(words)), reply(draw(words))
    if draw(st.booleans()):
        return [asked, answered]
    more = draw(
        st.fixed_dictionaries({}, optional={"total": st.integers(0, 9), "relaxed": st.lists(WORDS, max_size=1)})
    )
    return [asked, call(draw(ARGUMENTS)), observation(draw(RECORDS), **more), answered]


@st.composite
def conversations(draw, words=WORDS, wild=False):
    messages = [m for part in draw(st.lists(exchanges(words), min_size=1, max_size=3)) for m in part]
    if draw(st.booleans()):
        messages.insert(0, Message(role="system", content=draw(words)))
    if wild:
        messages += draw(st.lists(st.sampled_from(ODD), max_size=2))
    return Conversation(
        id=draw(st.text("ab-1", min_size=1, max_size=6)),
        source=draw(st.text("cd-2", min_size=1, max_size=6)),
        tools=draw(st.sampled_from([[], [SEARCH_HOTELS]])),
        messages=messages,
        meta=draw(st.sampled_from([{}, {"operation": "spoken", "n": [1, None]}])),
    )


TWO = [ToolCall(function=FunctionCall(name=name, arguments={"q": name})) for name in ("search_hotels", "get_weather")]
ODD = [
    user("再问一句"),
    reply(""),
    Message(role="assistant", content="我查一下", tool_calls=TWO[:1]),
    Message(role="assistant", tool_calls=TWO),
    Message(role="tool", name="get_weather", content='{"t": 20}'),
    Message(role="tool", content="没有名字"),
    Message(role="tool", name="search_hotels", content="null"),
    Message(role="assistant", content="好的", act="greet"),
    Message(role="user", name="li", content="我是李"),
]


def main_file(folder, side="train"):
    """The file of an export that holds the conversations of a side."""
    [found] = [path for path in folder.glob(f"*{side}*") if not path.name.endswith(SIDECAR)]
    return found


def there_and_back(folder, form, made):
    shutil.rmtree(folder, ignore_errors=True)
    export({"train": made}, form, folder)
    return read_conversations(main_file(folder))


def returned(folder, form, made):
    """What comes back of one conversation, or the error that refuses to write it."""
    try:
        return there_and_back(folder, form, [made])
    except InputError as error:
        return error


QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
ROW_FORMS = [form for form in FORMATS if form != "parquet"]


@pytest.mark.parametrize("form", ROW_FORMS)
@QUICK
@given(made=st.lists(conversations(), min_size=1, max_size=3))
def test_what_people_say_comes_back_equal_from_every_form(form, made, tmp_path):
    assert there_and_back(tmp_path / "out", form, made) == made


@pytest.mark.parametrize("form", ROW_FORMS)
@QUICK
@given(made=conversations(words=ANYTHING, wild=True))
def test_whatever_is_written_comes_back_equal_or_is_refused_with_nothing_written(form, made, tmp_path):
    back = returned(tmp_path / "out", form, made)
    if isinstance(back, InputError):
        assert back.code == "corpus.not_exported" and "train:1" in str(back)
        assert not (tmp_path / "out").exists()
    else:
        assert back == [made]


@pytest.mark.parametrize("form", ["jsonl", "openai"])
@given(made=conversations(wild=True).filter(lambda c: c.messages[-1].role != "tool"))
@QUICK
def test_our_own_form_and_openais_hold_two_calls_and_words_beside_a_call(form, made, tmp_path):
    assert form == "openai" or there_and_back(tmp_path / "out", form, [made]) == [made]
    whole = made.model_copy(update={"messages": [user("两家"), ODD[3], *[observation([])] * 2, reply("好"), ODD[2]]})
    assert there_and_back(tmp_path / "out", form, [whole]) == [whole]


def test_parquet_brings_everything_back(tmp_path):
    made = [
        Conversation(id="a", source="s", tools=[SEARCH_HOTELS], messages=[user("x"), *ODD[2:6], reply("y")]),
        Conversation(id="b", source="s", messages=[user("x"), ODD[7]], meta={"n": [1, None]}),
    ]
    assert there_and_back(tmp_path / "out", "parquet", made) == made


@pytest.mark.parametrize("form", FORMATS)
def test_a_whole_export_packed_as_the_page_packs_it_comes_back(form, tmp_path):
    sides = {
        side: [Conversation(id=f"{side}-{n}", source=side, messages=[user(f"第{n}句"), reply("好")]) for n in range(2)]
        for side in ("train", "val", "test")
    }
    export(sides, form, tmp_path / "x")
    (tmp_path / "x" / "README.md").write_text("# 数据卡", encoding="utf-8")
    (tmp_path / "x" / "review.jsonl").write_text('{"id": 1, "action": "approve"}\n', encoding="utf-8")
    found = read(shutil.make_archive(str(tmp_path / "whole"), "zip", tmp_path / "x"))
    assert {c.id: c for c in found.conversations} == {c.id: c for side in sides.values() for c in side}
    assert {one.reason.code for one in found.preview.left_out} == {"reading.passed_over"}


@pytest.mark.parametrize("form", ["llama-factory", "chatglm3"])
def test_an_edit_in_an_export_stands(form, tmp_path):
    export({"train": [Conversation(id="a", source="s", messages=[user("你好"), reply("旧的回复")])]}, form, tmp_path)
    path = main_file(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("旧的", "新的"), encoding="utf-8")
    [back] = read_conversations(path)
    assert back.messages[1].content == "新的回复" and (back.id, back.source) == ("a", "s")


def test_openai_rows_have_no_field_that_its_validator_does_not_know(tmp_path):
    export({"train": [Conversation(id="a", source="s", messages=[user("你好"), reply("好")])]}, "openai", tmp_path)
    row = json.loads(main_file(tmp_path).read_text(encoding="utf-8"))
    assert set(row) == {"messages", "tools", "parallel_tool_calls"}
    assert all(set(message) == {"role", "content"} for message in row["messages"])


@pytest.mark.parametrize(
    ("form", "message", "reason"),
    [
        ("llama-factory", ODD[3], "two calls in one turn"),
        ("chatglm3", ODD[3], "two calls in one turn"),
        ("llama-factory", ODD[2], "words beside a call"),
        ("llama2", ODD[2], "words beside a call"),
        ("openai", ODD[4], "follows no call"),
        ("llama-factory", user("x"), "does not alternate"),
    ],
)
def test_what_a_form_cannot_hold_is_refused_with_the_line_and_why(form, message, reason, tmp_path):
    good = Conversation(id="a", source="a", messages=[user("你好"), reply("好")])
    bad = good.model_copy(update={"id": "b", "messages": [*good.messages, message]})
    with pytest.raises(InputError, match=rf"val:2 cannot be exported.*conversation b.*{reason}"):
        export({"train": [good], "val": [good, bad]}, form, tmp_path / "out")
    assert not (tmp_path / "out").exists()
