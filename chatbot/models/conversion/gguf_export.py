"""A plain checkpoint as one GGUF file, which llama.cpp, Ollama and LM Studio read: names, layout and metadata as llama.cpp's own converter writes them."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig

from chatbot.core.errors import InputError, ModelError
from chatbot.models.conversion.gguf_tokenizer import write_tokenizer
from chatbot.models.folder import read_json
from chatbot.models.loading import read_config
from chatbot.models.registry import family_name

OWN = ("f32", "f16", "bf16", "q8_0", "q4_0")
"""What the library `gguf` writes."""
QUANTIZED = {"q4_k_m": "Q4_K_M", "q5_k_m": "Q5_K_M", "q6_k": "Q6_K"}
"""What llama.cpp's own `llama-quantize` makes of f16: the library reads these forms and does not write them."""
FORMATS = (*OWN, *QUANTIZED)
QUANTIZER = "llama-quantize"
BLOCK = 32
"""Weights that share a scale; a matrix whose rows don't divide by it stays f16."""
Tell = Callable[[int, int], None]
"""Told how many tensors are written, and of how many."""


@dataclass(frozen=True)
class _Kind:
    """An architecture of transformers as llama.cpp knows it.

    Attributes:
        name: llama.cpp's.
        pairs: the rows of q and k lie in neighbouring pairs, because it turns those; transformers turns halves.
        norms: what its norms have more than those of transformers.
        every: every so many layers one sees the whole text, the others a window; a file can't say otherwise. 0: no windows.
    """

    name: str
    pairs: bool = False
    norms: float = 0.0
    every: int = 0


_KINDS = {
    "llama": _Kind("llama", pairs=True),
    "mistral": _Kind("llama", pairs=True),
    "qwen2": _Kind("qwen2"),
    "qwen3": _Kind("qwen3"),
    "gemma2": _Kind("gemma2", norms=1.0, every=2),
    "gemma3_text": _Kind("gemma3", norms=1.0, every=6),
}


def export_gguf(folder: Path, out: Path, form: str = "f16", tell: Tell = lambda done, total: None) -> Path:
    """Write a model's folder as a GGUF file, with its tokenizer and chat template; it appears only when complete.

    Raises:
        InputError: the file is there already, or no such format.
        ModelError: the folder holds an adapter or no model, or one that this form can't hold.
    """
    if form not in FORMATS:
        raise InputError("models.gguf_format", value=form, choices=FORMATS)
    if out.exists():
        raise InputError("models.output_taken", value=out)
    if form in QUANTIZED:
        return _quantized(folder, out, form, tell)
    kind = _kind(folder)
    writer_of = _library().GGUFWriter
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    writer = writer_of(part, kind.name, use_temp_file=True)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False).get_text_config()
        _write_shape(writer, folder, config, kind)
        write_tokenizer(writer, folder, config.vocab_size)
        _write_tensors(writer, folder, config, kind, form, tell)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return out


def _quantized(folder: Path, out: Path, form: str, tell: Tell) -> Path:
    """By llama-quantize from an f16 file beside it, which goes again."""
    if shutil.which(QUANTIZER) is None:
        raise ModelError("models.gguf_quantizer", value=form)
    plain, part = (out.with_name(f"{out.name}.{end}") for end in ("f16", "part"))
    try:
        plain.unlink(missing_ok=True)
        export_gguf(folder, plain, "f16", tell)
        ran = subprocess.run(
            [QUANTIZER, str(plain), str(part), QUANTIZED[form]],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if ran.returncode or not part.is_file():
            raise ModelError("models.gguf_quantize_failed", value=(ran.stderr or ran.stdout).strip()[-200:])
        part.replace(out)
    finally:
        for path in (plain, part):
            path.unlink(missing_ok=True)
    return out


def _library() -> Any:
    try:
        import gguf
    except ImportError as error:
        raise ModelError("models.gguf_missing", value="gguf") from error
    return gguf


def _kind(folder: Path) -> _Kind:
    if (folder / "adapter_config.json").is_file():
        raise ModelError("models.gguf_adapter", value=folder)
    config = read_config(folder)
    if (family := family_name(folder)) == "act-line":
        raise ModelError("models.gguf_family", value=family)
    known = _KINDS.get(str(config.get("model_type")))
    if known is None:
        raise ModelError("models.gguf_architecture", value=config.get("model_type"), choices=_KINDS)
    return known


def _write_shape(writer: Any, folder: Path, config: Any, kind: _Kind) -> None:
    """What llama.cpp must know of a model beside its weights."""
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    window = getattr(config, "sliding_window", None)
    context = config.max_position_embeddings
    if window and kind.name == "llama":
        context = min(context, window)  # its Llama has no window: within one, there is no difference
    writer.add_name(folder.name)
    writer.add_context_length(context)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(_rope_base(config))
    writer.add_rope_dimension_count(width)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_vocab_size(config.vocab_size)
    if kind.every:
        _refuse_other_windows(config, kind)
        writer.add_sliding_window(window)
    if kind.name == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)


def _refuse_other_windows(config: Any, kind: _Kind) -> None:
    usual = [
        "sliding_attention" if (at + 1) % kind.every else "full_attention" for at in range(config.num_hidden_layers)
    ]
    if list(config.layer_types) != usual:
        raise ModelError("models.gguf_windows", value=kind.name)


def _rope_base(config: Any) -> float:
    """The base of the rotary positions; stretched ones need tables that are not written here."""
    found = dict(config.rope_parameters)
    found = found.get("full_attention", found)
    if (stretched := found.get("rope_type", "default")) != "default":
        raise ModelError("models.gguf_rope", value=stretched)
    return float(found["rope_theta"])


def _write_tensors(writer: Any, folder: Path, config: Any, kind: _Kind, form: str, tell: Tell) -> None:
    gguf = _library()
    architecture = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == kind.name)
    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    wanted = gguf.GGMLQuantizationType[form.upper()]
    mostly = "ALL" if form == "f32" else "MOSTLY"
    writer.add_file_type(gguf.LlamaFileType[f"{mostly}_{form.upper()}"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    found = dict.fromkeys(_tensor_names(folder))
    if config.tie_word_embeddings:
        found.pop("lm_head.weight", None)
    for done, (name, tensor) in enumerate(_tensors(folder, found)):
        tell(done, len(found))
        known = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if known is None:
            raise ModelError("models.gguf_tensor", value=name)
        own = _laid_out(name, tensor, config, kind).numpy()
        stored = _stored(own.shape, wanted, gguf.GGMLQuantizationType)
        writer.add_tensor(known, gguf.quantize(own, stored), raw_dtype=stored)
    tell(len(found), len(found))


def _stored(shape: tuple[int, ...], wanted: Any, types: Any) -> Any:
    """How a tensor is stored: vectors whole, and rows that no block fits in half precision."""
    if len(shape) == 1:
        return types.F32
    return types.F16 if shape[-1] % BLOCK and wanted.name.startswith("Q") else wanted


def _laid_out(name: str, tensor: torch.Tensor, config: Any, kind: _Kind) -> torch.Tensor:
    if kind.norms and name.endswith("norm.weight"):
        return tensor + kind.norms
    if kind.pairs and (".q_proj." in name or ".k_proj." in name):
        heads = config.num_attention_heads if ".q_proj." in name else config.num_key_value_heads
        halves = tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:])
        return halves.transpose(1, 2).reshape(tensor.shape).contiguous()
    return tensor


def _files(folder: Path) -> list[Path]:
    index = read_json(folder / "model.safetensors.index.json").get("weight_map") or {}
    names = sorted(set(index.values())) or ["model.safetensors"]
    return [folder / name for name in names]


def _tensor_names(folder: Path) -> Iterator[str]:
    for path in _files(folder):
        with _opened(path) as file:
            yield from file.keys()


def _tensors(folder: Path, wanted: dict[str, None]) -> Iterator[tuple[str, torch.Tensor]]:
    """Each wanted tensor in fp32, one at a time."""
    for path in _files(folder):
        with _opened(path) as file:
            for name in file.keys():  # noqa: SIM118 (a file of safetensors is no mapping)
                if name in wanted:
                    yield name, file.get_tensor(name).to(torch.float32)


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (OSError, SafetensorError) as error:
        raise ModelError("models.unloadable", value=error, folder=path.parent) from error
