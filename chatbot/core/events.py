"""What long work reports, as one typed union: written line by line into a folder's `events.jsonl`, and read back by one reader, older lines included."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from chatbot.core.errors import WorkbenchError

EVENTS = "events.jsonl"
GAVE_UP = "training.gave_up"
"""The code of a run that its own guard ended."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    time: float = Field(default_factory=lambda: round(time.time(), 3))


class Progress(_Event):
    """How far the work is, in whatever it counts.

    Attributes:
        what: the part that is under way, where there are several.
        aside: how many of the done ones gave no result.
        eta: seconds left; `rough` where it is a guess, because hardly anything has been measured yet.
        paid, at_risk, cap: US dollars spent, in flight, and at most, of all runs together; `cost`: what this run's own calls cost.
    """

    kind: Literal["progress"] = "progress"
    done: int
    total: int
    what: str = ""
    aside: int = 0
    per_minute: float | None = None
    eta: float | None = None
    paid: float | None = None
    at_risk: float | None = None
    cap: float | None = None
    cost: float | None = None
    rough: bool | None = None


class Metrics(_Event):
    """A point of the curves; a figure that was no number is None."""

    kind: Literal["metrics"] = "metrics"
    step: int
    max_steps: int | None = None
    seconds_left: float | None = None
    figures: dict[str, float | None]


class Rollback(_Event):
    """A warning: something went wrong at `step`, and the work goes on from `back_to`, more carefully.

    Attributes:
        conversations: what was in the batch.
        guilty: those of them that are as bad alone, with the weights of `back_to`; None where that was not tried.
    """

    kind: Literal["rollback"] = "rollback"
    step: int
    back_to: int
    learning_rate: float
    reason: str = ""
    conversations: list[str] = []
    guilty: list[str] | None = None


class Note(_Event):
    """Something that a person who reads the log may want to know."""

    kind: Literal["message"] = "message"
    level: Literal["info", "warning"] = "info"
    text: str


class Checkpoint(_Event):
    """The work can go on from here after a kill."""

    kind: Literal["checkpoint"] = "checkpoint"
    step: int
    name: str


class Failed(_Event):
    """Why the work failed, in every language; `code` is "" where it is no error of ours."""

    kind: Literal["failed"] = "failed"
    code: str = ""
    zh: str = ""
    en: str = ""

    @classmethod
    def of(cls, error: Exception) -> "Failed":
        """The event of an error."""
        if isinstance(error, WorkbenchError):
            return cls(code=error.code, zh=error.text("zh"), en=error.text("en"))
        return cls(zh=repr(error), en=repr(error))


class Done(_Event):
    """The work has ended by itself, or because somebody asked it to; `result` is plain data of the task."""

    kind: Literal["done"] = "done"
    stopped: bool = False
    result: dict[str, Any] = {}


Event = Annotated[
    Progress | Metrics | Rollback | Note | Checkpoint | Failed | Done,
    Field(discriminator="kind"),
]
_EVENT: TypeAdapter[Any] = TypeAdapter(Event)
E = TypeVar("E", bound=_Event)


class Stopped(Exception):
    """Raised inside a task that was asked to stop and has nothing more to save."""


class Reporter(Protocol):
    """Where work reports and is told to stop."""

    def event(self, event: Event) -> None:
        """Keep one report."""

    def should_stop(self) -> bool:
        """Whether somebody asked the work to save and end."""
        ...


class NullReporter:
    """Nobody watches."""

    def event(self, event: Event) -> None:
        """Drop the report."""

    def should_stop(self) -> bool:
        """Never."""
        return False


class JobWriter:
    """The reporter of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._path = self.folder / EVENTS
        if self._path.exists() and not self._path.read_bytes().endswith(b"\n"):
            self._append("\n")  # a kill tore the last line: the next one must not be glued to it

    def event(self, event: Event) -> None:
        """Append one event.

        Raises:
            ValueError: a result is not JSON (NaN is not: pass None).
        """
        line = {name: value for name, value in event.model_dump().items() if value is not None}
        self._append(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")

    def should_stop(self) -> bool:
        """Whether somebody asked the task to save and end."""
        return (self.folder / "stop").exists()

    def _append(self, text: str) -> None:
        with self._path.open("a", encoding="utf-8") as out:
            out.write(text)


def read_events(folder: Path) -> Iterator[Event]:
    """What was reported into a folder so far; a line torn by a kill, or of a kind that we don't know, is left out."""
    path = Path(folder) / EVENTS
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as lines:
        for text in lines:
            if (event := read_event(text)) is not None:
                yield event


def recent_events(folder: Path, size: int = 200_000) -> list[Event]:
    """The events at the end of a folder's log, from its last so many bytes: what a page that looks every second needs of a long one."""
    path = Path(folder) / EVENTS
    if not path.exists():
        return []
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - size))
        lines = log.read().decode("utf-8", errors="replace").splitlines()
    return [event for text in lines if (event := read_event(text)) is not None]


def read_event(text: str) -> Event | None:
    """One line of `events.jsonl`; None where it is no event."""
    try:
        line = json.loads(text)
        return _EVENT.validate_python(_renewed(line)) if isinstance(line, dict) else None
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None


def last(events: list[Event], *kinds: type[E]) -> E | None:
    """The newest event of these kinds."""
    return next((event for event in reversed(events) if isinstance(event, kinds)), None)


def finite_or_none(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers among some values; None stands for one that is none."""
    numbers = {name: value for name, value in figures.items() if isinstance(value, int | float)}
    return {name: value if math.isfinite(value) else None for name, value in numbers.items()}


def _renewed(line: dict[str, Any]) -> dict[str, Any]:
    """A line of the versions in which every task had a shape of its own, as one of today's; others as they are."""
    rest = {name: value for name, value in line.items() if name not in ("time", "event", "kind")}
    found: dict[str, Any] | None = None
    match line.get("event", line.get("kind")):
        case "begin":
            found = {"kind": "progress", "done": rest.get("step"), "total": rest.get("max_steps")}
        case "log" | "eval":
            named = {name: rest.pop(name, None) for name in ("step", "max_steps", "seconds_left")}
            found = {"kind": "metrics", **named, "figures": finite_or_none(rest)}
        case "rollback":
            found = {"kind": "rollback", **rest}
        case "end" if rest.get("verdict"):
            found = {"kind": "failed", "code": GAVE_UP, "zh": rest["verdict"], "en": rest["verdict"]}
        case "end" | "result":
            found = {"kind": "done", "result": rest}
        case "batch":
            found = {"kind": "progress", "what": "batch", **rest}
        case None if "total" in rest:
            found = {"kind": "progress", **rest}
    return line if found is None else {"time": line.get("time", 0.0), **found}
