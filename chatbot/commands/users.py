"""`users add|list|remove`: the accounts of a page that others can reach."""

import json
import sys
from typing import Annotated

import typer

from chatbot.core.settings import settings


def register(app: typer.Typer) -> None:
    """Add the `users` commands."""
    users = typer.Typer(no_args_is_help=True, help="Accounts of a page that other machines can reach.")
    users.command()(add)
    users.command("list")(list_users)
    users.command()(remove)
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
