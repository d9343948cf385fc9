"""How an augmentation stands, read from its folder once for every place that tells it, so that all of them tell the same; no Gradio here."""

from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from chatbot.core.events import Done, Progress, last, recent_events
from chatbot.core.jobs import ACTIVE, Job
from chatbot.corpus.augmentation.cache import AnswerCache
from chatbot.corpus.augmentation.config import BATCH
from chatbot.corpus.review.runs import RunCards
from chatbot.ui.data.files import DataFiles

AGAIN = ("stopped", "died", "failed", "budget", "gaps")
_EARLY = {"budget": "budget", "batch": "gaps"}


@dataclass(frozen=True)
class Standing:
    """One run.

    Attributes:
        state: as of the job, or "budget" and "gaps" where it ended because of the cap or of a batch that did not bring all.
        now: the newest progress of the tasks; None before the first.
        batch: the newest progress of a batch that is waited for.
        result: what it reported at its end.
    """

    job: Job
    state: str
    now: Progress | None = None
    batch: Progress | None = None
    result: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, job: Job) -> "Standing":
        """As the folder says now."""
        state, events = str(job.state), recent_events(job.folder)
        waits = [event for event in events if isinstance(event, Progress) and event.what == BATCH]
        ended = last(events, Done)
        result = ended.result if ended and state not in ACTIVE else {}
        now = last([event for event in events if event not in waits], Progress)
        newer = waits[-1] if waits and (now is None or waits[-1].time >= now.time) else None
        state = _EARLY.get(str(result.get("state")), state) if state == "done" else state
        return cls(job, state, now, newer, result)

    @property
    def active(self) -> bool:
        """Whether it is under way."""
        return self.state in ACTIVE

    @property
    def can_go_on(self) -> bool:
        """Whether something is left to do for it."""
        return self.state in AGAIN

    @property
    def run(self) -> str:
        """What its cards and calls are found by; "" of a run of an earlier version."""
        return str(self.job.config.get("run", ""))

    @property
    def done(self) -> int:
        """Tasks with an end: written, or not used."""
        return self.now.done if self.now else 0

    @property
    def total(self) -> int:
        """All tasks; 0 where they have not been counted yet."""
        return self.now.total if self.now else 0

    @property
    def aside(self) -> int:
        """Tasks without a usable result."""
        return self.now.aside if self.now else 0

    @property
    def share(self) -> float:
        """How far it is, 0–1; 1 only once it has ended and every card is up."""
        share = self.done / self.total if self.total else 0.0
        return 1.0 if self.state == "done" else min(share, 0.99)


def run_cards(files: DataFiles) -> dict[str, RunCards]:
    """Every run that has put cards up, by its id, the newest first."""
    with closing(files.ledger()) as ledger:
        return {run.run: run for run in ledger.all()}


def batches(files: DataFiles, run: str) -> list[dict[str, Any]]:
    """The batches of a run, oldest first."""
    if not run or not files.answers.exists():
        return []
    with closing(AnswerCache(files.answers)) as cache:
        return cache.batches(run)
