"""CrossWOZ's dialogues: recognised by their shape, and each checked before anything is cut out of it."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from chatbot.core.errors import InputError

Query = Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})]
"""One domain of the wizard's state; blank where nothing was typed yet."""


class Said(BaseModel):
    """A message with its annotations; the wizard's states may be missing, but not broken."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["usr", "sys"]
    content: str
    dialog_act: list[list[Any]] = Field(default_factory=list)
    sys_state_init: dict[str, Query] = Field(default_factory=dict)
    sys_state: dict[str, Query] = Field(default_factory=dict)


class Dialogue(BaseModel):
    """One dialogue."""

    model_config = ConfigDict(extra="ignore")

    messages: list[Said]


def fits(value: object) -> bool:
    """Whether it maps dialogue ids to messages."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(one, dict) and isinstance(one.get("messages"), list) for one in value.values())
    )


def dialogues(value: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any] | InputError]]:
    """Each dialogue by its id, or what is wrong with it."""
    for key, dialogue in value.items():
        try:
            Dialogue.model_validate(dialogue)
            yield key, dialogue
        except ValidationError as error:
            field = ".".join(map(str, error.errors()[0]["loc"]))
            yield key, InputError("reading.malformed", key=key, field=field)
