"""`users add|list|remove|token|sessions|revoke`: the accounts of a page that others can reach, and what lets them in."""

import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from chatbot.core.settings import settings

if TYPE_CHECKING:
    from chatbot.core.trust.passes import Passes


def register(app: typer.Typer) -> None:
    """Add the `users` commands."""
    users = typer.Typer(no_args_is_help=True, help="Accounts of a page that other machines can reach.")
    users.command()(add)
    users.command("list")(list_users)
    users.command()(remove)
    users.command()(token)
    users.command()(sessions)
    users.command()(revoke)
    app.add_typer(users, name="users")


def add(
    name: Annotated[str, typer.Argument(help="the name to log in with")],
    role: Annotated[str, typer.Option(help="annotator, engineer or admin")],
    password_stdin: Annotated[
        bool, typer.Option(help="read the password from standard input instead of asking")
    ] = False,
) -> None:
    """Add a user, or change an existing one's password and role."""
    from chatbot.core.accounts import Accounts

    password = (
        sys.stdin.readline().rstrip("\n")
        if password_stdin
        else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    Accounts(settings().accounts).add(name, password, role)
    typer.echo(f"{name} may log in as {role}")


def list_users(as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False) -> None:
    """Show who may log in, and as what."""
    from chatbot.core.accounts import Accounts

    roles = Accounts(settings().accounts).roles()
    typer.echo(
        json.dumps(roles, ensure_ascii=False)
        if as_json
        else "\n".join(f"{name}\t{role}" for name, role in roles.items()) or "no accounts yet"
    )


def remove(name: Annotated[str, typer.Argument(help="the name to remove")]) -> None:
    """Remove a user."""
    from chatbot.core.accounts import Accounts

    Accounts(settings().accounts).remove(name)
    typer.echo(f"{name} may no longer log in")


def token(
    name: Annotated[str, typer.Argument(help="whose it is; it may do what that user may")],
    days: Annotated[float, typer.Option(help="after how many days it ends")] = 90,
    label: Annotated[str, typer.Option(help="what it is for, as `users sessions` shows it")] = "",
) -> None:
    """Make a token for a program (/v1 and MCP) and print it; it is shown this once."""
    typer.echo(_passes().give(name, "token", days=days, label=label))


def sessions(as_json: Annotated[bool, typer.Option("--json", help="as one JSON list")] = False) -> None:
    """Show what lets somebody in now: sessions of browsers and tokens of programs, by number."""
    valid = _passes().valid()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in valid], ensure_ascii=False))
        return
    lines = [f"{one.id}\t{one.name}\t{one.kind}\tuntil {_date(one.expires)}\t{one.label}".rstrip() for one in valid]
    typer.echo("\n".join(lines) or "nobody is logged in, and there is no token")


def revoke(
    number: Annotated[str, typer.Argument(help="of a session or token, or with --all a user's name")],
    everything: Annotated[bool, typer.Option("--all", help="all sessions and tokens of the user")] = False,
) -> None:
    """End a session or token at once."""
    if everything:
        typer.echo(f"{_passes().revoke_all(number)} ended")
    else:
        _passes().revoke(number)
        typer.echo(f"{number} has ended")


def _passes() -> "Passes":
    from chatbot.core.accounts import Accounts
    from chatbot.core.trust.passes import Passes

    return Passes(settings().access, Accounts(settings().accounts))


def _date(when: float) -> str:
    return datetime.fromtimestamp(when).strftime("%Y-%m-%d %H:%M")
