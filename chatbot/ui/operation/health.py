"""Whether the page can answer now, and an end that lets the answers under way come to theirs."""

import os
import shutil
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from chatbot.ui.operation.guard import Running
from chatbot.ui.shell.context import PageContext

RESERVE = 200_000_000
"""Bytes of the disk that a page does not count on: with less it is not ready, and takes no file."""
GRACE = 30.0
"""Seconds that answers have to end after the page was asked to; systemd's and Docker's own limits must be longer."""


@dataclass(frozen=True)
class Health:
    """What is asked of a page by those who run it."""

    context: PageContext
    running: Running = field(default_factory=Running)
    ending: threading.Event = field(default_factory=threading.Event)

    def checks(self) -> dict[str, bool]:
        """What must hold before visitors are sent here; names alone, since anybody may ask."""
        context = self.context
        offered = context.models()
        return {
            "staying": not self.ending.is_set(),
            "hotels": context.hotels_loaded,
            "model": bool(offered) and context.pool.ready(offered[0].id),
            "workspace": context.demo or _writable(context),
        }

    def wait(self) -> None:
        """Stay until a signal asks for the end, then until no answer is under way, or GRACE is over."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked)
        self.ending.wait()
        if not self.running.wait(GRACE):
            self.context.stop_turns()
            self.running.wait(GRACE / 10)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        """A second signal ends the page at once."""
        if self.ending.is_set():
            os._exit(128 + number)
        self.ending.set()


def _writable(context: PageContext) -> bool:
    workspace = context.settings.workspace
    try:
        return os.access(workspace, os.W_OK) and shutil.disk_usage(workspace).free > RESERVE
    except OSError:
        return False


def gauges(health: Health) -> dict[str, tuple[str, Callable[[], float]]]:
    """What the metrics ask when they are read."""
    context = health.context
    return {
        "chatbot_answers_running": ("events of the page that are being answered", lambda: health.running.now),
        "chatbot_sessions": ("pages that are open", lambda: context.open_sessions),
        "chatbot_ready": ("1 where /readyz says so", lambda: all(health.checks().values())),
    }
