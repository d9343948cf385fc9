"""What a form has no place for (ids, sources, how a conversation came to be) and carries beside it, so that it comes back equal."""

from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, Message

KEY = "workbench"
"""Under this name a row carries its rest, as one text: other trainers pass over a column of texts."""
_FIELDS = ("content", "name", "act")
Rest = dict[str, Any]


def rest(back: Conversation, conversation: Conversation, form: str) -> Rest:
    """What must be put right in a conversation that came back from a form.

    Args:
        back: what the form's row reads as.
        conversation: what was written.

    Raises:
        InputError: turns, calls or tools differ: the form would hold half of it.
    """
    if _turns(back) != _turns(conversation) or back.tools != conversation.tools:
        raise InputError("reading.cannot_hold", conversation=conversation.id, form=form)
    changed = {
        str(at): {name: [getattr(here, name), getattr(there, name)] for name in _FIELDS if _differs(here, there, name)}
        for at, (here, there) in enumerate(zip(back.messages, conversation.messages, strict=True))
    }
    out: Rest = {"id": conversation.id, "source": conversation.source}
    out |= {"meta": conversation.meta} if conversation.meta else {}
    return out | ({"messages": kept} if (kept := {at: found for at, found in changed.items() if found}) else {})


def restored(conversation: Conversation, found: Any) -> Conversation:
    """A conversation with its rest; of a message that was edited meanwhile the edit stands."""
    if not isinstance(found, dict):
        return conversation
    plain = {name: str(found[name]) for name in ("id", "source") if found.get(name)}
    meta = found.get("meta")
    changed = found.get("messages")
    messages = [
        _restored(message, changed.get(str(at)) if isinstance(changed, dict) else None)
        for at, message in enumerate(conversation.messages)
    ]
    more = {"messages": messages} | ({"meta": meta} if isinstance(meta, dict) else {})
    return Conversation.model_validate({**dict(conversation), **plain, **more})


def _restored(message: Message, changed: Any) -> Message:
    if not isinstance(changed, dict):
        return message
    pairs = {name: pair for name, pair in changed.items() if name in _FIELDS and isinstance(pair, list)}
    new = {name: pair[1] for name, pair in pairs.items() if len(pair) == 2 and pair[0] == getattr(message, name)}
    return Message.model_validate({**dict(message), **new})


def _turns(conversation: Conversation) -> list[Any]:
    return [(message.role, message.tool_calls) for message in conversation.messages]


def _differs(here: Message, there: Message, name: str) -> bool:
    return bool(getattr(here, name) != getattr(there, name))
