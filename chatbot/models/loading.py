"""Base models in any precision, with any number of adapters on one base: the only place that turns a folder into weights."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from peft import PeftModel
from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from chatbot.core.errors import InputError, ModelError
from chatbot.models.alone import alone
from chatbot.models.conversion.chatglm3_tokenizer import build_tokenizer
from chatbot.models.folder import template_text
from chatbot.models.numerics import default_device, default_dtype

disable_progress_bar()  # whoever waits is told in the workbench's own words
Precision = Literal["auto", "fp32", "bf16", "fp16", "nf4"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def _weights(precision: Precision, default: torch.dtype) -> dict[str, Any]:
    """`from_pretrained` arguments for a precision; `default` is what "auto" loads and NF4 computes in."""
    if precision not in PRECISIONS:
        raise InputError("models.precision", value=precision, choices=PRECISIONS)
    dtype = _DTYPES.get(precision, default)
    if precision != "nf4":
        return {"dtype": dtype}
    quantised = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
    return {"dtype": dtype, "quantization_config": quantised}


def read_config(folder: Path) -> dict[str, Any]:
    """A checkpoint's config.json.

    Raises:
        ModelError: there is none, it is not JSON, or it is an original ChatGLM checkpoint, which only its own remote code could run.
    """
    path = Path(folder) / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError("models.no_config", value=folder) from error
    if config.get("model_type") == "chatglm":
        raise ModelError("models.original_chatglm", value=folder, folder=str(folder))
    return config


@alone
def load_base(
    folder: Path,
    precision: Precision = "auto",
    *,
    device: str | None = None,
    default: torch.dtype | None = None,
    attention: str | None = None,
) -> PreTrainedModel:
    """A causal language model from a local folder, ready for inference; never runs code from the folder.

    Args:
        folder: a checkpoint as `save_pretrained` writes it.
        precision: "auto" is `default`; "nf4" is 4-bit NormalFloat with double quantisation (arXiv:2305.14314).
        device: "cpu", "cuda", "cuda:1"…; the fastest one where not given.
        default: what "auto" loads and "nf4" computes in; the device's own (`default_dtype`) where not given.
        attention: attention implementation, e.g. "eager" or "sdpa"; the library's choice where not given.

    Raises:
        InputError: no such precision.
        ModelError: the folder holds no model that can be loaded, or the machine has no room for it.
    """
    read_config(folder)
    place = device or default_device()
    options = _weights(precision, default or default_dtype(place)) | (
        {"attn_implementation": attention} if attention else {}
    )
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, device_map={"": place}, trust_remote_code=False, local_files_only=True, **options
        )
    except torch.OutOfMemoryError as error:
        raise ModelError("models.memory", value=folder) from error
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError("models.unloadable", value=error, folder=folder) from error
    return model.eval()


def load_tokenizer(base: Path, adapter: Path | None = None) -> PreTrainedTokenizerBase:
    """The tokenizer (with its chat template): an adapter's own wins over its base's, because it was trained with it.

    A folder with nothing but Llama 2's `tokenizer.model` is read too, with the ids of SentencePiece.

    Raises:
        ModelError: neither folder holds one.
    """
    own = adapter is not None and (Path(adapter) / "tokenizer_config.json").is_file()
    folder = Path(adapter) if own and adapter is not None else Path(base)
    if (folder / "tokenizer.model").is_file() and not (folder / "tokenizer.json").is_file():
        return build_tokenizer(folder / "tokenizer.model", template=template_text(folder))
    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError("models.no_tokenizer", value=error, folder=folder) from error


@alone
def load_adapters(base: PreTrainedModel, adapters: Mapping[str, Path]) -> PeftModel:
    """Put adapters on one base, which is changed in place; the first one is active.

    Args:
        base: from `load_base`, in any precision.
        adapters: name → folder as PEFT saves it; the base's weights are shared by all.

    Raises:
        ModelError: a folder holds no adapter, or one that does not fit the base.
    """
    names = list(adapters)
    if not names:
        raise InputError("models.adapter_unnamed")
    model: PeftModel | None = None
    for name in names:
        model = _load_adapter(base, model, name, Path(adapters[name]))
    assert model is not None
    model.set_adapter(_key(names[0]), inference_mode=True)
    return model.eval()


def _key(name: str) -> str:
    """The name under which PEFT keeps an adapter: no dots (torch refuses them), and no part of a PEFT prefix such as "lora_"."""
    return "named-" + name.replace("_", "__").replace(".", "_")


def _load_adapter(base: PreTrainedModel, model: PeftModel | None, name: str, folder: Path) -> PeftModel:
    if not (folder / "adapter_config.json").is_file():
        raise ModelError("models.no_adapter", value=folder)
    try:
        if model is None:
            return PeftModel.from_pretrained(base, folder, adapter_name=_key(name))
        model.load_adapter(folder, adapter_name=_key(name))
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, SafetensorError) as error:
        raise ModelError("models.adapter_misfit", value=error, folder=folder) from error
    return model


@contextmanager
def using(model: PeftModel, adapter: str | None) -> Iterator[PeftModel]:
    """Answer with one of the loaded adapters, or with the bare base where `adapter` is None; afterwards all is as before.

    The switch touches no weights, so it costs no memory; two threads must not switch the same model at once.

    Raises:
        ModelError: no adapter of that name is loaded.
    """
    if adapter is None:
        with model.disable_adapter():
            yield model
        return
    if _key(adapter) not in model.peft_config:
        raise ModelError("models.adapter_unloaded", value=adapter, n=len(model.peft_config))
    before = str(model.active_adapter)
    model.set_adapter(_key(adapter), inference_mode=True)
    try:
        yield model
    finally:
        model.set_adapter(before, inference_mode=True)
