"""What lies beside the weights in a model's folder: its JSON files and its chat template."""

import json
from pathlib import Path
from typing import Any

from chatbot.core.errors import ModelError


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; {} where the file is missing."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError("models.file_unreadable", value=error, path=path) from error
    if not isinstance(found, dict):
        raise ModelError("models.file_no_object", path=path)
    return found


def template_text(folder: Path) -> str:
    """The chat template in a folder; "" where there is none."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    return str(read_json(folder / "tokenizer_config.json").get("chat_template") or "")
