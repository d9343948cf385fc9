"""Families by name, and which family a model folder belongs to: saved in `workbench.json` beside its weights, recognised otherwise."""

import json
from importlib import import_module
from pathlib import Path

from chatbot.core.errors import InputError, ModelError
from chatbot.models.families.family import Family
from chatbot.models.folder import read_json, template_text

FAMILY_FILE = "workbench.json"
TEMPLATES = Path(__file__).parent / "families" / "templates"
_FAMILIES = {
    "act-line": ("act_line", "ACT_LINE"),
    "hotel-mini": ("hotel_mini", "HOTEL_MINI"),
    "chatglm3": ("chatglm3", "CHATGLM3"),
    "llama2": ("llama2", "LLAMA2"),
}
NAMES = (*_FAMILIES, "template")


def family(name: str) -> Family:
    """A built-in family.

    Raises:
        InputError: there is none of that name; "template" belongs to a folder (see `family_of`).
    """
    if name not in _FAMILIES:
        if name == "template":
            raise InputError("models.family_template", value=name)
        raise InputError("models.family_builtin", value=name, choices=NAMES)
    module, attribute = _FAMILIES[name]
    found: Family = getattr(import_module(f"chatbot.models.families.{module}"), attribute)
    return found


def family_name(folder: Path) -> str:
    """The name of a folder's family: the saved one; else its base's, for an adapter; else recognised by its config.

    Raises:
        ModelError: there is no such folder, or nothing in it tells.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelError("models.no_folder", value=folder)
    saved = read_json(folder / FAMILY_FILE).get("family")
    if saved:
        if saved not in NAMES:
            raise ModelError("models.family_unknown", value=saved, path=folder / FAMILY_FILE, choices=NAMES)
        return str(saved)
    base = read_json(folder / "adapter_config.json").get("base_model_name_or_path")
    if base:
        if (Path(base) / "adapter_config.json").is_file():
            raise ModelError("models.base_is_adapter", value=Path(base), adapter=folder)
        return family_name(Path(base))
    return _recognised(folder)


def family_of(folder: Path) -> Family:
    """The family of a checkpoint or adapter folder; one with its own chat template is built from its tokenizer.

    Raises:
        ModelError: nothing in the folder tells.
    """
    name = family_name(folder)
    return _from_template(Path(folder)) if name == "template" else family(name)


def write_family(folder: Path, name: str) -> None:
    """Save beside a checkpoint or adapter which family it is, and the family's chat template for other engines.

    Raises:
        InputError: there is no such family.
    """
    if name not in NAMES:
        raise InputError("models.family", value=name, choices=NAMES)
    folder = Path(folder)
    saved = read_json(folder / FAMILY_FILE) | {"family": name}
    (folder / FAMILY_FILE).write_text(json.dumps(saved, ensure_ascii=False, indent=1), encoding="utf-8")
    template = TEMPLATES / f"{name}.jinja"
    if template.is_file():
        (folder / "chat_template.jinja").write_text(template.read_text(encoding="utf-8"), encoding="utf-8")


def _recognised(folder: Path) -> str:
    """By the chat template, or Llama 2's base models, which have none, by their vocabulary: SentencePiece, or as large as theirs."""
    template = template_text(folder)
    config = read_json(folder / "config.json")
    plain_llama = not template and config.get("model_type") == "llama"
    if "<<SYS>>" in template or (
        plain_llama and (config.get("vocab_size") == 32000 or (folder / "tokenizer.model").is_file())
    ):
        return "llama2"
    if template:
        return "template"
    if config.get("model_type") == "chatglm":
        raise ModelError("models.original_chatglm", value=folder, folder=str(folder))
    raise ModelError("models.no_family", value=folder, file=FAMILY_FILE, choices=NAMES)


def _from_template(folder: Path) -> Family:
    from chatbot.models.families.chat_template import template_family
    from chatbot.models.loading import load_tokenizer

    base = Path(read_json(folder / "adapter_config.json").get("base_model_name_or_path") or folder)
    tokenizer = load_tokenizer(base, folder)
    ends = read_json(base / "generation_config.json").get("eos_token_id") or []
    stops = tokenizer.convert_ids_to_tokens([ends] if isinstance(ends, int) else list(ends))
    return template_family(tokenizer, [stop for stop in stops if stop])
