"""Converts an original ChatGLM3 checkpoint to the native Glm architecture of transformers, so that no remote code is ever needed.

The architectures are the same; only names, the stacked query/key/value and the config differ. Each source shard becomes one
safetensors shard: its tensors are views into the memory-mapped source, so memory stays below 1.5 × the largest shard.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from transformers import GenerationConfig, GlmConfig

from chatbot.core.errors import ModelError
from chatbot.models.conversion.chatglm3_layout import _PREFIX_ENCODER, LEFT_OUT, native_names, native_tensors
from chatbot.models.conversion.chatglm3_tokenizer import build_tokenizer, disagreements, read_sentencepiece
from chatbot.models.families.chatglm3 import MARKS, STOPS
from chatbot.models.registry import write_family

_INDEXES = ("pytorch_model.bin.index.json", "model.safetensors.index.json")
_SINGLES = ("pytorch_model.bin", "model.safetensors")
_REQUIRED = {
    "rmsnorm": True,
    "post_layer_norm": True,
    "multi_query_attention": True,
    "add_bias_linear": False,
    "apply_residual_connection_post_layernorm": False,
    "interleaved_qkv": False,
    "quantization_bit": 0,
}
"""Switches of the original config whose other values the Glm architecture does not have; a missing one has this value in ChatGLM3.

`tie_word_embeddings` is not among them: the original code never tied, whatever the config said, and wrote both matrices.
"""


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError("models.checkpoint_unreadable", value=error, path=path) from error
    if not isinstance(found, dict):
        raise ModelError("models.checkpoint_no_object", path=path)
    return found


def read_original_config(source: Path) -> dict[str, Any]:
    """The config.json of an original ChatGLM3 folder.

    Raises:
        ModelError: the folder holds something else; ChatGLM-6B, ChatGLM2 and GLM-4 are named, with what to use instead.
    """
    config = _read_json(source / "config.json")
    if config.get("model_type") == "glm":
        raise ModelError("models.native", value=source)
    if config.get("model_type") != "chatglm":
        raise ModelError("models.no_chatglm", value=config.get("model_type"))
    if "position_encoding_2d" in config or "inner_hidden_size" in config:
        raise ModelError("models.chatglm1", value=source)
    if _is_chatglm2(source, config):
        raise ModelError("models.chatglm2", value=source)
    if not (source / "tokenizer.model").is_file() or int(config.get("padded_vocab_size", 0)) > 100_000:
        raise ModelError("models.no_chatglm_tokenizer", value=source)
    for switch, needed in _REQUIRED.items():
        if (config.get(switch) or False) != needed and switch in config:
            raise ModelError("models.checkpoint_switch", value=config[switch], switch=switch, needed=needed)
    return config


def _is_chatglm2(source: Path, config: dict[str, Any]) -> bool:
    """By its name, or by its tokenizer's code, which knows no role marks; the weights look the same."""
    code = source / "tokenization_chatglm.py"
    roles = not code.is_file() or "<|observation|>" in code.read_text(encoding="utf-8", errors="replace")
    return "chatglm2" in str(config.get("_name_or_path", "")).lower() or not roles


def native_config(original: dict[str, Any], vocabulary: int) -> GlmConfig:
    """The same model as a GlmConfig.

    Args:
        original: config.json of the original checkpoint.
        vocabulary: the number of SentencePiece pieces; the marks' ids follow it.

    Raises:
        ModelError: a field is missing or has an unusable value.
    """
    try:
        heads, width = int(original["num_attention_heads"]), int(original["hidden_size"])
        return GlmConfig(
            vocab_size=int(original["padded_vocab_size"]),
            hidden_size=width,
            intermediate_size=int(original["ffn_hidden_size"]),
            num_hidden_layers=int(original["num_layers"]),
            num_attention_heads=heads,
            num_key_value_heads=int(original["multi_query_group_num"]),
            head_dim=int(original.get("kv_channels") or width // heads),
            max_position_embeddings=int(original["seq_length"]),
            rms_norm_eps=float(original["layernorm_epsilon"]),
            attention_bias=bool(original.get("add_qkv_bias", True)),
            # ChatGLM3's long variants stretch the rotary base (ChatGLM2's stretched positions instead).
            rope_parameters={
                "rope_type": "default",
                "rope_theta": 10000.0 * float(original.get("rope_ratio") or 1),
                "partial_rotary_factor": 0.5,
            },
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=[2, *(vocabulary + MARKS.index(mark) for mark in STOPS if mark in MARKS)],
            tie_word_embeddings=False,
            architectures=["GlmForCausalLM"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError("models.checkpoint_config", value=error) from error


def source_shards(source: Path) -> list[Path]:
    """The weight files of a checkpoint, in order.

    Raises:
        ModelError: there are none, or the index names one that is missing.
    """
    index = next((source / name for name in _INDEXES if (source / name).is_file()), None)
    if index is None:
        names = [name for name in _SINGLES if (source / name).is_file()][:1]
    else:
        mapping = _read_json(index).get("weight_map")
        names = sorted({Path(str(name)).name for name in mapping.values()}) if isinstance(mapping, dict) else []
    if not names:
        raise ModelError("models.no_weights", value=source)
    missing = [name for name in names if not (source / name).is_file()]
    if missing:
        raise ModelError(
            "models.weights_missing", value=", ".join(missing), n=len(missing), all=len(names), folder=source
        )
    return [source / name for name in names]


def read_shard(path: Path) -> dict[str, torch.Tensor]:
    """A shard's tensors; a .bin file of torch ≥ 1.6 is mapped, so that only what is used comes into memory.

    Raises:
        ModelError: the file is damaged, or a pickle of something other than tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return dict(torch.load(path, map_location="cpu", mmap=is_zipfile(path), weights_only=True))
    except Exception as error:  # a damaged file makes torch raise errors of many kinds, of its unpickler among them
        raise ModelError("models.checkpoint_unreadable", value=error, path=path) from error


def convert_shard(path: Path, out: Path, config: GlmConfig) -> None:
    """Write one source shard as one native shard, by way of a temporary file; its header tells how many tensors were left out."""
    tensors = read_shard(path)
    native = {
        new: part.contiguous() for name, tensor in tensors.items() for new, part in native_tensors(name, tensor, config)
    }
    left_out = sum(name.startswith(_PREFIX_ENCODER) for name in tensors)
    part = out.with_suffix(".part")
    save_file(native, part, metadata={"format": "pt", LEFT_OUT: str(left_out)})
    part.replace(out)


def _claim(target: Path, source: Path, shards: list[Path]) -> None:
    """Note in the target what it is converted from; an interrupted conversion of the same files goes on, anything else is refused."""
    record = {"source": source.name, "shards": [[path.name, path.stat().st_size] for path in shards]}
    note = target / "conversion.json"
    if note.is_file() and _read_json(note) == record:
        return
    if target.exists() and any(target.iterdir()):
        raise ModelError("models.target_taken", value=target)
    target.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(record, indent=1), encoding="utf-8")


def _write_index(target: Path, files: list[Path], config: GlmConfig) -> int:
    """Check that the shards hold exactly a native model's weights, and write their index; returns how many tensors were left out."""
    weights: dict[str, str] = {}
    left_out = 0
    for file in files:
        with safe_open(file, framework="pt") as opened:
            weights |= dict.fromkeys(opened.keys(), file.name)
            left_out += int((opened.metadata() or {}).get(LEFT_OUT, 0))
    needed = native_names(config)
    for lacking, names in ((True, needed - set(weights)), (False, set(weights) - needed)):
        if names:
            raise ModelError(
                "models.weights_lacking" if lacking else "models.weights_unexpected",
                value=", ".join(sorted(names)[:5]),
                n=len(names),
            )
    index = {
        "metadata": {"total_size": sum(file.stat().st_size for file in files)},
        "weight_map": dict(sorted(weights.items())),
    }
    (target / "model.safetensors.index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
    return left_out


def _convert_tokenizer(source: Path, target: Path) -> list[str]:
    """Write the fast tokenizer; returns a note where it does not agree with SentencePiece everywhere."""
    path = source / "tokenizer.model"
    tokenizer = build_tokenizer(path, MARKS)
    tokenizer.save_pretrained(target)
    different, tried = disagreements(tokenizer, path)
    return (
        [f"the fast tokenizer splits {different} of {tried} probe texts differently from SentencePiece"]
        if different
        else []
    )


def convert(
    source: Path, target: Path, progress: Callable[[int, int, str], None] = lambda done, total, name: None
) -> list[str]:
    """Convert an original ChatGLM3 checkpoint to a folder that plain `from_pretrained` loads.

    Args:
        source: config.json, sharded pytorch_model-*.bin or safetensors, tokenizer.model.
        target: a new folder, or one where the same conversion was interrupted; finished shards are kept.
        progress: told (shards done, shards in all, file) before each shard and at the end.

    Returns:
        notes for the reader: what was left out, what to check.

    Raises:
        ModelError: the source is not a complete ChatGLM3 checkpoint, or the target is taken.
    """
    source, target = Path(source), Path(target)
    original, shards = read_original_config(source), source_shards(source)
    pieces = len(read_sentencepiece(source / "tokenizer.model").pieces)
    config = native_config(original, pieces)
    if pieces + len(MARKS) > config.vocab_size:
        raise ModelError("models.foreign_tokenizer", pieces=pieces, rows=config.vocab_size)
    _claim(target, source, shards)
    files = [target / f"model-{n:05d}-of-{len(shards):05d}.safetensors" for n in range(1, len(shards) + 1)]
    try:
        for done, (shard, file) in enumerate(zip(shards, files, strict=True)):
            progress(done, len(shards), shard.name)
            if not file.is_file():
                convert_shard(shard, file, config)
        progress(len(shards), len(shards), "")
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ModelError("models.conversion_stopped", value=error, target=target) from error
    left_out = _write_index(target, files, config)
    notes = _convert_tokenizer(source, target)
    GenerationConfig(eos_token_id=config.eos_token_id, pad_token_id=0, bos_token_id=1).save_pretrained(target)
    write_family(target, "chatglm3")
    # Last, because a folder without config.json loads nowhere: an interrupted conversion is never taken for a model.
    config.dtype = _dtype(files[0])
    config.save_pretrained(target)
    return [*([f"{left_out} prefix-encoder tensors (P-Tuning v2) were left out"] if left_out else []), *notes]


def _dtype(file: Path) -> torch.dtype:
    with safe_open(file, framework="pt") as opened:
        return opened.get_slice(next(iter(opened.keys())))[:1].dtype
