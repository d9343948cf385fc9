"""Augmentation by a paid API, call after call and in batches, against the server that takes only what OpenAI takes and bills all that it answers."""

import asyncio
import os
import signal
import socket
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from chatbot.core.events import JobWriter, NullReporter
from chatbot.core.locks import read_json, write_json
from chatbot.core.settings import override_settings, settings
from chatbot.corpus.augmentation.augment import plan
from chatbot.corpus.augmentation.cache import AnswerCache
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.modes import run_batch
from chatbot.corpus.augmentation.run import run_augment
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.review.queue import ReviewStore
from chatbot.hotels.store import HotelStore
from tests.conftest import HOTELS, write_hotels
from tests.corpus import openai_server
from tests.corpus.paid_run import KEYS, corpus, stats
from tests.servers import free_port


class Direct:
    """Calls, of which some fail; what comes back goes into the review."""

    faults, latency = 0.1, 0.05

    def begin(self, home: Path) -> None:
        """A corpus and a hotel database."""
        corpus(HotelStore(HOTELS), home / "corpus.jsonl", 12)
        write_hotels(home / "hotels.json")

    def open(self, home: Path) -> None:
        """The server, as a process of its own."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._server = os.fork()
        if self._server == 0:
            with suppress(BaseException):
                server = openai_server.Server(self.faults, 1e6, self.latency, 1, "429,500,malformed")
                openai_server.uvicorn.run(server.app(), port=port, log_level="critical")
            os._exit(0)
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.1)

    def close(self) -> None:
        """End the server."""
        os.kill(self._server, signal.SIGKILL)
        os.waitpid(self._server, 0)

    def config(self, home: Path) -> AugmentConfig:
        """The run; its address differs from life to life, its tasks don't."""
        override_settings(workspace=str(home / "workspace"))
        os.environ.update(KEYS)
        settings.cache_clear()
        paths = {"corpus": home / "corpus.jsonl", "out": home / "out", "hotels": home / "hotels.json"}
        how = {"mode": "direct", "new": 6, "concurrency": 6, "timeout": 5.0, "second_parser": "", "run": "killed"}
        return AugmentConfig(**paths, **how, base_url=f"{self.url}/v1", cache=home / "answers.sqlite")

    def work(self, home: Path) -> None:
        """The run as the page's job does it."""
        write_json(home / "figures.json", run_augment(self.config(home), JobWriter(home)))

    def check(self, home: Path) -> list[str]:
        """No answer is billed twice, none is forgotten, no card is there twice."""
        billed, wrong = stats(self.url), list[str]()
        if billed["twice"]:
            wrong.append(f"{billed['twice']} requests were paid twice")
        if not (home / "answers.sqlite").exists():
            return wrong + ([f"{billed['paid']} paid, nothing noted"] if billed["paid"] else [])
        with closing(AnswerCache(home / "answers.sqlite")) as cache:
            spent = cache.spent()
        if billed["money"] > spent.paid + spent.at_risk + 1e-9:
            wrong.append(f"billed {billed['money']}, counted {spent}")
        with closing(sqlite3.connect(home / "answers.sqlite")) as raw:
            twice = "SELECT count(*) FROM (SELECT 1 FROM calls WHERE state='answered' GROUP BY key HAVING count(*) > 1)"
            wrong += ["an answer is kept twice"] if raw.execute(twice).fetchone()[0] else []
        return wrong

    def end(self, home: Path, whole: Path) -> list[str]:
        """Every task is done or set aside, what was billed is what is counted, and the cards are those of the run."""
        figures, billed, wrong = read_json(home / "figures.json"), stats(self.url), list[str]()
        made = read_conversations(home / "out" / "augmented.jsonl")
        if figures["state"] != "done" or figures["made"] + figures["aside"] != figures["total"]:
            wrong.append(f"not all is done: {figures}")
        if figures["total"] != read_json(whole / "figures.json")["total"] or len(made) != figures["made"]:
            wrong.append(f"{len(made)} written of {figures}")
        with closing(AnswerCache(home / "answers.sqlite")) as cache:
            spent = cache.spent()
        if abs(spent.paid - billed["money"]) > 1e-9 + spent.at_risk:
            wrong.append(f"billed {billed['money']}, counted {spent}")
        self.config(home)
        with closing(ReviewStore.of_settings()) as review:
            cards = review.counts().pending
        return wrong + ([] if cards == figures["made"] else [f"{cards} cards of {figures['made']}"])


class Batch(Direct):
    """Batches, each of which is answered at the second look."""

    faults, latency = 0.1, 0.02

    def config(self, home: Path) -> AugmentConfig:
        """The same run by the other way."""
        return super().config(home).model_copy(update={"mode": "batch"})

    def work(self, home: Path) -> None:
        """The run itself, which looks often: a real one waits half a minute between two looks."""
        config = self.config(home)
        todo = plan(read_conversations(config.corpus), HotelStore.load(home / "hotels.json"), config)
        got = asyncio.run(run_batch(todo, config, NullReporter(), "sk-test", pause=0.02))
        told = {"made": len(got.made), "aside": len(got.aside), "total": len(todo), "state": got.state}
        write_json(home / "figures.json", told)

    def end(self, home: Path, whole: Path) -> list[str]:
        """As of calls; here nothing was put up."""
        figures, billed = read_json(home / "figures.json"), stats(self.url)
        with closing(AnswerCache(home / "answers.sqlite")) as cache:
            spent = cache.spent()
        done = figures["state"] == "done" and figures["made"] + figures["aside"] == figures["total"]
        wrong = [] if done else [f"not all is done: {figures}"]
        counted = abs(spent.paid - billed["money"]) <= 1e-9 + spent.at_risk
        return wrong + ([] if counted else [f"billed {billed['money']}, counted {spent}"])


SCENES = {"direct": Direct, "batch": Batch}
