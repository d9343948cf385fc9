"""Any model that brings its own chat template (Qwen, Llama 3, GLM-4, …) as a family.

The template is a text with marks in it. Marks inside what people and records say are replaced before it is rendered and put
back as plain text afterwards, so that here, too, no text can become a mark.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from chatbot.core.errors import CallParseError, ModelError
from chatbot.core.messages import Message, ToolCall, reply
from chatbot.core.thoughts import MARKS, without_first_thoughts
from chatbot.models.families.family import Family, Piece
from chatbot.models.families.parsers import could_be_name, parse_named_call, parse_object_call

_TAG = "<tool_call>"
_OPENERS = (_TAG, "<|python_tag|>", "{")
_TAGGED = re.compile(r"<tool_call>(.*?)(?:</tool_call>|$)", re.DOTALL)
_HIDDEN = re.compile("\ue000(\\d+)\ue001")
"""A mark inside a message while the template is rendered: its number between two private-use characters."""


def _map_strings(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _map_strings(item, change) for key, item in value.items()}
    return [_map_strings(item, change) for item in value] if isinstance(value, list) else value


def marks_of(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """All tokens that the tokenizer never makes out of plain text when special tokens are split, longest first."""
    added = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    return sorted({*added, *tokenizer.all_special_tokens}, key=len, reverse=True)


class ChatTemplate:
    """A tokenizer's chat template as the functions of a family."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, stops: Sequence[str]) -> None:
        self.tokenizer, self.stops = tokenizer, tuple(stops)
        self.marks = marks_of(tokenizer)
        self._mark = re.compile("|".join(map(re.escape, self.marks)))
        self._stop = re.compile("|".join(map(re.escape, self.stops)))

    def _hide(self, text: str) -> str:
        return self._mark.sub(lambda match: f"\ue000{self.marks.index(match[0])}\ue001", text)

    def _show(self, text: str) -> str:
        return _HIDDEN.sub(
            lambda match: self.marks[int(match[1])] if int(match[1]) < len(self.marks) else match[0], text
        )

    def render(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], *, prompt: bool) -> str:
        """The template's text, with marks in messages hidden.

        Raises:
            ModelError: the template refuses these messages.
        """
        dicts = [_map_strings(m.to_dict(), self._hide) for m in messages]
        try:
            rendered = self.tokenizer.apply_chat_template(
                dicts, tools=list(tools) or None, tokenize=False, add_generation_prompt=prompt
            )
        except (TemplateError, ValueError, TypeError) as error:
            raise ModelError("models.template_refuses", value=error) from error
        return str(rendered)

    def _spans(self, full: str, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
        """Where in the full text each assistant message stands: from the end of its prompt to the end of the mark that stops it."""
        spans = []
        for index, message in enumerate(messages):
            if message.role != "assistant":
                continue
            start = self.render(messages[:index], tools, prompt=True)
            if not full.startswith(start):
                raise ModelError("models.template_rewrites", value=message.content)
            stop = self._stop.search(full, len(start))
            spans.append((len(start), stop.end() if stop else len(full)))
        return spans

    def _split(self, text: str, trained: bool) -> list[Piece]:
        out, at = [], 0
        for match in self._mark.finditer(text):
            out += [Piece(text=self._show(text[at : match.start()]), trained=trained)] if match.start() > at else []
            out.append(Piece(token=match[0], trained=trained))
            at = match.end()
        return out + ([Piece(text=self._show(text[at:]), trained=trained)] if at < len(text) else [])

    def _pieces(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], *, prompt: bool) -> list[Piece]:
        full = self.render(messages, tools, prompt=prompt)
        out: list[Piece] = []
        at = 0
        for start, end in self._spans(full, messages, tools):
            out += [*self._split(full[at:start], False), *self._split(full[start:end], True)]
            at = end
        return [*out, *self._split(full[at:], False)]

    def pieces(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> list[Piece]:
        """A complete conversation; a template that ends without a stop mark (GLM-4's) gets one."""
        out = self._pieces(messages, tools, prompt=False)
        if messages and messages[-1].role == "assistant" and not any(piece.token in self.stops for piece in out[-2:]):
            out.append(Piece(token=self.stops[0], trained=True))
        return out

    def prompt(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> list[Piece]:
        """The pieces up to where the model starts to write."""
        return self._pieces(messages, tools, prompt=True)


def visible(text: str, messages: Sequence[Message]) -> str:
    """A reply without the thoughts that some models write first, and without a call, or the beginning of one, behind its words."""
    words, called, _ = without_first_thoughts(text).partition(_TAG)
    if not called:
        begun = next((n for n in range(len(_TAG) - 1, 0, -1) if words.endswith(_TAG[:n])), 0)
        words = words[: len(words) - begun]
    return words.strip()


def read(text: str, messages: Sequence[Message]) -> Message:
    """What the model wrote → a reply or calls, in the forms of Qwen and Hermes, Llama 3, and GLM-4.

    Raises:
        CallParseError: it begins like a call and is none.
    """
    body = without_first_thoughts(text).strip()
    tagged, words = _TAGGED.findall(body), ""
    if tagged and not body.startswith(_OPENERS):
        words = visible(text, messages)
    elif not is_call(body):
        return reply(body)
    if tagged:
        calls = [parse_object_call(part) for part in tagged]
    elif body.startswith(_OPENERS):
        calls = [parse_object_call(body.removeprefix("<|python_tag|>"))]
    else:
        name, _, arguments = body.partition("\n")
        calls = [parse_named_call(name, arguments)]
    if not calls:
        raise CallParseError("models.empty_call", value=text)
    return Message(role="assistant", content=words, tool_calls=[ToolCall(function=call) for call in calls])


def is_call(text: str) -> bool | None:
    """A call mark or brace at the beginning, or a name line with an object after it."""
    start = without_first_thoughts(text).lstrip()
    if start.startswith(_OPENERS):
        return True
    name, newline, rest = start.partition("\n")
    if (
        not start
        or any(opener.startswith(start) for opener in (*_OPENERS, *MARKS))
        or (could_be_name(name) and not rest.strip())
    ):
        return None
    return bool(newline) and could_be_name(name) and rest.lstrip().startswith("{")


def template_family(tokenizer: PreTrainedTokenizerBase, stops: Sequence[str] = ()) -> Family:
    """The family of a tokenizer with a chat template.

    Args:
        tokenizer: of the model.
        stops: tokens that end a generation (from the model's generation config), besides the tokenizer's end of sequence.

    Raises:
        ModelError: the tokenizer has no chat template or no end-of-sequence token.
    """
    if not tokenizer.chat_template or not tokenizer.eos_token:
        raise ModelError("models.no_template", value=tokenizer.name_or_path)
    ends = tuple(dict.fromkeys([*(str(stop) for stop in stops), str(tokenizer.eos_token)]))
    template = ChatTemplate(tokenizer, ends)
    return Family(
        name="template",
        pieces=template.pieces,
        prompt=template.prompt,
        read=read,
        is_call=is_call,
        stops=ends,
        lora_targets=("all-linear",),
        visible=visible,
        special_tokens=tuple(template.marks),
    )
