"""Commands that prepare models."""

import json
from pathlib import Path
from typing import Annotated

import typer


def convert_chatglm(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="an original ChatGLM3 folder: config.json, weights, tokenizer.model")
    ],
    target: Annotated[Path, typer.Argument(metavar="DST", help="a new folder; an interrupted conversion goes on")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object at the end")] = False,
) -> None:
    """Convert an original ChatGLM3 checkpoint to one that plain transformers, PEFT and vLLM load."""
    from chatbot.models.conversion.chatglm3 import convert

    def progress(done: int, total: int, name: str) -> None:
        typer.echo(f"{done}/{total} {name}".rstrip(), err=True)

    notes = convert(source, target, progress)
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(
        json.dumps({"model": str(target), "notes": notes}, ensure_ascii=False) if as_json else f"converted: {target}"
    )


def register(app: typer.Typer) -> None:
    """Add the commands of this topic."""
    app.command("convert-chatglm")(convert_chatglm)
