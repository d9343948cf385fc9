"""One page a workspace: two would each hold models, sessions and quotas of their own, and neither would know of the other."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatbot.core.errors import JobError, StorageError
from chatbot.core.locks import read_json, try_lock, write_json
from chatbot.core.storage.trouble import trouble

LOCK, OWNER = ".page.lock", ".page.json"
"""The lock is the kernel's, so that it is free after any kill; who holds it stands beside it, for people."""


@contextmanager
def opened(workspace: Path, address: str) -> Iterator[None]:
    """Hold a workspace for one page.

    Raises:
        JobError: another page has it open.
        StorageError: the folder cannot be written.
    """
    try:
        held = try_lock(workspace / LOCK)
        if held is not None:
            write_json(workspace / OWNER, {"pid": os.getpid(), "address": address, "since": time.time()})
    except OSError as error:
        raise trouble(error) or StorageError("core.disk_closed") from error
    if held is None:
        raise JobError("core.workspace_open", value=workspace, address=owner(workspace))
    with held:
        yield


def owner(workspace: Path) -> str:
    """The address of the page that has a workspace open, "?" where it has not said; to be asked only while it is locked."""
    return str(read_json(workspace / OWNER).get("address") or "?")
