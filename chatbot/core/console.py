"""What a person at the command line sees of long work: how far it is, its losses, what went wrong, and a sign of life where nothing is told."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chatbot.core.events import Checkpoint, Event, Metrics, Note, NullReporter, Progress, Reporter, Rollback

SILENCE = 4.0
"""Seconds without a report after which the last one is shown again, with the time that has passed."""


class Console:
    """Shows reports on stderr, and passes every one on."""

    def __init__(self, reporter: Reporter | None = None, silence: float = SILENCE) -> None:
        self._reporter, self._silence = reporter or NullReporter(), silence
        self._told, self._since, self._shown = "", time.monotonic(), time.monotonic()
        self._width = 0

    def event(self, event: Event) -> None:
        """One report."""
        self._reporter.event(event)
        text, lasting = _text(event)
        if text:
            self._told, self._since = text, time.monotonic()
            self._show(text, lasting=lasting)

    def should_stop(self) -> bool:
        """Whether the task was asked to stop."""
        return self._reporter.should_stop()

    @contextmanager
    def alive(self) -> Iterator[None]:
        """While the work goes on, no silence lasts longer than a few seconds."""
        over = threading.Event()
        self._since = time.monotonic()
        watch = threading.Thread(target=self._watch, args=(over,), daemon=True)
        watch.start()
        try:
            yield
        finally:
            over.set()
            watch.join()
            if self._width:
                print(file=sys.stderr, flush=True)
                self._width = 0

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(self._silence / 4):
            now = time.monotonic()
            if now - self._shown >= self._silence:
                self._show(f"{self._told} … {now - self._since:.0f} s".strip(), lasting=False)

    def _show(self, text: str, *, lasting: bool) -> None:
        """A line that the next one overwrites, or one that stays."""
        print("\r" + text.ljust(self._width), end="\n" if lasting else "", file=sys.stderr, flush=True)
        self._width, self._shown = 0 if lasting else len(text), time.monotonic()


def _text(event: Event) -> tuple[str, bool]:
    """What is shown of a report, and whether it stays; "" of one that says nothing by itself."""
    match event:
        case Progress():
            parts = [f"{event.done}/{event.total}" if event.total else "", event.what]
            parts += [] if event.per_minute is None else [f"{event.per_minute}/min"]
            parts += [] if event.paid is None else [f"${event.paid:.4f}"]
            return " ".join(filter(None, parts)), event.done == event.total > 0
        case Metrics():
            return _figures(event), any(name.startswith("eval_") for name in event.figures)
        case Note():
            return event.text, True
        case Rollback():
            back = f"back to step {event.back_to} at a learning rate of {event.learning_rate:.3g}"
            return f"step {event.step}: {event.reason}; {back}", True
        case Checkpoint():
            return f"saved {event.name}", False
    return "", False


def _figures(event: Metrics) -> str:
    shown = ("loss", "learning_rate", "eval_loss", "eval_slot_f1", "eval_call_exact", "eval_act_accuracy")
    parts = [f"step {event.step}/{event.max_steps or '?'}"]
    parts += [f"{name.removeprefix('eval_')} {event.figures[name]:.4g}" for name in shown if event.figures.get(name)]
    parts += [] if event.seconds_left is None else [f"{event.seconds_left:.0f} s left"]
    return "  ".join(parts)
