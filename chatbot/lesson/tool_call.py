"""A tool call end to end: what a model could write at each place and what the dialogue allows, the search as SQL, the reply's facts traced."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from chatbot.core.errors import CallParseError, ModelError
from chatbot.core.messages import Message, user
from chatbot.dialogue.agent import Agent
from chatbot.dialogue.events import RecordsEvent, TurnEvent
from chatbot.hotels.facilities import alternatives, match_facility
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.models.families.hotel_mini import REFERENCE, refer, value
from chatbot.models.inside import show_token
from chatbot.models.local import LocalModel
from chatbot.models.render import render_prompt

MOST = 40
"""Tokens of an act line that are followed."""


@dataclass(frozen=True)
class Written:
    """One token of an act line.

    Attributes:
        probability: what the model gave it among all tokens.
        free: the token that it would have written without the rules.
        allowed: how many tokens the rules let through, and the likeliest of them.
    """

    token: str
    probability: float
    free: str
    allowed: int
    choices: list[str]


@dataclass(frozen=True)
class Called:
    """A turn from words to reply.

    Attributes:
        written: the model's first draft, token by token.
        act: that draft as an act line; "" where it could not be read.
        turn: the turn as the agent led it.
        total: how many hotels the search found; None where there was none.
    """

    written: list[Written]
    act: str
    turn: TurnEvent
    total: int | None


def follow(model: LocalModel, store: HotelStore, text: str) -> Called:
    """Lead one turn, and look at how its act line came about.

    Raises:
        ModelError: the model writes no act lines.
    """
    if not getattr(model, "acts", False):
        raise ModelError("models.not_local", value=getattr(model, "name", ""))
    messages = [user(text)]
    written, line = _draft(model, messages)
    events = list(Agent(model, store).turn([], text))
    found = next((event for event in events if isinstance(event, RecordsEvent)), None)
    turn = events[-1]
    assert isinstance(turn, TurnEvent)
    return Called(written, _act(model, line, messages), turn, found.total if found else None)


@torch.inference_mode()
def _draft(model: LocalModel, messages: Sequence[Message]) -> tuple[list[Written], str]:
    """The most likely act line under the rules, its tokens one by one, and its text."""
    prompt = render_prompt(messages, [SEARCH_HOTELS], model.family, model.tokenizer)
    guide = model.constraint.start(messages, [SEARCH_HOTELS])
    ids, written = list[int](), list[Written]()
    for _ in range(MOST):
        out: Any = model.model(torch.tensor([prompt + ids], device=model.model.device), use_cache=False)
        logits = out.logits[0, -1].float().cpu()
        shares, free = logits.softmax(-1), int(logits.argmax())
        guide.mask(logits)
        open_ = int(logits.isfinite().sum())
        best = logits.topk(min(4, open_)).indices.tolist()
        guide.accept(best[0])
        names = [show_token(model.tokenizer, i) for i in best]
        written.append(Written(names[0], float(shares[best[0]]), show_token(model.tokenizer, free), open_, names))
        if best[0] in model.stops:
            break
        ids.append(best[0])
    return written, str(model.tokenizer.decode(ids, skip_special_tokens=False))


def _act(model: LocalModel, line: str, messages: Sequence[Message]) -> str:
    try:
        return model.family.read(line, messages).act or ""
    except CallParseError:
        return ""


def sql_of(query: HotelQuery, limit: int = 3) -> str:
    """The search as SQL over hotel(id, name, type, price, rating, address, subway) and facility(hotel, name).

    The store itself holds columns in memory and asks SQLite for texts alone; names, places and stations are compared more
    loosely there than LIKE does.
    """
    wishes = [_equal("type", query.type)] if query.type else []
    for field in ("price", "rating"):
        for end, sign in (("lower", ">="), ("upper", "<=")):
            bound = getattr(query, f"{field}_range_{end}")
            wishes += [f"{field} {sign} {bound:g}"] if bound is not None else []
    wishes += [_has(alternatives(wish)) for wish in query.facilities if _meant(alternatives(wish))]
    texts = {"name": query.name, "address": query.address, "subway": query.subway}
    wishes += [f"{field} LIKE {_quoted(f'%{words}%')}" for field, words in texts.items() if words]
    where = f"\nWHERE {' AND '.join(wishes)}".replace(" AND ", "\n  AND ") if wishes else ""
    return f"SELECT name, price, rating FROM hotel{where}\nORDER BY {_order(query)}\nLIMIT {limit}"


def _order(query: HotelQuery) -> str:
    """As the store does: unknown values last; of two that are equal the better rated, or the cheaper one, first."""
    by, cheaper = query.sort_by or "rating", "price IS NULL, price"
    way = query.sort_order or ("asc" if by == "price" else "desc")
    return f"{by} IS NULL, {by} {way.upper()}, {'rating DESC' if by == 'price' else cheaper}"


def _meant(words: Sequence[str]) -> list[str]:
    return sorted({name for word in words for name in match_facility(word)})


def _has(words: Sequence[str]) -> str:
    names = ", ".join(map(_quoted, _meant(words)))
    return f"id IN (SELECT hotel FROM facility WHERE name IN ({names}))"


def _equal(field: str, value: str) -> str:
    return f"{field} = {_quoted(value)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def traced(turn: TurnEvent) -> list[tuple[str, str]]:
    """The reply in parts: (text, source), where the source is "2.price" for what stands in the second record, "" for other words."""
    out = []
    for piece in refer(turn.reply, turn.records):
        match = REFERENCE.fullmatch(piece.token) if piece.token else None
        source = f"{match[1]}.{match[2]}" if match else ""
        out.append((_value(turn.records, source) if source else piece.text, source))
    return out


def _value(records: Sequence[dict[str, Any]], source: str) -> str:
    number, field = source.split(".")
    return value(records[int(number) - 1], field)
