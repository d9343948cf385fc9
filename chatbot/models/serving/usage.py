"""Tokens of a request and its answer, as the model's own tokenizer counts them."""

import json
import re
from collections.abc import Sequence
from typing import Any

from chatbot.core.messages import FunctionCall, Message
from chatbot.models.backends import ChatModel

_WORD = re.compile(r"[A-Za-z0-9]+|[^\sA-Za-z0-9]")


class Counter:
    """Counts for one model; where it has no tokenizer, a word or any other character is a token."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._tokenizer: Any = getattr(model, "tokenizer", None)

    def text(self, text: str) -> int:
        """Tokens of a text."""
        if self._tokenizer is None:
            return len(_WORD.findall(text))
        return len(self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    def call(self, call: FunctionCall) -> int:
        """Tokens of a call: its name and its arguments as JSON."""
        return self.text(f"{call.name}{json.dumps(call.arguments, ensure_ascii=False)}")

    def prompt(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> int:
        """Tokens of what the model read: marks and all, where it can say so itself."""
        rendered = getattr(self._model, "prompt_tokens", None)
        if rendered is not None and (count := rendered(messages, tools)) is not None:
            return int(count)
        texts = [m.content for m in messages] + ([json.dumps(list(tools), ensure_ascii=False)] if tools else [])
        calls = sum(self.call(c.function) for m in messages for c in m.tool_calls)
        return sum(map(self.text, texts)) + calls

    def cut(self, text: str, most: int) -> str:
        """The longest beginning of a text that has at most so many tokens."""
        if len(text.encode()) <= most or self.text(text) <= most:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.text(text[:middle]) <= most else (low, middle - 1)
        return text[:low]
