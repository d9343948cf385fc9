"""The rules as a model: what they read from an utterance, with no weights at all."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chatbot.core.messages import Message, last_user_index
from chatbot.models.backends import Delta, MessageDelta
from chatbot.models.families.act_line import message_of
from chatbot.understanding.history import context_of
from chatbot.understanding.normalise import model_words
from chatbot.understanding.rule_act import rule_act


class RulesModel:
    """A ChatModel whose act lines come from `rule_act`."""

    name = "rules"
    acts = True

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
        """The one message that the rules make of the last utterance."""
        yield MessageDelta(self._message(messages))

    def predict(self, contexts: Sequence[tuple[Sequence[Message], Sequence[dict[str, Any]]]]) -> list[Message | None]:
        """The same for each context."""
        return [self._message(messages) for messages, _ in contexts]

    def _message(self, messages: Sequence[Message]) -> Message:
        at = last_user_index(messages)
        context = context_of(messages[:at])
        return message_of(rule_act(model_words(messages[at].content if messages else ""), context), context)
