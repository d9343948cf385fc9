"""A model of act lines as an ordinary chat model: what it understood becomes a call or a computed reply, for other programs."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.messages import FunctionCall, Message
from chatbot.core.plain_text import LONGEST
from chatbot.dialogue.replies.answer import answer, language_of
from chatbot.models.backends import CallDelta, ChatModel, Delta, MessageDelta, TextDelta
from chatbot.understanding.history import context_of

NO_SEARCH = {
    "zh": "这要先查酒店数据库，但这次请求没有提供 search_hotels。",
    "en": "I would have to search the hotels for that, but this request does not offer search_hotels.",
}
"""What is said in place of a call that the request does not allow."""


def as_chat_model(model: ChatModel) -> ChatModel:
    """The model, able to speak: one that writes act lines is wrapped, any other is given back."""
    return SpeakingModel(model) if getattr(model, "acts", False) else model


class SpeakingModel:
    """Calls where its model's act line calls, and replies in words otherwise."""

    def __init__(self, model: ChatModel) -> None:
        self._model, self.name = model, model.name
        self.tokenizer = getattr(model, "tokenizer", None)

    def prompt_tokens(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> int | None:
        """What the model says of it; None where it has no tokens."""
        counted = getattr(self._model, "prompt_tokens", None)
        return int(counted(messages, tools)) if counted else None

    def generate(
        self,
        messages: Sequence[Message],
        tools: Sequence[dict[str, Any]],
        *,
        stop: Callable[[], bool] = lambda: False,
        temperature: float = 0.0,
        seed: int = 0,
        must_call: bool = False,
    ) -> Iterator[Delta]:
        """One call, or the reply's text. Where search_hotels is not on offer it says that it would have to search.

        Raises:
            InputError: it must call and cannot, or the utterance is too long to be read by rules.
        """
        may_call = any(tool.get("function", tool).get("name") == "search_hotels" for tool in tools)
        if must_call and not may_call:
            raise InputError("dialogue.only_search")
        if any(m.role == "user" and len(m.content) > LONGEST for m in messages):
            raise InputError("dialogue.long_utterance", most=LONGEST)
        if messages and messages[-1].role == "tool":
            state = context_of(messages).state
            yield CallDelta(search(state)) if must_call else TextDelta(answer(messages).text)
            return
        for delta in self._model.generate(messages, tools, stop=stop, temperature=temperature, seed=seed):
            if isinstance(delta, MessageDelta):
                yield _as_chat(delta, messages, may_call=may_call, must_call=must_call)
            else:
                yield delta

    def predict(self, contexts: Sequence[tuple[Sequence[Message], Sequence[dict[str, Any]]]]) -> list[Message | None]:
        """The next message of each context, in words where it is no call."""
        drafts = self._model.predict(contexts)
        return [
            _in_words(draft, messages) if draft is not None else None
            for draft, (messages, _) in zip(drafts, contexts, strict=True)
        ]


def search(state: dict[str, Any]) -> FunctionCall:
    """The call that asks for what stands."""
    return FunctionCall(name="search_hotels", arguments=state)


def _as_chat(delta: MessageDelta, messages: Sequence[Message], *, may_call: bool, must_call: bool) -> Delta:
    draft = delta.message
    if draft.call:
        return CallDelta(draft.call) if may_call else TextDelta(NO_SEARCH[language_of(messages)])
    if must_call:
        return CallDelta(search(context_of([*messages, draft]).state))
    return TextDelta(answer([*messages, draft]).text)


def _in_words(draft: Message, messages: Sequence[Message]) -> Message:
    if messages and messages[-1].role == "tool":
        return Message(role="assistant", content=answer(messages).text)
    return draft if draft.call else Message(role="assistant", content=answer([*messages, draft]).text, act=draft.act)
