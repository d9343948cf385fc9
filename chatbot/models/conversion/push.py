"""A model or an adapter for others, on a hub: what would be sent, file by file and without this machine's paths, and then the sending."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.core.errors import InputError, ModelError
from chatbot.core.files import sha256
from chatbot.models.conversion.card import CARD, licence_of, title_of
from chatbot.models.folder import read_json

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CONFIGS = ("adapter_config.json", "config.json")
"""One of them makes a folder an adapter's or a model's."""
TELLING = (*CONFIGS, "run.json", "workbench.json")
"""Small files that may say where on this machine something lay."""
SENT = (
    *(*TELLING, CARD, "*.safetensors", "model.safetensors.index.json", "generation_config.json", "*.gguf"),
    *("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt", "chat_template.jinja"),
    *("LICENSE*", "NOTICE*"),
)
"""What is sent; checkpoints, optimiser states, logs and data stay here."""
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


@dataclass(frozen=True)
class SentFile:
    """One file of a folder; `told` is what is sent instead of it where it named places of this machine."""

    path: Path
    told: bytes | None = None

    @property
    def name(self) -> str:
        """Its name there."""
        return self.path.name

    @property
    def bytes(self) -> int:
        """Its size as sent."""
        return self.path.stat().st_size if self.told is None else len(self.told)

    @cached_property
    def sha256(self) -> str:
        """Its hash as sent."""
        return sha256(self.path) if self.told is None else hashlib.sha256(self.told).hexdigest()


@dataclass(frozen=True)
class Push:
    """What would be sent where.

    Attributes:
        left: names in the folder that stay here.
        licence: as the card names it; "" where it names none.
    """

    repo: str
    files: tuple[SentFile, ...]
    left: tuple[str, ...]
    licence: str

    @property
    def fingerprint(self) -> str:
        """Of the place and of every file's content: whoever sends can say that it is what was looked at."""
        return hashlib.sha256(
            "\n".join([self.repo, *(f"{f.name} {f.sha256}" for f in self.files)]).encode()
        ).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        files = [
            {"name": f.name, "bytes": f.bytes, "sha256": f.sha256, "changed": f.told is not None} for f in self.files
        ]
        told = {"repo": self.repo, "files": files, "left": list(self.left), "licence": self.licence}
        return told | {"fingerprint": self.fingerprint}


def plan(folder: Path, repo: str) -> Push:
    """What a push of the folder would send.

    Raises:
        InputError: that is no name on a hub.
        ModelError: the folder holds no model, or no card that says what it is.
    """
    if not _REPO.fullmatch(repo):
        raise InputError("models.push_name", value=repo)
    if not any((folder / name).is_file() for name in CONFIGS):
        raise ModelError("models.push_nothing", value=folder)
    if not (folder / CARD).is_file():
        raise ModelError("models.push_no_card", value=folder)
    inside = sorted(folder.iterdir())
    sent = [path for path in inside if path.is_file() and not path.is_symlink() and any(map(path.match, SENT))]
    files = tuple(_told(sent))
    left = tuple(path.name for path in inside if path not in sent)
    return Push(repo, files, left, licence_of(folder))


def _told(paths: list[Path]) -> Iterator[SentFile]:
    """The files, those that tell places of this machine with names instead; the card comes last, when all places are known."""
    places: dict[str, str] = {}
    for path in sorted(paths, key=lambda path: path.name == CARD):
        if path.name in TELLING:
            found = read_json(path)
            named = _named(found, places)
            if path.name == CONFIGS[0] and (base := found.get("base_model_name_or_path")):
                named["base_model_name_or_path"] = title_of(Path(base))
            yield SentFile(path, None if named == found else json.dumps(named, ensure_ascii=False, indent=2).encode())
        elif path.name == CARD:
            text = told = path.read_text(encoding="utf-8")
            for place in sorted(places, key=len, reverse=True):
                told = told.replace(place, places[place])
            yield SentFile(path, None if told == text else told.encode())
        else:
            yield SentFile(path)


def _named(value: Any, places: dict[str, str]) -> Any:
    """The value with the last name of each absolute path in it; `places` learns which were found."""
    if isinstance(value, dict):
        return {name: _named(part, places) for name, part in value.items()}
    if isinstance(value, list):
        return [_named(part, places) for part in value]
    if isinstance(value, str) and Path(value).is_absolute() and Path(value).name:
        places[value] = Path(value).name
        return places[value]
    return value


def push(
    what: Push,
    tell: Callable[[int, int], None] = lambda done, total: None,
    *,
    private: bool = True,
    endpoint: str | None = None,
) -> str:
    """Send it in one commit, so that nobody ever finds half of it; gives the address.

    Args:
        private: whether a new repository is seen by its owners alone.
        endpoint: address of the hub, where not the usual one (or HF_ENDPOINT).

    Raises:
        ModelError: there is no token, the hub refuses or can't be reached, or the repository there is public and was to be private.
    """
    import httpx2
    from huggingface_hub import CommitOperationAdd, HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError

    if not get_token():
        raise ModelError("models.push_no_token", value=what.repo)
    tell(0, len(what.files))
    try:
        hub = HfApi(endpoint=endpoint)
        _make(hub, what.repo, private)
        added = [CommitOperationAdd(f.name, f.told if f.told is not None else str(f.path)) for f in what.files]
        hub.create_commit(what.repo, added, commit_message=f"{len(added)} files of the hotel chatbot workbench")
    except HfHubHTTPError as error:
        raise ModelError(
            "models.push_refused", value=error, repo=what.repo, status=error.response.status_code
        ) from error
    except (httpx2.HTTPError, OSError, ValueError) as error:
        raise ModelError("models.hub_unreachable", value=what.repo) from error
    tell(len(what.files), len(what.files))
    return f"{hub.endpoint}/{what.repo}"


def _make(hub: "HfApi", repo: str, private: bool) -> None:
    """Let the repository be there; one that is there stays as visible as it is."""
    hub.create_repo(repo, private=private, exist_ok=True)
    if private and not hub.repo_info(repo).private:
        raise ModelError("models.push_public", value=repo)
