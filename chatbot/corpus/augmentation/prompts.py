"""What is asked of a language model: prompts as files that people can edit, the shape of the answer, and the key that an answer is kept under."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from chatbot.core.errors import InputError
from chatbot.core.settings import DATA

PROMPTS = DATA / "prompts"
OPERATIONS: dict[str, tuple[str, str]] = {
    "spoken": ("设施说成口语", "facilities in spoken language"),
    "followup": ("追问和结束语", "follow-up questions and a closing"),
    "by_name": ("按名称找（新对话）", "new dialogues by hotel name"),
    "by_cap": ("按价格上限找（新对话）", "new dialogues by price cap"),
}
"""Operation → its name in words (zh, en)."""
MAX_PROMPT = 8000


# Names and docstrings of the answers are part of their schema, and so of the key of answers that were paid for: they stay.
class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Turn(_Answer):
    """One rewritten user utterance."""

    turn: int
    text: str


class Spoken(_Answer):
    """The answer to `spoken`."""

    turns: list[Turn]


class Exchange(_Answer):
    """A user's question and the assistant's answer."""

    question: str
    answer: str


class FollowUp(_Answer):
    """The answer to `followup`."""

    exchanges: list[Exchange]
    thanks: str
    farewell: str


class Opening(Exchange):
    """The answer to `by_cap`: a first utterance with its reply, and one exchange more."""

    utterance: str
    reply: str


class NamedOpening(Opening):
    """The answer to `by_name`: also the name that the user's words hold."""

    name: str


SCHEMAS: dict[str, type[BaseModel]] = {
    "spoken": Spoken,
    "followup": FollowUp,
    "by_name": NamedOpening,
    "by_cap": Opening,
}


class Parameters(BaseModel):
    """Sampling parameters; part of the key."""

    model_config = ConfigDict(frozen=True)

    temperature: float = Field(default=0.9, ge=0, le=2)
    max_tokens: int = Field(default=1200, ge=16, le=16_000)
    seed: int | None = None


@dataclass(frozen=True)
class Request:
    """One call of a chat API with structured output."""

    messages: tuple[dict[str, str], ...]
    schema: type[BaseModel]
    model: str
    parameters: Parameters

    @cached_property
    def key(self) -> str:
        """SHA-256 of everything that the answer depends on."""
        parts = [self.messages, self.model, self.parameters.model_dump(), self.schema.model_json_schema()]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    @cached_property
    def texts(self) -> list[str]:
        """Everything that is paid for on the way in."""
        return [*(m["content"] for m in self.messages), json.dumps(self.schema.model_json_schema())]


def prompt(operation: str, folder: Path | None = None) -> str:
    """An operation's prompt: the edited one of a folder, or else the shipped one.

    Raises:
        InputError: there is no such operation.
    """
    if operation not in OPERATIONS:
        raise InputError("corpus.prompt", value=operation, most=MAX_PROMPT)
    edited = folder / f"{operation}.md" if folder else None
    return (edited if edited and edited.exists() else PROMPTS / f"{operation}.md").read_text(encoding="utf-8").strip()


def checked_prompt(operation: str, text: str) -> str:
    """A prompt that somebody has written, without space around it.

    Raises:
        InputError: it is empty, too long, or for no operation.
    """
    if operation not in OPERATIONS or not text.strip() or len(text) > MAX_PROMPT:
        raise InputError("corpus.prompt", value=text[:40], most=MAX_PROMPT)
    return text.strip()


def save_prompt(operation: str, text: str, folder: Path) -> None:
    """Keep an edited prompt; the shipped text removes the edited file.

    Raises:
        InputError: it is empty, too long, or for no operation.
    """
    checked = checked_prompt(operation, text)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{operation}.md"
    if checked == prompt(operation):
        path.unlink(missing_ok=True)
    else:
        path.write_text(checked + "\n", encoding="utf-8")


def edited_prompts(folder: Path) -> dict[str, str]:
    """The operations whose prompt somebody has changed, with their texts."""
    return {operation: prompt(operation, folder) for operation in OPERATIONS if (folder / f"{operation}.md").exists()}


def prompt_hashes(folder: Path | None = None) -> dict[str, str]:
    """Operation → the first 12 digits of its prompt's SHA-256, for the data card."""
    return {operation: hashlib.sha256(prompt(operation, folder).encode()).hexdigest()[:12] for operation in OPERATIONS}


def first_messages(system: str, payload: dict[str, Any]) -> tuple[dict[str, str], ...]:
    """The prompt and its input as chat messages."""
    return {"role": "system", "content": system}, {"role": "user", "content": json.dumps(payload, ensure_ascii=False)}


def repair(said: str, reason: str) -> tuple[dict[str, str], ...]:
    """The messages that ask for a better answer; a very long one is not sent back."""
    return {"role": "assistant", "content": said[:2000] or "（没有回答）"}, {
        "role": "user",
        "content": f"这个回答不能用：{reason}。请按要求重新回答，只输出 JSON。",
    }
