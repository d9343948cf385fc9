"""The chat template that is offered where a model has none, or one that cannot hold calls: ChatML's form with marks that the model knows already."""

import json
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from chatbot.core.errors import ModelError
from chatbot.models.folder import read_json

_PAIRS = (
    ("<|im_start|>", "<|im_end|>"),
    ("<start_of_turn>", "<end_of_turn>"),
    ("<|turn>", "<turn|>"),
    ("<|start_header_id|>", "<|eot_id|>"),
)
"""Marks that begin and end a turn in vocabularies that people meet; a base model's vocabulary often has them although it was never trained on them."""
_TEMPLATE = """\
{%- set open = OPEN -%}
{%- set close = CLOSE -%}
{{- BOS -}}
{%- if tools -%}
{{- open ~ 'system\\n# Tools\\n' -}}
{%- for tool in tools -%}
{{- (tool | tojson) ~ '\\n' -}}
{%- endfor -%}
{{- '# Calls\\n<tool_call>\\n{"name": name, "arguments": {}}\\n</tool_call>' ~ close ~ '\\n' -}}
{%- endif -%}
{%- for message in messages -%}
{{- open ~ message.role ~ '\\n' -}}
{%- if message.role == 'tool' -%}
{{- '<tool_response>\\n' ~ message.content ~ '\\n</tool_response>' -}}
{%- else -%}
{{- message.content or '' -}}
{%- for call in message.tool_calls or [] -%}
{{- ('\\n' if message.content or not loop.first else '') ~ '<tool_call>\\n{"name": ' ~ (call.function.name | tojson) -}}
{{- ', "arguments": ' ~ (call.function.arguments | tojson) ~ '}\\n</tool_call>' -}}
{%- endfor -%}
{%- endif -%}
{{- close ~ '\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- open ~ 'assistant\\n' -}}
{%- endif -%}
"""


def marks(tokenizer: PreTrainedTokenizerBase) -> tuple[str, str]:
    """What begins and ends a turn: a known pair; else nothing and the end of sequence, after which alone a role's name is a mark.

    So no vocabulary grows, no embedding is random, and no text of a user can become a mark.

    Raises:
        ModelError: the tokenizer has no end of sequence either.
    """
    known = set(tokenizer.added_tokens_decoder[i].content for i in tokenizer.added_tokens_decoder)
    for opening, closing in _PAIRS:
        if {opening, closing} <= known:
            return opening, closing
    if not tokenizer.eos_token:
        raise ModelError("models.bring_no_end", value=tokenizer.name_or_path)
    return "", str(tokenizer.eos_token)


def offered(tokenizer: PreTrainedTokenizerBase) -> str:
    """The template's text for this tokenizer; raises what `marks` raises."""
    opening, closing = marks(tokenizer)
    first = str(tokenizer.bos_token or "")
    first = "" if first in (opening, closing) else first
    named = {"OPEN": opening, "CLOSE": closing, "BOS": first}
    text = _TEMPLATE
    for name, mark in named.items():
        text = text.replace(name, json.dumps(mark, ensure_ascii=False), 1)
    return text


def save(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Write the offered template beside the model, keep its own under another name, and let a turn's end also end a generation."""
    text, (_, closing) = offered(tokenizer), marks(tokenizer)
    path = folder / "chat_template.jinja"
    own = tokenizer.chat_template
    if isinstance(own, str) and own:
        (folder / "chat_template.original.jinja").write_text(own, encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    config = read_json(folder / "tokenizer_config.json")
    if config.pop("chat_template", None) is not None:
        _write(folder / "tokenizer_config.json", config)
    end = tokenizer.convert_tokens_to_ids(closing)
    generation = read_json(folder / "generation_config.json")
    before = generation.get("eos_token_id")
    ends = [end, *(before if isinstance(before, list) else [before])]
    generation["eos_token_id"] = [i for i in dict.fromkeys(ends) if isinstance(i, int)]
    _write(folder / "generation_config.json", generation)


def _write(path: Path, fields: dict[str, Any]) -> None:
    path.write_text(json.dumps(fields, ensure_ascii=False, indent=2), encoding="utf-8")
