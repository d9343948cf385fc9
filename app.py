"""Opens the page: builds it from chatbot.ui and launches it; nothing else."""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from chatbot.core.accounts import Accounts, check_host
from chatbot.core.errors import WorkbenchError
from chatbot.core.settings import settings
from chatbot.core.storage.trouble import trouble


def launch(
    hotels: Annotated[
        Path | None, typer.Option(help="a hotel database in CrossWOZ's form; default: the shipped, invented hotels")
    ] = None,
    host: Annotated[
        str, typer.Option(help="any host but 127.0.0.1 needs accounts: python -m chatbot users add NAME --role admin")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="the port to listen on", min=1, max=65535)] = 7860,
    demo: Annotated[
        bool,
        typer.Option(
            help="a public demo: Chat and Evaluate on shipped data, no accounts, nothing that spends, trains or stores"
        ),
    ] = False,
) -> None:
    """Open the hotel chatbot workbench in a browser."""
    chosen = settings().model_copy(update={"hotels": hotels} if hotels else {})
    on_spaces = bool(chosen.on_spaces)
    accounts = Accounts(chosen.accounts)
    if not (demo or on_spaces):
        check_host(host, accounts)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    gc.disable()  # what a start makes stays; to look through it again and again takes a fifth of its time. run_server enables it
    from chatbot.ui.shell.server import run_server

    run_server(chosen, host="0.0.0.0" if on_spaces else host, port=port, demo=demo or on_spaces, accounts=accounts)


def main() -> None:
    """Run the command line; a known error prints its message and exits with 2."""
    try:
        typer.run(launch)
    except Exception as error:
        known = error if isinstance(error, WorkbenchError) else trouble(error)
        if known is None:
            raise
        print(f"error: {known}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
