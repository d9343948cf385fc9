"""Two tools for other programs, by Gradio's API and by MCP: search the hotels, and hold a conversation about them."""

import json
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import gradio as gr

from chatbot.core.errors import InputError, WorkbenchError
from chatbot.core.plain_text import utterance
from chatbot.hotels.query import HotelQuery
from chatbot.ui.shell.context import PageContext

if TYPE_CHECKING:
    from chatbot.dialogue.agent import Agent
    from chatbot.hotels.store import HotelStore

MOST_CHARACTERS = 200_000
"""Of such a conversation, as of one that an OpenAI client sends."""
LONGEST = 400
"""Messages that a conversation may have: enough for any talk, too few to tie up the machine."""


def free_models(context: PageContext) -> list[str]:
    """The models that other programs may use, the default one first: none whose answers cost money."""
    return [m.id for m in context.models() if m.kind != "endpoint"]


def build_programs(context: PageContext) -> None:
    """The tools on the page's own database and default model; to be called inside the page's `gr.Blocks`."""
    build_api(
        lambda: context.default_store,
        lambda: context.agent(context.pool.get(free_models(context)[0]), context.default_store),
    )


def _search_tool(store: Callable[[], "HotelStore"]) -> Callable[..., str]:
    """The tool that searches; its signature and docstring are what other programs are shown."""

    def search_hotels(
        name: str = "",
        type: str = "",
        facilities: list[str | list[str]] | None = None,
        price_range_lower: float | None = None,
        price_range_upper: float | None = None,
        rating_range_lower: float | None = None,
        rating_range_upper: float | None = None,
        address: str = "",
        subway: str = "",
        near: str = "",
        exclude: dict[str, list[str]] | None = None,
        sort_by: str = "",
        sort_order: str = "",
        limit: int = 3,
        offset: int = 0,
    ) -> str:
        """Search the hotel database; all wishes must hold, and where nothing fits some are given up and named in `relaxed`.

        Args:
            name: the hotel's name, a short form is enough
            type: 豪华型, 高档型, 舒适型 or 经济型
            facilities: what the hotel must offer, in the user's own words; of a list within it any one is enough
            price_range_lower: lowest price in CNY a night, inclusive
            price_range_upper: highest price in CNY a night, inclusive
            rating_range_lower: lowest rating, 0 to 5, inclusive
            rating_range_upper: highest rating, 0 to 5, inclusive
            address: a word of the address
            subway: a word of the subway station's name
            near: a sight, school, hospital or airport
            exclude: what no hotel may be or have: lists under type, name and facilities
            sort_by: price or rating
            sort_order: asc or desc
            limit: how many hotels to return, 1 to 20
            offset: how many to pass over, for the next page
        """
        given = {
            key: value for key, value in locals().items() if key in HotelQuery.model_fields and value not in ("", None)
        }
        return _json(search(store(), given, limit, offset))

    return search_hotels


def build_api(store: Callable[[], "HotelStore"], agent: Callable[[], "Agent"]) -> None:
    """Define the tools; to be called inside the page's `gr.Blocks`.

    They bypass the queue, because Gradio's MCP server would otherwise call the page back as a stranger and be turned away.

    Args:
        store: the database to search; asked at each call, so that nothing is loaded before it is needed.
        agent: the chatbot to talk to, likewise.
    """

    def chat(text: str, conversation: list[dict[str, Any]] | None = None) -> str:
        """Ask the hotel chatbot. Give `conversation` of the last answer back to go on with the same conversation.

        Args:
            text: what the user says
            conversation: the messages so far, as the last answer returned them; leave it out to begin
        """
        return _json(answer(agent(), text, conversation or []))

    for tool in (_search_tool(store), chat):
        gr.api(_polite(tool), api_name=tool.__name__, queue=False)


def search(store: "HotelStore", query: dict[str, Any], limit: int = 3, offset: int = 0) -> dict[str, Any]:
    """One search as plain data: the records, and what was given up or not understood.

    Raises:
        InputError: an argument does not validate.
    """
    most, over = _count("limit", limit), _count("offset", offset)
    found = store.search(HotelQuery.parse(query), limit=min(max(most, 1), 20), offset=max(over, 0))
    return {"records": found.records, "relaxed": found.relaxed, "unmatched": found.unmatched, "total": found.total}


def answer(agent: "Agent", text: str, conversation: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One turn as plain data; it remembers nothing: the conversation travels with the call.

    Raises:
        InputError: there is nothing to answer, or the conversation is not in the format that was given out.
    """
    from pydantic import TypeAdapter, ValidationError

    from chatbot.core.messages import Message
    from chatbot.dialogue.events import TurnEvent

    if not isinstance(text, str) or not isinstance(conversation, list | tuple):
        name, value = ("conversation", conversation) if isinstance(text, str) else ("text", text)
        raise InputError("ui.argument", value=value, name=name)
    if not utterance(text) or len(conversation) > LONGEST:
        raise InputError("ui.nothing_asked" if len(conversation) <= LONGEST else "ui.long_conversation")
    try:
        messages = TypeAdapter(list[Message]).validate_python(list(conversation))
        size = sum(len(message.model_dump_json()) for message in messages)
    except (ValidationError, ValueError, RecursionError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else ""
        raise InputError("ui.bad_conversation", value=reason) from error
    if size > MOST_CHARACTERS:
        raise InputError("ui.long_conversation")
    turn = next(event for event in agent.turn(messages, text) if isinstance(event, TurnEvent))
    going_on = [m.to_dict() for m in [*messages, *turn.messages]]
    return {"reply": turn.reply, "query": turn.query.arguments(), "records": turn.records, "conversation": going_on}


def _count(name: str, value: object) -> int:
    """A whole number of a program that may send anything."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1e9 or value != int(value):
        raise InputError("ui.argument", value=value, name=name)
    return int(value)


def _json(found: dict[str, Any]) -> str:
    """As text: Gradio would hand a dict to MCP clients in Python's notation."""
    return json.dumps(found, ensure_ascii=False)


def _polite(tool: Callable[..., str]) -> Callable[..., str]:
    """Known errors become Gradio's, whose message reaches the caller; all others stay hidden."""

    @wraps(tool)
    def run(*values: Any, **named: Any) -> str:
        try:
            return tool(*values, **named)
        except WorkbenchError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return run
