"""The models that can be chosen by name: the shipped one, adapters of finished jobs, folders, and endpoints."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chatbot.core.errors import ModelError
from chatbot.core.settings import Settings, settings
from chatbot.models.backends import ChatModel
from chatbot.models.rules import RulesModel

DEFAULT = "hotel-mini"
PROMOTIONS = "promotions.jsonl"
"""In the workspace: which models became the chat's default, a line each; the last one stands."""


@dataclass(frozen=True)
class ModelChoice:
    """One entry of a model picker; kind is "shipped", "adapter", "folder" or "endpoint"."""

    id: str
    label: str
    kind: str


def available_models(current: Settings | None = None) -> list[ModelChoice]:
    """What can be opened now: shipped models, the workspace's adapters and merged models (newest first), a configured endpoint."""
    current = current or settings()
    out = [ModelChoice(DEFAULT, "hotel-mini", "shipped")]
    if current.base.is_dir():
        out.append(ModelChoice("hotel-mini-base", "hotel-mini 基座", "shipped"))
    found = sorted(_folders(current.workspace), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in found:
        kind = "adapter" if (folder / "adapter_config.json").is_file() else "folder"
        out.append(ModelChoice(f"adapter:{folder}" if kind == "adapter" else str(folder), folder_name(folder), kind))
    if current.openai_api_key or current.openai_base_url:
        out.append(ModelChoice(f"openai:{current.openai_model}", current.openai_model, "endpoint"))
    chosen = default_model(current)
    return sorted(out, key=lambda choice: not same_model(choice.id, chosen))


def default_model(current: Settings | None = None) -> str:
    """The model that the chat takes where none is named: the one promoted last, if still there, else the shipped one."""
    path = (current or settings()).workspace / PROMOTIONS
    for line in reversed(path.read_text(encoding="utf-8", errors="replace").split("\n") if path.is_file() else []):
        try:
            chosen = json.loads(line)["model"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # torn
        there = isinstance(chosen, str) and ("/" not in chosen or Path(chosen.removeprefix("adapter:")).is_dir())
        return chosen if there else DEFAULT
    return DEFAULT


def same_model(first: str, second: str) -> bool:
    """Whether two ids name one model, whichever way a folder is written."""
    folders = [Path(name.removeprefix("adapter:")) for name in (first, second)]
    return first == second or ("/" in first and "/" in second and folders[0].resolve() == folders[1].resolve())


def folder_name(folder: Path) -> str:
    """What people call a model's folder: a run by its own name, whose adapter lies in it."""
    return folder.parent.name if folder.name == "adapter" else folder.name


def _folders(workspace: Path) -> Iterator[Path]:
    """Finished adapters and models under the workspace; a trainer's own checkpoints are left out."""
    for pattern in ("adapter_config.json", "config.json"):
        for path in workspace.glob(f"**/{pattern}"):
            folder = path.parent
            if (folder / "workbench.json").is_file() and not any(
                p.startswith(("checkpoint-", "best")) or p.endswith(".part") for p in folder.parts
            ):
                yield folder


def open_model(model_id: str = DEFAULT, current: Settings | None = None) -> ChatModel:
    """Open a model by id: "hotel-mini", "hotel-mini-base", "rules", "adapter:FOLDER", "openai:MODEL" or a folder.

    Raises:
        ModelError: there is no such model, naming the choices.
    """
    current = current or settings()
    if model_id.startswith("openai:"):
        return _endpoint(model_id.removeprefix("openai:"), current)
    if model_id == "rules":
        return RulesModel()
    from chatbot.models.local import LocalModel

    if model_id == DEFAULT:
        return LocalModel.load(current.tuned)
    if model_id == "hotel-mini-base":
        return LocalModel.load(current.base)
    folder = Path(model_id.removeprefix("adapter:"))
    if not folder.is_dir():
        raise ModelError("models.no_model", value=model_id, choices=[m.id for m in available_models(current)])
    if (folder / "adapter_config.json").is_file():
        return LocalModel.load(base_of(folder, current), folder)
    return LocalModel.load(folder)


def base_of(adapter: Path, current: Settings | None = None) -> Path:
    """The base that an adapter was trained on; the shipped base is found wherever the project lies now.

    Raises:
        ModelError: the base is not there.
    """
    current = current or settings()
    named = str(
        json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8")).get("base_model_name_or_path") or ""
    )
    for path in (Path(named), current.base if Path(named).name == current.base.name else None):
        if path and path.is_dir():
            return path
    raise ModelError("models.base_missing", value=Path(named), adapter=adapter)


def _endpoint(model: str, current: Settings) -> ChatModel:
    from chatbot.models.serving.endpoint import SYSTEM, EndpointModel

    if not current.openai_api_key and not current.openai_base_url:
        raise ModelError("models.endpoint_key", value=model)
    key = current.openai_api_key.get_secret_value() if current.openai_api_key else "none"
    return EndpointModel(current.openai_base_url, model, key, system=SYSTEM if current.openai_system else "")
