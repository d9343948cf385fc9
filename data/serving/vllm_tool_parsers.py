"""Tool parsers for vLLM, so that its OpenAI endpoint answers with tool calls for our ChatGLM3 and Llama 2 models.

    PYTHONPATH=. vllm serve MODEL --enable-auto-tool-choice --tool-parser-plugin data/serving/vllm_tool_parsers.py \
        --tool-call-parser hotel_chatglm3          (or hotel_llama2)

The parsing itself is the project's own (chatbot.models); this file only speaks vLLM's interface.
"""

import json
import uuid
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from chatbot.core.messages import FunctionCall
from chatbot.models.backends import CallDelta
from chatbot.models.families.streamed_calls import StreamedCalls, read_whole
from chatbot.models.registry import family

_PROTOCOL = (
    "vllm.entrypoints.generate.base.protocol",
    "vllm.entrypoints.openai.engine.protocol",
    "vllm.entrypoints.openai.protocol",
)
_PARSERS = ("vllm.tool_parsers", "vllm.entrypoints.openai.tool_parsers")
"""vLLM has moved these modules between versions; the newest place comes first."""


def _moved(name: str, places: Sequence[str]) -> Any:
    """A class of vLLM, wherever the installed version keeps it."""
    for place in places:
        try:
            return getattr(import_module(place), name)
        except (ImportError, AttributeError):
            continue
    raise ImportError(
        f"vLLM's {name} is in none of {', '.join(places)}: this version of vLLM is not known to the plugin"
    )


DeltaFunctionCall, DeltaMessage, DeltaToolCall, ExtractedToolCallInformation, VllmFunctionCall, VllmToolCall = (
    _moved(name, _PROTOCOL)
    for name in (
        "DeltaFunctionCall",
        "DeltaMessage",
        "DeltaToolCall",
        "ExtractedToolCallInformation",
        "FunctionCall",
        "ToolCall",
    )
)
ToolParser, ToolParserManager = (_moved(name, _PARSERS) for name in ("ToolParser", "ToolParserManager"))


def _arguments(call: FunctionCall) -> str:
    return json.dumps(call.arguments, ensure_ascii=False)


class HotelToolParser(ToolParser):  # type: ignore[misc,valid-type]
    """One family's calls, in vLLM's terms; made anew for each answer."""

    family_name = ""
    supports_required_and_named = (
        False  # vLLM would otherwise force its own JSON, which these models were not trained on
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._stream = StreamedCalls(family(self.family_name))

    def adjust_request(self, request: Any) -> Any:
        """Leave the request as it is: the family's format needs no guided decoding to be parsed."""
        return request

    def extract_tool_calls(self, model_output: str, request: Any) -> Any:
        """A complete answer."""
        message = read_whole(self._stream.family, model_output)
        calls = [
            VllmToolCall(function=VllmFunctionCall(name=c.function.name, arguments=_arguments(c.function)))
            for c in message.tool_calls
        ]
        return ExtractedToolCallInformation(tools_called=bool(calls), tool_calls=calls, content=message.content or None)

    def extract_tool_calls_streaming(
        self,
        previous_text: str,
        current_text: str,
        delta_text: str,
        previous_token_ids: Sequence[int],
        current_token_ids: Sequence[int],
        delta_token_ids: Sequence[int],
        request: Any,
    ) -> Any:
        """What a new token adds: text, a whole call, or None while it is too early to tell."""
        deltas = self._stream.grow(current_text)
        if not deltas:
            return None
        calls = [self._sent(d.call) for d in deltas if isinstance(d, CallDelta)]
        if calls:
            return DeltaMessage(tool_calls=calls)
        return DeltaMessage(content="".join(d.text for d in deltas if not isinstance(d, CallDelta)))

    def _sent(self, call: FunctionCall) -> Any:
        """A call as a delta; vLLM compares these lists at the end to see whether arguments are missing."""
        self.current_tool_id += 1
        self.prev_tool_call_arr.append({"name": call.name, "arguments": call.arguments})
        self.streamed_args_for_tool.append(_arguments(call))
        function = DeltaFunctionCall(name=call.name, arguments=_arguments(call))
        return DeltaToolCall(
            index=self.current_tool_id, type="function", id=f"call_{uuid.uuid4().hex[:24]}", function=function
        )


class ChatGlm3ToolParser(HotelToolParser):
    """ChatGLM3: a function's name, then fenced Python."""

    family_name = "chatglm3"


class Llama2ToolParser(HotelToolParser):
    """Llama 2: a marked line of JSON."""

    family_name = "llama2"


ToolParserManager.register_module("hotel_chatglm3", module=ChatGlm3ToolParser)
ToolParserManager.register_module("hotel_llama2", module=Llama2ToolParser)
