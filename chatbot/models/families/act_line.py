"""The act-line family: a model reads what stands and what is said, and writes one act line; call and state follow from it by code.

Each turn is an example of its own: what stands is in the state line, so an error of one turn is not copied for ever.
"""

from collections.abc import Sequence
from typing import Any

from chatbot.core.messages import FunctionCall, Message, ToolCall, last_user_index
from chatbot.hotels.facilities import alternatives, match_facility, wish_text
from chatbot.models.families.act_tokens import (
    END,
    SPECIAL_TOKENS,
    USER,
    act_pieces,
    prompt_pieces,
    read_act,
)
from chatbot.models.families.family import Family, Piece
from chatbot.understanding.derive_act import derive_act
from chatbot.understanding.dialogue_state import State, by_difference, needs_search, next_state
from chatbot.understanding.history import Context, act_of, context_of
from chatbot.understanding.named_hotels import settled
from chatbot.understanding.normalise import model_words
from chatbot.understanding.rule_act import rule_act
from chatbot.understanding.turn_act import Item, TurnAct, with_known_wishes


def prompt(messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> list[Piece]:
    """What the model reads for the last thing that the user said."""
    at = last_user_index(messages, default=len(messages))
    words = messages[at].content if at < len(messages) else ""
    context = context_of(messages[:at])
    return prompt_pieces(_known(context.state)[0], context.shown, model_words(words))


def turnwise(messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> list[list[Piece]]:
    """One example a turn: what the model reads, and the act line that the turn was."""
    out = []
    for at, message in enumerate(messages[:-1]):
        answer = messages[at + 1]
        if message.role == "user" and answer.role == "assistant":
            act = act_of(answer) or _derived(context_of(messages[:at]), message.content, answer)
            out.append([*prompt(messages[: at + 1]), *act_pieces(act)])
    return out


def _derived(context: Context, words: str, answer: Message) -> TurnAct:
    """The act of a turn that was recorded without one: from its call, or what the rules make of a turn without a call."""
    said = model_words(words)
    if not answer.call:
        return rule_act(said, context, searching=False)
    (before, old), (after, new) = _known(context.state), _known(answer.call.arguments)
    wishes = [Item("?", wish if wish in said else "") for wish in new if wish not in old]
    return derive_act(before, after, said, extra=wishes)


def _known(state: State) -> tuple[State, list[str]]:
    """The state with facilities by the database's names, as a model knows them, and the words that mean none of them."""
    wishes: list[str | list[str]] = []
    unknown: list[str] = []
    for wish in state.get("facilities") or ():
        names = list(dict.fromkeys(name for word in alternatives(wish) for name in sorted(match_facility(word))))
        if names:
            wishes.append(names[0] if len(names) == 1 else names)
        else:
            unknown.append(wish_text(wish))
    rest = {key: value for key, value in state.items() if key != "facilities"}
    return (rest | {"facilities": wishes} if wishes else rest), unknown


def pieces(messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> list[Piece]:
    """All turns one after the other, for looking at; training takes them one by one (`turnwise`)."""
    return [piece for example in turnwise(messages, tools) for piece in example]


def read(text: str, messages: Sequence[Message]) -> Message:
    """Generated text → a message with its act line, and with the call that follows from it where the turn asks the database.

    Raises:
        CallParseError: it is no act line.
    """
    at = last_user_index(messages)
    context = context_of(messages[:at])
    words = model_words(messages[at].content) if messages else ""
    act = by_difference(with_known_wishes(settled(read_act(text), context.shown, words)), context.state, words)
    return message_of(act, context)


def message_of(act: TurnAct, context: Context) -> Message:
    """The assistant's message that an act line means in its context, read from the line as the conversation keeps it."""
    act = TurnAct.parse(str(act))
    after = next_state(context.state, act, context.shown)
    if not needs_search(context.state, act, after):
        return Message(role="assistant", act=str(act))
    called = ToolCall(function=FunctionCall(name="search_hotels", arguments=after))
    return Message(role="assistant", tool_calls=[called], act=str(act))


def is_call(text: str) -> bool | None:
    """Nothing that is written is shown as it is."""
    return True if text else None


ACT_LINE = Family(
    name="act-line",
    pieces=pieces,
    prompt=prompt,
    read=read,
    is_call=is_call,
    stops=(END, USER),
    special_tokens=SPECIAL_TOKENS,
    turnwise=turnwise,
)
