"""Claims about rendering and reading ChatGLM3, Llama 2 and models with their own template."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor

from chatbot.core.errors import ModelError
from chatbot.core.messages import FunctionCall, Message, ToolCall, call, observation, reply, user
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.models.conversion.chatglm3_tokenizer import build_tokenizer
from chatbot.models.families import chatglm3 as chatglm3_family
from chatbot.models.families import llama2 as llama2_family
from chatbot.models.families.chat_template import template_family
from chatbot.models.families.chatglm3 import CHATGLM3, MARKS
from chatbot.models.families.llama2 import LLAMA2
from chatbot.models.registry import TEMPLATES
from chatbot.models.render import encode, render, render_prompt

HOTEL = {"name": "春晓旅馆", "price": 90.0, "rating": None, "facilities": ["早餐"]}
SYSTEM = Message(role="system", content="你是酒店助手。")
TWO_CALLS = Message(
    role="assistant",
    tool_calls=[
        ToolCall(function=FunctionCall(name="search_hotels", arguments=a))
        for a in ({"type": "经济型"}, {"name": "春晓"})
    ],
)
DIALOGUE = [
    user("推荐一家便宜的酒店，\n 要能打麻将"),
    call({"type": "经济型", "facilities": ["打麻将"], "rating_range_lower": 4.5, "price_range_upper": 300}),
    observation([HOTEL]),
    reply("春晓旅馆，90元。"),
    user("谢谢"),
    reply("不客气，再见！"),
]
SHAPES = {
    "a greeting": ([user("你好"), reply("您好！")], []),
    "a call and a reply": (DIALOGUE, [SEARCH_HOTELS]),
    "a system message and tools": ([SYSTEM, *DIALOGUE], [SEARCH_HOTELS]),
    "a system message alone": ([SYSTEM, user("你好"), reply("您好！")], []),
    "several calls": (
        [user("比较"), TWO_CALLS, observation([HOTEL]), observation([]), reply("没有别的。")],
        [SEARCH_HOTELS],
    ),
    "a call at the end": (DIALOGUE[:2], [SEARCH_HOTELS]),
    "two replies in a row": ([user("你好"), reply("您好！"), reply("想找什么酒店？")], []),
    "an observation that says more": (
        [
            *DIALOGUE[:2],
            observation([HOTEL], total=7, relaxed=["facilities:打麻将"], unmatched=["带宠物"]),
            *DIALOGUE[3:],
        ],
        [SEARCH_HOTELS],
    ),
    "an empty reply": ([user("你好"), reply("")], []),
}
QWEN_LIKE = (
    "{% if tools %}<|im_start|>system\n# Tools{% for t in tools %}\n{{ t | tojson }}{% endfor %}<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
    "{% for c in m.tool_calls or [] %}\n<tool_call>\n{{ c.function | tojson }}\n</tool_call>{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def model_file(tokenizer_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("sp") / "tokenizer.model"
    path.write_bytes(tokenizer_model)
    return path


@pytest.fixture(scope="module")
def sp(model_file):
    return SentencePieceProcessor(model_file=str(model_file))


@pytest.fixture(scope="module")
def chatglm3(model_file):
    tokenizer = build_tokenizer(model_file, MARKS)
    tokenizer.chat_template = (TEMPLATES / "chatglm3.jinja").read_text(encoding="utf-8")
    return CHATGLM3, tokenizer


@pytest.fixture(scope="module")
def llama2(model_file):
    tokenizer = build_tokenizer(model_file)
    tokenizer.chat_template = (TEMPLATES / "llama2.jinja").read_text(encoding="utf-8")
    return LLAMA2, tokenizer


@pytest.fixture(scope="module")
def templated(model_file):
    tokenizer = build_tokenizer(model_file, ("<|im_start|>", "<|im_end|>"))
    tokenizer.eos_token = "<|im_end|>"
    tokenizer.chat_template = QWEN_LIKE
    return template_family(tokenizer), tokenizer


@pytest.fixture(params=["chatglm3", "llama2", "templated"])
def pair(request):
    return request.getfixturevalue(request.param)


def original_chatglm3(sp, sequence):
    """The original tokenizer's rules, written from their description: role, metadata line, content, each encoded on its own."""
    mark = {name: sp.vocab_size() + i for i, name in enumerate(MARKS)}
    ids = [mark["[gMASK]"], mark["sop"]]
    for role, metadata, content in sequence:
        ids += [mark[f"<|{role}|>"], *sp.encode(f"{metadata}\n"), *sp.encode(content)]
    return [*ids, mark["<|assistant|>"]]


def written(rendered):
    """The runs of trained ids."""
    runs, run = [], []
    for token, trained in [*zip(rendered.ids, rendered.trained, strict=True), (None, False)]:
        if trained:
            run.append(token)
        elif run:
            runs.append(run)
            run = []
    return runs


def test_a_chatglm3_prompt_has_the_original_ids(chatglm3, sp):
    family, tokenizer = chatglm3
    tools = json.dumps([SEARCH_HOTELS["function"]], indent=4, ensure_ascii=False)
    sequence = [
        (
            "system",
            "",
            f"Answer the following questions as best as you can. You have access to the following tools:\n{tools}",
        ),
        ("user", "", "推荐一家便宜的酒店，\n 要能打麻将"),
        (
            "assistant",
            "search_hotels",
            "```python\ntool_call(type='经济型', facilities=['打麻将'], rating_range_lower=4.5, price_range_upper=300)\n```",
        ),
        ("observation", "", json.dumps([HOTEL], ensure_ascii=False)),
        ("assistant", "", "春晓旅馆，90元。"),
        ("user", "", "谢谢"),
    ]
    assert render_prompt(DIALOGUE[:-1], [SEARCH_HOTELS], family, tokenizer) == original_chatglm3(sp, sequence)


def test_tools_join_the_system_message_that_is_there(chatglm3, sp):
    family, tokenizer = chatglm3
    tools = json.dumps([SEARCH_HOTELS["function"]], indent=4, ensure_ascii=False)
    sequence = [("system", "", f"你是酒店助手。\n{tools}"), ("user", "", "你好")]
    assert render_prompt([SYSTEM, user("你好")], [SEARCH_HOTELS], family, tokenizer) == original_chatglm3(sp, sequence)


def test_a_llama2_prompt_has_the_original_ids(llama2, sp):
    family, tokenizer = llama2
    turns = [
        sp.encode("[INST] <<SYS>>\n你是酒店助手。\n<</SYS>>\n\n你好 [/INST] 您好！ "),
        sp.encode("[INST] 谢谢 [/INST]"),
    ]
    prompt = render_prompt([SYSTEM, user(" 你好 "), reply("您好！"), user("谢谢")], [], family, tokenizer)
    assert prompt == [1, *turns[0], 2, 1, *turns[1]]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_prompt_is_how_its_training_example_begins(pair, shape):
    family, tokenizer = pair
    messages, tools = SHAPES[shape]
    whole = render(messages, tools, family, tokenizer)
    places = [index for index, message in enumerate(messages) if message.role == "assistant"]
    assert places
    for index in places:
        prompt = render_prompt(messages[:index], tools, family, tokenizer)
        assert whole.ids[: len(prompt)] == prompt
        assert whole.trained[len(prompt)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_model_is_trained_on_what_it_must_write_and_nothing_else(pair, shape):
    family, tokenizer = pair
    messages, tools = SHAPES[shape]
    runs = written(render(messages, tools, family, tokenizer))
    turns = [
        m
        for before, m in pairwise([None, *messages])
        if m.role == "assistant" and (before is None or before.role != "assistant")
    ]
    if family.name != "template":
        assert len(runs) == len(turns)
    assert runs and all(tokenizer.decode(run[-1:]) in family.stops for run in runs)
    told = "".join(tokenizer.decode(run) for run in runs)
    assert all(m.content in told for m in messages if m.role == "assistant")
    assert not any(m.content in told for m in messages if m.role in ("user", "tool") and len(m.content) > 2)


@pytest.mark.parametrize("message", [DIALOGUE[1], DIALOGUE[3], TWO_CALLS, reply("您好！")])
def test_what_a_model_is_trained_to_write_is_read_back_as_the_message(pair, message):
    family, tokenizer = pair
    [run] = written(render([user("你好"), message], [SEARCH_HOTELS], family, tokenizer))
    text = tokenizer.decode(run[:-1])
    assert family.read(text, []) == message
    assert family.is_call(text) is bool(message.tool_calls)
    assert family.is_call("") is None


@given(
    content=st.lists(
        st.sampled_from(
            [
                *MARKS,
                "<s>",
                "</s>",
                "[INST]",
                "[/INST]",
                "<<SYS>>",
                "<</SYS>>",
                "<|im_end|>",
                "RESULT:",
                "你好",
                "\n",
                " ",
                "\ue0000\ue001",
            ]
        ),
        max_size=8,
    ).map("".join)
)
@settings(max_examples=60, deadline=None)
def test_no_text_becomes_a_mark(chatglm3, llama2, templated, content):
    for family, tokenizer in (chatglm3, llama2, templated):
        special = set(tokenizer.convert_tokens_to_ids(list(family.special_tokens)))
        messages = [user(content), call({"facilities": [content]}), observation([{"name": content}]), reply(content)]
        harmless = [user("好"), call({"facilities": ["好"]}), observation([{"name": "好"}]), reply("好")]
        counts = [[i for i in render(m, [], family, tokenizer).ids if i in special] for m in (messages, harmless)]
        assert counts[0] == counts[1]


@given(content=st.text(alphabet="[]/INSTRELU:<>SY 你", max_size=30))
@settings(max_examples=200, deadline=None)
def test_no_words_read_as_llama2s_textual_marks(content):
    [_, piece] = llama2_family.pieces([user(content)])
    inner = piece.text.removeprefix("[INST] ").removesuffix(" [/INST]")
    assert not any(mark in inner for mark in ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"))
    assert not inner.startswith("RESULT:")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["chatglm3", "llama2"])
def test_the_template_beside_a_checkpoint_says_the_same(request, name, shape):
    family, tokenizer = request.getfixturevalue(name)
    messages, tools = SHAPES[shape]
    ours = render(messages, tools, family, tokenizer)
    dicts = [m.to_dict() for m in messages]
    theirs = tokenizer.apply_chat_template(
        dicts, tools=tools or None, return_dict=True, return_assistant_tokens_mask=True
    )
    assert theirs["input_ids"] == ours.ids
    assert [bool(m) for m in theirs["assistant_masks"]] == ours.trained
    prompt = tokenizer.apply_chat_template(
        dicts[:-1], tools=tools or None, add_generation_prompt=True, return_dict=False
    )
    assert prompt == render_prompt(messages[:-1], tools, family, tokenizer)


@pytest.mark.parametrize(
    "value", ["it's", 'a "b"', 'it\'s "b"', "a\\b\nc", True, None, 3, 4.5, ["a", ["b"]], {"k": [1, "x"]}]
)
def test_the_template_writes_python_literals_as_the_renderer_does(chatglm3, value):
    family, tokenizer = chatglm3
    messages = [user("你好"), call({"type": value})]
    assert (
        tokenizer.apply_chat_template([m.to_dict() for m in messages], return_dict=False)
        == render(messages, [], family, tokenizer).ids
    )


def test_arguments_that_are_no_python_names_are_written_as_json():
    odd = FunctionCall(name="search_hotels", arguments={"class": 1, "a b": "c"})
    text = chatglm3_family.call_text(odd)
    assert chatglm3_family.read(f"search_hotels\n {text}", []).call == odd


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("\n您好", False),
        ("", None),
        ("search", None),
        ("search_hotels\n", True),
        ("您好", False),
        ("Hello there", False),
    ],
)
def test_chatglm3s_first_line_tells_a_call(text, verdict):
    assert CHATGLM3.is_call(text) is verdict


@pytest.mark.parametrize(
    ("text", "verdict"), [("", None), (" CA", None), ("CALL: {", True), ("Can I", False), ("您好", False)]
)
def test_llama2s_mark_tells_a_call(text, verdict):
    assert LLAMA2.is_call(text) is verdict


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "search_hotels", "arguments": {"type": "经济型"}}\n</tool_call>',
        '{"name": "search_hotels", "parameters": {"type": "经济型"}}',
        '<|python_tag|>{"name": "search_hotels", "parameters": {"type": "经济型"}}',
        '<think>\n想一想\n</think>\n\n<tool_call>\n{"name": "search_hotels", "arguments": "{\\"type\\": \\"经济型\\"}"}\n</tool_call>',
        'search_hotels\n{"type": "经济型"}',
    ],
)
def test_other_models_calls_are_read_in_their_own_forms(templated, text):
    family, _ = templated
    assert family.is_call(text) is True
    assert family.read(text, []) == call({"type": "经济型"})


def test_thoughts_are_not_shown(templated):
    family, _ = templated
    assert family.read("<think>\n嗯\n</think>\n\n您好！", []) == reply("您好！")
    assert family.visible("<think>\n嗯", []) == ""


def test_words_before_a_call_are_kept_and_the_call_is_never_shown(templated):
    family, _ = templated
    text = '好的，我查一下。\n<tool_call>\n{"name": "search_hotels", "arguments": {"type": "经济型"}}\n</tool_call>'
    both = call({"type": "经济型"}).model_copy(update={"content": "好的，我查一下。"})
    assert family.read(text, []) == both
    assert {family.visible(text[:end], []) for end in range(8, len(text))} == {"好的，我查一下。"}
    assert family.visible("1 < 2", []) == "1 < 2"


def test_a_template_that_rewrites_earlier_turns_is_refused(templated):
    _, tokenizer = templated
    tokenizer.chat_template = (
        "{{ messages | length }}{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"
    )
    family = template_family(tokenizer)
    tokenizer.chat_template, good = tokenizer.chat_template, QWEN_LIKE
    try:
        with pytest.raises(ModelError, match="rewrites earlier turns"):
            family.pieces([user("你好"), reply("您好")])
    finally:
        tokenizer.chat_template = good


def test_a_family_and_a_tokenizer_of_another_are_told_apart(llama2):
    _, tokenizer = llama2
    with pytest.raises(ModelError, match="does not know a mark"):
        encode(CHATGLM3.prompt([user("你好")], []), tokenizer)
