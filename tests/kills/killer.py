"""Does one kind of work again and again while its process is killed, or its disk fails, at random moments, and asks after each what holds.

Half of the kills (-9) are drawn by the clock, half by the operation on files at which the process dies: narrow gaps between a file and its mark
are hit by the second way. Work runs in forked children of this process, which has imported what it needs and opened nothing.
Run it with: python -m tests.kills.killer SCENE FOLDER --times 20 --seed 1
"""

import argparse
import ctypes
import errno
import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from chatbot.core.errors import WorkbenchError
from chatbot.core.storage.trouble import trouble

MOST_A_LIFE = 6
"""Kills after which a piece of work is let go to its end."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "sqlite3.connect")
TOLD = 3
"""The exit code of work that ended with an error that has words."""
DISKS = {"full": errno.ENOSPC, "broken": errno.EIO, "read-only": errno.EROFS, "slow": 0}
SLOW = 20
"""Milliseconds of each flush of a slow disk."""
Armed = Callable[[], None]


class Scene(Protocol):
    """One kind of work, in a folder of its own; all of it but `open` and `close` runs in a child."""

    def begin(self, home: Path) -> None:
        """Lay out what the work needs."""

    def open(self, home: Path) -> None:
        """Start what must outlive a kill, as a server."""

    def close(self) -> None:
        """End it."""

    def work(self, home: Path) -> None:
        """Do the work, or go on with it."""

    def check(self, home: Path) -> list[str]:
        """What does not hold although it must after any kill."""

    def end(self, home: Path, whole: Path) -> list[str]:
        """What does not hold although it must at the end; `whole` is the folder of the same work without a kill."""


@dataclass
class Told:
    """What came of it: what was done how often, how often the work came to its end, and what was wrong."""

    times: Counter[str] = field(default_factory=Counter)
    ends: int = 0
    wrong: list[str] = field(default_factory=list)


def in_child(action: Callable[[], Any], home: Path, seconds: float | None = None, arm: Armed = lambda: None) -> int:
    """Run something in a forked child; returns its exit code, or −9 where it was killed, by itself or after so many seconds."""
    child = os.fork()
    if child == 0:
        _be_child(action, home, arm)
    if seconds is not None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _be_child(action: Callable[[], Any], home: Path, arm: Armed) -> None:
    code = 1
    try:
        log = os.open(home / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        arm()
        action()
        code = 0
    except BaseException as error:
        traceback.print_exc()
        known = isinstance(error, WorkbenchError) or trouble(error) or getattr(error, "code", 0) == 2
        code = TOLD if known else 1
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def die_at(step: int, home: Path) -> None:
    """Kill this process at its n-th change of a file below `home`; −1 counts them all into the file `steps`."""
    seen, place = 0, str(home)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        changes = event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES)
        if changes and any(isinstance(part, str | bytes | Path) and place in os.fsdecode(part) for part in arguments):
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)
            if step < 0:
                os.pwrite(counter, f"{seen:8d}".encode(), 0)

    counter = os.open(home / "steps", os.O_WRONLY | os.O_CREAT) if step < 0 else -1
    sys.addaudithook(hook)


@dataclass
class Killer:
    """Kills the work of one scene."""

    scene: Scene
    folder: Path
    rng: random.Random
    told: Told = field(default_factory=Told)
    seconds: float = 0.0
    steps: int = 1

    def run(self, times: int) -> Told:
        """Kill so many times, in as many lives as that takes, after one life without."""
        whole, lives = self._life("whole"), 0
        while self.told.times.total() < times and not self.told.wrong:
            lives += 1
            self._life(f"life-{lives}", min(MOST_A_LIFE, times - self.told.times.total()), whole)
        return self.told

    def _life(self, name: str, most: int = 0, whole: Path | None = None) -> Path:
        home = self.folder / name
        home.mkdir(parents=True)
        self._must(lambda: self.scene.begin(home), home, "the beginning")
        self.scene.open(home)
        try:
            for _ in range(most):
                if not self.stopped(home):
                    break
            self._to_its_end(home, whole)
        finally:
            self.scene.close()
        return home

    def _to_its_end(self, home: Path, whole: Path | None) -> None:
        began = time.monotonic()
        work = self.measured(home) if whole is None else lambda: self.scene.work(home)
        self._must(work, home, "going on")
        if whole is None:
            self.seconds, self.steps = time.monotonic() - began, int((home / "steps").read_text() or 1)
        self.ask(lambda: self.scene.check(home) + self.scene.end(home, whole or home), home)
        self.told.ends += 1

    def measured(self, home: Path) -> Callable[[], None]:
        """The work, which leaves in the file `steps` how many moments it has."""

        def work() -> None:
            die_at(-1, home)
            self.scene.work(home)

        return work

    def stopped(self, home: Path) -> bool:
        """One attempt; False where the work had come to its end before its moment."""
        by_clock = self.rng.random() < 0.5
        seconds = self.rng.uniform(0.0, self.seconds) if by_clock else None
        step = 0 if by_clock else self.rng.randint(1, max(1, self.steps))
        code = in_child(lambda: self.scene.work(home), home, seconds, lambda: die_at(step, home))
        if code == -signal.SIGKILL:
            return self.noted("clock" if by_clock else "file", home)
        if code:
            self.told.wrong.append(f"{home.name}: going on failed: {self.log(home)}")
        return False

    def noted(self, what: str, home: Path) -> bool:
        """Count what was done to the work, and ask what holds; whether all does."""
        self.told.times[what] += 1
        self.ask(lambda: self.scene.check(home), home)
        return not self.told.wrong

    def _must(self, action: Callable[[], Any], home: Path, what: str) -> None:
        if code := in_child(action, home):
            self.told.wrong.append(f"{home.name}: {what} ended with {code}: {self.log(home)}")

    def ask(self, question: Callable[[], list[str]], home: Path) -> None:
        """Note what does not hold."""
        answer = home / "answer.json"
        self._must(lambda: answer.write_text(json.dumps(question(), ensure_ascii=False)), home, "the question")
        with suppress(OSError, ValueError):
            self.told.wrong += [f"{home.name}: {wrong}" for wrong in json.loads(answer.read_text())]

    def log(self, home: Path) -> str:
        """The end of what the work has printed."""
        return (home / "log.txt").read_text(errors="replace")[-1500:]


@dataclass
class Breaker(Killer):
    """Lets the disk of the work fail instead, by a library that was preloaded: `failing_disk.c`."""

    shim: Any = None

    def measured(self, home: Path) -> Callable[[], None]:
        """The work, which leaves in the file `steps` how many operations on its disk it has."""

        def work() -> None:
            self.shim.fail_at(os.fsencode(home), 0, 0, 0)
            self.scene.work(home)
            (home / "steps").write_text(str(self.shim.counted()))

        return work

    def stopped(self, home: Path) -> bool:
        """One attempt on a disk that fails from some operation on: the work ends with words, or it did not need it any more."""
        kind = self.rng.choice(list(DISKS))
        after, slow = self.rng.randint(0, max(1, self.steps)), SLOW if kind == "slow" else 0

        def arm() -> None:
            self.shim.fail_at(os.fsencode(home), DISKS[kind], after, slow)

        code = in_child(lambda: self.scene.work(home), home, arm=arm)
        if code not in (0, TOLD):
            self.told.wrong.append(f"{home.name}: a disk that is {kind} has no words ({code}): {self.log(home)}")
        fine = self.noted(kind, home) if code == TOLD or kind == "slow" else not self.told.wrong
        return fine and code == TOLD


def main() -> None:
    """Print what came of it as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scene", help="module.name, as records.review")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--disk", type=Path, help="failing_disk.c, compiled and preloaded: the disk fails instead of a kill"
    )
    given = parser.parse_args()
    room, _, name = given.scene.partition(".")
    scene, rng = import_module(f"tests.kills.{room}").SCENES[name](), random.Random(f"{given.scene}-{given.seed}")
    folder = given.folder.resolve()
    killer = Breaker(scene, folder, rng, shim=_loaded(given.disk)) if given.disk else Killer(scene, folder, rng)
    print(json.dumps(vars(killer.run(given.times)), ensure_ascii=False))


def _loaded(path: Path) -> Any:
    shim = ctypes.CDLL(str(path))
    shim.fail_at.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_long, ctypes.c_int]
    shim.counted.restype = ctypes.c_long
    return shim


if __name__ == "__main__":
    main()
