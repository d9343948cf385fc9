"""What a conversation has come to: the dialogue state, the hotels in hand, the page they are, and the one last spoken of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chatbot.core.errors import InputError, QueryError
from chatbot.core.messages import Message
from chatbot.hotels.query import HotelQuery
from chatbot.understanding.dialogue_state import State, next_state
from chatbot.understanding.turn_act import QUESTIONS, Item, TurnAct

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class Context:
    """Where the next utterance lands.

    Attributes:
        state: arguments of search_hotels that stand.
        records: the hotels in hand.
        first: number of hotels in the list before these.
        focus: position in `records` of the hotel last spoken of.
        asked: what was asked last of the hotels in hand, for 第二家呢.
        spoken: whether one of them has been pointed at or asked about since they were shown.
    """

    state: State = field(default_factory=dict)
    records: Records = field(default_factory=list)
    first: int = 0
    focus: int = 0
    asked: tuple[Item, ...] = ()
    spoken: bool = False

    @property
    def shown(self) -> tuple[str, ...]:
        """Names of the hotels in hand."""
        return tuple(str(record.get("name") or "") for record in self.records)


def context_of(messages: Sequence[Message]) -> Context:
    """Follow a conversation from its first message to its last."""
    context, pages, more = Context(), list[Context](), False
    for message in messages:
        if message.role == "assistant":
            act = act_of(message)
            more = act is not None and act.act == "more"
            context = _after_turn(context, pages, message, act)
        elif message.role == "tool":
            last = pages[-1] if more and pages and pages[-1].records else None
            first = last.first + len(last.records) if last and last.state == context.state else 0
            pages = pages if first else []
            context = Context(context.state, message.records, first)
            pages.append(context)
    return context


def _after_turn(context: Context, pages: list[Context], message: Message, act: TurnAct | None) -> Context:
    """The context after an assistant's message; a page turned back is taken from `pages`."""
    if act is None:
        return replace(context, state=_called(message, context.state))
    state = next_state(context.state, act, context.shown)
    if act.has("prev") and len(pages) > 1:
        pages.pop()
        return Context(state, pages[-1].records, pages[-1].first)
    asked = tuple(item for item in act.items if item.op in QUESTIONS) or context.asked
    spoken = context.spoken or act.act == "book" or act.has("#", "top:", *QUESTIONS)
    return Context(state, context.records, context.first, focus_of(act, context), asked, spoken)


PORTRAIT = tuple(Item("ask:", field) for field in ("price", "rating", "address"))
"""What is told of a hotel that somebody only points at."""


def completed(act: TurnAct, context: Context) -> TurnAct:
    """第二家呢: a question that only points asks of that hotel what was asked last, and where nothing was, what it is like."""
    if act.act not in ("ask_field", "ask_has", "compare") or not act.has("#") or act.has(*QUESTIONS, "top:"):
        return act
    asked = context.asked or (PORTRAIT if act.act != "compare" else ())
    return TurnAct(act.act, (*asked, *act.items))


def _called(message: Message, before: State) -> State:
    """The state after a message without an act line: its call's arguments in HotelQuery's spelling; else as it was."""
    try:
        return HotelQuery.parse(message.call.arguments).arguments() if message.call else before
    except QueryError:
        return before


def act_of(message: Message) -> TurnAct | None:
    """The act line of a message; None where it has none that can be read."""
    if not message.act:
        return None
    try:
        return TurnAct.parse(message.act)
    except InputError:
        return None


def pointed_at(act: TurnAct, context: Context) -> list[int]:
    """Positions of the hotels in hand that an act line points at; [] where it points at none."""
    out: list[int] = []
    for which in act.values("#", "!#"):
        if which == "all":
            return list(range(len(context.records)))
        at = context.focus if which == "it" else len(context.records) - 1 if which == "last" else int(which) - 1
        if 0 <= at < len(context.records) and at not in out:
            out.append(at)
    return out


def focus_of(act: TurnAct, context: Context) -> int:
    """The hotel that is spoken of after a turn."""
    found = pointed_at(act, context)
    for order in act.values("top:"):
        best = best_at(context.records, found if len(found) > 1 else range(len(context.records)), order)
        if best is not None:
            return best
    return found[0] if len(found) == 1 else context.focus


def best_at(records: Records, among: Iterable[int], order: str) -> int | None:
    """Position of the first or last of some records by an order like price_asc, the first of equals; None where no value is known."""
    field, _, direction = order.partition("_")
    known = [(value, at) for at in among if isinstance(value := records[at].get(field), int | float)]
    sign = -1 if direction == "desc" else 1
    return min(known, key=lambda pair: (sign * pair[0], pair[1]))[1] if known else None
