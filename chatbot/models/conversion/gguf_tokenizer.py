"""A tokenizer in GGUF's form: the vocabulary, how its pieces are merged, how text is split before, and what ends a turn."""

import json
from pathlib import Path
from typing import Any

from chatbot.core.errors import ModelError
from chatbot.models.folder import read_json, template_text
from chatbot.models.loading import load_tokenizer

NORMAL, UNKNOWN, CONTROL, PLAIN, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
"""What a token is, in GGUF's numbers; PLAIN is matched whole in any text and is no mark."""
_SPLITS = ("llama-bpe", "qwen2", "qwen35", "tekken", "gpt-4o")
"""llama.cpp's names of the regular expressions that byte-level vocabularies are split with."""
_SPACE = "▁"


def write_tokenizer(writer: Any, folder: Path, size: int) -> None:
    """Write a folder's tokenizer and chat template.

    Args:
        size: rows of the embeddings; the vocabulary is filled up to it.

    Raises:
        ModelError: there is no tokenizer, or llama.cpp could not split text as this one does.
    """
    tokenizer = load_tokenizer(folder)
    told: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    split = _split(told)
    if split is None:
        raise ModelError("models.gguf_tokenizer", value=folder)
    model, pre = split
    tokens, types = _vocabulary(told, size)
    merges = [pair.split(" ", 1) if isinstance(pair, str) else pair for pair in told["model"]["merges"]]
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in merges])
    if model == "llama":
        writer.add_token_scores(_scores(tokens, merges))
        writer.add_add_space_prefix(_prefixed(told))
    _write_ends(writer, folder, tokenizer)


def _split(told: dict[str, Any]) -> tuple[str, str] | None:
    """llama.cpp's kind of vocabulary and of splitting; None where it has none like it."""
    if told["model"]["type"] != "BPE":
        return None
    outer = told.get("pre_tokenizer") or {}
    parts = outer.get("pretokenizers", [outer])
    kinds = [part.get("type") for part in parts]
    if told["model"].get("byte_fallback"):
        spaced = _SPACE in json.dumps([told.get("normalizer"), outer], ensure_ascii=False)
        return ("llama", "default") if spaced else None
    if "ByteLevel" not in kinds or any(part.get("add_prefix_space") for part in parts):
        return None
    patterns = [part["pattern"].get("Regex") for part in parts if part["type"] == "Split"]
    if patterns:
        return next((("gpt2", name) for name, regex in _known() if patterns == [regex]), None)
    if kinds == ["ByteLevel"]:
        return "gpt2", "gpt-2"
    return ("gpt2", "smollm") if kinds == ["Digits", "ByteLevel"] and parts[0]["individual_digits"] else None


def _known() -> list[tuple[str, str]]:
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

    return [(name, GGUF_PRE_TOKENIZER_SPLITS[name]) for name in _SPLITS]


def _vocabulary(told: dict[str, Any], size: int) -> tuple[list[str], list[int]]:
    """Every token by its id, and what it is."""
    model, added = told["model"], told["added_tokens"]
    size = max([size, *(1 + number for number in model["vocab"].values()), *(1 + one["id"] for one in added)])
    tokens, types = [f"[PAD{number}]" for number in range(size)], [UNUSED] * size
    for token, number in model["vocab"].items():
        byte = model.get("byte_fallback") and len(token) == 6 and token.startswith("<0x") and token.endswith(">")
        tokens[number] = token
        types[number] = UNKNOWN if token == model.get("unk_token") else BYTE if byte else NORMAL
    for one in added:
        tokens[one["id"]] = one["content"]
        if types[one["id"]] != UNKNOWN:
            types[one["id"]] = CONTROL if one["special"] else PLAIN
    return tokens, types


def _scores(tokens: list[str], merges: list[list[str]]) -> list[float]:
    """Earlier merges score higher, which is how llama.cpp chooses among them; what no merge makes comes last."""
    made: dict[str, int] = {}
    for rank, (left, right) in enumerate(merges):
        made.setdefault(left + right, rank)
    return [-float(made.get(token, len(merges))) for token in tokens]


def _prefixed(told: dict[str, Any]) -> bool:
    """Whether a space is put before a text."""
    shown = json.dumps([told.get("normalizer"), told.get("pre_tokenizer")])
    return '"Prepend"' in shown or ('"Metaspace"' in shown and '"prepend_scheme": "never"' not in shown)


def _write_ends(writer: Any, folder: Path, tokenizer: Any) -> None:
    """Marks of begin and end; what ends a turn beside the end of sequence ends a generation too."""
    ids = {
        "bos": tokenizer.bos_token_id,
        "eos": tokenizer.eos_token_id,
        "pad": tokenizer.pad_token_id,
        "unk": tokenizer.unk_token_id,
    }
    for name, number in ids.items():
        if number is not None:
            getattr(writer, f"add_{name}_token_id")(number)
    ends = read_json(folder / "generation_config.json").get("eos_token_id")
    others = [end for end in (ends if isinstance(ends, list) else [ends]) if end not in (None, ids["eos"])]
    if others:
        writer.add_eot_token_id(others[0])
    writer.add_add_bos_token(bool(getattr(tokenizer, "add_bos_token", False)))
    if template := template_text(folder):
        writer.add_chat_template(template)
