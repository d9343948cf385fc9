"""A model of act lines as an ordinary chat model: what it understood becomes a call or a computed reply, for other programs."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chatbot.core.messages import Message
from chatbot.dialogue.replies.answer import answer
from chatbot.models.backends import CallDelta, ChatModel, Delta, MessageDelta, TextDelta


def as_chat_model(model: ChatModel) -> ChatModel:
    """The model, able to speak: one that writes act lines is wrapped, any other is given back."""
    return SpeakingModel(model) if getattr(model, "acts", False) else model


class SpeakingModel:
    """Calls where its model's act line calls, and replies in words otherwise."""

    def __init__(self, model: ChatModel) -> None:
        self._model, self.name = model, model.name

    def generate(
        self,
        messages: Sequence[Message],
        tools: Sequence[dict[str, Any]],
        *,
        stop: Callable[[], bool] = lambda: False,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Iterator[Delta]:
        """One call, or the reply's text; raises what the model raises."""
        if messages and messages[-1].role == "tool":
            yield TextDelta(answer(messages).text)
            return
        for delta in self._model.generate(messages, tools, stop=stop, temperature=temperature, seed=seed):
            yield _as_chat(delta, messages) if isinstance(delta, MessageDelta) else delta

    def predict(self, contexts: Sequence[tuple[Sequence[Message], Sequence[dict[str, Any]]]]) -> list[Message | None]:
        """The next message of each context, in words where it is no call."""
        drafts = self._model.predict(contexts)
        return [
            _in_words(draft, messages) if draft is not None else None
            for draft, (messages, _) in zip(drafts, contexts, strict=True)
        ]


def _as_chat(delta: MessageDelta, messages: Sequence[Message]) -> Delta:
    if delta.message.call:
        return CallDelta(delta.message.call)
    return TextDelta(answer([*messages, delta.message]).text)


def _in_words(draft: Message, messages: Sequence[Message]) -> Message:
    if messages and messages[-1].role == "tool":
        return Message(role="assistant", content=answer(messages).text)
    return draft if draft.call else Message(role="assistant", content=answer([*messages, draft]).text, act=draft.act)
