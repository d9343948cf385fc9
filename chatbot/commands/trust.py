"""`words list|forget|expire`, `parts sbom|licences|audit`: what is kept of people's words, what the program is made of."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from chatbot.core.settings import settings

JSON = Annotated[bool, typer.Option("--json", help="as one JSON object")]


def register(app: typer.Typer) -> None:
    """Add the `words` and `parts` commands."""
    words = typer.Typer(no_args_is_help=True, help="What people said in Chat and is kept with their ratings.")
    words.command("list")(list_words)
    words.command()(forget)
    words.command()(expire)
    app.add_typer(words, name="words")
    parts = typer.Typer(no_args_is_help=True, help="What the workbench is made of: packages, licences, hashes.")
    parts.command()(sbom)
    parts.command()(licences)
    parts.command()(audit)
    app.add_typer(parts, name="parts")


def list_words(as_json: JSON = False) -> None:
    """Show the conversations of which something is kept: id, time of the last rating, ratings, first words."""
    from chatbot.corpus.review.kept import kept

    found = kept(settings().workspace)
    lines = (
        f"{one.id}\t{datetime.fromtimestamp(one.time):%Y-%m-%d %H:%M}\t{one.ratings}\t{one.words}" for one in found
    )
    told = json.dumps([asdict(one) for one in found], ensure_ascii=False) if as_json else "\n".join(lines)
    typer.echo(told or "nothing is kept")


def forget(id: Annotated[str, typer.Argument(help="as `words list` shows it")], as_json: JSON = False) -> None:
    """Delete for good what is kept of one conversation: its ratings, its cards and what was decided on them."""
    from chatbot.corpus.review.kept import forget as run

    _tell(run(settings(), id).to_dict(), as_json)


def expire(
    days: Annotated[float, typer.Option(min=0, help="what is older goes")],
    as_json: JSON = False,
) -> None:
    """Delete for good what people said and is kept for longer; CHATBOT_KEEP_DAYS has a running page do it daily."""
    from chatbot.corpus.review.kept import expire as run

    _tell(run(settings(), days).to_dict(), as_json)


def _tell(gone: dict[str, int], as_json: bool) -> None:
    typer.echo(json.dumps(gone) if as_json else ", ".join(f"{n} {what}" for what, n in gone.items()) + " deleted")


def sbom(
    out: Annotated[Path | None, typer.Option("--out", help="a file [default: standard output]")] = None,
) -> None:
    """Write a CycloneDX bill of materials: every locked package with its hashes and licence, and the shipped models."""
    from chatbot.core.operation.parts import bill

    text = json.dumps(bill(), ensure_ascii=False, indent=1)
    if out is None:
        typer.echo(text)
        return
    out.write_text(text + "\n", encoding="utf-8")


def licences(as_json: JSON = False) -> None:
    """Show every locked package with its licence, as its installed metadata says it."""
    from chatbot.core.operation.parts import locked, packages

    found = [{"name": one.name, "version": one.version, "licence": packages().get(one.name, "")} for one in locked()]
    lines = (f"{one['name']}\t{one['version']}\t{one['licence'] or 'not installed here'}" for one in found)
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(lines))


def audit(
    wheels: Annotated[
        Path | None, typer.Option("--wheels", help="a folder of downloaded packages, each looked up in the lock")
    ] = None,
    files: Annotated[bool, typer.Option("--files", help="also hash every installed file (minutes)")] = False,
    as_json: JSON = False,
) -> None:
    """Compare, without a network, requirements, lock and what is installed; ends with 1 where something does not fit."""
    from chatbot.core.operation.audit import audit as run

    found = run(wheels=wheels, files=files)
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(found) or "all fits")
    raise typer.Exit(1 if found else 0)
