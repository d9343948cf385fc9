"""One task of an augmentation: what the writer is told, and what its answer has to be to be taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from chatbot.core.messages import Conversation, Message, reply, user
from chatbot.corpus.augmentation.prompts import SCHEMAS
from chatbot.hotels.grounding import ungrounded

Record = dict[str, Any]


LONGEST = 300
"""Characters of one utterance; a longer one is no utterance."""


class Rejected(Exception):
    """An answer that cannot be taken; the reason goes back to its writer, and to people when it gives up."""


@dataclass(frozen=True)
class Task:
    """One conversation to be written.

    Attributes:
        id: of the new conversation.
        payload: what the writer is told, as JSON.
        finish: makes the conversation of an answer, or raises Rejected.
        original: the conversation that it descends from, None for a new one.
    """

    id: str
    operation: str
    payload: dict[str, Any]
    finish: Callable[[Any], Conversation]
    original: Conversation | None = None

    @property
    def schema(self) -> type[BaseModel]:
        """What the answer must validate as."""
        return SCHEMAS[self.operation]


def grounded_exchange(
    question: str, answer: str, records: Sequence[Record], context: Sequence[Message] = ()
) -> list[Message]:
    """Two utterances of which the second says nothing that the records don't hold."""
    asked, said = cleaned(question), cleaned(answer)
    if false := ungrounded(said, records, [*context, user(asked)]):
        raise Rejected(f"资料里没有：{false[0].partition(': ')[2] or false[0]}")
    return [user(asked), reply(said)]


def cleaned(text: str) -> str:
    out = " ".join(text.split())
    if not out or len(out) > LONGEST:
        raise Rejected("有一句是空的" if not out else f"“{out[:20]}…”太长")
    return out
