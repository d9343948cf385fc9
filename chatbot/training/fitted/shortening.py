"""Records that a conversation shows are shortened, field by field, before anything of the conversation itself is cut."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from chatbot.core.messages import Conversation, Message

ORDER = ("nearby_restaurants", "nearby_attractions", "subway", "address", "facilities")
"""What goes first: the longest that is asked for least. Name, type, price, rating and phone always stay."""


def shortened(conversation: Conversation, fits: Callable[[Conversation], bool]) -> Conversation:
    """The conversation with as few fields taken from its records as make it fit, or with all that may go; it may still not fit.

    A field that a later reply tells stays: the model must not learn to say what it was not shown.
    """
    for field in ORDER:
        if fits(conversation):
            break
        conversation = _without(conversation, field)
    return conversation


def _without(conversation: Conversation, field: str) -> Conversation:
    messages = [
        _message_without(message, field, conversation.messages[index + 1 :]) if message.role == "tool" else message
        for index, message in enumerate(conversation.messages)
    ]
    return conversation.model_copy(update={"messages": messages})


def _message_without(message: Message, field: str, later: Sequence[Message]) -> Message:
    try:
        content: Any = json.loads(message.content)
    except json.JSONDecodeError:
        return message
    records = content.get("records") if isinstance(content, dict) else content
    if not isinstance(records, list):
        return message
    said = "\n".join(m.content for m in later if m.role == "assistant")
    for record in records:
        if isinstance(record, dict) and field in record and not _told(record[field], said):
            del record[field]
    return message.model_copy(update={"content": json.dumps(content, ensure_ascii=False)})


def _told(value: Any, said: str) -> bool:
    """Whether any part of a field's value stands in what is said."""
    parts = value if isinstance(value, list) else [value]
    return any(str(part) in said for part in parts if part)
