"""Visitors, a review and trainings beside each other for as long as is asked, and what that leaves: memory, open files, processes, temporary files.

    python -m tests.benchmarks.soak --seconds 14400

A line every half minute; at the end what grew since the first eighth of the time. Ends with 1 where memory grew by more than a twentieth, or anything
else at all.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import median

import httpx

from chatbot.core.jobs import ACTIVE, list_jobs, start_task
from chatbot.core.messages import write_conversations
from chatbot.corpus.selfplay.generate import selfplay
from chatbot.hotels.store import HotelStore
from tests.conftest import HOTELS
from tests.servers import answered, free_port
from tests.tiny_models import tiny_llama

EVERY = 30.0
SAID = ("想找能打麻将的经济型酒店", "三百块以内的", "带孩子住，要有泳池", "有没有4.5分以上的", "换一家便宜点的")


@dataclass(frozen=True)
class Seen:
    """The page's process and all that belongs to it: MB, open files, threads, child processes, and files in the temporary folder."""

    memory: float
    files: int
    threads: int
    processes: int
    temporary: int


def look(page: int, folder: Path) -> Seen:
    """As it is now; of memory what only this process holds."""
    proc = Path(f"/proc/{page}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines() if ":" in line)
    children = subprocess.run(["pgrep", "-P", str(page)], capture_output=True, text=True, check=False).stdout.split()
    temporary = sum(len(names) for _, _, names in os.walk(folder))
    memory = int(status["RssAnon"].split()[0]) / 1024
    return Seen(round(memory, 1), len(os.listdir(proc / "fd")), int(status["Threads"]), len(children), temporary)


class Crowd:
    """What goes on beside each other; each part counts what it did, and what went wrong."""

    def __init__(self, address: str, home: Path) -> None:
        self.address, self.home = address, home
        self.done, self.over = Counter[str](), threading.Event()

    def visitor(self, seed: int) -> None:
        """Opens the page, asks a few things by the API, leaves."""
        rng = random.Random(seed)
        while not self.over.is_set():
            with httpx.Client(base_url=self.address, timeout=60, trust_env=False) as client:
                self._counted("page", lambda client=client: client.get("/").raise_for_status())
                for _ in range(3):
                    body = {"model": "hotel-mini", "messages": [{"role": "user", "content": rng.choice(SAID)}]}
                    self._counted(
                        "answer",
                        lambda client=client, body=body: client.post(
                            "/v1/chat/completions", json=body
                        ).raise_for_status(),
                    )
            self.over.wait(rng.uniform(0.2, 1.0))

    def reviewer(self) -> None:
        """Puts cards up, decides and takes back, in the page's own database."""
        from tests.kills.records import Notes, Review

        (self.home / "workspace").mkdir(exist_ok=True)
        scene, rng = Review(), random.Random(1)
        review, notes = scene.opened(self.home / "workspace"), Notes(self.home)
        while not self.over.wait(0.2):
            self._counted("review", lambda: scene.one(review, notes, rng))
        review.close()

    def trainer(self) -> None:
        """One small training after the other."""
        base, data = tiny_llama(self.home / "base"), self.home / "data.jsonl"
        write_conversations(data, selfplay(HotelStore(HOTELS), 40, seed=3))
        jobs = self.home / "workspace" / "jobs"
        fields = {"base": str(base), "data": str(data), "out": "{job}/adapter", "max_steps": 8, "eval_limit": 0}
        while not self.over.is_set():
            job = start_task("finetune", fields | {"max_length": 256, "allow_cut": True}, jobs)
            while job.state in ACTIVE and not self.over.wait(1.0):
                pass
            if not self.over.is_set():
                self.done[f"training {job.state}"] += 1

    def _counted(self, what: str, action: object) -> None:
        try:
            action()  # type: ignore[operator]
            self.done[what] += 1
        except Exception as error:
            self.done[f"{what} failed: {type(error).__name__}"] += 1


def grown(seen: list[Seen]) -> dict[str, float]:
    """By how much each figure is larger in the last eighth than in the second, as medians; memory as a share."""
    step = max(1, len(seen) // 8)
    out = {}
    for field in fields(Seen):
        before, after = (
            median(getattr(one, field.name) for one in part) for part in (seen[step : 2 * step], seen[-step:])
        )
        out[field.name] = round(after / before - 1 if field.name == "memory" else after - before, 3)
    return out


def main() -> int:
    """Run it; the exit code says whether anything grew."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--visitors", type=int, default=4)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="soak-"))
    (home / "tmp").mkdir()
    port, address = free_port(), ""
    env = {**os.environ, "CHATBOT_WORKSPACE": str(home / "workspace"), "TMPDIR": str(home / "tmp")}
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "app.py", "--port", str(port)]
    page = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        answered(f"{address}/healthz", page, 300)
        return _soaked(given.seconds, given.visitors, page.pid, Crowd(address, home))
    finally:
        page.send_signal(signal.SIGTERM)
        page.communicate()
        for job in list_jobs(home / "workspace" / "jobs"):
            job.kill()
        shutil.rmtree(home, ignore_errors=True)


def _soaked(seconds: float, visitors: int, page: int, crowd: Crowd) -> int:
    parts = [threading.Thread(target=crowd.visitor, args=(n,)) for n in range(visitors)]
    parts += [threading.Thread(target=part) for part in (crowd.reviewer, crowd.trainer)]
    for part in parts:
        part.start()
    began, seen = time.monotonic(), list[Seen]()
    print("seconds", *(field.name for field in fields(Seen)), "done", sep="\t", flush=True)
    while (now := time.monotonic() - began) < seconds:
        with suppress(OSError):
            seen.append(look(page, crowd.home / "tmp"))
            print(round(now), *astuple(seen[-1]), dict(crowd.done), sep="\t", flush=True)
        crowd.over.wait(min(EVERY, seconds / 16))
    crowd.over.set()
    for part in parts:
        part.join(120)
    more = grown(seen)
    failed = {what: n for what, n in crowd.done.items() if "failed" in what or "died" in what}
    print("grown", more, "failed", failed)
    return int(more.pop("memory") > 0.05 or any(more[name] > 0 for name in ("files", "temporary")) or bool(failed))


if __name__ == "__main__":
    sys.exit(main())
