"""`backup` and `restore`: a copy of a workspace that is in use, and the way back."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from chatbot.core.settings import settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    out: Annotated[Path | None, typer.Argument(help="the archive; default: workspace-TIME.tar.gz here")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False,
) -> None:
    """Copy the workspace into one archive, also while the page and its jobs run; a review in PostgreSQL is copied by pg_dump."""
    from chatbot.core.storage import backup as storage

    current = settings()
    path = out or Path(f"workspace-{time.strftime('%Y%m%d-%H%M%S')}.tar.gz")
    done = storage.backup(current.workspace, path).to_dict() | {"archive": str(path), "review": not current.review_url}
    if as_json:
        typer.echo(json.dumps(done))
        return
    typer.echo(f"{done['files']:,} files, {done['databases']} databases, {done['bytes']:,} bytes → {path}")
    if current.review_url:
        typer.echo(
            "the review lies in PostgreSQL (CHATBOT_REVIEW_URL) and is not in it: copy it with pg_dump", err=True
        )


def restore(
    archive: Annotated[Path, typer.Argument(help="what `backup` wrote")],
    replace: Annotated[
        bool, typer.Option("--replace", help="put a workspace that is there aside, as NAME.before-TIME")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False,
) -> None:
    """Make the workspace of a backup; every file is checked first, and nothing changes where one is damaged."""
    from chatbot.core.storage import backup as storage

    workspace = settings().workspace
    done = storage.restore(archive, workspace, replace=replace).to_dict()
    told = f"{done['files']:,} files, {done['databases']} databases, {done['bytes']:,} bytes → {workspace}"
    typer.echo(json.dumps(done) if as_json else told)
