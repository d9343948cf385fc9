"""`chat`: one user turn a line on stdin; with --json one JSON object a line on stdout."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def chat(
    model: Annotated[
        str | None,
        typer.Option(help="hotel-mini, rules, a folder, adapter:FOLDER or openai:MODEL [default: the promoted]"),
    ] = None,
    hotels: Annotated[Path | None, typer.Option(help="a file in CrossWOZ's hotel_db.json form")] = None,
    verifier: Annotated[
        str, typer.Option("--verifier", help="what looks at the model's drafts: rules or none")
    ] = "rules",
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Chat in the terminal: one utterance a line; an empty line begins a new conversation."""
    from chatbot.core.messages import Message
    from chatbot.core.settings import settings
    from chatbot.dialogue.agent import Agent
    from chatbot.dialogue.events import TurnEvent
    from chatbot.hotels.store import HotelStore
    from chatbot.models.catalog import default_model, open_model
    from chatbot.understanding.call_verifier import verifier as named

    agent = Agent(open_model(model or default_model()), HotelStore.load(hotels or settings().hotels), named(verifier))
    messages: list[Message] = []
    for line in sys.stdin:
        if not line.strip():
            messages = []
            continue
        done = [event for event in agent.turn(messages, line.strip()) if isinstance(event, TurnEvent)][-1]
        messages += done.messages
        if as_json:
            out = {"reply": done.reply, "call": done.call, "query": done.query.arguments(), "records": done.records}
            print(json.dumps(out, ensure_ascii=False), flush=True)
        else:
            print(done.reply, flush=True)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(chat)
