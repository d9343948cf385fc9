"""A long task as its own process and folder, so that it outlives the page, can be followed from anywhere, and never lies about its state.

Its files: `job.json` (kind, argv, resource), `config.json`, `events.jsonl` (see `core.events`), `log.txt`, `status.json`, `lock`, `stop` where one was asked
for, and `error.json` where the last attempt failed with an error that we know.
Supervisor (`python -m chatbot.core.jobs FOLDER`) and task both hold `lock`, which the kernel frees when the last is gone: "running" beside a free lock is dead.
"""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal, get_args

from chatbot.core.errors import JobError, Language, WorkbenchError
from chatbot.core.events import Event, read_events
from chatbot.core.locks import is_locked, lock, read_json, try_lock, write_json

State = Literal["queued", "running", "stopping", "done", "failed", "stopped", "died"]
ACTIVE: tuple[State, ...] = ("queued", "running", "stopping")
FOLDER_MARK = "{job}"
"""Stands in an argv for the job's own folder, which has no name before the start."""
_TASK_FOLDER = "CHATBOT_TASK_FOLDER"
"""Tells a task in its environment which job it is."""
_ROOT = Path(__file__).resolve().parent.parent.parent


def _resource_lock(root: Path, resource: str) -> Path:
    return Path(root) / f".{resource.replace('/', '_')}.lock"


@contextmanager
def claim(root: Path, resource: str) -> Iterator[None]:
    """Hold a resource of this machine (e.g. "cuda:0") against all jobs of `root`.

    Raises:
        JobError: somebody has it.
    """
    with lock(_resource_lock(root, resource)):
        yield


class Job:
    """One job's folder, seen from outside; cheap, holds nothing open."""

    def __init__(self, folder: Path) -> None:
        """Raises JobError where the folder holds no job."""
        self.folder = Path(folder)
        self._job = read_json(self.folder / "job.json")
        if not (isinstance(self._job.get("kind"), str) and isinstance(self._job.get("created"), int | float)):
            raise JobError("core.no_job", value=folder)

    @property
    def id(self) -> str:
        """The folder's name; sorts by the time of the start."""
        return self.folder.name

    @property
    def kind(self) -> str:
        """What sort of task it is, e.g. "finetune"."""
        return str(self._job["kind"])

    @property
    def resource(self) -> str | None:
        """What it needs for itself."""
        return self._job.get("resource")

    @property
    def created(self) -> float:
        """Unix time of the start."""
        return float(self._job["created"])

    @property
    def config(self) -> dict[str, Any]:
        """What it was started with."""
        return read_json(self.folder / "config.json")

    @property
    def status(self) -> dict[str, Any]:
        """Details as the supervisor noted them: state, pid, attempt, started, ended, code."""
        return read_json(self.folder / "status.json")

    @property
    def state(self) -> State:
        """What is true now, whoever was killed in between."""
        # The lock is asked first: a job that ends between the two looks has its final state noted before it lets go.
        alive = is_locked(self.folder / "lock")
        noted: State = self.status.get("state", "died")
        if noted not in ACTIVE:
            return noted if noted in get_args(State) else "died"
        if not alive:
            return "died"
        return "stopping" if (self.folder / "stop").exists() else noted

    def events(self) -> Iterator[Event]:
        """What the task has reported so far."""
        return read_events(self.folder)

    def log_tail(self, n: int = 40) -> str:
        """The last `n` lines of what the task printed; a progress bar counts as its last state."""
        path = self.folder / "log.txt"
        if not path.exists():
            return ""
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 400 * max(n, 40)))
            lines = log.read().decode("utf-8", errors="replace").split("\n")
        return "\n".join([line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines if line.strip()][-n:])

    def error(self, language: Language) -> str:
        """Why the task failed, for a person; "" where it left no error that we know."""
        return str(read_json(self.folder / "error.json").get(language, ""))

    def stop(self) -> None:
        """Ask the task to save and end; one that waits in the queue ends at once."""
        (self.folder / "stop").touch()

    def kill(self) -> None:
        """End supervisor and task now, saving nothing; no-op where none is alive."""
        pid = self.status.get("pid")
        if pid and is_locked(self.folder / "lock"):
            os.killpg(int(pid), signal.SIGKILL)

    def resume(self, env: dict[str, str] | None = None) -> None:
        """Run the same command again; the task itself goes on from its last checkpoint.

        Raises:
            JobError: it is still running.
        """
        _launch(self, env)

    def wait(self, seconds: float = 60.0) -> State:
        """Block until the job is no longer active, or until `seconds` are over; returns the state."""
        deadline = time.monotonic() + seconds
        while (state := self.state) in ACTIVE and time.monotonic() < deadline:
            time.sleep(0.05)
        return state


def start(
    kind: str,
    config: dict[str, Any],
    argv: list[str],
    root: Path,
    *,
    resource: str | None = None,
    env: dict[str, str] | None = None,
    name: str | None = None,
) -> Job:
    """Start a command as a job of its own; it outlives this process.

    Args:
        kind: what sort of task, for lists.
        config: kept as config.json; must hold no secret.
        argv: the command; `{job}` in it becomes the job's folder. Exit code 0 means done (or stopped, where a stop was asked for).
        root: the folder of all jobs.
        resource: something that only one job can use at a time; the others wait in the order of their start.
        env: added to the environment and stored nowhere (for keys).
        name: of the folder, instead of one made from time and kind.
    """
    folder = Path(root) / (name or f"{time.strftime('%Y%m%d-%H%M%S')}-{kind}-{secrets.token_hex(2)}")
    if folder.exists():  # a clock that was set back gives a name twice
        folder = folder.with_name(f"{folder.name}-{secrets.token_hex(2)}")
    folder.mkdir(parents=True)
    write_json(folder / "config.json", config)
    argv = [part.replace(FOLDER_MARK, str(folder)) for part in argv]
    write_json(folder / "job.json", {"kind": kind, "argv": argv, "resource": resource, "created": time.time()})
    job = Job(folder)
    _launch(job, env)
    return job


def start_task(kind: str, config: dict[str, Any], root: Path, *, through: Sequence[str] = (), **how: Any) -> Job:
    """Start `python -m chatbot run FOLDER`, which finds its task by the kind in `config.json`; `how` is as of `start`, `through` a launcher's words."""
    argv = [sys.executable, "-m", *through, "chatbot", "run", FOLDER_MARK]
    return start(kind, {"kind": kind, **config}, argv, root, **how)


def supervised(folder: Path) -> bool:
    """Whether this process is the task that a supervisor runs for a folder."""
    return os.environ.get(_TASK_FOLDER) == str(Path(folder).resolve())


@contextmanager
def in_foreground(folder: Path, kind: str) -> Iterator[None]:
    """Be a job's task in this process, without a supervisor: the folder is locked, and its state is noted.

    Nothing is left to do for the task of a supervisor, and for all but the first of several processes.

    Raises:
        JobError: the job is running already.
    """
    if supervised(folder) or os.environ.get("RANK", "0") != "0":
        yield
        return
    if not (folder / "job.json").exists():
        argv = [sys.executable, "-m", "chatbot", "run", str(folder)]
        write_json(folder / "job.json", {"kind": kind, "argv": argv, "resource": None, "created": time.time()})
    job = Job(folder)
    with lock(folder / "lock"):
        _begin(job, state="running", started=time.time())
        state: State = "died"
        try:
            yield
            state = "stopped" if (folder / "stop").exists() else "done"
        except Exception as error:
            state = "failed"
            note_error(error, folder)
            raise
        finally:
            _note(job, state=state, ended=time.time())


def note_error(error: Exception, task_folder: Path | None = None) -> None:
    """Keep why a command failed, in every language, where it is the task of a job and failed with an error that we know."""
    folder = task_folder or os.environ.get(_TASK_FOLDER)
    if folder and isinstance(error, WorkbenchError):
        told = {"code": error.code, "zh": error.text("zh"), "en": error.text("en")}
        with suppress(OSError):  # the disk may be full, which is then what failed
            write_json(Path(folder) / "error.json", told)


def list_jobs(root: Path, kind: str | None = None) -> list[Job]:
    """All jobs of a folder, the newest first; one whose `job.json` a power cut has torn is passed over."""
    jobs = []
    for path in Path(root).glob("*/job.json"):
        with suppress(JobError):
            jobs.append(Job(path.parent))
    return sorted((job for job in jobs if kind in (None, job.kind)), key=lambda job: job.created, reverse=True)


def _launch(job: Job, env: dict[str, str] | None) -> None:
    """Lock the folder, start the supervisor with the lock in its hands, let go of ours."""
    with lock(job.folder / "lock") as own:
        _begin(job, state="queued")
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        with (job.folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "chatbot.core.jobs", str(job.folder), str(own.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[own.fileno()],
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **(env or {})},
            )
    threading.Thread(target=process.wait, daemon=True).start()  # so that an ended supervisor leaves no zombie


def _begin(job: Job, **fields: Any) -> None:
    """A new attempt: what the last one left does not concern it."""
    for left in ("stop", "error.json"):
        (job.folder / left).unlink(missing_ok=True)
    write_json(job.folder / "status.json", {"attempt": job.status.get("attempt", 0) + 1, **fields})


def _note(job: Job, **fields: Any) -> None:
    write_json(job.folder / "status.json", job.status | fields)


def _wait_turn(job: Job) -> IO[bytes] | None:
    """Wait for the job's resource, first come first served; None where a stop was asked for meanwhile."""
    root = job.folder.parent
    while not (job.folder / "stop").exists():
        ahead = [
            other
            for other in list_jobs(root)
            if other.resource == job.resource and other.created < job.created and other.state == "queued"
        ]
        if not ahead and (taken := try_lock(_resource_lock(root, str(job.resource)))):
            return taken
        time.sleep(0.2)
    return None


def _supervise(folder: Path, own: int) -> int:
    """Wait for the turn, run the command, note how it ended; runs in a process of its own."""
    job = Job(folder)
    _note(job, pid=os.getpid())
    taken = _wait_turn(job) if job.resource else None
    if job.resource and taken is None:
        _note(job, state="stopped", ended=time.time())
        return 0
    _note(job, state="running", started=time.time())
    keep = [own, *([taken.fileno()] if taken else [])]  # the task holds them too: it may outlive a killed supervisor
    env = {**os.environ, _TASK_FOLDER: str(folder.resolve())}
    code = subprocess.run(job._job["argv"], check=False, pass_fds=keep, env=env).returncode
    stopped = (folder / "stop").exists()
    state: State = "died" if code < 0 and not stopped else "failed" if code > 0 else "stopped" if stopped else "done"
    _note(job, state=state, code=code, ended=time.time())
    return 0


if __name__ == "__main__":
    sys.exit(_supervise(Path(sys.argv[1]), int(sys.argv[2])))
