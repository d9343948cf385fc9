"""One protocol for long work: a kind of task is a name, a configuration and a function, and every task is run, reported and ended in the same way."""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from chatbot.core.console import Console
from chatbot.core.errors import InputError
from chatbot.core.events import Done, Failed, NullReporter, Progress, Reporter, Stopped
from chatbot.core.jobs import FOLDER_MARK
from chatbot.core.locks import read_json

C = TypeVar("C", bound=BaseModel)


@dataclass(frozen=True)
class Kind(Generic[C]):
    """A kind of task.

    Attributes:
        name: as in `config.json`.
        config: everything that determines a run; `{job}` in it stands for the job's folder.
        run: does the work, reports on the way, and returns its result as plain data; it saves and returns, or raises Stopped, where the
            reporter says so.
        resource: what only one task of a machine can use at a time.
    """

    name: str
    config: type[C]
    run: Callable[[C, Reporter], dict[str, Any]]
    resource: str | None = None


def kind_name(folder: Path) -> str:
    """What kind of task a folder's `config.json` asks for; folders of older versions say it in `job.json`.

    Raises:
        InputError: there is no configuration.
    """
    config = read_json(folder / "config.json")
    if not config:
        raise InputError("core.job_config", value=folder)
    return str(config.get("kind") or read_json(folder / "job.json").get("kind", ""))


def read_config(kind: Kind[C], folder: Path) -> C:
    """The configuration in a job's folder.

    Raises:
        InputError: it is missing, or a field does not fit.
    """
    found = read_json(folder / "config.json")
    if not found:
        raise InputError("core.job_config", value=folder)
    try:
        config = kind.config.model_validate({name: value for name, value in found.items() if name != "kind"})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError("core.job_field", value=first["input"], field=field, reason=first["msg"]) from error
    own = json.dumps(str(folder), ensure_ascii=False)[1:-1]
    return kind.config.model_validate_json(config.model_dump_json().replace(FOLDER_MARK, own))


def execute(kind: Kind[C], config: C, reporter: Reporter) -> dict[str, Any]:
    """Run a task to its end, and report how it ended; returns its result, {} where it was stopped before it had one.

    Raises:
        WorkbenchError: as the task.
    """
    end = reporter if os.environ.get("RANK", "0") == "0" else NullReporter()  # one of several processes tells the end
    try:
        # What libraries print is no part of the result.
        with reporter.alive() if isinstance(reporter, Console) else nullcontext(), redirect_stdout(sys.stderr):
            result = kind.run(config, reporter)
    except Stopped:
        result = {}
    except Exception as error:
        end.event(Failed.of(error))
        raise
    end.event(Done(result=result, stopped=reporter.should_stop()))
    return result


def progress_callback(reporter: Reporter, every: float = 1.0) -> Callable[..., None]:
    """A function of (done, in all, what): reports the progress about once a second, and raises Stopped where a stop was asked for."""
    said = float("-inf")

    def tell(done: int, total: int, what: str = "") -> None:
        nonlocal said
        if done == total or time.monotonic() - said > every:
            said = time.monotonic()
            reporter.event(Progress(done=done, total=total, what=what))
        if done < total and reporter.should_stop():
            raise Stopped

    return tell
