"""Short examples that end with the first call: from them a small model learns quickest to repeat what a user said."""

from collections.abc import Iterable, Iterator

from chatbot.core.messages import Conversation


def first_calls(
    conversations: Iterable[Conversation], apart_from: Iterable[Conversation] = ()
) -> Iterator[Conversation]:
    """Every conversation up to its first call, each request once; without a call it is left out.

    Args:
        apart_from: held-out conversations; what a user says there is not taken.
    """
    seen = {message.content for held in apart_from for message in held.messages if message.role == "user"}
    for conversation in conversations:
        end = next((at for at, message in enumerate(conversation.messages) if message.call), None)
        said = {message.content for message in conversation.messages[:end] if message.role == "user"}
        if end is not None and not said & seen:
            seen |= said
            yield conversation.model_copy(update={"messages": conversation.messages[: end + 1]})
