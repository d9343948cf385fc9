"""Runs a model, alone or inside the whole chatbot, over a data set: gold context, one prediction at every assistant turn, in batches."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from chatbot.core.errors import InputError, QueryError
from chatbot.core.messages import Conversation, Message
from chatbot.dialogue.agent import Agent
from chatbot.dialogue.turn import Draft
from chatbot.evaluation.metrics.metrics import evaluate
from chatbot.evaluation.predictions import DRAFT, Prediction, append_predictions, read_predictions
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.models.backends import ChatModel, side_by_side
from chatbot.models.rules import RulesModel
from chatbot.understanding.call_verifier import NoVerifier

BATCH = 32
Progress = Callable[[int, int], None]
"""Told (turns done, turns in all)."""


class MessageMaker(Protocol):
    """What makes a chatbot's message out of its model's draft: `dialogue.agent.Agent`, or a fake."""

    def next_message(self, messages: Sequence[Message], draft: Draft | None = ...) -> Message:
        """The message that a user meets after these."""
        ...


@dataclass(frozen=True)
class GoldTurn:
    """One assistant message of the data and where it stands."""

    conversation: Conversation
    index: int

    @property
    def key(self) -> tuple[str, int]:
        """Which turn it is."""
        return self.conversation.id, self.index

    @property
    def gold(self) -> Message:
        """What the data says here."""
        return self.conversation.messages[self.index]

    @property
    def context(self) -> list[Message]:
        """Everything before it."""
        return self.conversation.messages[: self.index]

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The conversation's tools, or ours where it names none."""
        return self.conversation.tools or [SEARCH_HOTELS]


def turns(conversations: Sequence[Conversation]) -> list[GoldTurn]:
    """Every assistant message that a user message precedes."""
    out = []
    for conversation in conversations:
        has_user = False
        for index, message in enumerate(conversation.messages):
            has_user = has_user or message.role == "user"
            if has_user and message.role == "assistant":
                out.append(GoldTurn(conversation, index))
    return out


def _records(context: Sequence[Message]) -> list[dict[str, Any]]:
    return next((m.records for m in reversed(context) if m.role == "tool"), [])


def _found(store: HotelStore, arguments: dict[str, Any]) -> list[str] | None:
    """Names of the hotels that a call finds, or None where its arguments do not validate."""
    try:
        return [record["name"] for record in store.search(HotelQuery.parse(arguments)).records]
    except QueryError:
        return None


def _same_hotels(store: HotelStore, gold: Message, predicted: Message | None) -> bool | None:
    if gold.call is None:
        return None
    if predicted is None or predicted.call is None or predicted.call.name != gold.call.name:
        return False
    found = _found(store, predicted.call.arguments)
    return found is not None and found == _found(store, gold.call.arguments)


def _prediction(turn: GoldTurn, predicted: Message | None, store: HotelStore) -> Prediction:
    gold, context = turn.gold, turn.context
    answer = predicted.content if predicted is not None and predicted.call is None else None
    called = predicted.call if predicted is not None else None
    return Prediction(
        id=turn.conversation.id,
        turn=turn.index,
        gold_call=gold.call.arguments if gold.call else None,
        predicted_call=called.arguments if called else None,
        gold_reply=None if gold.call else gold.content,
        predicted_reply=answer,
        gold_function=gold.call.name if gold.call else None,
        predicted_function=called.name if called else None,
        exchange=sum(m.role == "user" for m in context),
        after_empty=context[-1].role == "tool" and not context[-1].records,
        ungrounded=tuple(ungrounded(answer, _records(context), context)) if answer is not None else (),
        same_hotels=_same_hotels(store, gold, predicted),
    )


def _checked(
    turn: GoldTurn, draft: Message | None, agent: MessageMaker, model: ChatModel, store: HotelStore
) -> Prediction:
    """The chatbot's message, with the model's own draft and what the rules alone would say beside it."""
    rules = Agent(RulesModel(), store, NoVerifier()).next_message(turn.context)
    others = {"draft": _alone(turn, draft, model, store), "rules": rules}
    rows = {key: _prediction(turn, message, store) for key, message in others.items()}
    parts = {key: {name: getattr(row, name) for name in DRAFT} for key, row in rows.items()}
    whole = _prediction(turn, agent.next_message(turn.context, Draft(draft)), store)
    return replace(whole, draft=parts["draft"], rules=parts["rules"])


def _alone(turn: GoldTurn, draft: Message | None, model: ChatModel, store: HotelStore) -> Message | None:
    """What the model alone says: its draft, or the reply that is computed from its act line."""
    if draft is None or not draft.act:
        return draft
    return Agent(model, store, NoVerifier()).next_message(turn.context, Draft(draft))


def _batches(todo: Sequence[GoldTurn]) -> Iterator[list[GoldTurn]]:
    """Turns of like length together, longest first, so that little is padded and the time left is not promised too short."""
    order = sorted(todo, key=lambda turn: -sum(len(m.content) for m in turn.context))
    return (order[start : start + BATCH] for start in range(0, len(order), BATCH))


def _todo(conversations: Sequence[Conversation]) -> list[GoldTurn]:
    ids = [conversation.id for conversation in conversations]
    if len(set(ids)) < len(ids):
        raise InputError("evaluation.same_id", value=next(i for i in ids if ids.count(i) > 1))
    todo = turns(conversations)
    if not todo:
        raise InputError("evaluation.no_turn")
    return todo


def predict(
    conversations: Sequence[Conversation],
    model: ChatModel,
    store: HotelStore,
    progress: Progress | None = None,
    *,
    kept: Path | None = None,
    agent: MessageMaker | None = None,
) -> list[Prediction]:
    """What comes out at every assistant turn, given the gold messages before it.

    Args:
        kept: a file that every batch is appended to at once; turns that it already holds are not asked again.
        agent: measure the whole chatbot around the model, with its checks; without it the model alone.

    Raises:
        InputError: two conversations have one id, or there is no assistant turn to score.
    """
    todo = _todo(conversations)
    rows = {(row.id, row.turn): row for row in read_predictions(kept)} if kept and kept.exists() else {}
    for batch in _batches([turn for turn in todo if turn.key not in rows]):
        drafts = model.predict([(turn.context, turn.tools) for turn in batch])

        def row(given: tuple[GoldTurn, Message | None]) -> Prediction:
            turn, draft = given
            if agent:
                return _checked(turn, draft, agent, model, store)
            return _prediction(turn, _alone(turn, draft, model, store), store)

        new = list(side_by_side(model, row, zip(batch, drafts, strict=True)))
        rows |= {(row.id, row.turn): row for row in new}
        if kept:
            append_predictions(kept, new)
        if progress:
            progress(sum(turn.key in rows for turn in todo), len(todo))
    return [rows[turn.key] for turn in todo]


def scored(rows: Sequence[Prediction]) -> dict[str, Any]:
    """The figures of `metrics.evaluate`; where the whole chatbot was measured, those of its model alone under `bare`, of the rules alone under `rules`."""
    drafted = any(row.draft for row in rows)
    return {
        **evaluate(rows),
        "measured": "chatbot" if drafted else "model",
        "bare": evaluate([row.bare for row in rows]) if drafted else None,
        "rules": evaluate([row.by_rules for row in rows]) if any(row.rules for row in rows) else None,
    }


def run_evaluation(
    conversations: Sequence[Conversation],
    model: ChatModel,
    store: HotelStore,
    progress: Progress | None = None,
    agent: MessageMaker | None = None,
) -> dict[str, Any]:
    """Measure on conversations: the figures of `scored`, the model's name, and the `predictions` behind them.

    Args:
        agent: the whole chatbot around the model; without it the model alone is measured.

    Raises:
        InputError: the data cannot be scored.
        BackendError: the model cannot be reached.
    """
    rows = predict(conversations, model, store, progress, agent=agent)
    return {"model": model.name, **scored(rows), "predictions": rows}
