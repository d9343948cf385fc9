"""A page with accounts and a model that says nothing, as a process of its own that a test can kill."""

import sys
import threading
from pathlib import Path

from chatbot.core.accounts import Accounts
from chatbot.core.settings import Settings
from chatbot.models.catalog import ModelChoice
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.server import open_page
from tests.conftest import QueueModel


def main(workspace: Path, port: int) -> None:
    """Serve until somebody kills it."""
    settings = Settings(workspace=workspace, _env_file=None)
    choices = [ModelChoice("hotel-mini", "hotel-mini", "shipped")]
    context = PageContext(
        settings,
        accounts=Accounts(settings.accounts),
        models=lambda settings: choices,
        open_model=lambda model_id, current: QueueModel([]),
    )
    open_page(context, host="127.0.0.1", port=port)
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
