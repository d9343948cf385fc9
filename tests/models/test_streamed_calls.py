"""Other engines read our formats with our parsers: token by token, whole, and through vLLM's documented plugin interface."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chatbot.core.messages import FunctionCall
from chatbot.models.backends import CallDelta, TextDelta
from chatbot.models.families.streamed_calls import StreamedCalls, read_whole
from chatbot.models.registry import family

ROOT = Path(__file__).parents[2]
GLM = "search_hotels\n```python\ntool_call(type='经济型', rating_range_lower=4.5)\n```"
GLM_JSON = 'search_hotels\n{"type": "经济型", "rating_range_lower": 4.5}'
LLAMA = 'CALL: {"name": "search_hotels", "arguments": {"type": "经济型", "rating_range_lower": 4.5}}'
CALL = FunctionCall(name="search_hotels", arguments={"type": "经济型", "rating_range_lower": 4.5})
STUB = """
class Data:
    def __init__(self, **fields): self.__dict__.update(fields)
    def plain(self): return {k: v.plain() if isinstance(v, Data) else [x.plain() for x in v] if isinstance(v, list) else v for k, v in self.__dict__.items()}
class DeltaFunctionCall(Data): pass
class DeltaMessage(Data): pass
class DeltaToolCall(Data): pass
class ExtractedToolCallInformation(Data): pass
class FunctionCall(Data): pass
class ToolCall(Data): pass
"""
STUB_PARSERS = """
class ToolParser:
    def __init__(self, tokenizer, tools=None):
        self.prev_tool_call_arr, self.streamed_args_for_tool, self.current_tool_id = [], [], -1
class ToolParserManager:
    known = {}
    @classmethod
    def register_module(cls, name=None, force=True, module=None): cls.known[name] = module
"""
DRIVER = """
import importlib.util, json, sys
from vllm.{home} import ToolParserManager
spec = importlib.util.spec_from_file_location("plugin", sys.argv[1])
spec.loader.exec_module(importlib.util.module_from_spec(spec))
out = {{}}
for name, text in json.loads(sys.argv[2]).items():
    parser = ToolParserManager.known[name](None)
    whole = parser.extract_tool_calls(text, None).plain()
    steps = [parser.extract_tool_calls_streaming(text[:i-1], text[:i], text[i-1:i], [], [], [], None) for i in range(1, len(text) + 1)]
    out[name] = {{"whole": whole, "steps": [s.plain() for s in steps if s], "sent": parser.streamed_args_for_tool, "last": parser.prev_tool_call_arr}}
print(json.dumps(out))
"""


def grown(name, text):
    stream = StreamedCalls(family(name))
    return [delta for end in range(1, len(text) + 1) for delta in stream.grow(text[:end])]


@pytest.mark.parametrize(("name", "text"), [("chatglm3", GLM), ("chatglm3", GLM_JSON), ("llama2", LLAMA)])
def test_a_call_is_given_out_once_when_it_is_complete(name, text):
    assert grown(name, text) == [CallDelta(CALL)]


@pytest.mark.parametrize(
    ("name", "text"), [("chatglm3", "\n推荐和平宾馆，电话 010-1。"), ("llama2", "推荐和平宾馆，电话 010-1。 ")]
)
def test_a_reply_streams_and_adds_up_to_its_text(name, text):
    deltas = grown(name, text)
    assert len(deltas) > 5 and all(isinstance(d, TextDelta) for d in deltas)
    assert "".join(d.text for d in deltas) == "推荐和平宾馆，电话 010-1。"


def test_two_calls_are_two():
    assert [d.call for d in grown("llama2", f"{LLAMA}\n{LLAMA}")] == [CALL, CALL]


@pytest.mark.parametrize(
    ("name", "text"), [("chatglm3", "search_hotels\n```python\n__import__('os')\n```"), ("llama2", 'CALL: {"name": 3}')]
)
def test_what_only_looks_like_a_call_is_never_one(name, text):
    assert not any(isinstance(d, CallDelta) for d in grown(name, text))
    assert read_whole(family(name), text).call is None
    assert read_whole(family(name), text).content == text


@pytest.mark.parametrize(
    ("protocol", "home"),
    [
        ("generate/base/protocol", "tool_parsers"),
        ("openai/engine/protocol", "tool_parsers"),
        ("openai/protocol", "entrypoints.openai.tool_parsers"),
    ],
)
def test_the_vllm_plugin_answers_in_vllms_terms_wherever_vllm_keeps_them(tmp_path, protocol, home):
    """vLLM itself needs a GPU; a stand-in with its documented classes, in the places of three versions, runs the real plugin."""
    for place, source in (
        (f"vllm/entrypoints/{protocol}.py", STUB),
        (f"vllm/{home.replace('.', '/')}.py", STUB_PARSERS),
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(source)
    command = [
        sys.executable,
        "-c",
        DRIVER.format(home=home),
        str(ROOT / "data/serving/vllm_tool_parsers.py"),
        json.dumps({"hotel_chatglm3": GLM, "hotel_llama2": LLAMA}),
    ]
    done = subprocess.run(
        command, env={"PYTHONPATH": f"{tmp_path}:{ROOT}"}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    parsed = json.loads(done.stdout)
    assert set(parsed) == {"hotel_chatglm3", "hotel_llama2"}
    for found in parsed.values():
        assert found["whole"]["tools_called"] and found["whole"]["content"] is None
        assert json.loads(found["whole"]["tool_calls"][0]["function"]["arguments"]) == CALL.arguments
        assert [s["tool_calls"][0]["function"]["name"] for s in found["steps"]] == ["search_hotels"]
        assert found["sent"] == [json.dumps(found["last"][0]["arguments"], ensure_ascii=False)]
